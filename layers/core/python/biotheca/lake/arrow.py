"""Arrow's types of Glue's. Schemas of whole tables: biotheca.lake.kinds."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from biotheca.lake.types import HiveType, UnknownType

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
        return pa.list_(pa.field("element", to_arrow(kind.arguments[0])))
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
