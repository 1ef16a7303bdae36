"""One measured step on a lake in a folder, in a process of its own: `python -m bench.lake_case STEP FOLDER`.

Prints the CPU seconds of the step without the process's start, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import In

from biotheca.lake import merging
from biotheca.lake.arrow import schema_of
from biotheca.lake.folder_catalog import FolderCatalog
from biotheca.lake.mirror_store import MirrorTable
from biotheca.lake.model import MIRROR_COLUMNS, RUN_COLUMNS

DATABASE = "lake"
FIRST, DELTA = 20261127, 20261128  # batches
PLAIN = "plain"  # the peers' table: one, without an overlay


def mirror(folder: Path) -> MirrorTable:
    return MirrorTable("run", catalog=FolderCatalog(folder), database=DATABASE, scratch=folder)


def load(folder: Path) -> None:
    """The base from nothing: 5 M rows through the overlay."""
    FolderCatalog(folder).create_mirror_tables(DATABASE, "run", RUN_COLUMNS)
    mirror(folder).append(FIRST, sorted((folder / "base").glob("*.parquet")))
    mirror(folder).compact(FIRST)


def append(folder: Path) -> None:
    mirror(folder).append(DELTA, [folder / "delta.parquet"])


def compact(folder: Path) -> None:
    mirror(folder).compact(DELTA)


def read(folder: Path) -> None:
    """Two columns of all current rows."""
    with merging.engine() as db:
        db.register("rows", mirror(folder).current(["organism", "bases"]))
        db.execute("SELECT organism, count(*), sum(bases) FROM rows GROUP BY organism").fetchall()


def table_hash(folder: Path) -> None:
    mirror(folder).table_hash()


def load_plain(folder: Path) -> None:
    """The same rows in one plain table, for pyiceberg alone."""
    schema = schema_of(RUN_COLUMNS | MIRROR_COLUMNS)
    table = FolderCatalog(folder).create_table((DATABASE, PLAIN), schema)
    for path in sorted((folder / "base").glob("*.parquet")):
        table.append(_read(path))


def overwrite(folder: Path) -> None:
    """pyiceberg: read the table, merge in memory, overwrite it."""
    table = FolderCatalog(folder).load_table((DATABASE, PLAIN))
    old = table.scan().to_arrow()
    with duckdb.connect() as db:
        db.register("old", old)
        db.register("delta", _read(folder / "delta.parquet"))
        merged = db.sql(
            "SELECT * FROM old ANTI JOIN delta USING (acc) "
            "UNION ALL BY NAME SELECT * FROM delta WHERE NOT gone ORDER BY acc"
        ).to_arrow_table()
    table.overwrite(merged.cast(old.schema))


def upsert(folder: Path) -> None:
    """pyiceberg: upsert by key, then delete what is gone."""
    table = FolderCatalog(folder).load_table((DATABASE, PLAIN))
    delta = _read(folder / "delta.parquet")
    table.upsert(delta.filter(pc.invert(delta.column("gone"))), join_cols=["acc"])
    gone = delta.filter(delta.column("gone")).column("acc").to_pylist()
    table.delete(In("acc", gone))  # type: ignore[call-arg, arg-type]


def _read(path: Path) -> pa.Table:
    with merging.engine() as db:
        merging.define(db, "rows", [str(path)], RUN_COLUMNS | MIRROR_COLUMNS)
        return db.sql("FROM rows").to_arrow_table().cast(schema_of(RUN_COLUMNS | MIRROR_COLUMNS))


STEPS: dict[str, Callable[[Path], None]] = {
    step.__name__: step for step in (load, append, compact, read, table_hash, load_plain, overwrite, upsert)
}


def main(step: str, folder: str) -> None:
    started = time.process_time()
    STEPS[step](Path(folder))
    print(json.dumps({"cpu_s": time.process_time() - started}))


if __name__ == "__main__":
    main(*sys.argv[1:])
