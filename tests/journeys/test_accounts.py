"""Accounts on the laptop cloud: registration by mailed code, second factor, sign-out everywhere, tokens, staff."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

import pyotp
import pytest

from local.stack import Stack
from tests.journeys.conftest import PASSWORD, Person, code_for, draft, eventually, mails, signed_in, tiny_fastq
from tests.journeys.conftest import newcomer as registered


@pytest.fixture
def newcomer(stack: Stack, nobody: Person) -> Person:
    """Somebody who registered, confirmed and signed in just now."""
    return registered(stack, nobody)


def test_a_registered_person_confirms_by_mail_and_may_submit(newcomer: Person) -> None:
    me = newcomer.get("/v1/me")
    assert me["roles"] == ["submitter"] and me["profile"]["organisation"] == "Institute of Rice"
    assert draft(newcomer, [("a.fastq.gz", tiny_fastq())])["state"] == "draft"


def test_nobody_submits_without_an_account_or_before_the_code(stack: Stack, nobody: Person) -> None:
    assert nobody.call("POST", "/v1/submissions", json={"member": "gsa", "title": "Mine"}).status_code == 401
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    told = {"email": email, "password": PASSWORD, "name": "Wang Fang", "organisation": "Institute of Rice"}
    nobody.post("/v1/register", told)
    early = nobody.call("POST", "/v1/sign-in", json={"email": email, "password": PASSWORD})
    assert early.status_code == 401
    wrong = "000000" if code_for(stack, email) != "000000" else "111111"
    refused = nobody.call("POST", "/v1/register/confirm", json={"email": email, "code": wrong})
    assert refused.status_code == 400 and refused.json()["rule"] == "accounts.code"


def test_registering_a_known_address_tells_nothing(stack: Stack, nobody: Person, newcomer: Person) -> None:
    told = {"password": PASSWORD, "name": "Mallory", "organisation": "Elsewhere"}
    known = nobody.call("POST", "/v1/register", json=told | {"email": newcomer.email})
    fresh = nobody.call("POST", "/v1/register", json=told | {"email": f"{uuid.uuid4().hex[:12]}@example.org"})
    assert (known.status_code, known.json()) == (fresh.status_code, fresh.json())
    assert newcomer.get("/v1/me")["profile"]["name"] == "Wang Fang"


@pytest.mark.parametrize("password", ["short", "alllowercaseletters", "NoDigitsOrSigns"])
def test_a_weak_password_is_refused_with_what_is_wanted(nobody: Person, password: str) -> None:
    told = {"email": f"{uuid.uuid4().hex}@example.org", "name": "Wang Fang", "organisation": "Institute of Rice"}
    refused = nobody.call("POST", "/v1/register", json=told | {"password": password})
    assert refused.status_code == 422 and refused.json()["findings"][0]["rule"] == "accounts.password"
    assert password not in refused.text


def test_a_forgotten_password_is_set_anew_by_mail(stack: Stack, nobody: Person, newcomer: Person) -> None:
    nobody.post("/v1/password/forgot", {"email": newcomer.email})
    fresh = "Grow-wheat-slowly-2026!"
    wanted = {"email": newcomer.email, "code": code_for(stack, newcomer.email), "password": fresh}
    assert nobody.call("POST", "/v1/password/reset", json=wanted).status_code == 204
    assert nobody.call("POST", "/v1/password/reset", json=wanted).status_code == 400  # a code is spent once
    old = nobody.call("POST", "/v1/sign-in", json={"email": newcomer.email, "password": PASSWORD})
    assert old.status_code == 401
    assert signed_in(stack, newcomer.email, fresh).get("/v1/me")["email"] == newcomer.email


def test_a_second_factor_is_asked_for_and_a_wrong_code_is_refused(
    stack: Stack, nobody: Person, newcomer: Person
) -> None:
    tokens = nobody.post("/v1/sign-in", {"email": newcomer.email, "password": PASSWORD})
    secret = newcomer.post("/v1/me/mfa", {"access_token": tokens["access_token"]})["secret"]
    app = pyotp.TOTP(secret)
    wrong = f"{(int(app.now()) + 5) % 10**6:06d}"
    given = {"access_token": tokens["access_token"], "code": wrong}
    assert newcomer.call("POST", "/v1/me/mfa/confirm", json=given).status_code == 400
    assert newcomer.call("POST", "/v1/me/mfa/confirm", json=given | {"code": app.now()}).status_code == 204
    asked = nobody.post("/v1/sign-in", {"email": newcomer.email, "password": PASSWORD})
    assert asked["challenge"] == "mfa" and asked["token"] is None
    answer = {"email": newcomer.email, "session": asked["session"]}
    assert nobody.call("POST", "/v1/sign-in/mfa", json=answer | {"code": wrong}).status_code == 401
    assert nobody.post("/v1/sign-in/mfa", answer | {"code": app.now()})["token"]
    assert newcomer.call("DELETE", "/v1/me/mfa").status_code == 204
    assert nobody.post("/v1/sign-in", {"email": newcomer.email, "password": PASSWORD})["token"]


def test_signing_out_ends_every_session_and_keeps_personal_tokens(
    stack: Stack, nobody: Person, newcomer: Person
) -> None:
    elsewhere = nobody.post("/v1/sign-in", {"email": newcomer.email, "password": PASSWORD})
    made = newcomer.post("/v1/me/tokens", {"label": "pipeline", "scopes": ["read"]})
    time.sleep(1.1)  # tokens tell their second only
    assert newcomer.call("POST", "/v1/sign-out").status_code == 204
    for token in (newcomer.session.headers["Authorization"], f"Bearer {elsewhere['token']}"):
        assert nobody.call("GET", "/v1/me", headers={"Authorization": str(token)}).status_code == 401
    spent = nobody.call("POST", "/v1/refresh", json={"refresh_token": elsewhere["refresh_token"]})
    assert spent.status_code == 401
    again = nobody.call("GET", "/v1/me", headers={"Authorization": f"Bearer {made['token']}"})
    assert again.status_code == 200
    assert signed_in(stack, newcomer.email).get("/v1/me")


def test_a_personal_token_does_what_its_scopes_say_and_no_more(nobody: Person, newcomer: Person) -> None:
    def using(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    read = newcomer.post("/v1/me/tokens", {"label": "read", "scopes": ["read"]})["token"]
    submit = newcomer.post("/v1/me/tokens", {"label": "submit", "scopes": ["read", "submit"]})["token"]
    wanted = {"member": "gsa", "title": "By token"}
    refused = nobody.call("POST", "/v1/submissions", json=wanted, headers=using(read))
    assert refused.status_code == 403 and refused.json()["rule"] == "accounts.scope"
    assert nobody.call("POST", "/v1/submissions", json=wanted, headers=using(submit)).status_code == 201
    for body in ({"label": "more", "scopes": ["submit"]},):  # no token makes tokens or changes the account
        assert nobody.call("POST", "/v1/me/tokens", json=body, headers=using(submit)).status_code == 403
    assert nobody.call("POST", "/v1/sign-out", headers=using(submit)).status_code == 403
    listed = newcomer.get("/v1/me/tokens")["items"]
    assert {t["label"] for t in listed} == {"read", "submit"} and not any(t["token"] for t in listed)
    gone = next(t["id"] for t in listed if t["label"] == "submit")
    assert newcomer.call("DELETE", f"/v1/me/tokens/{gone}").status_code == 204
    assert nobody.call("GET", "/v1/me", headers=using(submit)).status_code == 401


def test_a_personal_token_ends_at_its_date(stack: Stack, nobody: Person, newcomer: Person) -> None:
    made = newcomer.post("/v1/me/tokens", {"label": "short", "scopes": ["read"], "expires_in_days": 1})
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert nobody.call("GET", "/v1/me", headers=headers).status_code == 200
    stack.clock.advance(timedelta(days=1, minutes=5))
    try:
        assert nobody.call("GET", "/v1/me", headers=headers).status_code == 401
    finally:
        stack.clock.reset()


def test_a_closed_account_is_nobody_from_the_next_request_on(
    stack: Stack, nobody: Person, newcomer: Person, ada: Person
) -> None:
    made = newcomer.post("/v1/me/tokens", {"label": "pipeline", "scopes": ["read", "submit"]})
    subject = newcomer.get("/v1/me")["subject"]
    assert ada.get(f"/v1/accounts?email={newcomer.email}")["open"] is True
    assert ada.post(f"/v1/accounts/{subject}/close")["open"] is False
    assert newcomer.call("GET", "/v1/submissions").status_code == 401
    assert nobody.call("GET", "/v1/me", headers={"Authorization": f"Bearer {made['token']}"}).status_code == 401
    refused = nobody.call("POST", "/v1/sign-in", json={"email": newcomer.email, "password": PASSWORD})
    assert refused.status_code == 401
    assert ada.post(f"/v1/accounts/{subject}/open")["open"] is True
    assert signed_in(stack, newcomer.email).get("/v1/me")


def test_roles_are_given_by_administrators_and_nobody_locks_themselves_out(
    stack: Stack, newcomer: Person, ada: Person
) -> None:
    subject = newcomer.get("/v1/me")["subject"]
    given = ada.call("PUT", f"/v1/accounts/{subject}/roles", json={"roles": ["submitter", "curator"]})
    assert given.status_code == 200, given.text
    assert signed_in(stack, newcomer.email).get("/v1/me")["roles"] == ["curator", "submitter"]
    own = ada.get("/v1/me")["subject"]
    refused = ada.call("PUT", f"/v1/accounts/{own}/roles", json={"roles": ["data_manager"]})
    assert refused.status_code == 409


def test_a_principal_investigator_is_verified_or_refused_with_reasons(
    stack: Stack, newcomer: Person, chen: Person
) -> None:
    refused = newcomer.call("POST", "/v1/me/principal-investigator")
    assert {f["where"] for f in refused.json()["findings"]} == {"/title", "/homepage"}
    newcomer.call("PATCH", "/v1/me", json={"title": "Professor", "homepage": "https://rice.example.org/wang"})
    assert newcomer.post("/v1/me/principal-investigator")["principal_investigator"] == "pending"
    waiting = chen.get("/v1/accounts/principal-investigators?limit=200")["items"]
    subject = next(w["subject"] for w in waiting if w["email"] == newcomer.email)
    decide = f"/v1/accounts/principal-investigators/{subject}/decision"
    unexplained = chen.call("POST", decide, json={"decision": "refuse"})
    assert unexplained.status_code == 422 and unexplained.json()["findings"][0]["rule"] == "accounts.pi_reason"
    chen.post(decide, {"decision": "refuse", "reasons": ["homepage_not_personal"]})
    told = eventually(lambda: [m for m in mails(stack, newcomer.email) if "Your verification as" in m["subject"]])
    assert "homepage_not_personal" in told[0]["text"]
    newcomer.post("/v1/me/principal-investigator")
    chen.post(decide, {"decision": "verify"})
    assert "principal_investigator" in signed_in(stack, newcomer.email).get("/v1/me")["roles"]


def test_a_group_shares_submissions_with_those_who_joined(newcomer: Person, ana: Person, li: Person) -> None:
    group = ana.post("/v1/groups", {"name": "Rice group"})
    made = draft(ana, [("shared.fastq.gz", tiny_fastq())], "Shared reads")
    place = f"/v1/submissions/{made['id']}"
    assert ana.call("PUT", f"{place}/group", json={"group": group["id"]}).status_code == 200
    ana.post(f"/v1/groups/{group['id']}/invitations", {"email": newcomer.email})
    assert newcomer.call("GET", place).status_code == 404  # invited is not joined
    assert [g["standing"] for g in newcomer.get("/v1/groups")["items"]] == ["invited"]
    newcomer.post(f"/v1/groups/{group['id']}/join")
    assert newcomer.get(place)["id"] == made["id"]
    assert newcomer.call("POST", f"{place}/submit").status_code == 202
    assert [s["id"] for s in newcomer.get(f"/v1/groups/{group['id']}/submissions")["items"]] == [made["id"]]
    assert li.call("GET", place).status_code == li.call("GET", f"/v1/groups/{group['id']}").status_code == 404
    # Only the owner shares; who left sees nothing any more.
    assert newcomer.call("PUT", f"{place}/group", json={"group": None}).status_code == 404
    subject = newcomer.get("/v1/me")["subject"]
    assert ana.call("DELETE", f"/v1/groups/{group['id']}/members/{subject}").status_code == 204
    assert newcomer.call("GET", place).status_code == 404
    stray = li.call("PUT", f"{place}/group", json={"group": group["id"]})
    assert stray.status_code == 404


def test_an_invitation_tells_nothing_about_accounts(ana: Person, newcomer: Person) -> None:
    group = ana.post("/v1/groups", {"name": "Curious group"})
    known = ana.call("POST", f"/v1/groups/{group['id']}/invitations", json={"email": newcomer.email})
    unknown = ana.call("POST", f"/v1/groups/{group['id']}/invitations", json={"email": "no.one@example.org"})
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
