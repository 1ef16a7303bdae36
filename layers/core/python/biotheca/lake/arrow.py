"""Arrow types and tables of the lake's columns."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from biotheca.lake.types import HiveType, UnknownType, parse

ARROW_WORDS: dict[str, Callable[[], pa.DataType]] = {
    "boolean": pa.bool_,
    "tinyint": pa.int8,
    "smallint": pa.int16,
    "int": pa.int32,
    "integer": pa.int32,
    "bigint": pa.int64,
    "long": pa.int64,
    "float": pa.float32,
    "double": pa.float64,
    "string": pa.string,
    "binary": pa.binary,
    "date": pa.date32,
    "timestamp": lambda: pa.timestamp("us"),
    "timestamptz": lambda: pa.timestamp("us", tz="UTC"),
}


def to_arrow(kind: HiveType) -> pa.DataType:
    """As Athena reads a Parquet column of this type."""
    if kind.word == "array":
        return pa.list_(to_arrow(kind.arguments[0]))
    if kind.word == "map":
        return pa.map_(to_arrow(kind.arguments[0]), to_arrow(kind.arguments[1]))
    if kind.word == "struct":
        fields = zip(kind.names, kind.arguments, strict=True)
        return pa.struct([pa.field(name, to_arrow(inner)) for name, inner in fields])
    if kind.word == "decimal":
        return pa.decimal128(*(kind.numbers or (10, 0)))
    if kind.word in ("varchar", "char"):
        return pa.string()
    if kind.word not in ARROW_WORDS:
        raise UnknownType(f"{kind} has no Arrow type")
    return ARROW_WORDS[kind.word]()


def schema_of(columns: dict[str, str]) -> pa.Schema:
    """The Arrow schema of a table whose columns have these Glue types."""
    return pa.schema([pa.field(name, to_arrow(parse(kind))) for name, kind in columns.items()])
