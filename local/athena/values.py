"""Values and types as Athena writes them: in GetQueryResults, in the CSV, in the columns' metadata."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

WORDS = {
    "VARCHAR": "varchar",
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "BLOB": "varbinary",
    "JSON": "json",
    "UUID": "varchar",
    '"NULL"': "unknown",
}
BIGINT_MOST = 2**63 - 1
PRECISIONS = {
    "bigint": 19,
    "integer": 10,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
    "varchar": 2147483647,
}


class OutOfRange(ValueError):
    """A sum that Athena's bigint cannot hold."""


def column(name: str, duck_type: str) -> dict[str, Any]:
    """One entry of ResultSetMetadata.ColumnInfo."""
    kind, precision, scale = type_of(duck_type)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def type_of(duck_type: str) -> tuple[str, int, int]:
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duck_type)
    if decimal:
        return "decimal", int(decimal[1]), int(decimal[2])
    if duck_type.endswith("[]"):
        return "array", 0, 0
    for prefix, word in (("STRUCT", "row"), ("MAP", "map"), ("TIMESTAMP_", "timestamp")):
        if duck_type.startswith(prefix):
            return word, 0, 0
    word = WORDS.get(duck_type, duck_type.lower())
    return word, PRECISIONS.get(word, 0), 3 if word.startswith("timestamp") else 0


def text(value: Any) -> str | None:
    """A value as Athena prints it; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > BIGINT_MOST:
            raise OutOfRange("NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow")
        return str(value)
    if isinstance(value, float):
        return java_double(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex(" ")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(k)}={_inner(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_inner(v) for v in value) + "]"
    return str(value)


def _inner(value: Any) -> str:
    return "null" if value is None else text(value) or ""


def _moment(value: datetime) -> str:
    digits = f"{value.microsecond:06d}"
    digits = digits[:3] if digits.endswith("000") else digits
    zone = " UTC" if value.tzinfo else ""
    return f"{value:%Y-%m-%d %H:%M:%S}.{digits}{zone}"


def java_double(value: float) -> str:
    """Java's Double.toString, which Athena uses: 1.0E10, 0.001, 1.0E-4.

    >>> java_double(1e10), java_double(0.001), java_double(-1.5e-5), java_double(100)
    ('1.0E10', '0.001', '-1.5E-5', '100.0')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    mantissa, _, exponent = f"{Decimal(repr(float(value))):E}".partition("E")
    whole, _, fraction = mantissa.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}"


def csv_line(values: Iterable[str | None]) -> str:
    """Athena's CSV: every value in quotes, quotes doubled, NULL as nothing at all."""
    return ",".join("" if v is None else '"' + v.replace('"', '""') + '"' for v in values) + "\n"
