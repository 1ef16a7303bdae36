"""Whose visas are taken, and their keys: from one address an issuer, few times, of the algorithms that are agreed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import jwt
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from biotheca import catalog
from biotheca.access.visas import GRANT, LEAST_RSA_BITS
from biotheca.errors import BiothecaError
from biotheca.sequences.model import CopyFault, SourceRefused
from biotheca.sequences.ports import Seen
from biotheca.sequences.sources import Allowed, place_of
from biotheca.sequences.web import WebSource

_KEY_TYPES = {"RS256": "RSA", "ES256": "EC"}  # nothing else is ever pinned

Fetch = Callable[[str], bytes]


class NotTaken(BiothecaError):
    """Why a visa is not taken; becomes a finding of the passport (passports.examined)."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True)
class Issuer:
    """Whose visas are taken: a row of catalog/visas.yaml. `ours`: it names people by this archive's own identifiers."""

    issuer: str
    jku: str
    algorithms: tuple[str, ...]
    types: tuple[str, ...] = (GRANT,)
    sources: tuple[str, ...] | None = None
    ours: bool = False

    def __post_init__(self) -> None:
        if not self.algorithms or not set(self.algorithms) <= set(_KEY_TYPES):
            raise ValueError(f"visas of {self.issuer} can be signed by {', '.join(_KEY_TYPES)} only")


def trusted() -> dict[str, Issuer]:
    """The issuers of the catalog."""
    found = {}
    for name, row in catalog.visas()["issuers"].items():
        spec: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        found[name] = Issuer(**spec)
    return found


class Keys:
    """Key sets of trusted issuers, kept for some minutes. One a process; `Budget` counts a passport's fetches."""

    def __init__(self, fetch: Fetch, now: Callable[[], datetime]) -> None:
        self._fetch, self._now = fetch, now
        self._kept: dict[str, tuple[float, dict[str, dict[str, Any]]]] = {}

    def key(self, jku: str, kid: str, budget: Budget) -> dict[str, Any]:
        """The JWK of that id. A key that is not in the kept set is looked for once more at its address."""
        limits = catalog.visas()["limits"]
        moment = self._now().timestamp()
        at, known = self._kept.get(jku, (0.0, {}))
        if jku not in budget.fresh and (kid not in known or moment - at > limits["keys_kept_s"]):
            budget.spend(jku)
            known = _keys_of(self._got(jku), limits)
            self._kept[jku] = (moment, known)
        if kid not in known:
            raise NotTaken("visas.key", f"The key set of the issuer holds no key {kid[:60]!r}.")
        return known[kid]

    def _got(self, jku: str) -> bytes:
        try:
            return self._fetch(jku)
        except CopyFault as fault:
            raise NotTaken("visas.key", f"{jku} cannot be read.") from fault


@dataclass
class Budget:
    """How many key sets one passport may still cost; `fresh` were fetched for it."""

    left: int
    fresh: set[str] = field(default_factory=set)

    def spend(self, jku: str) -> None:
        if self.left <= 0:
            raise NotTaken("visas.too_many", "The visas of this passport need too many key sets.")
        self.left -= 1
        self.fresh.add(jku)


def web_fetch(extra: tuple[str, ...] = (), issuers: Iterable[Issuer] | None = None) -> Fetch:
    """Fetch by HTTPS from the hosts of the trusted issuers only, at public addresses, without following any redirect.

    `extra`: beginnings of URLs that may be http and private, for the laptop's tests.
    """
    rows = trusted().values() if issuers is None else issuers
    hosts: dict[str, dict[str, Any]] = {(urlsplit(row.jku).hostname or "").lower(): {} for row in rows}
    allowed = Allowed({}, hosts, extra)
    web = WebSource(allowed, redirects=0)

    def fetch(url: str) -> bytes:
        most = int(catalog.visas()["limits"]["longest_keys"])
        got = bytearray()
        for piece in web.whole(place_of(url, "", allowed), Seen(None, "")):
            got += piece
            if len(got) > most:
                raise SourceRefused(f"{url} sends more than {most:,} bytes of keys")
        return bytes(got)

    return fetch


def _keys_of(document: bytes, limits: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """kid -> JWK of a key set; keys that are not for signatures are passed over."""
    try:
        keys = json.loads(document)["keys"]
        if not isinstance(keys, list) or len(keys) > limits["most_keys"]:
            raise ValueError("no list of keys")
        return {
            str(key["kid"]): key
            for key in keys
            if isinstance(key, dict) and "kid" in key and key.get("use", "sig") == "sig"
        }
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise NotTaken("visas.key", "The issuer's key set cannot be read.") from fault


def public_key(jwk: dict[str, Any], algorithm: str) -> Any:
    """The public key of a JWK, which must be of the kind that the algorithm is for. Never a secret one."""
    if jwk.get("kty") != _KEY_TYPES[algorithm] or jwk.get("alg", algorithm) != algorithm or "d" in jwk:
        raise NotTaken("visas.key", "The key is not of the kind that the visa says.")
    try:
        key = (RSAAlgorithm if algorithm == "RS256" else ECAlgorithm).from_jwk(jwk)
    except (jwt.PyJWTError, ValueError, KeyError, TypeError) as fault:
        raise NotTaken("visas.key", "The key of the issuer cannot be read.") from fault
    if getattr(key, "key_size", 0) < (LEAST_RSA_BITS if algorithm == "RS256" else 256):
        raise NotTaken("visas.key", "The key of the issuer is too short.")
    return key
