"""Stored objects of any bucket, to the last version; and the row of a withdrawal, below the person's record."""

from __future__ import annotations

from typing import Any

from biotheca.aws import buckets
from biotheca.publication.store import RecordStore

_ROW, _ONLY = "CONSENT#", "withdrawal"


def delete_every_version(bucket: str, key: str) -> int:
    """Delete an object for good; returns how many versions there were."""
    return buckets.delete_every_version(bucket, key)


def is_gone(bucket: str, key: str) -> bool:
    """Whether no version of an object is left, nor a marker."""
    return not buckets.versions(bucket, key)


def row_of(records: RecordStore, accession: str) -> dict[str, Any] | None:
    """The withdrawal of a person: state, asked_at, done_at, actor, found (objects), records (accessions)."""
    row = records.row(accession, _ROW, _ONLY)
    return {k: v for k, v in row.items() if k != "id"} if row else None


def put_row(records: RecordStore, accession: str, row: dict[str, Any]) -> None:
    """Keep how far a withdrawal is."""
    records.put_row(accession, _ROW, _ONLY, row)


def row_line(records: RecordStore, accession: str, row: dict[str, Any]) -> dict[str, Any]:
    """The transaction line that begins a withdrawal; it can begin once."""
    return records.row_line(accession, _ROW, _ONLY, row, "attribute_not_exists(pk)")
