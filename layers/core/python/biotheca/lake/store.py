"""Iceberg in Glue through pyiceberg: replace the rows of a dataset, or of some accessions, in one commit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import In

from biotheca.errors import SystemFault
from biotheca.lake.arrow import schema_of
from biotheca.settings import Settings

TRIES = 5


@cache
def _catalog() -> Any:
    region = os.environ.get("AWS_REGION", "us-east-1")
    properties = {"type": "glue", "s3.region": region, "glue.region": region}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):  # pyarrow's S3 client does not read this variable itself
        properties |= {
            "s3.endpoint": endpoint,
            "glue.endpoint": endpoint,
            "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
    return load_catalog("glue", **properties)


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
            table = _catalog().load_table(f"{Settings().lake_database}.{self.name}")
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
