"""Which rows of a mirrored table are current: DuckDB over local Parquet files or Arrow. No cloud.

Words: `base` holds one row a key, in files of contiguous key ranges; `overlay` holds later rows, each with the batch
that brought it. Of one key the row of the highest batch is current, unless it says that the record is gone.
How the base takes in the overlay: merging_blocks. Where files lie and how they become a commit: mirror_store.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from biotheca.lake.duckdb_types import duckdb_type, quoted

MEMORY_MIB = 384  # of DuckDB; Arrow's copies of a piece come on top
PIECE_ROWS = 50_000  # of an overlay file

# Paths of Parquet files, an Arrow table, or a dataset of pyarrow, which has no type to name here.
Source = Any


class KeyTwice(ValueError):
    """A batch says two different things of one key."""

    def __init__(self, key: str, values: list[str]) -> None:
        super().__init__(
            f"The batch has more than one row for {key} {', '.join(map(repr, values))}, and they differ. "
            f"Expected one row a {key}: let the parser decide which of them holds, then append again."
        )
        self.values = values


def connect(scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB of bounded memory that spills to `scratch`."""
    spilled = (scratch or Path(tempfile.gettempdir())) / "biotheca-lake-spilled"
    return duckdb.connect(
        config={"threads": 2, "memory_limit": f"{MEMORY_MIB}MiB", "temp_directory": str(spilled)},
    )


@contextmanager
def engine(scratch: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """`connect`, closed at the end."""
    connection = connect(scratch)
    try:
        yield connection
    finally:
        connection.close()


def define(db: duckdb.DuckDBPyConnection, name: str, source: Source, columns: Mapping[str, str]) -> None:
    """Make `name` a view of these columns over a source. A column that the source does not have is null in it."""
    inside = f"{name}_arrow"
    if isinstance(source, list | tuple):
        if not source:
            empty = ", ".join(f"NULL::{duckdb_type(kind)} AS {quoted(c)}" for c, kind in columns.items())
            db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {empty} WHERE false")
            return
        inside = parquet_sql(source)
    else:
        db.register(inside, source)
    there = {row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {inside}").fetchall()}
    chosen = ", ".join(
        f"{quoted(c) if c in there else 'NULL'}::{duckdb_type(kind)} AS {quoted(c)}" for c, kind in columns.items()
    )
    db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {chosen} FROM {inside}")


def parquet_sql(paths: Sequence[str]) -> str:
    """Files as a relation; they may differ in columns."""
    return f"read_parquet([{', '.join(map(literal, paths))}], union_by_name = true)"


def literal(value: object) -> str:
    """A text in SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def find_newest(db: duckdb.DuckDBPyConnection, key: str) -> int:
    """From view `overlay` make table `newest`: of each key its highest batch. Returns how many keys."""
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE newest AS SELECT {key}, max(batch) AS batch FROM overlay "
        f"GROUP BY {key} ORDER BY {key}"
    )
    return int(db.execute("SELECT count(*) FROM newest").fetchall()[0][0])


def current_sql(columns: Sequence[str], key: str, wanted: bool = False) -> str:
    """The current rows, over views `base` and `overlay` and table `newest`; with `wanted` only keys of that table."""
    names = ", ".join(map(quoted, columns))
    only = f"{key} IN (SELECT {key} FROM wanted)" if wanted else "true"
    return (
        f"SELECT {names} FROM base ANTI JOIN newest USING ({key}) WHERE {only} "
        f"UNION ALL SELECT {names} FROM overlay SEMI JOIN newest USING ({key}, batch) WHERE NOT gone AND {only}"
    )


def hash_sql(columns: Sequence[str], rows: str) -> str:
    """Count, sum and exclusive or of the rows' hashes: the same in any order. Comparable within a DuckDB version."""
    names = ", ".join(map(quoted, columns))
    return (
        "SELECT count(*), coalesce(sum(h::HUGEINT), 0)::VARCHAR, coalesce(bit_xor(h), 0)::VARCHAR "
        f"FROM (SELECT hash({names}) AS h FROM ({rows}))"
    )


# --- a batch on its way into the overlay ---


def batch_rows(
    db: duckdb.DuckDBPyConnection, source: Source, columns: Mapping[str, str], key: str, batch: int
) -> Iterator[pa.Table]:
    """The rows of one batch in pieces of at most PIECE_ROWS, each sorted by key. Equal rows of a key become one.

    KeyTwice if they differ. Pieces are not sorted among each other: DuckDB's sort does not spill nested columns.
    """
    define(db, "given", source, columns)
    if db.execute(f"SELECT count(*) FROM given WHERE {key} IS NULL").fetchall() != [(0,)]:
        raise ValueError(f"Batch {batch} has rows without {key}. Expected an accession in each; mend the parser.")
    twice = db.sql(f"SELECT {key} FROM given GROUP BY {key} HAVING count(*) > 1").to_arrow_table().column(0)
    if len(twice):
        _refuse_different(db, twice, columns, key)
    made = {"batch": f"{int(batch)}::BIGINT AS batch", "gone": "coalesce(gone, false) AS gone"}
    names = ", ".join(made.get(c, quoted(c)) for c in columns)
    again = _Again(key, twice.combine_chunks())
    for piece in in_pieces(db.sql(f"SELECT {names} FROM given").to_arrow_reader(PIECE_ROWS), PIECE_ROWS):
        fresh = again.without(piece)
        if fresh.num_rows:
            yield in_order(fresh, key)


def _refuse_different(
    db: duckdb.DuckDBPyConnection, twice: pa.ChunkedArray, columns: Mapping[str, str], key: str
) -> None:
    db.register("twice", pa.table({key: twice}))
    said = ", ".join([*(quoted(c) for c in columns if c not in (key, "batch", "gone")), "coalesce(gone, false)"])
    found = db.execute(
        f"SELECT {key} FROM given WHERE {key} IN (SELECT {key} FROM twice) "
        f"GROUP BY {key} HAVING count(DISTINCT hash({said})) > 1 ORDER BY {key} LIMIT 3"
    ).fetchall()
    if found:
        raise KeyTwice(key, [row[0] for row in found])


class _Again:
    """Takes away what came before, among keys that come more than once."""

    def __init__(self, key: str, twice: pa.Array) -> None:
        self.key, self.twice = key, twice
        self.seen: set[str] = set()

    def without(self, piece: pa.Table) -> pa.Table:
        if not len(self.twice):
            return piece
        keys = piece.column(self.key)
        keep = []
        for value, suspect in zip(keys.to_pylist(), pc.is_in(keys, value_set=self.twice).to_pylist(), strict=True):
            keep.append(not suspect or value not in self.seen)
            if suspect:
                self.seen.add(value)
        return piece.filter(pa.array(keep))


def in_order(rows: pa.Table, key: str) -> pa.Table:
    """Rows sorted by key, as bytes compare."""
    # By Arrow and not by DuckDB: moving nested columns once costs a third of sorting them (docs/performance.md).
    whole = rows.combine_chunks()
    return whole.take(pc.sort_indices(whole.column(key)))


def in_pieces(reader: pa.RecordBatchReader, rows: int) -> Iterator[pa.Table]:
    """A stream in tables of exactly so many rows; the last may have fewer."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in reader:
        while batch.num_rows:
            part = batch.slice(0, rows - count)
            held, count, batch = [*held, part], count + part.num_rows, batch.slice(part.num_rows)
            if count == rows:
                yield pa.Table.from_batches(held)
                held, count = [], 0
    if held:
        yield pa.Table.from_batches(held)
