"""Tokens that somebody forged: every known trick against a verifier, with real keys and a real address of keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from biotheca.accounts import tokens
from biotheca.accounts.model import Role
from biotheca.errors import NotSignedIn, SystemFault

AUDIENCE, ISSUER = "client-1", "https://issuer.example.org/pool"
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig", "alg": "RS256"}


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def der(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {"sub": "s-1", "aud": AUDIENCE, "iss": ISSUER, "iat": now, "exp": now + 600, "token_use": "id"}
    return {k: v for k, v in (whole | changed).items() if v is not None}


def signed(
    key: rsa.RSAPrivateKey = OURS, kid: str = "k1", headers: dict[str, Any] | None = None, **changed: Any
) -> str:
    return jwt.encode(claims(**changed), key, "RS256", headers={"kid": kid, **(headers or {})})


def by_hand(header: dict[str, Any], secret: bytes | None) -> str:
    """A token with any header, signed with HMAC-SHA256 of a secret, or not at all."""

    def encoded(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    body = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims()).encode())}"
    mac = encoded(hmac.new(secret, body.encode(), hashlib.sha256).digest()) if secret else ""
    return f"{body}.{mac}"


@pytest.fixture(autouse=True)
def keys_served(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of our keys, over HTTP."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"keys": [public_jwk(OURS, "k1")]}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/keys"
    monkeypatch.setenv("BIOTHECA_TOKEN_KEYS_URL", url)
    monkeypatch.setenv("BIOTHECA_TOKEN_ISSUER", ISSUER)
    monkeypatch.setenv("BIOTHECA_USER_POOL_CLIENT", AUDIENCE)
    tokens._keys.cache_clear()
    yield url
    server.shutdown()
    server.server_close()


def test_our_own_token_is_taken() -> None:
    found = tokens.verified(signed(**{"cognito:groups": ["curator", "no-role"]}))
    assert found["sub"] == "s-1" and tokens.roles_of(found) == {Role.CURATOR}


FORGED = {
    "no algorithm": lambda: by_hand({"alg": "none", "kid": "k1"}, None),
    "no algorithm, other letters": lambda: by_hand({"alg": "NoNe", "kid": "k1"}, None),
    "no algorithm, capitals": lambda: by_hand({"alg": "NONE", "kid": "k1"}, None),
    "no algorithm at all": lambda: by_hand({"kid": "k1"}, None),
    "HMAC with our public key as PEM": lambda: by_hand({"alg": "HS256", "kid": "k1"}, pem(OURS)),
    "HMAC with our public key as DER": lambda: by_hand({"alg": "HS256", "kid": "k1"}, der(OURS)),
    "HMAC with nothing": lambda: by_hand({"alg": "HS256", "kid": "k1"}, b""),
    "another's key under our name": lambda: signed(THEIRS),
    "a key in the header": lambda: signed(THEIRS, headers={"jwk": public_jwk(THEIRS, "k1")}),
    "a key in the header under its own name": lambda: signed(THEIRS, "k9", {"jwk": public_jwk(THEIRS, "k9")}),
    "an address of keys in the header": lambda: signed(THEIRS, headers={"jku": "http://127.0.0.1:1/keys"}),
    "a certificate's address in the header": lambda: signed(THEIRS, headers={"x5u": "http://127.0.0.1:1/cert"}),
    "a key name that is a path": lambda: signed(THEIRS, "../../../../dev/null"),
    "a key name that is a query": lambda: signed(THEIRS, "k1' OR '1'='1"),
    "another client's token": lambda: signed(aud="client-2"),
    "another issuer's token": lambda: signed(iss="https://elsewhere.example.org"),
    "an issuer that begins like ours": lambda: signed(iss=ISSUER + ".evil.example.org"),
    "an expired token": lambda: signed(exp=int(time.time()) - 60),
    "a token of tomorrow": lambda: signed(nbf=int(time.time()) + 3600),
    "a token made in the future": lambda: signed(iat=int(time.time()) + 3600),
    "a token without end": lambda: signed(exp=None),
    "a token without audience": lambda: signed(aud=None),
    "a token without issuer": lambda: signed(iss=None),
    "a token without time": lambda: signed(iat=None),
    "a token without subject": lambda: signed(sub=None),
    "an access token": lambda: signed(token_use="access"),
    "a token without use": lambda: signed(token_use=None),
    "a token with its signature cut off": lambda: signed().rsplit(".", 1)[0] + ".",
    "a token with a changed signature": lambda: signed()[:-6] + "AAAAAA",
    "two of three pieces": lambda: signed().rsplit(".", 1)[0],
    "no token": lambda: "hello",
    "binary": lambda: "\x00\xff.\x00.\x00",
}


@pytest.mark.parametrize("trick", sorted(FORGED))
def test_a_forged_token_is_refused(trick: str) -> None:
    with pytest.raises(NotSignedIn):
        tokens.verified(FORGED[trick]())


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer " + "x" * 200_000])
def test_a_header_without_a_token_or_with_a_monstrous_one_is_refused(header: str | None) -> None:
    with pytest.raises(NotSignedIn):
        tokens.bearer(header)


def test_keys_that_cannot_be_fetched_are_our_fault_and_not_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOTHECA_TOKEN_KEYS_URL", "http://127.0.0.1:1/keys")
    with pytest.raises(SystemFault):
        tokens.verified(signed())


def test_a_refused_token_stands_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    forged = signed(THEIRS)
    with caplog.at_level("DEBUG"), pytest.raises(NotSignedIn):
        tokens.verified(forged)
    assert forged not in caplog.text and forged.split(".")[2] not in caplog.text
