"""Glue's column types (Hive's words) read into a tree, and from there into Iceberg's and Arrow's types.

>>> str(parse("array<struct<tag:string,n:decimal(9,2)>>"))
'array<struct<tag:string,n:decimal(9,2)>>'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg import types as ice

TOKEN = re.compile(r"\s*([A-Za-z_]\w*|\d+|[<>(),:])\s*")

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


class UnknownType(ValueError):
    """A column type that is no Hive type, or has no equal on the other side."""


@dataclass(frozen=True)
class HiveType:
    """`word`, with type arguments (array, map), named fields (struct) or numbers (decimal, varchar)."""

    word: str
    arguments: tuple[HiveType, ...] = ()
    names: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.names:
            fields = ",".join(f"{name}:{kind}" for name, kind in zip(self.names, self.arguments, strict=True))
            return f"{self.word}<{fields}>"
        if self.arguments:
            return f"{self.word}<{','.join(map(str, self.arguments))}>"
        return self.word + (f"({','.join(map(str, self.numbers))})" if self.numbers else "")


def parse(text: str) -> HiveType:
    """Raises UnknownType when the text is no type."""
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise UnknownType(f"{text!r} is not a column type: {text[at:]!r} cannot be read")
        tokens.append(match[1])
        at = match.end()
    kind = _read(tokens, text)
    if tokens:
        raise UnknownType(f"{text!r} is not a column type: {tokens[0]!r} is left over")
    return kind


def _take(tokens: list[str], text: str, *expected: str) -> str:
    if not tokens or (expected and tokens[0] not in expected):
        raise UnknownType(f"{text!r} is not a column type: {' or '.join(expected) or 'a word'} is missing")
    return tokens.pop(0)


def _read(tokens: list[str], text: str) -> HiveType:
    word = _take(tokens, text).lower()
    if tokens[:1] == ["("]:
        tokens.pop(0)
        numbers = [int(_take(tokens, text))]
        while _take(tokens, text, ",", ")") == ",":
            numbers.append(int(_take(tokens, text)))
        return HiveType(word, numbers=tuple(numbers))
    if tokens[:1] != ["<"]:
        return HiveType(word)
    tokens.pop(0)
    names, arguments = [], []
    while True:
        if word == "struct":
            names.append(_take(tokens, text).lower())
            _take(tokens, text, ":")
        arguments.append(_read(tokens, text))
        if _take(tokens, text, ",", ">") == ">":
            break
    if len(arguments) != {"array": 1, "map": 2}.get(word, len(arguments) if word == "struct" else -1):
        raise UnknownType(f"{text!r} is not a column type: {word}<> with {len(arguments)} arguments")
    return HiveType(word, tuple(arguments), tuple(names))


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


def to_trino(kind: HiveType) -> str:
    """The same type as Athena's queries write it."""
    if kind.word == "struct":
        fields = ", ".join(
            f'"{name}" {to_trino(inner)}' for name, inner in zip(kind.names, kind.arguments, strict=True)
        )
        return f"ROW({fields})"
    if kind.arguments:
        return f"{kind.word.upper()}({', '.join(map(to_trino, kind.arguments))})"
    words = {"string": "VARCHAR", "binary": "VARBINARY", "int": "INTEGER", "timestamptz": "TIMESTAMP WITH TIME ZONE"}
    return words.get(kind.word, str(kind).upper())
