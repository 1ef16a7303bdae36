"""Where public records and archived files are kept.

Records table: pk ACC#<accession>, sk REC; sk BY#<link>#<accession or submission> for each that refers to it from
elsewhere. A dataset's files beyond what an item holds are read from its runs.
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

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or Table(Settings().records_table)

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

    def get_many(self, accessions: list[str]) -> dict[str, Record]:
        """Those of these records that there are, by accession, whatever their visibility."""
        items = self.table.get_many([{"pk": f"ACC#{number}", "sk": "REC"} for number in accessions])
        return {item["accession"]: _record(item) for item in items}

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
