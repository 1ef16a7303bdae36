"""Visas both ways: ours as others check them; forged, stale and strange ones refused, each by its rule."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.access.passports import Passport, examined, linked_identities
from biotheca.access.visa_keys import Issuer, Keys, NotTaken, trusted, web_fetch
from biotheca.access.visas import CLAIM, Grant, GrantIsOver, Signer, dataset_url, key_set, public_jwk, thumbprint, visa
from tests.depth import examples
from tests.unit.sequences.http_source import HttpSource, http_source

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
BASE, ISS, JKU = "https://archive.example", "https://login.example.org/oidc/", "https://login.example.org/jwks"
ME = ("https://pool.example", "person-1")
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
OTHER = rsa.generate_private_key(65537, 2048)
TRUSTED = {ISS: Issuer(ISS, JKU, ("RS256",), ("ControlledAccessGrants", "LinkedIdentities"))}
ALL_RULES = {rule for rule in catalog.rules() if rule.startswith("visas.")}


def pem(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def made(
    key: Any = RSA, algorithm: str = "RS256", header: dict[str, Any] | None = None, own: Any = None, **claims: Any
) -> str:
    """A visa of the trusted issuer about me; a claim of None is left out."""
    moment = int(NOW.timestamp())
    said = {"type": "ControlledAccessGrants", "asserted": moment - 100, "value": dataset_url(BASE, "HRA000001")}
    said |= {"source": "https://dac.example.org", "by": "dac"} | (own or {})
    body = {"iss": ISS, "sub": "remote-9", "iat": moment - 10, "exp": moment + 600, CLAIM: said} | claims
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(
        body, key, algorithm=algorithm, headers={"jku": JKU, "kid": public_jwk(RSA)["kid"]} | (header or {})
    )


LINK = made(
    sub="remote-9",
    own={"type": "LinkedIdentities", "value": "person-1,https%3A%2F%2Fpool.example", "source": ISS},
)
KNOWN = [(ISS, "remote-9")]


def keys(document: Any = None, asked: list[str] | None = None) -> Keys:
    def fetch(url: str) -> bytes:
        if asked is not None:
            asked.append(url)
        return json.dumps(document or key_set([pem(RSA)])).encode()

    return Keys(fetch, lambda: NOW)


def looked_at(*tokens: str, who: Any = KNOWN, **more: Any) -> Passport:
    return examined(tokens, who, more.pop("keys", keys()), NOW, more.pop("issuers", TRUSTED), **more)


def rules(*tokens: str, **more: Any) -> list[str]:
    return [finding.rule for finding in looked_at(*tokens, **more).refused]


# -- ours


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
def test_a_live_grant_gives_a_visa_that_others_can_check_with_our_key_set(key: Any) -> None:
    grant = Grant("person-1", "HRA000001", "https://dac.example", NOW - timedelta(days=1), NOW + timedelta(days=30))
    token = visa(grant, Signer("https://archive.example", JKU, pem(key)), BASE, NOW)
    header = jwt.get_unverified_header(token)
    assert header["jku"] == JKU and header["typ"] == "vnd.ga4gh.visa+jwt"
    ours = jwt.PyJWKSet.from_dict(json.loads(json.dumps(key_set([pem(OTHER), pem(key)]))))
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, ours[header["kid"]], algorithms=["RS256", "ES256"], options=options)
    assert claims[CLAIM] == {
        "type": "ControlledAccessGrants",
        "asserted": int((NOW - timedelta(days=1)).timestamp()),
        "value": "https://archive.example/r/HRA000001",
        "source": "https://dac.example",
        "by": "dac",
    }
    assert claims["exp"] - claims["iat"] == 3600 and claims["sub"] == "person-1"
    issuers = {"https://archive.example": Issuer("https://archive.example", JKU, (header["alg"],))}
    found = examined([token], [("https://archive.example", "person-1")], keys(key_set([pem(key)])), NOW, issuers)
    assert [accession for accession, _ in found.grants(BASE)] == ["HRA000001"]


@settings(max_examples=examples(60), deadline=None)
@given(begins=st.integers(-100_000, 100_000), lasts=st.integers(1, 200_000))
def test_no_visa_outlives_its_grant_or_comes_before_it(begins: int, lasts: int) -> None:
    start = NOW + timedelta(seconds=begins)
    grant = Grant("p", "HRA000001", "https://dac.example", start, start + timedelta(seconds=lasts))
    signer = Signer("https://archive.example", JKU, pem(EC))
    if not start <= NOW < grant.ends_at:
        with pytest.raises(GrantIsOver):
            visa(grant, signer, BASE, NOW)
        return
    claims = jwt.decode(visa(grant, signer, BASE, NOW), options={"verify_signature": False})
    assert claims["iat"] < claims["exp"] <= grant.ends_at.timestamp()


def test_the_key_set_holds_no_secret_and_the_thumbprint_is_that_of_rfc_7638() -> None:
    for row in key_set([pem(RSA), pem(EC)])["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(row) and row["use"] == "sig"
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
    )
    assert thumbprint({"e": "AQAB", "kty": "RSA", "n": n}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_key_too_weak_to_sign_is_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    with pytest.raises(ValueError, match="2048"):
        _ = Signer("https://archive.example", JKU, pem(weak)).key
    assert "PRIVATE" not in repr(Signer("https://archive.example", JKU, pem(RSA)))


# -- of others


def test_a_visa_about_me_is_taken_and_leads_to_our_dataset() -> None:
    found = looked_at(made())
    assert found.refused == []
    ((accession, one),) = found.grants(BASE)
    assert (accession, one.subject, one.issuer) == ("HRA000001", "remote-9", ISS)
    assert list(looked_at(made(own={"value": "https://other.example/r/HRA000001"})).grants(BASE)) == []


def signed_with_public_key(encoding: Encoding) -> str:
    """RS256 taken for HS256: the public key, which everybody has, as the secret."""
    secret = RSA.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    _, body, _ = made().split(".")
    header = {"alg": "HS256", "typ": "JWT", "jku": JKU, "kid": public_jwk(RSA)["kid"]}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    mac = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def changed(token: str, **claims: Any) -> str:
    head, body, mac = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | claims
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b'=').decode()}.{mac}"


MOMENT = int(NOW.timestamp())
FORGED: dict[str, tuple[Callable[[], str], str]] = {
    "alg none": (lambda: made(None, "none"), "visas.algorithm"),
    "alg none without signature in other letters": (
        lambda: made(None, "none").replace("bm9uZQ", "Tk9ORQ"),
        "visas.algorithm",
    ),
    "the public key as secret, PEM": (lambda: signed_with_public_key(Encoding.PEM), "visas.algorithm"),
    "the public key as secret, DER": (lambda: signed_with_public_key(Encoding.DER), "visas.algorithm"),
    "an algorithm of another issuer": (lambda: made(EC, "ES256"), "visas.algorithm"),
    "RS512": (lambda: made(algorithm="RS512"), "visas.algorithm"),
    "an embedded key": (lambda: made(OTHER, header={"jwk": public_jwk(OTHER)}), "visas.header"),
    "x5u": (lambda: made(OTHER, header={"x5u": "https://evil.example/c"}), "visas.header"),
    "x5c": (lambda: made(OTHER, header={"x5c": ["MII"]}), "visas.header"),
    "crit": (lambda: made(header={"crit": ["exp"]}), "visas.form"),
    "another's key": (lambda: made(OTHER), "visas.signature"),
    "a changed subject": (lambda: changed(made(), sub="person-4711"), "visas.signature"),
    "kid that climbs": (lambda: made(header={"kid": "../../../dev/null"}), "visas.key"),
    "kid as a query": (lambda: made(header={"kid": "' OR 1=1 --"}), "visas.key"),
    "no jku": (lambda: made(header={"jku": None}), "visas.issuer"),
    "another jku": (lambda: made(header={"jku": "https://evil.example/jwks"}), "visas.issuer"),
    "jku of the cloud's inside": (lambda: made(header={"jku": "http://169.254.169.254/latest/"}), "visas.issuer"),
    "another iss": (lambda: made(iss="https://evil.example/"), "visas.issuer"),
    "iss without its slash": (lambda: made(iss=ISS.rstrip("/")), "visas.issuer"),
    "expired": (lambda: made(exp=MOMENT - 31), "visas.time"),
    "nbf to come": (lambda: made(nbf=MOMENT + 31), "visas.time"),
    "iat to come": (lambda: made(iat=MOMENT + 31), "visas.time"),
    "no exp": (lambda: made(exp=None), "visas.form"),
    "no iat": (lambda: made(iat=None), "visas.form"),
    "exp as a text": (lambda: made(exp=str(MOMENT + 600)), "visas.form"),
    "exp as true": (lambda: made(exp=True), "visas.form"),
    "no sub": (lambda: made(sub=None), "visas.form"),
    "no visa": (lambda: made(**{CLAIM: None}), "visas.form"),
    "an access token": (lambda: made(scope="openid ga4gh_passport_v1"), "visas.form"),
    "asserted after its end": (lambda: made(own={"asserted": MOMENT + 601}), "visas.form"),
    "no source": (lambda: made(own={"source": None}), "visas.form"),
    "for another service": (lambda: made(aud="https://other.example"), "visas.audience"),
    "for several other services": (lambda: made(aud=["https://other.example", "x"]), "visas.audience"),
    "conditions": (lambda: made(own={"conditions": [[{"type": "ResearcherStatus"}]]}), "visas.conditions"),
    "empty conditions": (lambda: made(own={"conditions": []}), "visas.conditions"),
    "a type beyond trust": (lambda: made(own={"type": "ResearcherStatus"}), "visas.type"),
    "somebody else": (lambda: made(sub="colleague"), "visas.identity"),
    "200 KB": (lambda: made(own={"source": "https://dac.example/" + "x" * 150_000}), "visas.too_long"),
    "no token": (lambda: "hello", "visas.form"),
    "encrypted": (lambda: "a.b.c.d.e", "visas.form"),
    "nothing in it": (lambda: "e30.e30.e30", "visas.issuer"),
    "deep nonsense": (lambda: base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode() + ".e30.", "visas.form"),
    "empty": (lambda: "", "visas.form"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_or_strange_visa_is_refused_by_its_rule_and_a_good_one_beside_it_is_taken(case: str) -> None:
    make, rule = FORGED[case]
    found = looked_at(make(), made())
    assert [f.rule for f in found.refused] == [rule]
    assert found.refused[0].where == "/ga4gh_passport_v1/0" and found.refused[0].mend
    assert len(found.visas) == 1


def test_no_finding_repeats_what_the_visa_says_of_a_person() -> None:
    for make, _ in FORGED.values():
        for finding in looked_at(make()).refused:
            assert not any(word in str(finding) for word in ("colleague", "remote-9", "person-4711"))


def test_201_visas_are_refused_before_any_is_read() -> None:
    asked: list[str] = []
    with pytest.raises(NotTaken) as caught:
        looked_at(*[made()] * 201, keys=keys(asked=asked))
    assert caught.value.rule == "visas.too_many" and asked == []


def test_a_passport_costs_ten_key_sets_at_most() -> None:
    issuers = {
        f"https://{n}.example/": Issuer(f"https://{n}.example/", f"https://{n}.example/jwks", ("RS256",))
        for n in range(15)
    }
    tokens = [made(iss=iss, header={"jku": row.jku}) for iss, row in issuers.items()]
    asked: list[str] = []
    found = examined(tokens, [(iss, "remote-9") for iss in issuers], keys(asked=asked), NOW, issuers)
    assert len(asked) == 10 == len(found.visas) and {f.rule for f in found.refused} == {"visas.too_many"}


def test_unknown_key_ids_do_not_make_us_fetch_again_and_again() -> None:
    asked: list[str] = []
    kept = keys(asked=asked)
    assert rules(*[made(header={"kid": f"k{n}"}) for n in range(20)], keys=kept) == ["visas.key"] * 20
    assert len(asked) == 1
    assert looked_at(made(), keys=kept).visas and len(asked) == 1  # kept for the next passport


def test_a_key_that_is_turned_over_is_found_without_waiting() -> None:
    documents = [key_set([pem(OTHER)]), key_set([pem(OTHER), pem(RSA)])]
    kept = Keys(lambda _: json.dumps(documents.pop(0)).encode(), lambda: NOW)
    assert rules(made(), keys=kept) == ["visas.key"]
    assert rules(made(), keys=kept) == []


@pytest.mark.parametrize(
    "document",
    [
        {"keys": [public_jwk(RSA)] * 101},
        {"keys": {}},
        {"key": []},
        {"keys": [public_jwk(RSA) | {"use": "enc"}]},
        {"keys": [public_jwk(RSA) | {"alg": "RS512"}]},
        {"keys": [public_jwk(EC) | {"kid": public_jwk(RSA)["kid"]}]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": public_jwk(RSA)["kid"]}]},
        {"keys": [{"kty": "RSA", "e": "AQAB", "n": "AQAB", "kid": public_jwk(RSA)["kid"]}]},
    ],
)
def test_a_key_set_that_is_not_what_it_should_be_is_refused(document: dict[str, Any]) -> None:
    assert rules(made(), keys=keys(document)) == ["visas.key"]


def test_who_one_is_goes_by_links_of_a_trusted_issuer_only() -> None:
    about_me = made(sub="person-1", iss=ISS)
    assert rules(made(), who=[ME]) == ["visas.identity"]
    # The link's own subject must be known: whoever holds a stranger's link is not that stranger.
    assert rules(LINK, made(), who=[ME]) == ["visas.identity", "visas.identity"]
    issuers = TRUSTED | {ME[0]: Issuer(ME[0], JKU, ("RS256",), ("LinkedIdentities",))}
    link = made(
        iss=ME[0],
        sub="person-1",
        own={
            "type": "LinkedIdentities",
            "value": f"remote-9,{ISS.replace(':', '%3A').replace('/', '%2F')}",
            "source": ME[0],
        },
    )
    found = looked_at(made(), link, who=[ME], issuers=issuers)
    assert found.refused == [] and len(found.visas) == 2
    assert rules(made(), link, who=[ME]) == ["visas.identity", "visas.issuer"]
    assert rules(about_me, who=[ME]) == ["visas.identity"]  # the same subject at another issuer is another person


@given(st.text(max_size=60))
def test_any_text_may_stand_in_a_link(text: str) -> None:
    for issuer, subject in linked_identities(text):
        assert issuer and subject


def test_a_visa_that_was_taken_back_or_stands_twice_is_refused_and_showing_it_again_is_none_of_that() -> None:
    token = made(jti="v1")
    assert rules(token) == rules(token) == []
    assert rules(token, token) == ["visas.replayed"]
    assert rules(token, spent=lambda issuer, jti: (issuer, jti) == (ISS, "v1")) == ["visas.replayed"]


def test_nobody_is_trusted_as_delivered_and_only_two_algorithms_can_be_pinned() -> None:
    assert trusted() == {}
    for algorithms in (("HS256",), ("none",), ()):
        with pytest.raises(ValueError, match="RS256"):
            Issuer(ISS, JKU, algorithms)


def test_every_rule_of_visas_is_shown_here() -> None:
    assert {rule for _, rule in FORGED.values()} | {"visas.too_many", "visas.replayed"} == ALL_RULES


# -- keys over HTTP


@pytest.fixture
def source() -> Iterator[HttpSource]:
    with http_source() as found:
        yield found


def test_keys_come_over_http_from_the_allowed_address_only(source: HttpSource) -> None:
    source.files["jwks"] = json.dumps(key_set([pem(RSA)])).encode()
    jku = source.url("jwks")
    issuers = {ISS: Issuer(ISS, jku, ("RS256",))}
    web = Keys(web_fetch((source.base,), issuers.values()), lambda: NOW)
    assert rules(made(header={"jku": jku}), keys=web, issuers=issuers) == []
    closed = Keys(web_fetch((), issuers.values()), lambda: NOW)  # no exception for the loopback
    assert rules(made(header={"jku": jku}), keys=closed, issuers=issuers) == ["visas.key"]


def test_a_key_set_without_end_elsewhere_or_busy_is_given_up(source: HttpSource) -> None:
    jku = source.url("jwks")
    issuers = {ISS: Issuer(ISS, jku, ("RS256",))}

    def told() -> list[str]:
        web = Keys(web_fetch((source.base,), issuers.values()), lambda: NOW)
        return rules(made(header={"jku": jku}), keys=web, issuers=issuers)

    source.files["jwks"] = b" " * 70_000 + json.dumps(key_set([pem(RSA)])).encode()
    assert told() == ["visas.key"]
    source.files["jwks"] = json.dumps(key_set([pem(RSA)])).encode()
    for order in ((302, {"Location": "http://169.254.169.254/"}), (503, {}), (404, {}), (500, {}), 100):
        source.orders = [order]
        assert told() == ["visas.key"], order
    source.files["other"] = source.files["jwks"]
    source.orders = [(302, {"Location": source.url("other")})]
    assert told() == ["visas.key"]  # not even on the same host
    assert told() == []
