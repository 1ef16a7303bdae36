"""Encrypt files into the archive, hand out headers, turn the archive's key. Files themselves go by presigned links."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import clock
from biotheca.accounts.model import Person
from biotheca.delivery.model import Keys, NoArchiveKey, NoPublicKey, NotEncrypted, Ring, Sealed, key_id
from biotheca.delivery.store import HeaderStore, SealedArchive, SecretRing
from biotheca.errors import Invalid
from biotheca.formats.crypt4gh_header import KeyIsRefused, new_key, public_key_of, rewrapped
from biotheca.formats.crypt4gh_keys import public_key
from biotheca.publication import service as publication
from biotheca.publication.access import Grants
from biotheca.publication.service import CopyDiffers
from biotheca.publication.store import RecordStore
from biotheca.submissions.rules import finding

KEY_LIVES = timedelta(days=365)
# A job may still encrypt for a key that it read before the turn.
KEPT_AFTER = timedelta(days=1)
HEADERS_A_RUN = 5_000


def encrypt_to_archive(
    archive: SealedArchive, from_key: str, version: str | None, key: str, size_bytes: int, facts: dict[str, str]
) -> str:
    """Copy an inbox file into the controlled bucket, encrypted, and prove it; the version id of the copy.

    `facts`: sha256 (of the plain bytes, hex) and accession. Raises CopyDiffers if what comes back decrypted is other.
    """
    made = archive.held(key, facts["sha256"]) or archive.copy(from_key, version, key, size_bytes, facts)
    if (found := archive.digest(key, made)) != facts["sha256"]:
        raise CopyDiffers(f"the encrypted copy {key} has SHA-256 {found} when decrypted, expected {facts['sha256']}")
    return made


def header_for(ring: SecretRing, found: Sealed, recipient: bytes) -> bytes:
    """The header of an encrypted file for one reader's public key. Beside `turn_keys` alone in touching a private key.

    Raises NoArchiveKey if the key that the stored header is for is gone, KeyIsRefused for a public key that is none.
    """
    private = ring.read().private.get(found.key_id)
    if private is None:
        raise NoArchiveKey(f"the key {found.key_id} of {found.key} is not among the archive's")
    return rewrapped(base64.b64decode(found.header), [private], [recipient])


def register(headers: HeaderStore, person: Person, text: str) -> dict[str, Any]:
    """Register a reader's public key, the text of a .pub file; the same again changes nothing. Raises Invalid."""
    try:
        key = public_key(text)
    except KeyIsRefused as fault:
        found = finding("encryption.key", "/public_key", fault.message, "", "the text of a file made by keygen, .pub")
        raise Invalid(fault.message, [found]) from None
    return headers.set_reader_key(person.subject, key)


def registered(headers: HeaderStore, person: Person) -> dict[str, Any]:
    """The reader's public key; NoPublicKey if there is none."""
    found = headers.reader_key(person.subject)
    if found is None:
        raise NoPublicKey("You have not registered a public key.")
    return found


def header(
    records: RecordStore,
    headers: HeaderStore,
    ring: SecretRing,
    person: Person,
    accession: str,
    name: str,
    grants: Grants | None = None,
) -> dict[str, Any]:
    """A fresh header of a file for the reader's registered key, if the reader may have the file; with its event.

    NotFound and Controlled as a download says them; NotEncrypted, NoPublicKey.
    """
    _, file = publication.permitted(records, person, accession, name, grants)
    found = headers.get(file["key"], file.get("version_id") or "")
    if found is None:
        raise NotEncrypted(f"{file['name']} is not encrypted: download it as it is.")
    reader = registered(headers, person)
    made = header_for(ring, found, base64.b64decode(reader["public_key"]))
    headers.tell_given(found, file["name"], person.subject, reader["key_id"])
    return {
        "name": file["name"],
        "header": base64.b64encode(made).decode(),
        "key_id": reader["key_id"],
        "size_bytes": found.size_bytes,
        "sha256": found.sha256,
    }


def turn_keys(headers: HeaderStore, ring: SecretRing, *, anew: bool = False) -> dict[str, Any]:
    """Make the first key, or another one if the current is a year old or `anew`; wrap headers of former keys anew.

    Safe to repeat and to break off: a private key is kept before anything is encrypted for it, and leaves a day after
    the turn at the earliest, when no header needs it. Bodies are not touched.
    """
    kept, keys = ring.read(), headers.keys()
    if keys is None or anew or clock.now() - clock.parse(keys.turned_at) > KEY_LIVES:
        keys = _turned(headers, ring, kept, keys)
    wrapped = _wrap_anew(headers, kept, keys)
    left = wrapped >= HEADERS_A_RUN or any(True for old in _former(kept, keys) for _ in headers.sealed_for(old))
    gone = 0
    if not left and clock.now() - clock.parse(keys.turned_at) > KEPT_AFTER and (former := _former(kept, keys)):
        gone = len(former)
        ring.write(Ring({keys.current: kept.private[keys.current]}))
        headers.set_keys(replace(keys, public={keys.current: keys.public[keys.current]}), keys, "archive")
    return {"current": keys.current, "wrapped": wrapped, "left": left, "retired": gone}


def _turned(headers: HeaderStore, ring: SecretRing, kept: Ring, before: Keys | None) -> Keys:
    key = new_key()
    public = public_key_of(key)
    kept.private[key_id(public)] = key
    ring.write(kept)
    known = {name: base64.b64encode(public_key_of(one)).decode() for name, one in kept.private.items()}
    new = Keys(key_id(public), clock.stamp(), known)
    headers.set_keys(new, before, "archive")
    return new


def _former(kept: Ring, keys: Keys) -> list[str]:
    return [name for name in kept.private if name != keys.current]


def _wrap_anew(headers: HeaderStore, kept: Ring, keys: Keys) -> int:
    """How many headers of former keys are for the current one now; at most HEADERS_A_RUN."""
    done = 0
    for name in _former(kept, keys):
        for old in headers.sealed_for(name):
            if done >= HEADERS_A_RUN:
                return done
            current = base64.b64decode(keys.public[keys.current])
            fresh = rewrapped(base64.b64decode(old.header), [kept.private[name]], [current])
            text = base64.b64encode(fresh).decode()
            done += headers.replace(old, replace(old, header=text, key_id=keys.current))
    return done
