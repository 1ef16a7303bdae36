"""Where keys and headers are kept, and the bucket of encrypted files.

Records table: SEALED#<key> / <version id>, in by_queue under SEALEDFOR#<key id>; C4GH / KEYS. People table:
PERSON#<subject> / PUBLICKEY. The private keys: one secret, which `SecretRing` alone reads.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from typing import Any

from biotheca import clock, events
from biotheca.aws import buckets, outbox, secrets, streams, workflows
from biotheca.aws.ranged import RangedReader
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.delivery.model import Keys, NoArchiveKey, Ring, Sealed, key_id
from biotheca.errors import SystemFault
from biotheca.formats.crypt4gh import decrypt, decrypted, encrypted, stored_size
from biotheca.formats.crypt4gh_header import Header, new_key, sealed
from biotheca.publication.store import OPEN_PLACE, Archive
from biotheca.settings import Settings

_KEYS = {"pk": "C4GH", "sk": "KEYS"}


class SecretRing:
    """The archive's private keys in Secrets Manager."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or Settings().delivery_keys

    def read(self) -> Ring:
        """All keys; none before the first was made."""
        text = secrets.read(self.name)
        kept = json.loads(text)["keys"] if text else {}
        return Ring({name: base64.b64decode(key) for name, key in kept.items()})

    def write(self, ring: Ring) -> None:
        """Keep these keys and no others."""
        kept = {name: base64.b64encode(key).decode() for name, key in ring.private.items()}
        secrets.write(self.name, json.dumps({"keys": kept}))


class HeaderStore:
    """Headers of encrypted files, public keys of the archive and of readers."""

    def __init__(self, records: Table | None = None, people: Table | None = None, out: Table | None = None) -> None:
        self.records = records or Table(Settings().records_table)
        self._people = people
        self.out = out or Table(Settings().outbox_table)

    @property
    def people(self) -> Table:
        """Asked for by the API only: jobs have no right to it."""
        return self._people or Table(Settings().people_table)

    # --- the archive's public keys ---

    def keys(self) -> Keys | None:
        """The public keys, or None before the first."""
        item = self.records.get(_KEYS)
        return Keys(item["current"], item["turned_at"], item["public"]) if item else None

    def set_keys(self, new: Keys, before: Keys | None, actor: str) -> None:
        """Write them with the event that tells of it; ConditionFailed if somebody else did meanwhile."""
        condition = "turned_at = :before" if before else "attribute_not_exists(pk)"
        named = {"before": before.turned_at} if before else {}
        told = outbox.line(self.out, events.KEY_TURNED, new.current, key=new.current, keys=len(new.public), actor=actor)
        transact([self.records.put_line(_KEYS | asdict(new), condition, **named), told])

    # --- headers ---

    def add(self, found: Sealed) -> None:
        """Keep the header of a file that was just encrypted, with its event."""
        told = outbox.line(self.out, events.FILE_SEALED, found.accession, accession=found.accession, key=found.key_id)
        transact([self.records.put_line(_item(found), "attribute_not_exists(pk)"), told])

    def get(self, key: str, version_id: str) -> Sealed | None:
        """The header of one version of an object."""
        item = self.records.get({"pk": f"SEALED#{key}", "sk": version_id or "-"})
        return _sealed(item) if item else None

    def forget_others(self, key: str, version_id: str | None) -> None:
        """Remove the headers of an object's versions but one; None: of all, for the file is kept plain now."""
        for item in list(self.records.every("pk = :p", {"p": f"SEALED#{key}"})):
            if version_id is None or item["sk"] != (version_id or "-"):
                self.records.delete({"pk": item["pk"], "sk": item["sk"]})

    def sealed_for(self, name: str) -> Iterator[Sealed]:
        """Every header that is for that key of ours."""
        for item in self.records.every("queue_key = :k", {"k": f"SEALEDFOR#{name}"}, index="by_queue"):
            yield _sealed(item)

    def replace(self, old: Sealed, new: Sealed) -> bool:
        """Put a header in another's place; False if that was not there any more."""
        try:
            self.records.put(_item(new), "key_id = :old", old=old.key_id)
        except ConditionFailed:
            return False
        return True

    def tell_given(self, found: Sealed, name: str, subject: str, reader_key: str) -> None:
        """The event of a header that is handed out: who got what, for which key."""
        body = {"accession": found.accession, "file": name, "person": subject, "key": reader_key}
        transact([outbox.line(self.out, events.HEADER_GIVEN, found.accession or name, **body)])

    # --- readers' public keys ---

    def reader_key(self, subject: str) -> dict[str, Any] | None:
        """public_key (Base64), key_id, registered_at; None if none was registered."""
        item = self.people.get({"pk": f"PERSON#{subject}", "sk": "PUBLICKEY"})
        return {k: v for k, v in item.items() if k not in ("pk", "sk")} if item else None

    def set_reader_key(self, subject: str, public_key: bytes) -> dict[str, Any]:
        """Register it in place of the former one, with the event. The same again changes nothing."""
        before = self.reader_key(subject)
        if before and before["key_id"] == key_id(public_key):
            return before
        text = base64.b64encode(public_key).decode()
        found = {"public_key": text, "key_id": key_id(public_key), "registered_at": clock.stamp()}
        told = outbox.line(
            self.out, events.ACCOUNT_CHANGED, subject, person=subject, actor=subject, change="public key"
        )
        transact([self.people.put_line({"pk": f"PERSON#{subject}", "sk": "PUBLICKEY"} | found), told])
        return found


class MovingWorkflow:
    """The state machine that brings files to their place."""

    def start(self, name: str, given: dict[str, Any]) -> bool:
        """Start an execution under a name; False if there was one."""
        return workflows.start(Settings().moving_workflow, name, given)


class Places:
    """The buckets of archived files, and the archive that copies a file from one to another, encrypted or not."""

    def __init__(
        self,
        headers: HeaderStore,
        ring: SecretRing | None = None,
        opened: str | None = None,
        controlled: str | None = None,
    ) -> None:
        self.headers, self.ring = headers, ring
        self.opened = opened or Settings().open_archive_bucket
        self.controlled = controlled or Settings().controlled_archive_bucket

    @property
    def all(self) -> tuple[str, str]:
        """Every bucket in which archived files lie."""
        return self.opened, self.controlled

    def bucket(self, place: str) -> str:
        """The bucket of a place of sensitivity.yaml."""
        return self.opened if place == OPEN_PLACE else self.controlled

    def archive(self, file: dict[str, Any], bucket: str, sealed: bool) -> Archive:
        """What copies an archived file into a bucket. SystemFault for what is encrypted and is to stay so."""
        if not file.get("sealed"):
            return SealedArchive(self.headers, file["bucket"], bucket) if sealed else Archive(file["bucket"], bucket)
        if sealed or self.ring is None:
            raise SystemFault(f"an encrypted file of {file.get('run')} is moved as it is by nobody")
        return UnsealingArchive(self.headers, self.ring, file["bucket"], bucket)

    def with_statistics(self, beside: dict[str, Any], bucket: str) -> dict[str, Any]:
        """Copy what was counted in a file, which lies beside it; where it lies now. Its digest stands in the record."""
        if beside.get("bucket") not in (None, bucket):
            text = buckets.get_text(beside["bucket"], beside["key"])
            buckets.put_text(bucket, beside["key"], text, "application/json")
        return beside | {"bucket": bucket}

    def clear(self, bucket: str, one: dict[str, Any]) -> int:
        """Delete every version of an object but the one in use, which lies in `bucket`; how many there were."""
        gone = 0
        for place in self.all:
            here = place == bucket
            if not here or one.get("version_id"):  # of an object without versions the one that is here is in use
                gone += buckets.delete_other_versions(place, one["key"], one["version_id"] if here else None)
        return gone


class UnsealingArchive(Archive):
    """A bucket to which an encrypted file is copied plain, because everybody may have it now."""

    def __init__(self, headers: HeaderStore, ring: SecretRing, inbox: str, bucket: str) -> None:
        super().__init__(inbox, bucket)
        self._headers, self._ring = headers, ring

    def copy(self, from_key: str, version: str | None, key: str, size_bytes: int, metadata: dict[str, str]) -> str:
        """Decrypt while it streams; the version id of the plain copy. Raises NoArchiveKey, Crypt4ghFault."""
        found = self._headers.get(from_key, version or "")
        private = self._ring.read().private.get(found.key_id) if found else None
        if found is None or private is None:
            raise NoArchiveKey(f"the key or the header of {metadata.get('accession', '')} is not there")
        whole = chain([base64.b64decode(found.header)], RangedReader(self.inbox, from_key, version or None))
        return streams.put(
            self.bucket, key, decrypt(whole, [private], empty_is_whole=size_bytes == 0), size_bytes, metadata
        )


class SealedArchive(Archive):
    """The controlled bucket. Stands in for the open archive where files are copied to it: what it keeps is encrypted.

    A copy is proved by the data key that made it, which is then forgotten: only the archive's private key opens the
    header. So a copy that another process made cannot be proved here, and is made again.
    """

    sealed = True

    def __init__(self, headers: HeaderStore, inbox: str | None = None, bucket: str | None = None) -> None:
        super().__init__(inbox, bucket or Settings().controlled_archive_bucket)
        self._headers = headers
        self._made: dict[tuple[str, str], tuple[Header, int]] = {}

    def held(self, key: str, sha256: str) -> str | None:
        """The version that this process made; see the class."""
        return next((version for made, version in self._made if made == key), None)

    def copy(self, from_key: str, version: str | None, key: str, size_bytes: int, metadata: dict[str, str]) -> str:
        """Encrypt from the inbox for the archive's current key while it streams; the version id of the copy.

        `metadata` has the plain file's sha256 and accession. Raises NoArchiveKey; what reading raises passes.
        """
        keys = self._headers.keys()
        if keys is None:
            raise NoArchiveKey("there is no archive key yet: run delivery.turn_keys")
        data_key = new_key()
        header = sealed([data_key], [base64.b64decode(keys.public[keys.current])])
        body = encrypted(RangedReader(self.inbox, from_key, version or None), data_key)
        kept = {"format": "crypt4gh-body", "key-id": keys.current}
        made = streams.put(self.bucket, key, body, stored_size(size_bytes), kept)
        text = base64.b64encode(header).decode()
        accession, sha256 = metadata.get("accession", ""), metadata["sha256"]
        self._headers.add(Sealed(key, made, text, keys.current, size_bytes, sha256, accession))
        self._made[key, made] = Header((data_key,)), size_bytes
        return made

    def _read_back(self, key: str, version: str | None) -> Iterable[bytes]:
        """The plain bytes, decrypted. Raises Crypt4ghFault."""
        header, size_bytes = self._made[key, version or ""]
        return decrypted(RangedReader(self.bucket, key, version), header, empty_is_whole=size_bytes == 0)


def _item(found: Sealed) -> dict[str, Any]:
    keys = {"pk": f"SEALED#{found.key}", "sk": found.version_id or "-"}
    return keys | asdict(found) | {"queue_key": f"SEALEDFOR#{found.key_id}", "queue_position": found.key}


def _sealed(item: dict[str, Any]) -> Sealed:
    return Sealed(**{name: item[name] for name in Sealed.__dataclass_fields__})
