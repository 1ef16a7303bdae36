"""How the base takes in the overlay: which files are written anew, and their rows, a row group at a time. No cloud.

Keys are joined by DuckDB; the base's wide rows go through Arrow alone, which moves nested columns at half the CPU.
Memory is that of one row group and its changes, whatever the table's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from biotheca.lake.arrow import schema_of
from biotheca.lake.merging import in_order, in_pieces, literal, parquet_sql

FILE_ROWS = 200_000  # of a base file, about 35 MB of runs
GROUP_ROWS = 25_000  # of a row group: larger ones cost more CPU and memory (docs/performance.md)
SLACK = 1.25  # a row group may grow by this before it is cut

Bound = str | None  # a key, or None for no bound


@dataclass(frozen=True)
class BaseFile:
    """A file of the base: its path, its first key (others follow up to the next file's first), its rows."""

    path: str
    first: str
    rows: int


@dataclass(frozen=True)
class Block:
    """Keys from `first` up to before `until`, and the base files that hold them and no others."""

    first: Bound
    until: Bound
    files: tuple[BaseFile, ...]


@dataclass(frozen=True)
class Places:
    """Where files lie on this machine: `base` fetches one when it is needed; `overlay` names those that may hold
    keys of a range."""

    base: Callable[[BaseFile], str]
    overlay: Callable[[Bound, Bound], Sequence[str]]


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


def merged(
    db: duckdb.DuckDBPyConnection, block: Block, places: Places, columns: Mapping[str, str], key: str
) -> Iterator[pa.Table]:
    """The rows of a block as they shall stand in the base, sorted, in pieces of about GROUP_ROWS."""
    return _even(_merged(db, block, places, schema_of(dict(columns)), key))


def _merged(
    db: duckdb.DuckDBPyConnection, block: Block, places: Places, schema: pa.Schema, key: str
) -> Iterator[pa.Table]:
    bounds = [block.first, *(f.first for f in block.files[1:]), block.until]
    for place, file in enumerate(block.files or (None,)):
        path = places.base(file) if file else None
        for first, until in _cut(db, bounds[place], bounds[place + 1], key):
            changed, fresh = _changes(db, first, until, places, schema, key)
            yield from _with_changes(_groups(path, first, until, schema, key), changed, fresh, key)


def _cut(db: duckdb.DuckDBPyConnection, first: Bound, until: Bound, key: str) -> list[tuple[Bound, Bound]]:
    """A range of keys in ranges of at most GROUP_ROWS changes each, for the first load of all and great deltas."""
    keys = db.sql(f"SELECT {key} FROM newest WHERE {_range(first, until, key)} ORDER BY {key}")
    cuts = [piece.column(0)[0].as_py() for piece in in_pieces(keys.to_arrow_reader(GROUP_ROWS), GROUP_ROWS)][1:]
    return list(zip([first, *cuts], [*cuts, until], strict=True))


def _changes(
    db: duckdb.DuckDBPyConnection, first: Bound, until: Bound, places: Places, schema: pa.Schema, key: str
) -> tuple[pa.Array, pa.Table]:
    """(keys that the overlay has in a range, the rows of those that are not gone, sorted)."""
    within = _range(first, until, key)
    newest = f"(SELECT * FROM newest WHERE {within})"
    changed = db.sql(f"SELECT {key} FROM {newest}").to_arrow_table().column(0).cast(pa.string()).combine_chunks()
    files = places.overlay(first, until) if len(changed) else []
    if not files:
        return changed, schema.empty_table()
    rows = db.sql(
        f"SELECT * FROM (SELECT * FROM {parquet_sql(files)} WHERE {within}) "
        f"SEMI JOIN {newest} USING ({key}, batch) WHERE NOT gone"
    )
    return changed, in_order(_conform(rows.to_arrow_table(), schema), key)


def _groups(path: str | None, first: Bound, until: Bound, schema: pa.Schema, key: str) -> Iterator[pa.Table]:
    """The row groups of a base file, as far as their keys are in a range; sorted, as every base file is."""
    if path is None:
        return
    with pq.ParquetFile(path) as file:
        place = file.schema_arrow.get_field_index(key)
        for number in range(file.metadata.num_row_groups):
            said = file.metadata.row_group(number).column(place).statistics
            if (until is not None and said.min >= until) or (first is not None and said.max < first):
                continue
            rows = _conform(file.read_row_group(number), schema)
            if first is not None and said.min < first:
                rows = rows.filter(pc.greater_equal(rows.column(key), first))
            if until is not None and said.max >= until:
                rows = rows.filter(pc.less(rows.column(key), until))
            if rows.num_rows:
                yield rows


def _with_changes(groups: Iterator[pa.Table], changed: pa.Array, fresh: pa.Table, key: str) -> Iterator[pa.Table]:
    """Each group with the changes up to its last key; the last group with all that are left."""
    rest: pa.Table | None = None
    for rows in groups:
        if rest is not None:
            mine = pc.sum(pc.less_equal(fresh.column(key), rest.column(key)[-1])).as_py() or 0
            yield _merge(rest, changed, fresh.slice(0, mine), key)
            fresh = fresh.slice(mine)
        rest = rows
    yield fresh if rest is None else _merge(rest, changed, fresh, key)


def _merge(old: pa.Table, changed: pa.Array, fresh: pa.Table, key: str) -> pa.Table:
    places = pc.indices_nonzero(pc.invert(pc.is_in(old.column(key), value_set=changed)))
    if not fresh.num_rows and len(places) == old.num_rows:
        return old
    both = pa.concat_tables([old, fresh]).combine_chunks()
    taken = pa.concat_arrays([places, pa.array(range(old.num_rows, both.num_rows), places.type)])
    return both.take(taken.take(pc.sort_indices(both.column(key).take(taken))))


def _conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows under these columns; one that they do not have is null."""
    there = set(rows.column_names)
    made = [rows.column(f.name).cast(f.type) if f.name in there else pa.nulls(rows.num_rows, f.type) for f in schema]
    return pa.table(made, schema)


def _even(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in pieces of about GROUP_ROWS: small ones joined, large ones cut, so that files do not fray."""
    most = int(GROUP_ROWS * SLACK)
    held: list[pa.Table] = []
    count = 0
    for piece in pieces:
        if held and count + piece.num_rows > most:
            yield pa.concat_tables(held)
            held, count = [], 0
        step = -(-piece.num_rows // max(-(-piece.num_rows // most), 1)) or 1
        last = max(piece.num_rows - 1, 0) // step * step
        for start in range(0, last, step):
            yield piece.slice(start, step)
        held, count = [*held, piece.slice(last)], count + piece.num_rows - last
    if count:
        yield pa.concat_tables(held)


def _range(first: Bound, until: Bound, key: str) -> str:
    bounds = [f"{key} >= {literal(first)}"] if first is not None else []
    bounds += [f"{key} < {literal(until)}"] if until is not None else []
    return " AND ".join(bounds) or "true"
