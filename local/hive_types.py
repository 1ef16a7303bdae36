"""Glue's column types on the laptop: what biotheca.lake reads of them, and Iceberg's and Arrow's words beside it."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from pyiceberg import types as ice

from biotheca.lake.arrow import to_arrow
from biotheca.lake.types import HiveType, UnknownType, parse, to_trino

__all__ = ["HiveType", "UnknownType", "of_arrow", "parse", "to_arrow", "to_iceberg", "to_trino"]

ICEBERG_WORDS: dict[str, Callable[[], ice.IcebergType]] = {
    "boolean": ice.BooleanType,
    "int": ice.IntegerType,
    "integer": ice.IntegerType,
    "bigint": ice.LongType,
    "long": ice.LongType,
    "float": ice.FloatType,
    "double": ice.DoubleType,
    "string": ice.StringType,
    "binary": ice.BinaryType,
    "date": ice.DateType,
    "timestamp": ice.TimestampType,
    "timestamptz": ice.TimestamptzType,
}


ARROW_TESTS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int8, "tinyint"),
    (pa.types.is_int16, "smallint"),
    (pa.types.is_int32, "int"),
    (pa.types.is_int64, "bigint"),
    (pa.types.is_float32, "float"),
    (pa.types.is_float64, "double"),
    (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"),
    (pa.types.is_binary, "binary"),
    (pa.types.is_large_binary, "binary"),
    (pa.types.is_date32, "date"),
    (lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None, "timestamptz"),
    (pa.types.is_timestamp, "timestamp"),
)


def to_iceberg(kind: HiveType, next_id: Callable[[], int]) -> ice.IcebergType:
    """With field ids from `next_id`; new tables are numbered afresh anyway. Raises UnknownType."""
    if kind.word == "array":
        number = next_id()
        return ice.ListType(number, to_iceberg(kind.arguments[0], next_id), element_required=False)
    if kind.word == "map":
        key_id, value_id = next_id(), next_id()
        key, value = (to_iceberg(inner, next_id) for inner in kind.arguments)
        return ice.MapType(key_id, key, value_id, value, value_required=False)
    if kind.word == "struct":
        pairs = [(next_id(), name, inner) for name, inner in zip(kind.names, kind.arguments, strict=True)]
        fields = (ice.NestedField(number, name, to_iceberg(inner, next_id)) for number, name, inner in pairs)
        return ice.StructType(*fields)
    if kind.word == "decimal":
        return ice.DecimalType(*(kind.numbers or (10, 0)))
    if kind.word not in ICEBERG_WORDS:
        raise UnknownType(f"{kind} has no Iceberg type")
    return ICEBERG_WORDS[kind.word]()


def of_arrow(kind: pa.DataType) -> HiveType:
    """Glue's word for an Arrow type. Raises UnknownType."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return HiveType("array", (of_arrow(kind.value_type),))
    if pa.types.is_map(kind):
        return HiveType("map", (of_arrow(kind.key_type), of_arrow(kind.item_type)))
    if pa.types.is_struct(kind):
        return HiveType("struct", tuple(of_arrow(f.type) for f in kind), tuple(f.name.lower() for f in kind))
    if pa.types.is_decimal(kind):
        return HiveType("decimal", numbers=(kind.precision, kind.scale))
    for test, word in ARROW_TESTS:
        if test(kind):
            return HiveType(word)
    raise UnknownType(f"{kind} has no Hive type")
