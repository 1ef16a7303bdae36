"""A mirrored entity at one moment: which files its tables had, and the rows that were current by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.conversions import from_bytes
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.types import LongType, StringType

from biotheca.errors import SystemFault
from biotheca.lake import merging
from biotheca.lake.arrow import schema_of
from biotheca.lake.duckdb_types import quoted
from biotheca.lake.merging_blocks import BaseFile

# Keys of a snapshot's summary.
COMMIT = "biotheca.commit"
COMPACTED_TO = "biotheca.compacted-to"
FENCE = "biotheca.fence"


class BatchIsCompacted(LookupError):
    """The base holds later batches already; the past is read by snapshot."""


def key_of(entity: str) -> str:
    """The column that names a row."""
    return "accession" if entity == "accession_status" else "acc"


@dataclass(frozen=True)
class View:
    """The files of both tables at one moment. `overlay` pairs a file with its batch; `compacted_to` 0: never yet."""

    entity: str
    columns: Mapping[str, str]
    content: tuple[str, ...]
    base: tuple[DataFile, ...]
    overlay: tuple[tuple[int, DataFile], ...]
    compacted_to: int
    io: Any
    key_id: int

    def base_in_order(self) -> list[BaseFile]:
        """The base's files by their first keys."""
        files = [BaseFile(f.file_path, self._first(f), f.record_count) for f in self.base]
        return sorted(files, key=lambda f: f.first)

    def _first(self, file: DataFile) -> str:
        return str(from_bytes(StringType(), file.lower_bounds[self.key_id]))

    def current(
        self,
        columns: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
        up_to_batch: int | None = None,
    ) -> pa.RecordBatchReader:
        """As MirrorTable.current, of this moment."""
        names = list(columns or self.columns)
        db = self._engine(up_to_batch, [*names, key_of(self.entity), "batch", "gone"], keys)
        reader = db.sql(merging.current_sql(names, key_of(self.entity), keys is not None)).to_arrow_reader(20_000)
        schema = schema_of({name: self.columns[name] for name in names})

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                yield batch.cast(schema)
            db.close()

        return pa.RecordBatchReader.from_batches(schema, batches())

    def table_hash(self, up_to_batch: int | None = None) -> str:
        """As MirrorTable.table_hash, of this moment."""
        db = self._engine(up_to_batch, [*self.content, "batch", "gone"], None)
        try:
            sql = merging.hash_sql(self.content, merging.current_sql(self.content, key_of(self.entity)))
            found = db.execute(sql).fetchall()[0]
        finally:
            db.close()
        return "-".join(str(part) for part in found)

    def _engine(
        self, up_to_batch: int | None, names: Sequence[str], keys: Sequence[str] | None
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB with views `base` and `overlay` of these columns, tables `newest` and, for keys, `wanted`."""
        if up_to_batch is not None and up_to_batch < self.compacted_to:
            raise BatchIsCompacted(
                f"{self.entity} cannot be read as of batch {up_to_batch}: its base holds batches up to "
                f"{self.compacted_to}. Read a snapshot from before that compaction with as_of(); commits() lists them."
            )
        key = key_of(self.entity)
        needed = {name: self.columns[name] for name in self.columns if name in names}
        base, overlay = self.base, [f for n, f in self.overlay if up_to_batch is None or n <= up_to_batch]
        if keys is not None:
            base = tuple(f for f in base if self._may_hold(f, keys))
        db = merging.connect()
        merging.define(db, "base", self._source(base), needed)
        merging.define(db, "overlay", self._source(overlay), needed)
        merging.find_newest(db, key)
        if keys is not None:
            db.register("wanted_keys", pa.table({key: pa.array(list(keys), pa.string())}))
            db.execute(f"CREATE TEMP TABLE wanted AS SELECT DISTINCT {quoted(key)} FROM wanted_keys")
        return db

    def _may_hold(self, file: DataFile, keys: Sequence[str]) -> bool:
        low, high = file.lower_bounds[self.key_id], file.upper_bounds[self.key_id]
        # A bound may be cut short (16 characters), so compare as many bytes of the key as it has.
        return any(low <= (k := key.encode()) and k[: len(high)] <= high for key in keys)

    def reaches(self, file: DataFile, first: str | None, until: str | None) -> bool:
        """Whether a file may hold keys from `first` up to before `until`."""
        low, high = file.lower_bounds[self.key_id], file.upper_bounds[self.key_id]
        return (first is None or high >= first.encode()[: len(high)]) and (until is None or low < until.encode())

    def _source(self, files: Sequence[DataFile]) -> merging.Source:
        paths = [local_path(file.file_path) for file in files]
        if all(paths):
            return [str(path) for path in paths]
        if not isinstance(self.io, PyArrowFileIO):
            raise SystemFault(
                f"files of {self.entity} lie where {type(self.io).__name__} reads; expected PyArrowFileIO"
            )
        scheme, netloc, _ = self.io.parse_location(files[0].file_path)
        plain = [self.io.parse_location(file.file_path)[2] for file in files]
        return ds.dataset(plain, schema_of(dict(self.columns)), "parquet", self.io.fs_by_scheme(scheme, netloc))


def view_of(
    entity: str,
    columns: Mapping[str, str],
    content: tuple[str, ...],
    below: Table,
    over: Table,
    at_ms: int | None = None,
) -> View:
    """The view of two loaded tables, now or at a time (milliseconds since 1970)."""
    base_snapshot, overlay_snapshot = (_snapshot(table, at_ms) for table in (below, over))
    batch_id = over.schema().find_field("batch").field_id
    return View(
        entity,
        columns,
        content,
        tuple(_data_files(below, base_snapshot)),
        tuple((_batch(file, batch_id), file) for file in _data_files(over, overlay_snapshot)),
        _compacted_to(below, base_snapshot),
        below.io,
        below.schema().find_field(key_of(entity)).field_id,
    )


def _snapshot(table: Table, at_ms: int | None) -> Snapshot | None:
    return table.current_snapshot() if at_ms is None else table.snapshot_as_of_timestamp(at_ms)


def _data_files(table: Table, snapshot: Snapshot | None) -> list[DataFile]:
    if snapshot is None:
        return []
    made = []
    for task in table.scan(snapshot_id=snapshot.snapshot_id).plan_files():
        if task.delete_files:
            raise SystemFault(
                f"{'.'.join(table.name())} has delete files, which no writer of ours makes: somebody changed it "
                "with SQL. Roll it back to the last snapshot with a biotheca.commit."
            )
        made.append(task.file)
    return made


def _batch(file: DataFile, batch_id: int) -> int:
    low, high = (from_bytes(LongType(), bounds[batch_id]) for bounds in (file.lower_bounds, file.upper_bounds))
    if low != high:
        raise SystemFault(f"{file.file_path} holds batches {low} to {high}; expected one batch a file of an overlay")
    return int(low)


def _compacted_to(table: Table, snapshot: Snapshot | None) -> int:
    while snapshot is not None:
        if snapshot.summary and (said := snapshot.summary.get(COMPACTED_TO)):
            return int(said)
        parent = snapshot.parent_snapshot_id
        snapshot = table.snapshot_by_id(parent) if parent is not None else None
    return 0


def local_path(location: str) -> Path | None:
    """The path of a location on this machine, or None.

    >>> local_path("file:///tmp/a%20b"), local_path("s3://bucket/key")
    (PosixPath('/tmp/a%20b'), None)
    """
    return Path(location.removeprefix("file://")) if location.startswith(("file:", "/")) else None
