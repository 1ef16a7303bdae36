"""Visas that this archive gives for its grants, and its key set. Visas of others: passports.py.

GA4GH Passports v1.2: a visa is a JWT with `jku` in its header; a grant is one of type
ControlledAccessGrants. Pure: the private key is handed in, the moment too.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from biotheca import catalog, ids
from biotheca.errors import Conflict

GRANT = "ControlledAccessGrants"
LINKS = "LinkedIdentities"
CLAIM = "ga4gh_visa_v1"
MEDIA_TYPE = "vnd.ga4gh.visa+jwt"
LEAST_RSA_BITS = 2048
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}


class GrantIsOver(Conflict):
    """A grant that has ended, or not begun, gives no visa."""

    rule = "visas.time"


@dataclass(frozen=True)
class Grant:
    """What a visa says: this person may have the files of this dataset until then.

    `subject` is the archive's own identifier of the person, `source` the URL of the committee's organisation.
    """

    subject: str
    accession: str
    source: str
    decided_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Signer:
    """Who signs: `issuer` and the address of the key set (`jku`), both https, and a private key in PEM."""

    issuer: str
    jku: str
    private_pem: bytes

    def __repr__(self) -> str:  # no key in a traceback
        return f"Signer({self.issuer!r})"

    @property
    def key(self) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
        found = load_pem_private_key(self.private_pem, None)
        if isinstance(found, rsa.RSAPrivateKey) and found.key_size >= LEAST_RSA_BITS:
            return found
        if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name == "secp256r1":
            return found
        raise ValueError(f"a visa is signed with RSA of {LEAST_RSA_BITS} bits or more, or with P-256")


def dataset_url(base: str, accession: str) -> str:
    """The value of a grant: the address that leads to the dataset.

    >>> dataset_url("https://archive.example/", "HRA000001")
    'https://archive.example/r/HRA000001'
    """
    return f"{base.rstrip('/')}/r/{accession}"


def visa(grant: Grant, signer: Signer, base: str, now: datetime) -> str:
    """The signed visa of a live grant; it ends with the grant, or before. Raises GrantIsOver.

    It names the person by the archive's identifier, and nothing else of them.
    """
    if not grant.decided_at <= now < grant.ends_at:
        raise GrantIsOver(f"The grant of {grant.accession} is not in force.")
    moment = int(now.timestamp())
    key = signer.key
    claims = {
        "iss": signer.issuer,
        "sub": grant.subject,
        "iat": moment,
        "exp": min(moment + int(catalog.visas()["ours"]["longest_s"]), int(grant.ends_at.timestamp())),
        "jti": ids.new("visa"),
        CLAIM: {
            "type": GRANT,
            "asserted": int(grant.decided_at.timestamp()),
            "value": dataset_url(base, grant.accession),
            "source": grant.source,
            "by": "dac",
        },
    }
    headers = {"typ": MEDIA_TYPE, "jku": signer.jku, "kid": public_jwk(key)["kid"]}
    return jwt.encode(claims, key, algorithm=_algorithm(key), headers=headers)


def key_set(private_pems: Iterable[bytes]) -> dict[str, Any]:
    """The JWKS document of our keys: the one that signs, and former ones for as long as their visas live."""
    return {"keys": [public_jwk(Signer("", "", pem).key) for pem in private_pems]}


def public_jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The public half as a JWK; `kid` is its thumbprint (RFC 7638)."""
    if isinstance(key, rsa.RSAPrivateKey):
        found = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        found = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    needed = {name: found[name] for name in _MEMBERS[found["kty"]]}
    return {**needed, "kid": thumbprint(needed), "use": "sig", "alg": _algorithm(key)}


def thumbprint(members: dict[str, str]) -> str:
    """SHA-256 of a key's necessary members, Base64 for URLs without padding (RFC 7638).

    >>> thumbprint({"kty": "EC", "crv": "P-256", "x": "", "y": ""})[:6]
    'RcIUDP'
    """
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _algorithm(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
