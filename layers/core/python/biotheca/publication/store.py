"""Where public records and archived files are kept.

Records table: pk ACC#<accession>, sk REC. A dataset's files beyond what an item holds are read from its runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from biotheca.aws import buckets
from biotheca.aws.ranged import RangedReader
from biotheca.aws.tables import ConditionFailed, Table
from biotheca.publication.model import Record, Visibility
from biotheca.settings import Settings


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
        """Write a record that is not public yet; one that is public stays as it is."""
        item = {"pk": f"ACC#{record.accession}", "sk": "REC", **record.as_dict(), **_index_keys(record)}
        try:
            self.table.put(item, "attribute_not_exists(pk) OR visibility = :private", private=str(Visibility.PRIVATE))
        except ConditionFailed:
            return

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

    def publish_line(self, accession: str, at: str) -> dict[str, Any]:
        """The transaction line that makes a record public."""
        return self.table.update_line(
            {"pk": f"ACC#{accession}", "sk": "REC"},
            "SET visibility = :public, released_at = if_not_exists(released_at, :at) REMOVE release_key",
            "attribute_exists(pk)",
            public=str(Visibility.PUBLIC),
            at=at,
        )

    def publish(self, accession: str, at: str) -> None:
        """Make a record public; again changes nothing."""
        self.table.update(
            {"pk": f"ACC#{accession}", "sk": "REC"},
            "SET visibility = :public, released_at = if_not_exists(released_at, :at)",
            "attribute_exists(pk)",
            public=str(Visibility.PUBLIC),
            at=at,
        )

    def due(self, day: str) -> list[str]:
        """Submissions whose dataset waits for a release date up to `day` (YYYY-MM-DD)."""
        found = self.table.every(
            "release_key = :k AND release_on <= :d", {"k": "HELD", "d": day}, index="by_release_date"
        )
        return [item["submission"] for item in found]


def _index_keys(record: Record) -> dict[str, str]:
    if record.accession == record.dataset:
        return {"release_key": "HELD"} if record.release_on else {}
    if record.dataset is None:
        return {}
    return {"dataset_key": f"DATASET#{record.dataset}", "inside_key": f"{record.type}#{record.accession}"}


def _record(item: dict[str, Any]) -> Record:
    names = Record.__dataclass_fields__
    return Record(**{k: v for k, v in item.items() if k in names} | {"visibility": Visibility(item["visibility"])})


class Archive:
    """The archive bucket: server-side copies whose bytes are read back and hashed."""

    def __init__(self, inbox: str | None = None, bucket: str | None = None) -> None:
        self.inbox = inbox or Settings().inbox_bucket
        self.bucket = bucket or Settings().open_archive_bucket

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

    def digest(self, key: str, version: str | None, beat: Callable[[int], None] | None = None) -> str:
        """SHA-256 (hex) of the stored bytes, read back in ranges."""
        digest, done = hashlib.sha256(), 0
        for chunk in RangedReader(self.bucket, key, version or None):
            digest.update(chunk)
            done += len(chunk)
            if beat:
                beat(done)
        return digest.hexdigest()

    def link(self, file: dict[str, Any], valid_s: int) -> str:
        """A presigned GET for an archived file."""
        return buckets.presign_download(self.bucket, file["key"], file.get("version_id"), file["name"], valid_s)
