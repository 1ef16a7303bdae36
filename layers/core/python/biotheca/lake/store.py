"""Iceberg in Glue through pyiceberg: replace the rows of a dataset, or of some accessions, in one commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import In

from biotheca.errors import SystemFault
from biotheca.lake.arrow import schema_of
from biotheca.lake.iceberg import TRIES, glue_catalog
from biotheca.settings import Settings


class LakeTable:
    """One Iceberg table of the lake's database."""

    def __init__(self, name: str, columns: dict[str, str]) -> None:
        self.name = name
        self.schema = schema_of(columns)

    def replace(self, column: str, values: Iterable[str], rows: list[dict[str, Any]]) -> None:
        """Make `rows` all the rows whose column has one of the values: a replayed event leaves no second copy.

        A commit that lost against another writer is made again on the new state; SystemFault after five tries.
        """
        arrow = pa.Table.from_pylist(rows, schema=self.schema)
        same = In(column, set(values))  # type: ignore[call-arg, arg-type]
        for _ in range(TRIES):
            table = glue_catalog().load_table(f"{Settings().lake_database}.{self.name}")
            try:
                if table.current_snapshot() is not None and rows:
                    table.overwrite(arrow, overwrite_filter=same)
                elif table.current_snapshot() is not None:
                    table.delete(same)
                elif rows:
                    table.append(arrow)
                return
            except CommitFailedException:
                continue
        raise SystemFault(f"table {self.name}: {TRIES} commits lost against other writers")
