"""The catalogue of the lake's Iceberg tables, and what `store` and `mirror_store` both need of pyiceberg."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import BooleanExpression

from biotheca.errors import SystemFault

TRIES = 5  # commits of one writer that may lose against others


@cache
def glue_catalog() -> Catalog:
    """Glue, as the process's environment names it."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    properties: dict[str, Any] = {"type": "glue", "s3.region": region, "glue.region": region}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):  # pyarrow's S3 client does not read this variable itself
        properties |= {
            "s3.endpoint": endpoint,
            "glue.endpoint": endpoint,
            "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
    return load_catalog("glue", **properties)


def replace_rows(catalog: Catalog, name: str, same: BooleanExpression, rows: pa.Table) -> None:
    """Make `rows` all the rows of `name` (database.table) that `same` holds for: said again, nothing is there twice.

    A commit that lost against another writer is made again on the new state; SystemFault after five tries.
    """
    for _ in range(TRIES):
        table = catalog.load_table(name)
        try:
            if table.current_snapshot() is None:
                if rows.num_rows:
                    table.append(rows)
            elif rows.num_rows:
                table.overwrite(rows, overwrite_filter=same)
            elif any(table.scan(row_filter=same).plan_files()):
                table.delete(same)
            return
        except CommitFailedException:
            continue
    raise SystemFault(f"table {name}: {TRIES} commits lost against other writers")
