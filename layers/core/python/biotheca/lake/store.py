"""Iceberg in Glue through pyiceberg: replace the rows of a dataset, or of some accessions, in one commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyiceberg.expressions import In

from biotheca.lake.arrow import schema_of
from biotheca.lake.iceberg import glue_catalog, replace_rows
from biotheca.settings import Settings


class LakeTable:
    """One Iceberg table of the lake's database."""

    def __init__(self, name: str, columns: dict[str, str]) -> None:
        self.name = name
        self.schema = schema_of(columns)

    def replace(self, column: str, values: Iterable[str], rows: list[dict[str, Any]]) -> None:
        """Make `rows` all the rows whose column has one of the values; see iceberg.replace_rows."""
        same = In(column, set(values))  # type: ignore[call-arg, arg-type]
        name = f"{Settings().lake_database}.{self.name}"
        replace_rows(glue_catalog(), name, same, pa.Table.from_pylist(rows, schema=self.schema))
