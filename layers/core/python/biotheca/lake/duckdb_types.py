"""Glue's words for types in those of DuckDB. Of Arrow: biotheca.lake.arrow."""

from __future__ import annotations

from functools import cache

from biotheca.lake.types import HiveType, parse

_WORDS = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}


@cache
def duckdb_type(kind: str) -> str:
    """KeyError for a word that no table of ours uses.

    >>> duckdb_type("array<struct<k:string,v:array<string>>>")
    'STRUCT("k" VARCHAR, "v" VARCHAR[])[]'
    """
    return _written(parse(kind))


def _written(kind: HiveType) -> str:
    if kind.word == "array":
        return f"{_written(kind.arguments[0])}[]"
    if kind.word == "struct":
        fields = zip(kind.names, kind.arguments, strict=True)
        return f"STRUCT({', '.join(f'{quoted(name)} {_written(inner)}' for name, inner in fields)})"
    return _WORDS[kind.word]


def quoted(name: str) -> str:
    """A name as an identifier of SQL.

    >>> quoted("sample")
    '"sample"'
    """
    return '"' + name.replace('"', '""') + '"'
