"""Bring a released dataset into the lake."""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.lake.rules import run_row
from biotheca.lake.store import LakeTable
from biotheca.publication.model import MATRIX, Door, Record
from biotheca.publication.rules import effective
from biotheca.publication.store import RecordStore


def load_dataset(records: RecordStore, table: LakeTable, dataset: str) -> int:
    """Make the rows of a dataset one per run that is public now; returns how many. Again gives the same rows."""
    found = records.get(dataset)
    if found is None or found.released_at is None:
        return 0
    member = catalog.members()[found.member]
    known: dict[str, Record] = {dataset: found}
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        runs, cursor = records.inside(dataset, "run", 200, cursor)
        for run in runs:
            if Door.LAKE not in MATRIX[effective(run.visibility, found.visibility)]:
                continue
            rows.append(run_row(member, run, _related(records, known, run), found.released_at))
        if cursor is None:
            break
    table.replace("sra_study", dataset, rows)
    return len(rows)


def _related(records: RecordStore, known: dict[str, Record], run: Record) -> dict[str, Record]:
    """Every record that a run leads to, by type: up through links until nothing new is found."""
    related: dict[str, Record] = {}
    waiting = [run]
    while waiting:
        record = waiting.pop()
        for kind, accessions in record.links.items():
            if kind in related or kind == run.type:
                continue
            accession = accessions[0]
            other = known.get(accession) or records.get(accession)
            if other is not None:
                known[accession] = related[kind] = other
                waiting.append(other)
    return related
