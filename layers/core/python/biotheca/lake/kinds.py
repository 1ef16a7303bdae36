"""Glue's words for types (as `model` has them) in the words of Arrow and of DuckDB."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import pyarrow as pa

_TOKEN = re.compile(r"array<|struct<|[a-z_][a-z_0-9]*|[<>:,]")
_ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}
_DUCKDB = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}


@cache
def arrow_type(kind: str) -> pa.DataType:
    """Arrow's type. ValueError for a word that the lake does not use.

    >>> str(arrow_type("array<struct<k:string,n:bigint>>"))
    'list<element: struct<k: string, n: int64>>'
    """
    tokens = _TOKEN.findall(kind)
    if "".join(tokens) != kind:
        raise ValueError(f"type {kind!r} cannot be read; expected words of {', '.join(_ARROW)}, array<> and struct<>")
    made = _read(tokens, kind)
    if tokens:
        raise ValueError(f"type {kind!r} goes on after its end: {''.join(tokens)!r}")
    return made


def _read(tokens: list[str], kind: str) -> pa.DataType:
    word = tokens.pop(0)
    if word == "array<":
        inner = _read(tokens, kind)
        tokens.pop(0)
        return pa.list_(pa.field("element", inner))
    if word == "struct<":
        fields = []
        while True:
            name = tokens.pop(0)
            tokens.pop(0)
            fields.append(pa.field(name, _read(tokens, kind)))
            if tokens.pop(0) == ">":
                return pa.struct(fields)
    if word not in _ARROW:
        raise ValueError(f"type {kind!r} has the word {word!r}; known: {', '.join(_ARROW)}, array<>, struct<>")
    return _ARROW[word]


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
    return next(_DUCKDB[word] for word, known in _ARROW.items() if known == kind)


def quoted(name: str) -> str:
    """A name as an identifier of SQL.

    >>> quoted("sample")
    '"sample"'
    """
    return '"' + name.replace('"', '""') + '"'
