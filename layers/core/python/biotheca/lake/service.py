"""Bring a released dataset into the lake."""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.lake.rules import run_row
from biotheca.lake.store import LakeTable
from biotheca.publication.model import Record
from biotheca.publication.store import RecordStore


def load_dataset(records: RecordStore, table: LakeTable, dataset: str) -> int:
    """Write one row per run of a released dataset; returns how many. Again gives the same rows."""
    found = records.get(dataset)
    if found is None or found.released_at is None:
        raise ValueError(f"{dataset} is not released")
    member = catalog.members()[found.member]
    known: dict[str, Record] = {dataset: found}
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        runs, cursor = records.inside(dataset, "run", 200, cursor)
        for run in runs:
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
