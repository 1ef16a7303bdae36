"""UNLOAD (SELECT ...) TO 's3://...' WITH (format = 'PARQUET'): the rows of a query as a file with their types."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from local.athena.refusal import Failed, NotHere

_FORM = re.compile(
    r"\s*UNLOAD\s*\((?P<select>.*)\)\s*TO\s*'(?P<place>s3://[^'/]+/[^']*)'\s*WITH\s*\((?P<how>[^()]*)\)\s*;?\s*",
    re.DOTALL | re.IGNORECASE,
)
_OPTION = re.compile(r"\s*(\w+)\s*=\s*'([^']*)'\s*(?:,|$)")
_TAKEN = {"format": {"PARQUET"}, "compression": {"SNAPPY", "GZIP", "ZSTD", "NONE", "UNCOMPRESSED"}}


@dataclass(frozen=True)
class Unload:
    """What is to be written, and where."""

    select: str
    place: str


def read(query: str) -> Unload | None:
    """The statement if it is one; NotHere for options that are not known here."""
    if not query.lstrip().upper().startswith("UNLOAD"):
        return None
    found = _FORM.fullmatch(query)
    if not found:
        raise Failed("SYNTAX_ERROR: expected UNLOAD (SELECT ...) TO 's3://bucket/folder/' WITH (format = 'PARQUET')")
    given = {name.lower(): value.upper() for name, value in _OPTION.findall(found["how"])}
    if "format" not in given:
        raise Failed("SYNTAX_ERROR: UNLOAD needs the property format")
    for name, value in given.items():
        if value not in _TAKEN.get(name, ()):
            raise NotHere(f"UNLOAD with {name} = {value!r}")
    return Unload(found["select"], found["place"])


def rows_of(rows: pa.Table, names: list[str]) -> pa.Table:
    """Rows as Athena types them. A column needs a name of its own."""
    for number, name in enumerate(names, 1):
        if re.fullmatch(r"_col\d+", name):
            raise Failed(f"MISSING_COLUMN_NAME: line 1:9: Column name not specified at position {number}")
        if names.count(name) > 1:
            raise Failed(f"DUPLICATE_COLUMN_NAME: line 1:9: Column name {name!r} specified more than once")
    fields = []
    for field in rows.schema:
        kind = field.type
        if pa.types.is_timestamp(kind) and kind.tz:
            raise Failed(f"NOT_SUPPORTED: Unsupported Hive type: timestamp with time zone of column {field.name!r}")
        if pa.types.is_decimal(kind) and kind.scale == 0 and kind.precision == 38:
            kind = pa.int64()  # DuckDB sums whole numbers in 128 bits, Athena in 64
        fields.append(pa.field(field.name, kind))
    return rows.cast(pa.schema(fields))


def written(rows: pa.Table) -> bytes:
    """A Parquet file."""
    made = io.BytesIO()
    pq.write_table(rows, made)
    return made.getvalue()
