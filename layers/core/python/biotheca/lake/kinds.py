"""Glue's words for types (as `model` has them) in the words of Arrow and of DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pyarrow as pa

from biotheca.lake.arrow import to_arrow
from biotheca.lake.types import parse

_DUCKDB = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}


@cache
def arrow_type(kind: str) -> pa.DataType:
    """Arrow's type. UnknownType, a ValueError, for what is no type.

    >>> str(arrow_type("array<struct<k:string,n:bigint>>"))
    'list<element: struct<k: string, n: int64>>'
    """
    return to_arrow(parse(kind))


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Columns of the lake as Arrow's schema."""
    return pa.schema([pa.field(name, arrow_type(kind)) for name, kind in columns.items()])


@cache
def duckdb_type(kind: str) -> str:
    """
    >>> duckdb_type("array<struct<k:string,v:array<string>>>")
    'STRUCT("k" VARCHAR, "v" VARCHAR[])[]'
    """
    return _duckdb(arrow_type(kind))


def _duckdb(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_duckdb(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"STRUCT({', '.join(f'{quoted(f.name)} {_duckdb(f.type)}' for f in kind)})"
    return next(word for glue, word in _DUCKDB.items() if arrow_type(glue) == kind)


def quoted(name: str) -> str:
    """A name as an identifier of SQL.

    >>> quoted("sample")
    '"sample"'
    """
    return '"' + name.replace('"', '""') + '"'
