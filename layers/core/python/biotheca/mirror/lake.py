"""The mirror's tables in the lake: one writer at a time, the log of changes, and the pointer that readers follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pyarrow as pa
from pyiceberg.expressions import EqualTo

from biotheca import clock
from biotheca.lake.arrow import schema_of
from biotheca.lake.iceberg import glue_catalog, replace_rows
from biotheca.lake.mirror_store import MirrorTable
from biotheca.lake.model import ENTITIES, TABLES
from biotheca.settings import Settings

WRITTEN = (*ENTITIES, "accession_status")


class MirrorLake:
    """Every mirrored entity. `catalog` and `database` as MirrorTable has them; `lease` makes a context per table."""

    def __init__(self, catalog: Any = None, database: str | None = None, lease: Any = None) -> None:
        self._catalog = catalog or glue_catalog()
        self._database = database or Settings().lake_database
        self._lease = lease

    def tables(self) -> dict[str, MirrorTable]:
        """The tables for reading."""
        return {name: MirrorTable(name, catalog=self._catalog, database=self._database) for name in WRITTEN}

    @contextmanager
    def writing(self, batch: int) -> Iterator[dict[str, MirrorTable]]:
        """The tables under their leases: another writer is told who writes and until when."""
        with ExitStack() as stack:
            made = {}
            for name in WRITTEN:
                fence = None
                if self._lease is not None:
                    fence = stack.enter_context(self._lease(name, f"batch {batch}")).token
                made[name] = MirrorTable(name, catalog=self._catalog, database=self._database, fence=fence)
            yield made

    def log(self, batch: int, rows: pa.Table, first: bool) -> None:
        """Make these the rows of a batch in change_log. The first batch is all new, which its count says shorter."""
        if first:
            rows = rows.slice(0, 0)
        self._replace("change_log", batch, rows)

    def point(self, batch: int, day: str) -> None:
        """Let readers see a batch: one row of mirror_snapshot, in one commit for all tables."""
        row = {"batch": batch, "day": day, "published": clock.now().replace(tzinfo=None), "content": ""}
        self._replace(
            "mirror_snapshot", batch, pa.Table.from_pylist([row], schema=schema_of(TABLES["mirror_snapshot"]))
        )

    def _replace(self, name: str, batch: int, rows: pa.Table) -> None:
        same = EqualTo("batch", batch)  # type: ignore[call-arg, arg-type]
        replace_rows(self._catalog, f"{self._database}.{name}", same, rows.cast(schema_of(TABLES[name])))
