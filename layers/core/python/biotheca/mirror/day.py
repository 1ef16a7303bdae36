"""One batch brought into the lake, entity after entity, each in one commit that the same batch again replaces.

The order matters: status first, for content asks it; runs last, for they are joined with all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from biotheca.lake.arrow import schema_of
from biotheca.lake.model import ACCESSION_STATUS_COLUMNS, CHANGE_LOG_COLUMNS, ENTITIES, MIRROR_COLUMNS
from biotheca.mirror.accessions import TABLE as STATUS
from biotheca.mirror.merge import Given, Merged, change_rows, effective_statuses, merge, merge_statuses
from biotheca.mirror.model import Limits
from biotheca.mirror.shapes import empty
from biotheca.mirror.widen import widen

# Beyond so many keys a whole table is read rather than looked up.
MANY_KEYS = 200_000
PLAIN = ("project", "biosample", "study", "sample", "experiment")
AROUND_RUNS = ("experiment", "sample", "study", "biosample")


class Table(Protocol):
    """An entity's mirrored rows in the lake (biotheca.lake.mirror_store)."""

    def append(self, batch: int, rows: pa.Table) -> int: ...

    def current(
        self, columns: Sequence[str] | None = None, keys: Sequence[str] | None = None, up_to_batch: int | None = None
    ) -> pa.RecordBatchReader: ...


@dataclass(frozen=True)
class Feed:
    """Parsed rows of one file of a feed: tables by entity, asked for when they are needed."""

    name: str
    archive: str
    whole: bool
    tables: Callable[[str], pa.Table | None]


@dataclass
class Outcome:
    """What a batch changed, by entity and kind of change, and every change as a row of change_log."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    changes: list[pa.Table] = field(default_factory=list)

    def log(self) -> pa.Table:
        """The rows of change_log."""
        schema = schema_of(CHANGE_LOG_COLUMNS)
        tables = [table.select(schema.names).cast(schema) for table in self.changes if table.num_rows]
        return pa.concat_tables(tables) if tables else schema.empty_table()


class Day:
    """The merge of one batch into tables by entity (and accession_status)."""

    def __init__(self, tables: Mapping[str, Any], batch: int, day: str, limits: Limits | None = None) -> None:
        self.tables, self.batch, self.day = tables, batch, day
        self.limits = limits or Limits()
        self.outcome = Outcome()

    def run(self, feeds: Sequence[Feed], told: pa.Table, gone: Iterable[str]) -> Outcome:
        """Everything of a batch. `told`: changed rows of SRA_Accessions; `gone`: accessions it no longer has."""
        gone = list(gone)
        statuses = self._statuses(told, gone)
        changed: dict[str, list[str]] = {}
        for entity in PLAIN:
            changed[entity] = self._plain(entity, feeds, statuses)
        self._runs(feeds, statuses, changed)
        return self.outcome

    def _statuses(self, told: pa.Table, gone: list[str]) -> pa.Table:
        """accession_status of this batch; (accession, status) of what it told, for the entities."""
        keys = [*told.column("accession").to_pylist(), *gone]
        held = self._held(STATUS, keys, tuple(ACCESSION_STATUS_COLUMNS))
        merged = merge_statuses(told, gone, held)
        self._append(STATUS, merged, "accessions")
        return effective_statuses(merged.rows)

    def _plain(self, entity: str, feeds: Sequence[Feed], statuses: pa.Table) -> list[str]:
        given, whole = self._given(entity, feeds)
        keys = None if whole else [key for one in given for key in one.rows.column("acc").to_pylist()]
        of_entity = statuses.slice(0, 0)
        if entity not in ("project", "biosample"):  # these two tell their status themselves
            of_entity = self._known_statuses(statuses, keys or [])
            keys = [*(keys or []), *of_entity.column("accession").to_pylist()]
        held = self._held(entity, keys, tuple(ENTITIES[entity]))
        merged = merge(entity, given, held, of_entity, self.limits if whole else None)
        self._append(entity, merged, ", ".join(sorted({f.name for f in feeds if f.tables(entity) is not None})))
        return [str(key) for key in merged.rows.column("acc").to_pylist()]

    def _known_statuses(self, told: pa.Table, keys: list[str]) -> pa.Table:
        """(accession, status) of what the batch told, and of records that came: theirs may have been told before."""
        before = effective_statuses(self._now(STATUS, sorted(set(keys)), tuple(ACCESSION_STATUS_COLUMNS)))
        others = pc.invert(pc.is_in(before.column("accession"), told.column("accession").combine_chunks()))
        return pa.concat_tables([told, before.filter(others)])

    def _given(self, entity: str, feeds: Sequence[Feed]) -> tuple[list[Given], bool]:
        given, whole = [], False
        for feed in feeds:
            rows = feed.tables(entity)
            if rows is not None:
                given.append(Given(rows, feed.archive))
                whole |= feed.whole
        return given, whole

    def _runs(self, feeds: Sequence[Feed], statuses: pa.Table, changed: Mapping[str, list[str]]) -> None:
        given, _ = self._given("run", feeds)
        parsed = pa.concat_tables([one.rows for one in given], promote_options="default") if given else None
        fresh = set(parsed.column("acc").to_pylist()) if parsed is not None else set()
        around = self._runs_around(changed)
        told = [key for key in statuses.column("accession").to_pylist() if key[1:3] == "RR"]
        keys = sorted(fresh | around | set(told))
        held = self._held("run", keys, tuple(ENTITIES["run"]))
        joined = held.filter(pc.is_in(held.column("acc"), pa.array(sorted(around - fresh), pa.string())))
        if parsed is None:
            parsed = empty("run")
        if not keys:
            return
        experiments = {*parsed.column("experiment").to_pylist(), *joined.column("experiment").to_pylist()} - {None}
        others = self._others(sorted(experiments))
        names = [*parsed.column("acc").to_pylist(), *joined.column("acc").to_pylist()]
        of_runs = self._now(STATUS, names, tuple(ACCESSION_STATUS_COLUMNS))
        rows = widen(_newest(parsed), others, joined, of_runs)
        merged = merge("run", [Given(rows, "")], held, self._known_statuses(statuses, sorted(fresh)))
        self._append("run", merged, "runs")

    def _runs_around(self, changed: Mapping[str, list[str]]) -> set[str]:
        """Runs whose experiment changed, or that one's sample, study or BioSample."""
        wanted = {entity: set(keys) for entity, keys in changed.items() if keys}
        if not wanted:
            return set()
        rows = self._now("experiment", None, ("acc", "sample", "study", "biosample"))
        hits = pc.is_in(rows.column("acc"), pa.array(sorted(wanted.get("experiment", ())), pa.string()))
        for column in ("sample", "study", "biosample"):
            keys = pa.array(sorted(wanted.get(column, ())), pa.string())
            hits = pc.or_(hits, pc.is_in(rows.column(column), keys))
        experiments = rows.column("acc").filter(hits)
        if not len(experiments):
            return set()
        runs = self._held("run", None, ("acc", "experiment"))
        return set(
            runs.column("acc").filter(pc.is_in(runs.column("experiment"), experiments.combine_chunks())).to_pylist()
        )

    def _others(self, experiments: list[str]) -> dict[str, pa.Table]:
        found = {"experiment": self._now("experiment", experiments, tuple(ENTITIES["experiment"]))}
        of = found["experiment"]
        found["sample"] = self._now("sample", _keys(of.column("sample")), tuple(ENTITIES["sample"]))
        found["study"] = self._now("study", _keys(of.column("study")), tuple(ENTITIES["study"]))
        names = _keys(of.column("biosample"), found["sample"].column("biosample"))
        found["biosample"] = self._now("biosample", names, tuple(ENTITIES["biosample"]))
        return found

    def _held(self, entity: str, keys: list[str] | None, columns: tuple[str, ...]) -> pa.Table:
        """Rows as they were before this batch; the batch again sees the same."""
        return self._read(entity, keys, (*columns, "content_hash"), self.batch - 1)

    def _now(self, entity: str, keys: list[str] | None, columns: tuple[str, ...]) -> pa.Table:
        """Rows as they are with what this batch brought."""
        return self._read(entity, keys, columns, self.batch)

    def _read(self, entity: str, keys: list[str] | None, columns: tuple[str, ...], batch: int) -> pa.Table:
        if keys is not None and not keys:
            kinds = ENTITIES.get(entity, ACCESSION_STATUS_COLUMNS) | MIRROR_COLUMNS
            return schema_of({name: kinds[name] for name in columns}).empty_table()
        some = keys if keys is not None and len(keys) <= MANY_KEYS else None
        return self.tables[entity].current(columns, some, batch).read_all()

    def _append(self, entity: str, merged: Merged, feed: str) -> None:
        self.tables[entity].append(self.batch, merged.rows)
        self.outcome.changes.append(change_rows(entity, merged, feed, self.day, self.batch))
        kinds: Counter[str] = Counter(merged.changes.column("what").to_pylist())
        self.outcome.counts[entity] = kinds
        self.outcome.seen[entity] += merged.seen


def _keys(*columns: pa.ChunkedArray) -> list[str]:
    return sorted({str(key) for column in columns for key in column.to_pylist() if key})


def _newest(rows: pa.Table) -> pa.Table:
    """Of rows of one accession the last."""
    last = {key: number for number, key in enumerate(rows.column("acc").to_pylist())}
    return rows if len(last) == rows.num_rows else rows.take(pa.array(sorted(last.values())))
