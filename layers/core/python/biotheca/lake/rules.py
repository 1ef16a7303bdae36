"""From public records to rows of the lake. Which field feeds which column is catalog data. Pure."""

from __future__ import annotations

from typing import Any

from biotheca import clock
from biotheca.catalog import Member
from biotheca.lake.model import RUN_COLUMNS
from biotheca.publication.model import Record


def run_row(member: Member, run: Record, related: dict[str, Record], released_at: str) -> dict[str, Any]:
    """One row of table `run`. `related` holds the run's experiment, sample, study and project by type."""
    row: dict[str, Any] = dict.fromkeys(RUN_COLUMNS)
    for column, source in member.lake["run"].items():
        kind, field = source.split(".")
        record = run if kind == run.type else related.get(kind)
        row[column] = _value(record, field)
    reads = max((f.get("reads") or 0 for f in run.files), default=0)
    bases = sum(f.get("bases") or 0 for f in run.files)
    size = sum(f.get("size_bytes") or 0 for f in run.files)
    released = clock.parse(released_at).replace(tzinfo=None)
    return row | {
        "source": "own",
        "member": member.id,
        "consent": "public",
        "releasedate": released,
        "loaddate": released,
        "spots": reads,
        "bases": bases,
        "bytes": size,
        "mbases": bases // 10**6,
        "mbytes": size // 10**6,
        "avgspotlen": bases // reads if reads else None,
        "file_names": [f["name"] for f in run.files],
        "file_md5": [f["md5"] for f in run.files],
    }


def _value(record: Record | None, field: str) -> Any:
    if record is None:
        return None
    if field in ("accession", "alias", "title"):
        return getattr(record, field)
    return record.attributes.get(field)
