"""Visas of other archives: which are taken, and why each of the others is not. Ours: visas.py.

GA4GH Passports v1.2. What a token says of itself is only used to look it up: issuer and address of keys must stand
together in the catalog, the algorithm is the catalog's, and keys come from that address alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import jwt

from biotheca import catalog
from biotheca.access.visa_keys import Budget, Issuer, Keys, NotTaken, public_key, trusted
from biotheca.access.visas import CLAIM, GRANT, LINKS
from biotheca.errors import Finding

_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_OWN_KEYS = ("jwk", "x5c", "x5u", "x5t", "x5t#S256", "crit", "b64", "zip", "enc")

Identity = tuple[str, str]  # issuer, subject
Spent = Callable[[str, str], bool]  # issuer, jti


@dataclass(frozen=True)
class Visa:
    """A visa that was taken."""

    issuer: str
    subject: str
    type: str
    value: str
    source: str
    asserted: int
    expires: int
    id: str = ""


@dataclass
class Passport:
    """What a passport was worth: visas taken, and a finding for each that was not (`where` is its place)."""

    visas: list[Visa] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)

    def grants(self, base: str) -> Iterator[tuple[str, Visa]]:
        """(accession, visa) of every grant whose value is an address of this archive."""
        start = f"{base.rstrip('/')}/r/"
        for one in self.visas:
            if one.type == GRANT and one.value.startswith(start) and (found := one.value.removeprefix(start)).isalnum():
                yield found, one


def examined(
    tokens: Sequence[str],
    identities: Iterable[Identity],
    keys: Keys,
    now: datetime,
    issuers: Mapping[str, Issuer] | None = None,
    spent: Spent = lambda _issuer, _id: False,
    audience: str = "",
) -> Passport:
    """Take what can be taken of a passport of somebody who is known to be these identities.

    `spent` says of (issuer, jti) whether the visa was taken back, or was for once; presenting a visa again is no replay
    by itself, since visas are made to be shown. `audience`: who we are; a visa that is for somebody says for whom, most
    are for nobody. NotTaken, for the whole, if there are too many.
    """
    limits = catalog.visas()["limits"]
    if len(tokens) > limits["most_visas"]:
        raise NotTaken("visas.too_many", f"The passport holds {len(tokens):,} visas; {limits['most_visas']} are read.")
    rows = trusted() if issuers is None else issuers
    budget, passport, sound = Budget(limits["most_fetches"]), Passport(), []
    met: set[Identity] = set()
    for place, token in enumerate(tokens):
        try:
            one = _verified(token, rows, keys, budget, now, audience)
            if one.id and ((one.issuer, one.id) in met or spent(one.issuer, one.id)):
                raise NotTaken("visas.replayed", "The visa was used before, or taken back.")
            met.add((one.issuer, one.id))
            sound.append((place, one))
        except NotTaken as fault:
            passport.refused.append(_finding(fault, place))
    known = _linked(set(identities), [one for _, one in sound])
    for place, one in sound:
        if (one.issuer, one.subject) in known:
            passport.visas.append(one)
        else:
            passport.refused.append(_finding(NotTaken("visas.identity", "The visa is about somebody else."), place))
    passport.refused.sort(key=lambda finding: int(finding.where.rpartition("/")[2]))
    return passport


def _finding(fault: NotTaken, place: int) -> Finding:
    return Finding(fault.rule, f"/ga4gh_passport_v1/{place}", fault.message, mend=catalog.mend(fault.rule))


def _linked(known: set[Identity], visas: list[Visa]) -> set[Identity]:
    """Who else one is, by LinkedIdentities visas about somebody one is known to be; as far as these lead."""
    links = [one for one in visas if one.type == LINKS]
    while True:
        more = {
            identity for one in links if (one.issuer, one.subject) in known for identity in linked_identities(one.value)
        }
        if more <= known:
            return known
        known = known | more


def linked_identities(value: str) -> Iterator[Identity]:
    """The identities of a LinkedIdentities visa: `sub,iss` pairs between semicolons, each word URL-encoded.

    >>> list(linked_identities("10001,https%3A%2F%2Fissuer.example.org;a%2Cb,https%3A%2F%2Fx.org"))
    [('https://issuer.example.org', '10001'), ('https://x.org', 'a,b')]
    """
    for pair in value.split(";"):
        subject, comma, issuer = pair.partition(",")
        if comma and subject and issuer:
            yield unquote(issuer), unquote(subject)


def _verified(token: str, rows: Mapping[str, Issuer], keys: Keys, budget: Budget, now: datetime, audience: str) -> Visa:
    """A visa whose signature, issuer and times are right. Raises NotTaken."""
    limits = catalog.visas()["limits"]
    if not isinstance(token, str) or len(token) > limits["longest_visa"]:
        raise NotTaken("visas.too_long", f"A visa has at most {limits['longest_visa']:,} characters.")
    row, header = _looked_up(token, rows)
    jwk = keys.key(row.jku, str(header["kid"]), budget)
    try:
        claims = jwt.decode(token, public_key(jwk, header["alg"]), algorithms=[header["alg"]], options=_TIMES_ARE_OURS)
    except jwt.InvalidSignatureError as fault:
        raise NotTaken("visas.signature", "The signature is not that of the issuer.") from fault
    except (jwt.PyJWTError, ValueError, TypeError) as fault:
        raise NotTaken("visas.form", "The visa cannot be read.") from fault
    _must_be_now(claims, now, limits["leeway_s"])
    named = claims.get("aud")
    if named is not None and audience not in (named if isinstance(named, list) else [named]):
        raise NotTaken("visas.audience", "The visa is for somebody else to look at.")
    return _visa(claims, row)


# Compared in `_must_be_now`, by the archive's clock.
_TIMES_ARE_OURS: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


def _looked_up(token: str, rows: Mapping[str, Issuer]) -> tuple[Issuer, dict[str, Any]]:
    """The issuer's row and the token's header, which has been held to it. Nothing is proved yet."""
    if not _JWT.fullmatch(token):
        raise NotTaken("visas.form", "This is no signed token.")
    try:
        header = jwt.get_unverified_header(token)
        said = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as fault:
        raise NotTaken("visas.form", "The token cannot be read.") from fault
    if own := [name for name in _OWN_KEYS if name in header]:
        raise NotTaken("visas.header", f"The header brings {', '.join(own)}.")
    row = rows.get(said["iss"]) if isinstance(said.get("iss"), str) else None
    if row is None or header.get("jku") != row.jku:
        raise NotTaken("visas.issuer", "The issuer is not trusted with the keys at this address.")
    if header.get("alg") not in row.algorithms:
        raise NotTaken("visas.algorithm", f"The issuer signs by {', '.join(row.algorithms)}.")
    if not isinstance(header.get("kid"), str):
        raise NotTaken("visas.form", "The header names no key.")
    return row, header


def _must_be_now(claims: dict[str, Any], now: datetime, leeway_s: int) -> None:
    moment = now.timestamp()
    for name, needed in (("iat", True), ("exp", True), ("nbf", False)):
        value = claims.get(name)
        if (value is None and needed) or not (
            value is None or (isinstance(value, int) and not isinstance(value, bool))
        ):
            raise NotTaken("visas.form", f"{name} is no number of seconds.")
    if claims["exp"] <= moment - leeway_s:
        raise NotTaken("visas.time", "The visa has expired.")
    if max(claims["iat"], claims.get("nbf") or 0) > moment + leeway_s:
        raise NotTaken("visas.time", "The visa is not valid yet.")


def _visa(claims: dict[str, Any], row: Issuer) -> Visa:
    """The visa's own claim, held to the standard's form and to the issuer's row."""
    said = claims.get(CLAIM)
    if not isinstance(said, dict) or "openid" in str(claims.get("scope", "")).split():
        raise NotTaken("visas.form", f"The token has no {CLAIM}, or is an access token.")
    texts = (claims.get("sub"), said.get("type"), said.get("value"), said.get("source"))
    if not all(isinstance(text, str) and text for text in texts):
        raise NotTaken("visas.form", "sub, type, value and source are texts.")
    asserted = said.get("asserted")
    if not isinstance(asserted, int) or isinstance(asserted, bool) or asserted > claims["exp"]:
        raise NotTaken("visas.form", "asserted is no moment before the visa ends.")
    if said["type"] not in row.types or (row.sources is not None and said["source"] not in row.sources):
        raise NotTaken("visas.type", "Type or source is not one that the issuer is trusted with.")
    if "conditions" in said:
        raise NotTaken("visas.conditions", "The visa holds under conditions.")
    subject, kind, value, source = map(str, texts)
    return Visa(row.issuer, subject, kind, value, source, asserted, claims["exp"], str(claims.get("jti", "")))
