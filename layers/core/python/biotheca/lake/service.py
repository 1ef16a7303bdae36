"""Bring a released dataset into the lake."""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.lake.rules import file_rows, run_row
from biotheca.lake.store import LakeTable
from biotheca.publication.model import MATRIX, Door, Record
from biotheca.publication.rules import effective
from biotheca.publication.store import RecordStore


def load_dataset(records: RecordStore, table: LakeTable, files: LakeTable, dataset: str) -> int:
    """Make the rows of a dataset one per run that is public now, and in `files` one per file of these.

    Returns how many runs. Again gives the same rows.
    """
    found = records.get(dataset)
    if found is None or found.released_at is None:
        return 0
    member = catalog.members()[found.member]
    if not member.lake:  # nothing of this member has a row
        return 0
    known: dict[str, Record] = {dataset: found}
    rows: list[dict[str, Any]] = []
    of_files: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        runs, cursor = records.inside(dataset, "run", 200, cursor)
        for run in runs:
            if Door.LAKE not in MATRIX[effective(run.visibility, found.visibility)]:
                continue
            rows.append(run_row(member, run, _related(records, known, run), found.released_at))
            of_files += file_rows(run, found.released_at)
        if cursor is None:
            break
    table.replace("sra_study", dataset, rows)
    files.replace("sra_study", dataset, of_files)
    return len(rows)


def _related(records: RecordStore, known: dict[str, Record], run: Record) -> dict[str, Record]:
    """Every record that a run leads to, by type: along its references and its dataset's, the nearest of a type."""
    related: dict[str, Record] = {}
    waiting = [run]
    while waiting:
        record = waiting.pop(0)
        for kind in _upwards(record):
            accessions = record.links.get(kind, ())
            if kind in related or not accessions:
                continue
            other = known.get(accessions[0]) or records.get(accessions[0])
            if other is not None:
                known[other.accession] = related[kind] = other
                waiting.append(other)
    return related


def _upwards(record: Record) -> list[str]:
    """Types that a record refers to, its dataset's before others: a run's project is that of its dataset."""
    member = catalog.members()[record.member]
    kind = member.object_type(record.type)
    dataset = [member.dataset] if kind.release == "in_dataset" else []
    return dataset + [s.to for s in kind.fields.values() if s.kind == "reference" and s.to and s.to != record.type]
