"""Give a visa for a live grant; take visas of others as grants for a time; turn the key that signs ours."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from biotheca import catalog, clock
from biotheca.access import rules
from biotheca.access.model import GrantState
from biotheca.access.passports import Identity, Visa, examined
from biotheca.access.proofs.model import NoVisaKey, SigningKey, Taken, VisaOfFiles
from biotheca.access.proofs.store import VisaRing, VisaStore
from biotheca.access.service import controlled, no_grant
from biotheca.access.store import AccessStore
from biotheca.access.visa_keys import Issuer, Keys, NotTaken, trusted
from biotheca.access.visas import GRANT, GrantIsOver, Signer, key_set, public_jwk, visa
from biotheca.access.visas import Grant as Granting
from biotheca.accounts.model import Person
from biotheca.errors import BiothecaError, Finding, Invalid
from biotheca.publication.service import visible
from biotheca.publication.store import RecordStore
from biotheca.submissions.rules import finding

log = logging.getLogger(__name__)

KEYS_PATH = "/v1/visas/keys"
KEY_LIVES = timedelta(days=365)
SETTLES = timedelta(minutes=15)  # others have the key set with the new key before it signs
KEPT_AFTER = timedelta(days=1)  # a visa lives an hour; whoever keeps key sets for longer still finds the former key


# --- ours ---


def give(store: AccessStore, visas: VisaStore, ring: VisaRing, person: Person, number: str, base: str) -> str:
    """The signed visa of a live grant of the person's own, with its event.

    NotFound as for an unknown grant; GrantIsOver, VisaOfFiles, NoVisaKey. `base`: the archive's public address.
    """
    request = store.request(number)
    grant = store.grant(request) if request and request.number else None
    if grant is None or grant.person != person.subject:
        raise no_grant(number)
    now = clock.now()
    if rules.state_of(grant, now) != GrantState.LIVE:
        raise GrantIsOver(f"The grant of {grant.request} is not in force.")
    if grant.files:
        raise VisaOfFiles(f"The grant of {grant.request} is for {len(grant.files)} named file(s) of {grant.dataset}.")
    key = signing(ring.read(), now)
    base = base.rstrip("/")
    signer = Signer(base, base + KEYS_PATH, key.private_pem)
    source = f"{base}/v1/committees/{grant.committee}"
    said = Granting(person.subject, grant.dataset, source, clock.parse(grant.starts_at), clock.parse(grant.ends_at))
    made = visa(said, signer, base, now)
    visas.tell_given(grant, str(public_jwk(signer.key)["kid"]))
    return made


def published(ring: VisaRing) -> dict[str, list[dict[str, str]]]:
    """The key set (JWKS) by which others check our visas; empty before the first key."""
    return key_set(key.private_pem for key in ring.read())


def signing(keys: tuple[SigningKey, ...], now: datetime) -> SigningKey:
    """The youngest key that everybody can know by now; the youngest, if all are new."""
    if not keys:
        raise NoVisaKey("The archive has no key for visas yet.")
    settled = [key for key in keys if now - clock.parse(key.made_at) >= SETTLES]
    return (settled or list(keys))[0]


def turn_keys(ring: VisaRing, visas: VisaStore, *, anew: bool = False) -> dict[str, int]:
    """Make the first key, or another if the youngest is a year old or `anew`; drop former ones a day after that.

    Safe to repeat. Returns how many were made, are kept, have gone.
    """
    now, keys = clock.now(), ring.read(fresh=True)
    made: tuple[SigningKey, ...] = ()
    if not keys or anew or now - clock.parse(keys[0].made_at) > KEY_LIVES:
        made = (_new_key(now),)
    kept = (*made, *keys)
    if now - clock.parse(kept[0].made_at) > KEPT_AFTER:
        kept = kept[:1]
    if kept != keys:
        ring.write(kept)
        visas.tell_turned(str(public_jwk(Signer("", "", kept[0].private_pem).key)["kid"]), len(kept))
    return {"made": len(made), "kept": len(kept), "retired": len(made) + len(keys) - len(kept)}


def _new_key(now: datetime) -> SigningKey:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(pem, clock.stamp(now))


# --- of others ---


@dataclass
class Presented:
    """What a passport was worth here: grants until a moment, and one and the same finding for each of the others."""

    taken: list[Taken] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)


def present(
    visas: VisaStore,
    records: RecordStore,
    keys: Keys,
    person: Person,
    tokens: list[str],
    base: str,
    own_issuers: Iterable[str] = (),
    issuers: Mapping[str, Issuer] | None = None,
) -> Presented:
    """Take what can be taken of a passport, as grants for the person alone, for an hour at most each time it is shown.

    Whatever is wrong with a visa, its dataset too, has one answer; the log has the rule. Invalid for too many.
    `own_issuers`: issuers that know the person by the archive's own identifier, beside those whose row says so.
    """
    rows, now = trusted() if issuers is None else issuers, clock.now()
    known = [*own_issuers, *(name for name, row in rows.items() if row.ours)]
    identities: list[Identity] = [(issuer, person.subject) for issuer in dict.fromkeys(known)]
    try:
        passport = examined(tokens, identities, keys, now, rows, audience=base)
    except NotTaken as fault:
        raise Invalid(fault.message, [finding(fault.rule, "/ga4gh_passport_v1", fault.message)]) from fault
    done, used = Presented(), set()
    for accession, one in passport.grants(base):
        if (taken := _of(records, person, accession, one, now)) and visas.take(taken):
            done.taken.append(taken)
            used.add(one)
    why = {int(one.where.rpartition("/")[2]): one.rule for one in passport.refused}
    places = [number for number in range(len(tokens)) if number not in why]  # of the visas that were found right
    for number, one in zip(places, passport.visas, strict=True):
        if one.type == GRANT and one not in used:
            why[number] = "dataset or name"
    done.refused = list(_refusals(why))
    return done


def _refusals(why: Mapping[int, str]) -> Iterator[Finding]:
    message = "The visa opens nothing here."
    for number, rule in sorted(why.items()):
        log.info("visa not taken", extra={"why": rule})
        yield finding("access.visa_refused", f"/ga4gh_passport_v1/{number}", message)


def _of(records: RecordStore, person: Person, accession: str, one: Visa, now: datetime) -> Taken | None:
    """What a visa that was found right is worth; None if it has no name, or names no controlled dataset of ours."""
    try:
        dataset = controlled(records, visible(records, None, accession))
    except BiothecaError:  # unknown, private, withdrawn, open: nothing to open here
        return None
    if dataset.accession != accession or not one.id:
        return None
    until = min(
        now + timedelta(seconds=int(catalog.visas()["limits"]["counts_s"])), datetime.fromtimestamp(one.expires, UTC)
    )
    said = "\0".join(
        (one.issuer, one.id, one.subject, one.type, one.value, one.source, str(one.asserted), str(one.expires))
    )
    return Taken(
        person.subject,
        accession,
        one.issuer,
        one.source,
        name=_digest(f"{one.issuer}\0{one.id}"),
        digest=_digest(said),
        ends_at=clock.stamp(until),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
