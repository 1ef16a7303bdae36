"""Parquet files of the lake: with Iceberg's field ids, sorted row groups, dictionaries where they pay. No cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.schema import Schema
from pyiceberg.types import IcebergType, ListType, NestedField, StructType

LEVEL = 1  # of zstd: a third less CPU than the usual 3, and no larger here
SAMPLE_ROWS = 10_000
_REPEATED = 4  # a dictionary pays where a value stands this often on average


def with_field_ids(arrow: pa.Schema, iceberg: Schema) -> pa.Schema:
    """Arrow's schema with the ids by which Iceberg's readers find a column, in all depths."""
    return pa.schema([_field(arrow.field(f.name), f) for f in iceberg.fields])


def _field(arrow: pa.Field, iceberg: NestedField) -> pa.Field:
    made = pa.field(arrow.name, _type(arrow.type, iceberg.field_type))
    return made.with_metadata({"PARQUET:field_id": str(iceberg.field_id)})


def _type(arrow: pa.DataType, iceberg: IcebergType) -> pa.DataType:
    if isinstance(iceberg, StructType):
        return pa.struct([_field(arrow.field(f.name), f) for f in iceberg.fields])
    if isinstance(iceberg, ListType):
        element = pa.field("element", _type(arrow.value_type, iceberg.element_type))
        return pa.list_(element.with_metadata({"PARQUET:field_id": str(iceberg.element_id)}))
    return arrow


def dictionary_columns(sample: pa.Table) -> list[str]:
    """Paths of the leaves whose values repeat; the writer tries a dictionary only there.

    >>> dictionary_columns(pa.table({"acc": ["a", "b", "c", "d"], "same": ["x"] * 4}))
    ['same']
    """
    found = []
    for name in sample.column_names:
        for path, values in _leaves(name, sample.column(name).slice(0, SAMPLE_ROWS).combine_chunks()):
            if len(values) >= _REPEATED * max(pc.count_distinct(values).as_py(), 1):
                found.append(path)
    return found


def _leaves(path: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    if isinstance(values, pa.ChunkedArray):  # of no rows
        return
    if pa.types.is_list(values.type):
        yield from _leaves(f"{path}.list.element", values.flatten())
    elif pa.types.is_struct(values.type):
        for field in values.type:
            yield from _leaves(f"{path}.{field.name}", values.field(field.name))
    else:
        yield path, values


class FileWriter:
    """One Parquet file, a row group at a time. `schema` has the field ids.

    Statistics of nested columns are left out: nobody asks them.
    """

    def __init__(self, path: Path, schema: pa.Schema, dictionaries: list[str]) -> None:
        self.path, self.schema, self.rows = path, schema, 0
        self._footers: list[pq.FileMetaData] = []
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=dictionaries,
            write_statistics=[f.name for f in schema if not pa.types.is_nested(f.type)],
            metadata_collector=self._footers,
        )

    def write(self, rows: pa.Table, group_rows: int) -> None:
        """Add rows, in row groups of at most so many."""
        self._writer.write_table(rows.cast(self.schema), row_group_size=group_rows)
        self.rows += rows.num_rows

    def close(self) -> pq.FileMetaData:
        """End the file; its footer."""
        self._writer.close()
        return self._footers[0]


def metrics(columns: Mapping[str, str], key: str) -> dict[str, str]:
    """What the manifest says of each column: bounds of flat ones, of the key in full, as blocks are found by it."""
    flat = {f"write.metadata.metrics.column.{c}": "truncate(16)" for c, kind in columns.items() if "<" not in kind}
    return {"write.metadata.metrics.default": "none"} | flat | {f"write.metadata.metrics.column.{key}": "full"}
