"""Where public records and archived files are kept.

Records table: pk ACC#<accession>; sk REC (the record), HIST#<time>#<id>, VER#<n>, COR#<id>, RL#<id>, PUB#<id>,
BY#<link>#<accession or submission> for each that refers to it from elsewhere. REF#<accession> holds every record that
needs it; GRANT#, DOI#, PMID#, TOKEN#, CERT# lead to records by other names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from biotheca import clock, ids
from biotheca.aws import buckets
from biotheca.aws import outbox as outgoing
from biotheca.aws.ranged import RangedReader
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.errors import SystemFault
from biotheca.publication.model import Record, StaleRecord, Visibility
from biotheca.settings import Settings

OPEN_PLACE = "open_archive"


class RecordStore:
    """Published (and about to be published) records by accession."""

    def __init__(self, table: Table | None = None, outbox: Table | None = None) -> None:
        self.table = table or Table(Settings().records_table)
        self._outbox = outbox

    @property
    def outbox(self) -> Table:
        """The outbox; only those who change records have one."""
        return self._outbox or Table(Settings().outbox_table)

    def get(self, accession: str) -> Record | None:
        """The record, whatever its visibility, or None."""
        item = self.table.get({"pk": f"ACC#{accession}", "sk": "REC"})
        return _record(item) if item else None

    def put_new(self, record: Record) -> None:
        """Write a record that is not public yet; one that is public or was corrected stays as it is."""
        item = {"pk": f"ACC#{record.accession}", "sk": "REC", **record.as_dict(), **_index_keys(record)}
        try:
            condition = "attribute_not_exists(pk) OR (visibility = :private AND #version = :first)"
            self.table.put(item, condition, n_version="version", private=str(Visibility.PRIVATE), first=1)
        except ConditionFailed:
            return

    def get_many(self, accessions: list[str]) -> dict[str, Record]:
        """Those of these records that there are, by accession, whatever their visibility."""
        items = self.table.get_many([{"pk": f"ACC#{number}", "sk": "REC"} for number in accessions])
        return {item["accession"]: _record(item) for item in items}

    def group_of(self, submission: str) -> str | None:
        """The group that a submission is shared with, which sees its private records."""
        item = self.table.get({"pk": f"SUB#{submission}", "sk": "SUB"})
        return str(item["group"]) if item and item.get("group") else None

    def put_pointers(self, pointers: list[tuple[str, str, str]]) -> None:
        """Note at records which others refer to them: (accession, name of the link, accession of the other)."""
        rows = {(target, f"BY#{link}#{by}"): {"link": link, "by": by} for target, link, by in pointers}
        self.table.put_many([{"pk": f"ACC#{target}", "sk": sk, **row} for (target, sk), row in rows.items()])

    def pointers(
        self, accession: str, limit: int, cursor: str | None, link: str = ""
    ) -> tuple[list[dict[str, str]], str | None]:
        """A page of what refers to a record: `link` (submission, experiment ...) and `by` (its id or accession)."""
        values = {"p": f"ACC#{accession}", "s": f"BY#{link}#" if link else "BY#"}
        items, following = self.table.query("pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor)
        rows = [{"link": item["sk"].split("#")[1], "by": item["by"]} for item in items]
        return rows, following

    def inside(self, dataset: str, kind: str, limit: int, cursor: str | None) -> tuple[list[Record], str | None]:
        """A page of the records of one type inside a dataset, by accession."""
        items, following = self.table.query(
            "dataset_key = :d AND begins_with(inside_key, :t)",
            {"d": f"DATASET#{dataset}", "t": f"{kind}#"},
            index="by_dataset",
            limit=limit,
            cursor=cursor,
        )
        return [_record(item) for item in items], following

    # --- change ---

    def save(
        self,
        old: Record,
        new: Record,
        *,
        event: str,
        words: str,
        actor: str,
        announce: str | None = None,
        body: dict[str, Any] | None = None,
        extra: list[dict[str, Any]] | None = None,
    ) -> Record:
        """Change a record: its item, a history line, an outbox line and `extra`, all or none.

        StaleRecord if somebody was faster.
        """
        new = _next(old, new)
        lines = [*self.change_lines(old, new, event=event, words=words, actor=actor), *(extra or [])]
        if announce:
            told = {"accession": new.accession, "actor": actor, "event": event, **(body or {})}
            lines.append(self.outbox_line(announce, new.submission, told))
        try:
            transact(lines)
        except ConditionFailed as error:
            raise StaleRecord(f"{old.accession} was changed at the same moment. Look at it again.") from error
        return new

    def create(
        self,
        new: Record,
        *,
        words: str,
        actor: str,
        announce: str,
        body: dict[str, Any],
        extra: list[dict[str, Any]] | None = None,
    ) -> None:
        """Write a record that the archive itself makes, with history, outbox and `extra`, all or none.

        StaleRecord if there is one of that number already.
        """
        at, key = clock.stamp(), {"pk": f"ACC#{new.accession}"}
        line = {"at": at, "event": "created", "words": words, "actor": actor, "visibility": str(new.visibility)}
        item = {**key, "sk": "REC", **new.as_dict(), **_index_keys(new)}
        told = {"accession": new.accession, "actor": actor, "event": "created", **body}
        self.write(
            [
                self.table.put_line(item, "attribute_not_exists(pk)"),
                self.table.put_line({**key, "sk": f"HIST#{at}#{ids.new('his')}", **line}),
                self.outbox_line(announce, new.submission, told),
                *(extra or []),
            ]
        )

    def change_lines(self, old: Record, new: Record, *, event: str, words: str, actor: str) -> list[dict[str, Any]]:
        """The lines of a transaction that change a record unless somebody was faster: its item and a history line."""
        new = _next(old, new) if new.revision == old.revision else new
        at, key = new.changed_at, {"pk": f"ACC#{old.accession}"}
        line = {"at": at, "event": event, "words": words, "actor": actor, "visibility": str(new.visibility)}
        item = {**key, "sk": "REC", **new.as_dict(), **_index_keys(new)}
        return [
            self.table.put_line(item, "revision = :old", old=old.revision),
            self.table.put_line({**key, "sk": f"HIST#{at}#{ids.new('his')}", **line}),
        ]

    def outbox_line(self, kind: str, submission: str, body: dict[str, Any]) -> dict[str, Any]:
        """The transaction line of an event about a record; the round is that of the submission's end."""
        return outgoing.line(self.outbox, kind, submission, submission=submission, **body)

    def unchanged_line(self, record: Record) -> dict[str, Any]:
        """The line that lets a transaction fail if a record's access mode or visibility changed since it was read."""
        key = {"pk": f"ACC#{record.accession}", "sk": "REC"}
        same = "#access = :access AND visibility = :seen"
        seen = str(record.visibility)
        return self.table.update_line(
            key, "SET revision = revision", same, n_access="access", access=record.access, seen=seen
        )

    def history(self, accession: str, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of what happened to a record, oldest first: at, event, words, actor, visibility."""
        return self.rows(accession, "HIST#", limit, cursor)

    # --- what hangs on a record: versions, corrections, links, publications ---

    def rows(
        self, accession: str, prefix: str, limit: int = 200, cursor: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the items of a kind below a record, by their keys; `id` is the rest of the key."""
        values = {"p": f"ACC#{accession}", "s": prefix}
        items, after = self.table.query("pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor)
        return [_row(item, prefix) for item in items], after

    def row(self, accession: str, prefix: str, identifier: str) -> dict[str, Any] | None:
        """One item of a kind below a record, or None."""
        item = self.table.get({"pk": f"ACC#{accession}", "sk": f"{prefix}{identifier}"})
        return _row(item, prefix) if item else None

    def row_line(
        self, accession: str, prefix: str, identifier: str, row: dict[str, Any], condition: str | None = None, **v: Any
    ) -> dict[str, Any]:
        """The transaction line that writes an item below a record."""
        item = {"pk": f"ACC#{accession}", "sk": f"{prefix}{identifier}", **row}
        return self.table.put_line(item, condition, **v)

    def row_gone_line(self, accession: str, prefix: str, identifier: str) -> dict[str, Any]:
        """The transaction line that takes away an item below a record, which must be there."""
        key = {"pk": f"ACC#{accession}", "sk": f"{prefix}{identifier}"}
        return self.table.delete_line(key, "attribute_exists(pk)")

    def put_row(self, accession: str, prefix: str, identifier: str, row: dict[str, Any]) -> None:
        """Write an item below a record."""
        self.table.put({"pk": f"ACC#{accession}", "sk": f"{prefix}{identifier}", **row})

    def update_row(self, accession: str, prefix: str, identifier: str, **fields: str) -> None:
        """Set fields of an item below a record that exists."""
        key = {"pk": f"ACC#{accession}", "sk": f"{prefix}{identifier}"}
        names = {f"n_f{n}": name for n, name in enumerate(fields)}
        values = {f"v{n}": value for n, value in enumerate(fields.values())}
        text = "SET " + ", ".join(f"#f{n} = :v{n}" for n in range(len(fields)))
        self.table.update(key, text, "attribute_exists(pk)", **names, **values)

    def note_use(self, accession: str, identifier: str, at: str) -> None:
        """Count a use of a reviewer link and keep its time in the link's log."""
        key = {"pk": f"ACC#{accession}", "sk": f"RL#{identifier}"}
        self.table.update(key, "SET uses = uses + :one, last_used_at = :at", "attribute_exists(pk)", one=1, at=at)
        self.table.put({"pk": f"LINKLOG#{identifier}", "sk": f"{at}#{ids.new('use')}", "accession": accession})

    def delete_row(self, accession: str, prefix: str, identifier: str) -> None:
        """Remove an item below a record; removing what is not there is no fault."""
        self.table.delete({"pk": f"ACC#{accession}", "sk": f"{prefix}{identifier}"})

    def write(self, lines: list[dict[str, Any]]) -> None:
        """Write lines, all or none; StaleRecord if a condition does not hold."""
        try:
            transact(lines)
        except ConditionFailed as error:
            raise StaleRecord("It was changed at the same moment. Look at it again.") from error

    # --- who points at what ---

    def put_references(self, record: Record) -> None:
        """Note, under each accession that a record refers to, that it does."""
        self.table.put_many([_reference(record, target) for target in record.needs])

    def reference_line(self, record: Record, target: str) -> dict[str, Any]:
        """The transaction line of one such note."""
        return self.table.put_line(_reference(record, target))

    def reference_gone_line(self, record: Record, target: str) -> dict[str, Any]:
        """The transaction line that takes such a note away."""
        note = _reference(record, target)
        return self.table.delete_line({"pk": note["pk"], "sk": note["sk"]})

    def referrers(
        self, accession: str, kind: str | None, limit: int, cursor: str | None
    ) -> tuple[list[str], str | None]:
        """A page of the accessions of records that point at this one, of one type or of all."""
        values = {"p": f"REF#{accession}", "s": f"{kind}#" if kind else ""}
        condition = "pk = :p AND begins_with(sk, :s)" if kind else "pk = :p"
        wanted = values if kind else {"p": values["p"]}
        items, after = self.table.query(condition, wanted, limit=limit, cursor=cursor)
        return [item["accession"] for item in items], after

    # --- found under other names: grants, articles, hashed tokens, certificates ---

    def put_name(self, name: str, accession: str, row: dict[str, Any] | None = None) -> None:
        """Note that a record is found under a name such as `GRANT#32000000`."""
        self.table.put({"pk": name, "sk": accession, "accession": accession, **(row or {})})

    def name_line(self, name: str, accession: str, row: dict[str, Any]) -> dict[str, Any]:
        """The transaction line of `put_name`."""
        return self.table.put_line({"pk": name, "sk": accession, "accession": accession, **row})

    def name_gone_line(self, name: str, accession: str) -> dict[str, Any]:
        """The transaction line of `delete_name`."""
        return self.table.delete_line({"pk": name, "sk": accession})

    def delete_name(self, name: str, accession: str) -> None:
        """Take a record out from under a name."""
        self.table.delete({"pk": name, "sk": accession})

    def named(self, name: str, limit: int = 50, cursor: str | None = None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of what stands under a name."""
        items, after = self.table.query("pk = :p", {"p": name}, limit=limit, cursor=cursor)
        return items, after

    def count(self, name: str, window: str) -> int:
        """Count one more under a name within a window; a new window begins at one. Returns the count."""
        key = {"pk": name, "sk": "COUNT"}
        try:
            item = self.table.update(key, "SET #n = #n + :one", "#w = :w", n_n="n", n_w="window", one=1, w=window)
            return item["n"]
        except ConditionFailed:
            self.table.put(key | {"n": 1, "window": window})
            return 1

    def counted(self, name: str, window: str) -> int:
        """How many were counted under a name within this window."""
        item = self.table.get({"pk": name, "sk": "COUNT"})
        return item["n"] if item and item["window"] == window else 0

    def of_owner(self, owner: str, kind: str, limit: int, cursor: str | None) -> tuple[list[Record], str | None]:
        """A page of a person's records of one type, newest first."""
        items, after = self.table.query(
            "owner_key = :o",
            {"o": f"RECORDS#{owner}#{kind}"},
            index="by_owner",
            limit=limit,
            cursor=cursor,
            newest_first=True,
        )
        return [_record(item) for item in items], after

    def corrections(self, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the corrections that wait for a curator, longest waiting first."""
        items, after = self.table.query(
            "queue_key = :q", {"q": "QUEUE#corrections"}, index="by_queue", limit=limit, cursor=cursor
        )
        return [_row(item, "COR#") for item in items], after

    def articles_without_words(self, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the articles that are known by a number only, longest waiting first."""
        items, after = self.table.query(
            "queue_key = :q", {"q": "QUEUE#articles"}, index="by_queue", limit=limit, cursor=cursor
        )
        return [_row(item, "PUB#") for item in items], after

    def settle_row(self, accession: str, prefix: str, identifier: str, **fields: str) -> bool:
        """Set fields of an item below a record and take it out of its queue; False if it is gone."""
        names = {f"n_f{n}": name for n, name in enumerate(fields)}
        values = {f"v{n}": value for n, value in enumerate(fields.values())}
        text = "SET " + ", ".join(f"#f{n} = :v{n}" for n in range(len(fields))) + " REMOVE queue_key, queue_position"
        key = {"pk": f"ACC#{accession}", "sk": f"{prefix}{identifier}"}
        try:
            self.table.update(key, text, "attribute_exists(pk)", **names, **values)
        except ConditionFailed:
            return False
        return True

    def date_line(self, accession: str, day: str | None) -> dict[str, Any]:
        """The transaction line that sets the release date of a record that is not public."""
        key = {"pk": f"ACC#{accession}", "sk": "REC"}
        condition = "visibility = :private"
        if day is None:
            return self.table.update_line(
                key,
                "SET revision = revision + :one REMOVE release_on, release_key",
                condition,
                private=str(Visibility.PRIVATE),
                one=1,
            )
        return self.table.update_line(
            key,
            "SET release_on = :d, release_key = :k, revision = revision + :one",
            condition,
            private=str(Visibility.PRIVATE),
            one=1,
            d=day,
            k="HELD",
        )

    def publish_line(self, accession: str, at: str) -> dict[str, Any]:
        """The transaction line that makes a record public."""
        return self.table.update_line(
            {"pk": f"ACC#{accession}", "sk": "REC"},
            _PUBLISH,
            "attribute_exists(pk) AND visibility IN (:private, :public)",
            public=str(Visibility.PUBLIC),
            private=str(Visibility.PRIVATE),
            at=at,
            one=1,
        )

    def publish(self, accession: str, at: str) -> None:
        """Make a private record public; again, or on one that was suppressed or withdrawn since, changes nothing."""
        try:
            self.table.update(
                {"pk": f"ACC#{accession}", "sk": "REC"},
                _PUBLISH,
                "visibility = :private",
                public=str(Visibility.PUBLIC),
                private=str(Visibility.PRIVATE),
                at=at,
                one=1,
            )
        except ConditionFailed:
            return

    def due(self, day: str) -> list[dict[str, Any]]:
        """Records that wait for a release date up to `day` (YYYY-MM-DD): accession, submission, release_on."""
        found = self.table.every(
            "release_key = :k AND release_on <= :d", {"k": "HELD", "d": day}, index="by_release_date"
        )
        return list(found)

    def delete_due(self, row: dict[str, Any]) -> None:
        """An item below a record waits for no date any more."""
        self.table.update({"pk": row["pk"], "sk": row["sk"]}, "REMOVE release_key", "attribute_exists(pk)")


_PUBLISH = (
    "SET visibility = :public, released_at = if_not_exists(released_at, :at), revision = revision + :one "
    "REMOVE release_key"
)


def _index_keys(record: Record) -> dict[str, str]:
    keys = {"owner_key": f"RECORDS#{record.owner}#{record.type}"}
    if record.release_on and record.visibility == Visibility.PRIVATE:
        keys["release_key"] = "HELD"
    if record.dataset not in (None, record.accession):
        keys |= {"dataset_key": f"DATASET#{record.dataset}", "inside_key": f"{record.type}#{record.accession}"}
    return keys


def _reference(record: Record, target: str) -> dict[str, Any]:
    shown = {"type": record.type, "accession": record.accession, "dataset": record.dataset, "member": record.member}
    return {"pk": f"REF#{target}", "sk": f"{record.type}#{record.accession}", **shown}


def _row(item: dict[str, Any], prefix: str) -> dict[str, Any]:
    """An item below a record without its keys; `id` is what follows the prefix."""
    hidden = ("pk", "sk", "queue_key", "queue_position")
    return {k: v for k, v in item.items() if k not in hidden} | {"id": item["sk"].removeprefix(prefix)}


def _next(old: Record, new: Record) -> Record:
    """The record as it is written: one revision on, changed now."""
    return replace(new, revision=old.revision + 1, changed_at=clock.stamp())


def _record(item: dict[str, Any]) -> Record:
    names = Record.__dataclass_fields__
    return Record(**{k: v for k, v in item.items() if k in names} | {"visibility": Visibility(item["visibility"])})


class Archive:
    """An archive bucket: server-side copies whose bytes are read back and hashed.

    What everybody may have lies in the open bucket, all else in the controlled one, under its own key; `of` chooses.
    """

    sealed = False  # whether what lies here is encrypted

    def __init__(
        self, inbox: str | None = None, bucket: str | None = None, sealing: Callable[[], Archive] | None = None
    ) -> None:
        self.inbox = inbox or Settings().inbox_bucket
        self.bucket = bucket or Settings().open_archive_bucket
        self._sealing = sealing

    def of(self, place: str, sealed: bool = False) -> Archive:
        """The archive of files of a place (`bucket` of sensitivity.yaml): open_archive or controlled_archive.

        `sealed`: the one that keeps them encrypted (delivery stands above and is handed in); SystemFault without it.
        """
        if place == OPEN_PLACE:
            return self
        if not sealed:
            return Archive(self.inbox, Settings().controlled_archive_bucket)
        if self._sealing is None:
            raise SystemFault("files of this dataset are kept encrypted, and this process was started without the keys")
        return self._sealing()

    def held(self, key: str, sha256: str) -> str | None:
        """The version id if an object with that digest stands under the key already, else None."""
        try:
            found = buckets.facts(self.bucket, key)
        except buckets.ObjectMissing:
            return None
        return found["version_id"] if found["metadata"].get("sha256") == sha256 else None

    def copy(self, from_key: str, version: str | None, key: str, size_bytes: int, metadata: dict[str, str]) -> str:
        """Copy from the inbox; returns the version id of the copy."""
        source = (self.inbox, from_key, version or "")
        return buckets.copy(source, (self.bucket, key), size_bytes, metadata)

    def put_statistics(self, key: str, document: dict[str, Any]) -> dict[str, Any]:
        """Store what was counted in a file beside it; returns what a download link says of the object."""
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        buckets.put_text(self.bucket, key, body, "application/json")
        md5 = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        sha256 = hashlib.sha256(body.encode()).hexdigest()
        return {"bucket": self.bucket, "key": key, "size_bytes": len(body.encode()), "md5": md5, "sha256": sha256}

    def digest(self, key: str, version: str | None, beat: Callable[[int], None] | None = None) -> str:
        """SHA-256 (hex) of the plain bytes, read back in ranges."""
        digest, done = hashlib.sha256(), 0
        for chunk in self._read_back(key, version or None):
            digest.update(chunk)
            done += len(chunk)
            if beat:
                beat(done)
        return digest.hexdigest()

    def _read_back(self, key: str, version: str | None) -> Iterable[bytes]:
        return RangedReader(self.bucket, key, version)

    def link(self, file: dict[str, Any], valid_s: int) -> str:
        """A presigned GET for an archived file; of an encrypted one for the body, without its header."""
        bucket = file.get("bucket") or self.bucket
        name = f"{file['name']}.c4gh-body" if file.get("sealed") else file["name"]
        return buckets.presign_download(bucket, file["key"], file.get("version_id"), name, valid_s)
