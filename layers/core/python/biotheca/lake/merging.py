"""Which rows of a mirrored table are current, block by block: DuckDB over local Parquet files or Arrow. No cloud.

Words: `base` holds one row a key, in files of contiguous key ranges; `overlay` holds later rows, each with the batch
that brought it. Of one key the row of the highest batch is current, unless it says that the record is gone.
Where the files lie and how they become a commit: see mirror_store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from biotheca.lake.kinds import arrow_schema, duckdb_type, quoted

FILE_ROWS = 200_000  # of a base file, about 35 MB of runs
GROUP_ROWS = 25_000  # of a row group: larger ones cost more CPU and memory (docs/performance.md)
MEMORY_MIB = 384  # of DuckDB; Arrow's copies of one block come on top
PIECE_ROWS = 100_000  # of an overlay file
SLACK = 1.25  # a block may grow by this before it is cut

Source = Sequence[str] | pa.Table | Any  # paths of Parquet files, or what DuckDB scans as Arrow does


class KeyTwice(ValueError):
    """A batch says two different things of one key."""

    def __init__(self, key: str, values: list[str]) -> None:
        super().__init__(
            f"The batch has more than one row for {key} {', '.join(map(repr, values))}, and they differ. Expected one row "
            f"a {key}: let the parser decide which of them holds, then append again."
        )
        self.values = values


@dataclass(frozen=True)
class BaseFile:
    """A file of the base: its path, its first key (others follow up to the next file's first), its rows."""

    path: str
    first: str
    rows: int


@dataclass(frozen=True)
class Block:
    """Keys from `first` up to before `until` (None: no bound), and the base files that hold them and no others."""

    first: str | None
    until: str | None
    files: tuple[BaseFile, ...]


@contextmanager
def engine(scratch: Path, memory_mib: int = MEMORY_MIB, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that spills to `scratch`."""
    settings = {"threads": threads, "memory_limit": f"{memory_mib}MiB", "temp_directory": str(scratch / "spilled")}
    connection = duckdb.connect(config=settings)
    try:
        yield connection
    finally:
        connection.close()


def define(db: duckdb.DuckDBPyConnection, name: str, source: Source, columns: Mapping[str, str]) -> None:
    """Make `name` a view of these columns over a source. A column that the source does not have is null in it."""
    if isinstance(source, list | tuple):
        if not source:
            empty = ", ".join(f"NULL::{duckdb_type(kind)} AS {quoted(c)}" for c, kind in columns.items())
            db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {empty} WHERE false")
            return
        inside = f"read_parquet({_texts(source)}, union_by_name = true)"
    else:
        db.register(f"{name}_arrow", source)
        inside = f"{name}_arrow"
    there = {row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {inside}").fetchall()}
    chosen = ", ".join(
        f"{quoted(c)}::{duckdb_type(kind)} AS {quoted(c)}"
        if c in there
        else f"NULL::{duckdb_type(kind)} AS {quoted(c)}"
        for c, kind in columns.items()
    )
    db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {chosen} FROM {inside}")


def find_newest(db: duckdb.DuckDBPyConnection, key: str) -> int:
    """From view `overlay` make table `newest`: of each key its highest batch. Returns how many keys."""
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE newest AS SELECT {key}, max(batch) AS batch FROM overlay GROUP BY {key} ORDER BY {key}"
    )
    return int(db.execute("SELECT count(*) FROM newest").fetchall()[0][0])


def current_sql(columns: Sequence[str], key: str, wanted: bool = False) -> str:
    """The current rows, over views `base` and `overlay` and table `newest`; with `wanted` only keys of table `wanted`."""
    names = ", ".join(map(quoted, columns))
    only = f"{key} IN (SELECT {key} FROM wanted)" if wanted else "true"
    return f"""
        SELECT {names} FROM base ANTI JOIN newest USING ({key}) WHERE {only}
        UNION ALL SELECT {names} FROM overlay SEMI JOIN newest USING ({key}, batch) WHERE NOT gone AND {only}"""


def hash_sql(columns: Sequence[str], rows: str) -> str:
    """Count, sum and exclusive or of the rows' hashes: the same whatever their order. Equal within one DuckDB version."""
    names = ", ".join(map(quoted, columns))
    return f"SELECT count(*), coalesce(sum(h::HUGEINT), 0)::VARCHAR, coalesce(bit_xor(h), 0)::VARCHAR FROM (SELECT hash({names}) AS h FROM ({rows}))"


def batch_rows(
    db: duckdb.DuckDBPyConnection, source: Source, columns: Mapping[str, str], key: str, batch: int
) -> Iterator[pa.Table]:
    """The rows of one batch in pieces of at most PIECE_ROWS, each sorted by key. Equal rows of a key become one.

    KeyTwice if they differ. Pieces are not sorted among each other: DuckDB's sort does not spill nested columns.
    """
    define(db, "given", source, columns)
    if db.execute(f"SELECT count(*) FROM given WHERE {key} IS NULL").fetchall() != [(0,)]:
        raise ValueError(f"Batch {batch} has rows without {key}. Expected an accession in each; mend the parser.")
    same = ", ".join([*(quoted(c) for c in columns if c not in (key, "batch", "gone")), "coalesce(gone, false)"])
    twice = db.sql(f"SELECT {key} FROM given GROUP BY {key} HAVING count(*) > 1").to_arrow_table().column(0)
    if len(twice):
        db.register("twice", pa.table({key: twice}))
        differ = (
            f"SELECT {key} FROM given WHERE {key} IN (SELECT {key} FROM twice) "
            f"GROUP BY {key} HAVING count(DISTINCT hash({same})) > 1 ORDER BY {key} LIMIT 3"
        )
        if found := db.execute(differ).fetchall():
            raise KeyTwice(key, [row[0] for row in found])
    made = {"batch": f"{int(batch)}::BIGINT AS batch", "gone": "coalesce(gone, false) AS gone"}
    names = ", ".join(made.get(c, quoted(c)) for c in columns)
    again = _Again(key, twice.combine_chunks())
    for piece in _pieces(db.sql(f"SELECT {names} FROM given").to_arrow_reader(PIECE_ROWS), PIECE_ROWS):
        fresh = again.without(piece)
        if fresh.num_rows:
            yield _sorted(fresh, key)


class _Again:
    """Takes away what came before, among keys that come more than once."""

    def __init__(self, key: str, twice: pa.Array) -> None:
        self.key, self.twice = key, twice
        self.seen: set[str] = set()

    def without(self, piece: pa.Table) -> pa.Table:
        if not len(self.twice):
            return piece
        suspect = pc.is_in(piece.column(self.key), value_set=self.twice).to_pylist()
        keep = []
        for place, value in enumerate(piece.column(self.key).to_pylist()):
            keep.append(not suspect[place] or value not in self.seen)
            if suspect[place]:
                self.seen.add(value)
        return piece.filter(pa.array(keep))


def _sorted(rows: pa.Table, key: str) -> pa.Table:
    # Sorted here and not by DuckDB: rows are often nearly in order, and moving nested columns once costs a third.
    whole = rows.combine_chunks()
    return whole.take(pc.sort_indices(whole.column(key)))


def _pieces(reader: pa.RecordBatchReader, rows: int) -> Iterator[pa.Table]:
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


# --- compaction ---


def changes_by_file(db: duckdb.DuckDBPyConnection, files: Sequence[BaseFile], key: str) -> list[int]:
    """How many keys of table `newest` fall into the range of each file. Keys before the first belong to it."""
    if not files:
        return []
    firsts = pa.table({"first": ["", *(f.first for f in files[1:])], "place": list(range(len(files)))})
    db.register("firsts", firsts)
    sql = f"SELECT place, count(*) FROM newest ASOF JOIN firsts ON newest.{key} >= firsts.first GROUP BY place"
    found = dict(db.execute(sql).fetchall())
    return [found.get(place, 0) for place in range(len(files))]


def plan(files: Sequence[BaseFile], changed: Sequence[int], file_rows: int = FILE_ROWS) -> list[Block]:
    """The blocks to be written anew: files that a change touches, and neighbours of them so small that they may join.

    `files` in order of their keys; `changed` as of changes_by_file. A file that nothing touches stays.

    >>> a, b, c = (BaseFile(n, n, 10) for n in "abc")
    >>> [(block.first, block.until) for block in plan([a, b, c], [0, 2, 0], 12)]
    [('b', 'c')]
    """
    if not files:
        return [Block(None, None, ())]
    groups: list[list[int]] = []
    for place, file in enumerate(files):
        if not changed[place] and file.rows * 4 >= file_rows:
            continue
        if groups and groups[-1][-1] == place - 1:
            groups[-1].append(place)
        else:
            groups.append([place])
    needed = [group for group in groups if len(group) > 1 or changed[group[0]]]
    return [
        Block(
            files[group[0]].first if group[0] else None,
            files[group[-1] + 1].first if group[-1] + 1 < len(files) else None,
            tuple(files[place] for place in group),
        )
        for group in needed
    ]


@dataclass(frozen=True)
class Overlay:
    """The overlay's files of a compaction on this machine, and which of them may hold keys of a range."""

    within: Callable[[str | None, str | None], Sequence[str]]


def merged(
    db: duckdb.DuckDBPyConnection,
    block: Block,
    fetch: Callable[[BaseFile], str],
    overlay: Overlay,
    columns: Mapping[str, str],
    key: str,
) -> Iterator[pa.Table]:
    """The rows of a block as they shall stand in the base, sorted, in pieces of about GROUP_ROWS.

    `fetch` gives a base file's path on this machine; it is asked when the file is needed. Keys are joined by DuckDB;
    the base's wide rows go through Arrow alone, a row group at a time: half the CPU, and memory for one row group.
    """
    schema = arrow_schema(columns)
    firsts = [block.first, *(f.first for f in block.files[1:]), block.until]
    for place, file in enumerate(block.files or (None,)):
        path = fetch(file) if file else None
        for first, until in _cut(db, firsts[place], firsts[place + 1] if block.files else block.until, key):
            changed, fresh = _changes(db, first, until, overlay, schema, key)
            yield from _with_changes(_groups(path, first, until, schema, key), changed, fresh, key)


def _cut(
    db: duckdb.DuckDBPyConnection, first: str | None, until: str | None, key: str
) -> list[tuple[str | None, str | None]]:
    """A range of keys in ranges of at most GROUP_ROWS changes each, for the first load of all and great deltas."""
    within = _range(first, until, key)
    keys = db.sql(f"SELECT {key} FROM newest WHERE {within} ORDER BY {key}")
    cuts = [piece.column(0)[0].as_py() for piece in _pieces(keys.to_arrow_reader(GROUP_ROWS), GROUP_ROWS)][1:]
    return list(zip([first, *cuts], [*cuts, until], strict=True))


def _changes(
    db: duckdb.DuckDBPyConnection, first: str | None, until: str | None, overlay: Overlay, schema: pa.Schema, key: str
) -> tuple[pa.ChunkedArray, pa.Table]:
    """(keys that the overlay has in a range, the rows of those that are not gone), both sorted."""
    within = _range(first, until, key)
    newest = f"(SELECT * FROM newest WHERE {within})"
    changed = db.sql(f"SELECT {key} FROM {newest} ORDER BY {key}").to_arrow_table().column(0).cast(pa.string())
    files = overlay.within(first, until) if len(changed) else []
    if not files:
        return changed, schema.empty_table()
    rows = db.sql(
        f"SELECT * FROM (SELECT * FROM read_parquet({_texts(files)}, union_by_name = true) WHERE {within}) "
        f"SEMI JOIN {newest} USING ({key}, batch) WHERE NOT gone"
    )
    return changed, _sorted(conform(rows.to_arrow_table(), schema), key)


def _groups(path: str | None, first: str | None, until: str | None, schema: pa.Schema, key: str) -> Iterator[pa.Table]:
    """The row groups of a base file, as far as their keys are in a range; sorted, as every base file is."""
    if path is None:
        return
    with pq.ParquetFile(path) as file:
        place = file.schema_arrow.get_field_index(key)
        for number in range(file.metadata.num_row_groups):
            said = file.metadata.row_group(number).column(place).statistics
            if (until is not None and said.min >= until) or (first is not None and said.max < first):
                continue
            rows = conform(file.read_row_group(number), schema)
            keys = rows.column(key)
            if first is not None and said.min < first:
                rows = rows.filter(pc.greater_equal(keys, first))
                keys = rows.column(key)
            if until is not None and said.max >= until:
                rows = rows.filter(pc.less(keys, until))
            yield rows


def _with_changes(
    groups: Iterator[pa.Table], changed: pa.ChunkedArray, fresh: pa.Table, key: str
) -> Iterator[pa.Table]:
    """Each group with the changes up to its last key; the last with all that are left."""
    rest: pa.Table | None = None
    for rows in groups:
        if rest is not None:
            last = rest.column(key)[-1]
            mine = pc.sum(pc.less_equal(fresh.column(key), last)).as_py() or 0
            yield _merge(rest, changed, fresh.slice(0, mine), key)
            fresh = fresh.slice(mine)
        rest = rows if rows.num_rows else rest
    yield fresh if rest is None else _merge(rest, changed, fresh, key)


def _merge(old: pa.Table, changed: pa.ChunkedArray, fresh: pa.Table, key: str) -> pa.Table:
    keep = pc.invert(pc.is_in(old.column(key), value_set=changed.combine_chunks()))
    places = pc.indices_nonzero(keep)
    if not fresh.num_rows and len(places) == old.num_rows:
        return old
    both = pa.concat_tables([old, fresh]).combine_chunks()
    taken = pa.concat_arrays([places, pa.array(range(old.num_rows, both.num_rows), places.type)])
    return both.take(taken.take(pc.sort_indices(both.column(key).take(taken))))


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows under these columns; one that they do not have is null."""
    made = [
        rows.column(f.name).cast(f.type) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type)
        for f in schema
    ]
    return pa.table(made, schema)


def even(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in pieces of about GROUP_ROWS: small ones joined, large ones cut, so that files do not fray."""
    held: list[pa.Table] = []
    count = 0
    for piece in pieces:
        if held and count + piece.num_rows > GROUP_ROWS * SLACK:
            yield pa.concat_tables(held)
            held, count = [], 0
        step = -(-piece.num_rows // max(-(-piece.num_rows // int(GROUP_ROWS * SLACK)), 1)) or 1
        for start in range(0, piece.num_rows - step, step):
            yield piece.slice(start, step)
        tail = piece.slice((piece.num_rows - 1) // step * step) if piece.num_rows else piece
        held, count = [*held, tail], count + tail.num_rows
    if count:
        yield pa.concat_tables(held)


def _range(first: str | None, until: str | None, key: str) -> str:
    bounds = [f"{key} >= {_text(first)}"] if first is not None else []
    bounds += [f"{key} < {_text(until)}"] if until is not None else []
    return " AND ".join(bounds) or "true"


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _texts(values: Sequence[object]) -> str:
    return f"[{', '.join(map(_text, values))}]"
