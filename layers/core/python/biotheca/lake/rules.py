"""From public records to rows of the lake. Which field feeds which column is catalog data. Pure."""

from __future__ import annotations

from typing import Any

from biotheca import clock
from biotheca.catalog import Member
from biotheca.lake.model import FILE_COLUMNS, RUN_COLUMNS
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


def file_rows(run: Record, released_at: str) -> list[dict[str, Any]]:
    """The rows of table `qc_files` of a run. Only sound files are archived, so that is the verdict of each."""
    released = clock.parse(released_at).replace(tzinfo=None)
    same: dict[str, Any] = {"acc": run.accession, "source": "own", "member": run.member, "sra_study": run.dataset}
    same |= {"verdict": "sound", "releasedate": released}
    rows = []
    for file in run.files:
        measured = file.get("measured") or {}
        row = {column: measured.get(column, file.get(column)) for column in FILE_COLUMNS} | same
        row |= {"file_name": file["name"], "bytes": file.get("size_bytes")}
        rows.append({column: _typed(value, FILE_COLUMNS[column]) for column, value in row.items()})
    return rows


def _typed(value: Any, kind: str) -> Any:
    # A share of exactly 1 comes back from the records as a whole number.
    return float(value) if kind == "double" and value is not None else value


def _value(record: Record | None, field: str) -> Any:
    if record is None:
        return None
    if field in ("accession", "alias", "title"):
        return getattr(record, field)
    return record.attributes.get(field)
