"""Iceberg in Glue through pyiceberg: replace the rows of one dataset in one commit."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import EqualTo

from biotheca.errors import SystemFault
from biotheca.settings import Settings

_ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "timestamp": pa.timestamp("us"),
    "array<string>": pa.list_(pa.string()),
}
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
        self.schema = pa.schema([pa.field(column, _ARROW[kind]) for column, kind in columns.items()])

    def replace(self, column: str, value: str, rows: list[dict[str, Any]]) -> None:
        """Make `rows` all the rows whose column has that value: a replayed event leaves no second copy.

        A commit that lost against another writer is made again on the new state; SystemFault after five tries.
        """
        arrow = pa.Table.from_pylist(rows, schema=self.schema)
        same = EqualTo(column, value)  # type: ignore[call-arg, arg-type]
        for _ in range(TRIES):
            table = _catalog().load_table(f"{Settings().lake_database}.{self.name}")
            try:
                if table.current_snapshot() is None:
                    table.append(arrow)
                elif not rows:
                    table.delete(same)
                else:
                    table.overwrite(arrow, overwrite_filter=same)
                return
            except CommitFailedException:
                continue
        raise SystemFault(f"table {self.name}: {TRIES} commits lost against other writers")
