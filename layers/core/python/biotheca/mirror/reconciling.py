"""Whether the lake agrees with what the feeds said: counts, and a random sample, field by field (R113). Pure reading.

A difference that a rule explains is counted as explained: a record of a feed whose status a later row of the
accessions took out of live, or whose owner's feed counts more.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from biotheca.lake.model import ENTITIES
from biotheca.mirror.accessions import TABLE as STATUS
from biotheca.mirror.merge import columns_of

_JOINED = frozenset({"run"})  # its row is joined with others: compared by what is its own
_OWN_OF_RUN = ("acc", "experiment", "spots", "bases", "bytes")


def reconcile(
    tables: Mapping[str, Any],
    batch: int,
    feeds: Sequence[tuple[Mapping[str, Any], Any]],
    read: Mapping[int, Mapping[str, Any]],
    chance: random.Random,
    most: int,
) -> dict[str, Any]:
    """The report: totals by entity and status, what was compared, and every difference in words."""
    totals = {entity: _by_status(tables[entity], batch, "acc") for entity in ENTITIES}
    statuses = _by_status(tables[STATUS], batch, "accession")
    differences: list[str] = []
    for told in read.values():
        if told.get("kind") == "accessions":
            held = sum(statuses.values()) - statuses.get("withdrawn", 0)
            if held < told["accessions"]:
                differences.append(f"accession_status: {held:,} rows of {told['accessions']:,} that the feed holds")
    for row, feed in feeds:
        if row["whole"]:
            differences += _whole(row, feed, tables, totals)
    compared, wrong = _sample(tables, batch, feeds, chance, most)
    quarantined = sum(int(told.get("quarantined", 0)) for told in read.values())
    return {
        "batch": batch,
        "totals": totals | {STATUS: statuses},
        "counts": {entity: sum(by.values()) for entity, by in totals.items()},
        "quarantined": quarantined,
        "sampled": compared,
        "differences": differences + wrong,
        "feeds": [
            {key: told[key] for key in ("feed", "url", "records", "seen", "quarantined") if key in told}
            for told in read.values()
        ],
    }


def _by_status(table: Any, batch: int, key: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for piece in table.current((key, "status"), None, batch):
        counts.update(piece.column("status").to_pylist())
    return {str(status): number for status, number in sorted(counts.items(), key=lambda one: str(one[0]))}


def _whole(row: Mapping[str, Any], feed: Any, tables: Mapping[str, Any], totals: Mapping[str, Any]) -> list[str]:
    found = []
    for entity in ("project", "biosample"):
        rows = feed.tables(entity)
        if rows is None:
            continue
        told = len(set(rows.column("acc").to_pylist()))
        held = sum(number for status, number in totals[entity].items() if status != "withdrawn")
        if told != held:
            found.append(f"{entity}: the whole feed {row['feed']} holds {told:,} records, the lake {held:,}")
    return found


def _sample(
    tables: Mapping[str, Any],
    batch: int,
    feeds: Sequence[tuple[Mapping[str, Any], Any]],
    chance: random.Random,
    most: int,
) -> tuple[int, list[str]]:
    """(how many were compared, differences): records of the feeds drawn at random, against their rows in the lake."""
    wrong: list[str] = []
    compared = 0
    for entity in ENTITIES:
        last: dict[str, dict[str, Any]] = {}
        for _, feed in feeds:
            rows = feed.tables(entity)
            if rows is not None:
                picked = sorted(chance.sample(range(rows.num_rows), min(most, rows.num_rows)))
                last |= {row["acc"]: row for row in rows.take(picked).to_pylist()}
                again = rows.filter(_among(rows, list(last)))  # a later file may hold a newer form of the same record
                last |= {row["acc"]: row for row in again.to_pylist()}
        if not last:
            continue
        held = {row["acc"]: row for row in tables[entity].current(None, list(last), batch).read_all().to_pylist()}
        columns = _OWN_OF_RUN if entity in _JOINED else columns_of(entity)
        for accession, told in last.items():
            compared += 1
            wrong += _compare(entity, accession, told, held.get(accession), columns)
    return compared, wrong[:100]


def _among(rows: Any, keys: list[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(rows.column("acc"), pa.array(keys, pa.string()))


def _compare(
    entity: str, accession: str, told: Mapping[str, Any], held: Mapping[str, Any] | None, columns: Sequence[str]
) -> list[str]:
    if held is None:
        return [f"{entity} {accession} is in a feed and not in the lake"]
    found = []
    for name in columns:
        if name not in told or (entity in _JOINED and told[name] is None):
            continue
        if _same(told[name]) != _same(held[name]):
            found.append(f"{entity} {accession}: {name} differs from the feed")
    return found


def _same(value: Any) -> Any:
    """Empty lists and nothing are the same."""
    return None if value in ([], "") else value
