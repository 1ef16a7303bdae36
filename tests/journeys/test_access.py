"""Controlled data from the committee to the grant and its end, over HTTP; and those who try to come in another way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

import functions.api.app  # registers every operation
from functions.api.seam import OPERATIONS
from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.asking import AGREED, ANSWERS, Controlled, controlled_dataset, fetched, granted, handed_in, told
from tests.journeys.conftest import Person, eventually, mails, newcomer, notices_of, signed_in

assert functions.api.app.app


@pytest.fixture(scope="module")
def data(ana: Person, chen: Person) -> Controlled:
    """Ana's dataset of two files; Ana alone is its committee."""
    return controlled_dataset(ana, chen, seeds=(611, 612))


@pytest.fixture(scope="module")
def wang(stack: Stack, nobody: Person) -> Person:
    """Somebody who asks for data."""
    return newcomer(stack, nobody)


def test_a_request_is_approved_its_link_works_and_ends_with_the_grant(
    ana: Person, wang: Person, nobody: Person, data: Controlled
) -> None:
    policies = ana.get(f"/v1/submissions/{data.submission}")["policies"]
    assert policies == {"submission_policy": 1, "management_policy": 1, "sharing_policy": 1}
    shown = nobody.get(f"/v1/records/{data.dataset}")
    assert shown["committee"] == {"number": data.committee, "name": "Keepers of seeds"}
    name = data.name(ana)
    place = f"{data.files}/{name}"
    before = told(wang.call("GET", place))
    assert before[0] == 404 and "access.controlled" in before[1]
    form = nobody.get(f"/v1/records/{data.dataset}/request-form")
    assert form["form"] == "full" and {f["name"] for f in form["fields"] if f["required"]} >= {"purpose", "security"}

    asked = handed_in(wang, data.dataset)
    number = asked["number"]
    assert number.startswith("HREQ") and asked["state"] == "submitted"
    assert asked["waiting"] == {"days": 0, "place": 1} and asked["votes"] is None
    assert told(wang.call("GET", place)) == before
    seen = ana.get(f"/v1/requests/{number}")
    assert seen["requester"]["name"] == "Wang Fang" and seen["answers"]["title"] == "Drought in seeds"
    decided = ana.post(f"/v1/requests/{number}/votes", {"decision": "approve"})
    assert decided["state"] == "approved" and decided["grant"]["state"] == "live"
    assert fetched(wang, place) in data.bodies.values()
    assert told(nobody.call("GET", place)) == before

    (line,) = ana.get(f"/v1/committees/{data.committee}/log?dataset={data.dataset}&limit=1")["items"]
    (own,) = wang.get("/v1/me/access-log")["items"]
    assert line == own and (line["file"], line["grant"]) == (name, number)
    assert line["person"] == wang.get("/v1/me")["subject"] and line["bytes"] in map(len, data.bodies.values())

    silent = ana.call("POST", f"/v1/access-grants/{number}/revoke", json={})
    assert silent.json()["findings"][0]["rule"] == "access.reason_needed"
    revoked = ana.post(f"/v1/access-grants/{number}/revoke", {"reason": "The purpose has changed."})
    assert revoked["state"] == "revoked"
    assert told(wang.call("GET", place)) == before
    assert wang.get(f"/v1/requests/{number}")["state"] == "revoked"


def _subject(person: Person) -> str:
    return str(person.get("/v1/me")["subject"])


def _joined(contact: Person, member: Person, committee: str, **roles: bool) -> None:
    contact.post(f"/v1/committees/{committee}/invitations", {"email": member.email, **roles})
    member.post(f"/v1/committees/{committee}/join")


UNKNOWN = "HREQ999999"


def test_to_a_stranger_a_request_and_a_committee_are_as_unknown_as_any(
    ana: Person, wang: Person, li: Person, data: Controlled
) -> None:
    number = handed_in(wang, data.dataset)["number"]
    for method, path, body in (
        ("GET", "/v1/requests/{}", None),
        ("GET", "/v1/requests/{}/history", None),
        ("PUT", "/v1/requests/{}", {"answers": {}}),
        ("POST", "/v1/requests/{}/submit", None),
        ("POST", "/v1/requests/{}/withdraw", None),
        ("POST", "/v1/requests/{}/votes", {"decision": "approve"}),
        ("POST", "/v1/requests/{}/return", {"reason": "x"}),
        ("POST", "/v1/requests/{}/conflicts", {}),
        ("POST", "/v1/access-grants/{}/revoke", {"reason": "x"}),
        ("POST", "/v1/access-grants/{}/closing", {"deleted": True}),
    ):
        answers = {told(li.call(method, path.format(n), json=body), n) for n in (number, UNKNOWN)}
        assert len(answers) == 1 and answers.pop()[0] == 404, path
    wanted = {"dataset": data.dataset}
    renewals = {told(li.call("POST", "/v1/requests", json=wanted | {"renews": n}), n) for n in (number, UNKNOWN)}
    assert len(renewals) == 1
    for path in ("", "/requests", "/versions", f"/log?dataset={data.dataset}"):
        numbers = (data.committee, "HDAC999999")
        answers = {told(li.call("GET", f"/v1/committees/{n}{path}"), n) for n in numbers}
        assert len(answers) == 1 and answers.pop()[0] == 404, path
    drafted = wang.post("/v1/requests", wanted)["id"]
    mine = told(ana.call("GET", f"/v1/requests/{drafted}"), drafted)
    assert mine == told(ana.call("GET", f"/v1/requests/{UNKNOWN}"), UNKNOWN)  # nor may the committee see a draft
    wang.post(f"/v1/requests/{number}/withdraw")


def test_a_member_who_asks_decides_nothing_and_sees_no_voice(
    ana: Person, stack: Stack, nobody: Person, data: Controlled
) -> None:
    both = newcomer(stack, nobody)
    _joined(ana, both, data.committee)
    number = handed_in(both, data.dataset)["number"]
    before = told(both.call("GET", f"{data.files}/{data.name(ana)}"))
    for decision in ({"decision": "approve"}, {"decision": "reject", "reason": "x"}):
        answers = {told(both.call("POST", f"/v1/requests/{n}/votes", json=decision), n) for n in (number, UNKNOWN)}
        assert len(answers) == 1 and answers.pop()[0] == 404
    (listed,) = [r for r in both.get(f"/v1/committees/{data.committee}/requests")["items"] if r["number"] == number]
    assert listed["votes"] is None and listed["requester"] is None
    assert told(both.call("GET", f"{data.files}/{data.name(ana)}")) == before
    ana.post(f"/v1/requests/{number}/votes", {"decision": "reject", "reason": "Not for members."})
    assert both.get(f"/v1/requests/{number}")["reason"] == "Not for members."
    actors = {line["actor"] for line in both.get(f"/v1/requests/{number}/history")["items"]}
    assert actors == {"requester", "committee"}


def test_a_grant_opens_no_other_dataset_and_no_other_file(
    ana: Person, chen: Person, wang: Person, data: Controlled
) -> None:
    other = controlled_dataset(ana, chen, seeds=(621,), committee=data.committee)
    first, second = (f["name"] for f in ana.get(data.files)["items"])
    made = wang.post("/v1/requests", {"dataset": data.dataset})
    for foreign in ([other.name(ana)], ["../secret"]):
        body = {"answers": ANSWERS, "documents": AGREED, "files": foreign}
        refused = wang.call("PUT", f"/v1/requests/{made['id']}", json=body)
        assert {f["rule"] for f in refused.json()["findings"]} == {"access.not_in_dataset"}
    swapped = {"answers": ANSWERS, "documents": AGREED, "dataset": other.dataset}
    assert wang.call("PUT", f"/v1/requests/{made['id']}", json=swapped).status_code == 422
    before = told(wang.call("GET", f"{data.files}/{second}"))
    number = granted(wang, ana, data.dataset, files=(first,))
    assert fetched(wang, f"{data.files}/{first}") in data.bodies.values()
    for place in (f"{data.files}/{second}", f"{other.files}/{other.name(ana)}", other.files):
        status, text = told(wang.call("GET", place), data.dataset, other.dataset)
        assert status == 404 and "access.controlled" in text
    assert told(wang.call("GET", f"{data.files}/{second}")) == before
    run = first.partition(".")[0]
    assert wang.call("GET", f"/v1/records/{run}/files/{first}?redirect=false").status_code == 200
    for page in ("md5sum.txt", "files.tsv", "runs.csv"):
        assert wang.call("GET", f"/v1/records/{data.dataset}/{page}").status_code == 200
        assert wang.call("GET", f"/v1/records/{other.dataset}/{page}").status_code == 404
    ana.post(f"/v1/access-grants/{number}/revoke", {"reason": "The test is over."})


def test_a_grant_ends_by_the_clock_without_any_job_and_can_be_prolonged_before(
    ana: Person, stack: Stack, nobody: Person, data: Controlled
) -> None:
    wei, place = newcomer(stack, nobody), f"{data.files}/{data.name(ana)}"
    before = told(wei.call("GET", place))
    number = granted(wei, ana, data.dataset, months=1)
    (grant,) = wei.get("/v1/access-grants")["items"]
    assert wei.call("GET", f"{place}?redirect=false").status_code == 200
    renewal = wei.post("/v1/requests", {"dataset": data.dataset, "renews": number})
    assert renewal["form"] == "short"
    short = {"answers": {"purpose": ANSWERS["purpose"], "months": 2}, "documents": AGREED}
    assert wei.call("PUT", f"/v1/requests/{renewal['id']}", json=short).status_code == 200
    again = wei.post(f"/v1/requests/{renewal['id']}/submit")["number"]
    ana.post(f"/v1/requests/{again}/votes", {"decision": "approve"})
    states = {g["request"]: (g["state"], g["starts_at"]) for g in wei.get("/v1/access-grants")["items"]}
    assert states[number][0] == "live" and states[again] == ("future", grant["ends_at"])
    try:
        stack.clock.advance(timedelta(days=32))
        wei, ana = signed_in(stack, wei.email), stack_ana(stack)
        assert wei.get(f"/v1/requests/{number}")["state"] == "expired"
        assert wei.call("GET", f"{place}?redirect=false").status_code == 200  # under the renewal
        stack.clock.advance(timedelta(days=63))
        wei = signed_in(stack, wei.email)
        assert told(wei.call("GET", place)) == before
        eventually(lambda: [n for n in notices_of(wei) if n["kind"] == "grant.expired"])
    finally:
        stack.clock.reset()


def stack_ana(stack: Stack) -> Person:
    """Ana, signed in after the clock was moved."""
    return signed_in(stack, "ana@example.org", next(p.password for p in PEOPLE if p.email == "ana@example.org"))


def test_one_link_and_one_confirmation_of_a_mail_grant_access_and_name_the_actor(
    ana: Person, chen: Person, stack: Stack, nobody: Person
) -> None:
    members = [newcomer(stack, nobody) for _ in range(2)]
    data = controlled_dataset(ana, chen, seeds=(631,))
    for member in members:
        _joined(ana, member, data.committee)
    wei = newcomer(stack, nobody)
    number = handed_in(wei, data.dataset)["number"]

    def secret(person: Person, about: str) -> str:
        (mail,) = eventually(lambda: [m for m in mails(stack, person.email) if about in m["subject"]])
        assert "Wang" not in mail["text"] and "lots" not in mail["text"].lower()
        return str(mail["text"].partition("approve.html#")[2].split()[0])

    token, old = secret(members[0], number), secret(members[1], number)
    assert not any("approve.html" in n["text"] for n in notices_of(members[0]))  # the mail alone has it
    for _ in range(2):  # whatever a mail scanner opens
        looked = nobody.post("/v1/approvals/look", {"token": token})
        assert (looked["number"], looked["dataset"], looked["state"]) == (number, data.dataset, "submitted")
    unknown = told(nobody.call("POST", "/v1/approvals", json={"token": "apr_" + "x" * 43}))
    assert unknown[0] == 404
    ana.call("DELETE", f"/v1/committees/{data.committee}/members/{_subject(members[1])}")
    for path in ("/v1/approvals", "/v1/approvals/look"):  # of a member who was taken out
        assert told(nobody.call("POST", path, json={"token": old})) == unknown
    assert nobody.post("/v1/approvals", {"token": token})["state"] == "approved"
    place = f"{data.files}/{data.name(ana)}"
    assert fetched(wei, place) in data.bodies.values()
    for path in ("/v1/approvals", "/v1/approvals/look"):  # replayed
        assert told(nobody.call("POST", path, json={"token": token})) == unknown
    (line,) = [x for x in ana.get(f"/v1/requests/{number}/history")["items"] if x["event"] == "approved"]
    assert line["actor"] == _subject(members[0])
    eventually(lambda: [n for n in notices_of(wei) if n["kind"] == "access.approved"])
    late = handed_in(newcomer(stack, nobody), data.dataset)["number"]
    expiring = secret(members[0], late)
    try:
        stack.clock.advance(timedelta(days=14, minutes=1))
        assert told(nobody.call("POST", "/v1/approvals", json={"token": expiring})) == unknown
    finally:
        stack.clock.reset()


def test_a_silent_committee_is_reminded_and_then_staff_hear_of_it(
    ana: Person, ada: Person, chen: Person, stack: Stack, nobody: Person
) -> None:
    data = controlled_dataset(ana, chen, seeds=(641,))
    wei = newcomer(stack, nobody)
    number = handed_in(wei, data.dataset)["number"]

    def reminders(person: Person, kind: str) -> list[str]:
        return [n["title"] for n in notices_of(person) if n["kind"] == kind and number in n["title"] + n["text"]]

    try:
        for day in (3, 7, 14, 21):
            stack.clock.reset()
            stack.clock.advance(timedelta(days=day, hours=1))
            anew = stack_ana(stack)
            eventually(
                lambda a=anew, d=day: f"Request {number} has waited for {d} days" in reminders(a, "access.reminded")
            )
        assert signed_in(stack, wei.email).get(f"/v1/requests/{number}")["waiting"] == {"days": 21, "place": 1}
        stack.clock.reset()
        stack.clock.advance(timedelta(days=30, hours=1))
        staff = signed_in(stack, ada.email, next(p.password for p in PEOPLE if p.email == ada.email))
        eventually(lambda: reminders(staff, "access.escalated"))
        assert len(reminders(stack_ana(stack), "access.reminded")) == 4
        (mail, *_) = [m for m in mails(stack, ana.email) if number in m["subject"]]
        assert "Wang" not in mail["text"] and "lock" not in mail["text"].lower()
    finally:
        stack.clock.reset()


def test_documents_keep_their_versions_and_a_request_stores_what_was_accepted(
    nobody: Person, wang: Person, data: Controlled
) -> None:
    names = {row["name"] for row in nobody.get("/v1/documents")["items"]}
    assert names >= {"submission_policy", "management_policy", "sharing_policy", "data_transfer_agreement"}
    agreement = nobody.get("/v1/documents/data_transfer_agreement?version=1")
    assert agreement["versions"] == [1] and agreement["text"]["zh"] != agreement["text"]["en"]
    assert nobody.call("GET", "/v1/documents/data_transfer_agreement?version=9").status_code == 404
    made = wang.post("/v1/requests", {"dataset": data.dataset})
    body = {"answers": ANSWERS, "documents": {"data_transfer_agreement": 9}}
    assert wang.call("PUT", f"/v1/requests/{made['id']}", json=body).status_code == 200
    refused = wang.call("POST", f"/v1/requests/{made['id']}/submit")
    assert [f["rule"] for f in refused.json()["findings"]] == ["access.document"]
    asked = handed_in(wang, data.dataset)
    assert asked["documents"] == AGREED
    wang.post(f"/v1/requests/{asked['number']}/withdraw")


READING = sorted(op.path for op in OPERATIONS if op.method == "GET" and "{accession}" in op.path)


def test_no_route_that_names_a_record_gives_a_link_to_who_holds_no_live_grant(
    ana: Person, chen: Person, li: Person, stack: Stack, nobody: Person
) -> None:
    """Every reading route, for the dataset and its run, to a stranger, another submitter and two whose grants ended."""
    data = controlled_dataset(ana, chen, seeds=(661,))
    name = data.name(ana)
    run = name.partition(".")[0]
    revoked, closed = newcomer(stack, nobody), newcomer(stack, nobody)
    lost = granted(revoked, ana, data.dataset)
    done = granted(closed, ana, data.dataset)
    places = [
        path.format(accession=accession, name=file, type="reads", number="1") + query
        for path in READING
        for accession in (data.dataset, run, data.dataset.lower())
        for file in (name, "lot661.fastq.gz")
        for query in ("", "?redirect=false")
    ]
    holding = [p for p in dict.fromkeys(places) if _gives(revoked, p)]
    assert len(holding) >= 4  # the test sees links where there are some
    ana.post(f"/v1/access-grants/{lost}/revoke", {"reason": "The test wants it."})
    closed.post(f"/v1/access-grants/{done}/closing", {"deleted": True})
    pipeline = Person(nobody.url, "a program of the one whose grant was revoked")
    made = revoked.post("/v1/me/tokens", {"label": "pipeline", "scopes": ["read"]})
    pipeline.session.headers["Authorization"] = f"Bearer {made['token']}"
    for caller in (nobody, li, revoked, closed, pipeline):
        given = [place for place in dict.fromkeys(places) if _gives(caller, place)]
        assert given == [], f"{caller.email or 'nobody'}: {given}"


def _gives(caller: Person, place: str) -> bool:
    answer = caller.call("GET", place)
    return "Signature" in answer.text + answer.headers.get("Location", "")


def test_two_voices_at_once_make_one_decision_and_one_grant(
    ana: Person, chen: Person, stack: Stack, nobody: Person
) -> None:
    data = controlled_dataset(ana, chen, seeds=(671,))
    other = newcomer(stack, nobody)
    _joined(ana, other, data.committee)
    wei = newcomer(stack, nobody)
    number = handed_in(wei, data.dataset)["number"]
    votes = [(ana, {"decision": "approve"}), (other, {"decision": "reject", "reason": "No."})] * 3

    def cast(one: tuple[Person, dict[str, str]]) -> int:
        return one[0].call("POST", f"/v1/requests/{number}/votes", json=one[1]).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(cast, votes)) <= {200, 409}
    found = wei.get(f"/v1/requests/{number}")
    history = [line["event"] for line in wei.get(f"/v1/requests/{number}/history")["items"]]
    assert sum(event in ("approved", "rejected") for event in history) == 1
    assert len(wei.get("/v1/access-grants")["items"]) == (found["state"] == "approved")
