"""Tables of moto's Glue, read from moto's S3: Iceberg through pyiceberg, hive-partitioned Parquet through pyarrow.

Only the columns that a query names are read, and only the files that its simple conditions leave; what was read
is counted in bytes of Parquet column chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs
from pyiceberg import expressions as ice
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.types import IcebergType, ListType, MapType, StructType

from local import hive_types
from local.athena.refusal import Failed, NotHere
from local.hive_types import HiveType

METADATA_TABLES = ("snapshots", "history", "refs")
PATH_COLUMN = "$path"


@dataclass(frozen=True)
class Connection:
    """Where S3 is, and with which key the engine reads it."""

    endpoint: Callable[[], str]
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def file_system(self) -> fs.S3FileSystem:
        where = urlsplit(self.endpoint())
        return fs.S3FileSystem(
            endpoint_override=where.netloc,
            scheme=where.scheme,
            access_key=self.access_key,
            secret_key=self.secret_key,
            region=self.region,
        )

    def iceberg_properties(self) -> dict[str, str]:
        return {
            "s3.endpoint": self.endpoint(),
            "s3.access-key-id": self.access_key,
            "s3.secret-access-key": self.secret_key,
            "s3.region": self.region,
        }


@dataclass(frozen=True)
class Condition:
    """column op value, as a WHERE clause has it joined by AND."""

    column: str
    operator: str
    value: Any

    def iceberg(self) -> ice.BooleanExpression:
        makers: dict[str, Any] = {
            "=": ice.EqualTo,
            "<": ice.LessThan,
            "<=": ice.LessThanOrEqual,
            ">": ice.GreaterThan,
            ">=": ice.GreaterThanOrEqual,
            "in": ice.In,
        }
        value = self.value.isoformat() if isinstance(self.value, date) else self.value
        made: ice.BooleanExpression = makers[self.operator](self.column, value)
        return made

    def arrow(self) -> pc.Expression:
        named = pc.field(self.column)
        if self.operator == "in":
            return named.isin(self.value)
        operations: dict[str, pc.Expression] = {
            "=": named == self.value,
            "<": named < self.value,
            "<=": named <= self.value,
            ">": named > self.value,
            ">=": named >= self.value,
        }
        return operations[self.operator]


@dataclass
class Source:
    """One table of the catalogue: its columns, and how to read it.

    `read` tells the bytes that reading will take, and how to read: so a limit can refuse beforehand.
    """

    database: str
    name: str
    columns: dict[str, HiveType]
    read: Callable[[list[str], list[Condition]], tuple[int, Callable[[], pa.Table]]]
    comments: dict[str, str] = field(default_factory=dict)
    has_path: bool = False


def open_table(glue: Any, database: str, name: str, connection: Connection, version: Any = None) -> Source:
    """Raises Failed with Athena's words for what does not exist, NotHere for what is not read here."""
    base, _, part = name.partition("$")
    try:
        table = glue.get_table(database, base).as_dict()
    except Exception as error:
        raise Failed(f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.{name}' does not exist") from error
    parameters = table.get("Parameters", {})
    iceberg = parameters.get("table_type", "").upper() == "ICEBERG"
    if part:
        if not iceberg or part not in METADATA_TABLES:
            raise NotHere(f'the table "{name}"', f"Iceberg tables have ${', $'.join(METADATA_TABLES)} here")
        return _metadata_source(database, name, part, _load(parameters, connection))
    if version is not None and not iceberg:
        raise NotHere("FOR ... AS OF on a table that is not Iceberg")
    if iceberg:
        return _iceberg_source(database, name, _load(parameters, connection), version)
    return _parquet_source(glue, database, name, table, connection)


def _load(parameters: dict[str, str], connection: Connection) -> Any:
    location = parameters.get("metadata_location")
    if not location:
        raise Failed("ICEBERG_INVALID_METADATA: the table has no metadata_location")
    return StaticTable.from_metadata(location, connection.iceberg_properties())


def _metadata_source(database: str, name: str, part: str, table: Any) -> Source:
    made: pa.Table = getattr(table.inspect, part)()
    columns = {f.name: hive_types.of_arrow(f.type) for f in made.schema}
    return Source(database, name, columns, lambda names, _: (0, lambda: made.select(names)))


def _iceberg_source(database: str, name: str, table: Any, version: Any) -> Source:
    snapshot_id = _snapshot(table, version)
    schema: Schema = table.schema()
    if snapshot_id is not None:
        schema = next(
            (s for s in table.metadata.schemas if s.schema_id == table.snapshot_by_id(snapshot_id).schema_id), schema
        )
    arrow = schema.as_arrow()
    columns = {f.name: hive_types.of_arrow(f.type) for f in arrow}
    comments = {f.name: f.doc or "" for f in schema.fields}

    def read(names: list[str], conditions: list[Condition]) -> tuple[int, Callable[[], pa.Table]]:
        row_filter: ice.BooleanExpression = reduce(ice.And, (c.iceberg() for c in conditions), ice.AlwaysTrue())  # type: ignore[arg-type]
        scan = table.scan(row_filter=row_filter, selected_fields=tuple(names), snapshot_id=snapshot_id)
        return sum(_chunk_bytes(task, schema, names) for task in scan.plan_files()), scan.to_arrow

    return Source(database, name, columns, read, comments)


def _snapshot(table: Any, version: Any) -> int | None:
    if version is None:
        return None
    if isinstance(version, datetime):
        found = table.snapshot_as_of_timestamp(int(version.astimezone(UTC).timestamp() * 1000))
        if found is None:
            raise Failed(f"No version history table at or before {version.isoformat()}")
        return int(found.snapshot_id)
    if table.snapshot_by_id(version) is None:
        raise Failed(f"ICEBERG: Iceberg snapshot ID does not exists: {version}")
    return int(version)


def _chunk_bytes(task: Any, schema: Schema, names: list[str]) -> int:
    """Bytes of the column chunks of these columns, as the manifest has them; deletes are read whole."""
    sizes = task.file.column_sizes or {}
    wanted = {number for name in names for number in _ids(schema.find_field(name).field_id, schema.find_type(name))}
    deletes = sum(f.file_size_in_bytes for f in task.delete_files)
    if not sizes:
        return int(task.file.file_size_in_bytes + deletes)
    return int(sum(size for number, size in sizes.items() if number in wanted) + deletes)


def _ids(number: int, kind: IcebergType) -> list[int]:
    """A field's id and those of everything below it; Parquet counts its chunks by the leaves."""
    if isinstance(kind, StructType):
        return [number, *(n for f in kind.fields for n in _ids(f.field_id, f.field_type))]
    if isinstance(kind, ListType):
        return [number, *_ids(kind.element_id, kind.element_type)]
    if isinstance(kind, MapType):
        return [number, *_ids(kind.key_id, kind.key_type), *_ids(kind.value_id, kind.value_type)]
    return [number]


def _parquet_source(glue: Any, database: str, name: str, table: dict[str, Any], connection: Connection) -> Source:
    descriptor, parameters = table.get("StorageDescriptor", {}), table.get("Parameters", {})
    form = (descriptor.get("InputFormat") or parameters.get("classification") or "").lower()
    if "parquet" not in form:
        raise NotHere(f"the table {name} of format {form or 'unknown'}", "Parquet and Iceberg are read")
    if parameters.get("projection.enabled", "").lower() == "true":
        raise NotHere("partition projection")
    keys = {c["Name"].lower(): hive_types.parse(c["Type"]) for c in table.get("PartitionKeys", [])}
    own = {c["Name"].lower(): hive_types.parse(c["Type"]) for c in descriptor.get("Columns", [])}
    columns = own | keys
    schema = pa.schema([(n, hive_types.to_arrow(k)) for n, k in columns.items()])

    def read(names: list[str], conditions: list[Condition]) -> tuple[int, Callable[[], pa.Table]]:
        system = connection.file_system()
        folders = _folders(glue, database, name, descriptor, list(keys), schema)
        fragments = [f for where, value in folders for f in _fragments(system, where, value)]
        dataset = ds.FileSystemDataset(fragments, schema, ds.ParquetFileFormat(), system)
        row_filter = reduce(lambda a, b: a & b, (c.arrow() for c in conditions)) if conditions else None
        left = list(dataset.get_fragments(row_filter))
        scanned = sum(_fragment_bytes(f, row_filter, schema, set(names) - set(keys)) for f in left)
        if PATH_COLUMN not in names:
            return scanned, lambda: dataset.to_table(columns=names, filter=row_filter)
        return scanned, lambda: _with_paths(left, schema, [n for n in names if n != PATH_COLUMN], row_filter)

    comments = {c["Name"].lower(): c.get("Comment", "") for c in descriptor.get("Columns", [])}
    return Source(database, name, columns, read, comments, has_path=True)


def _with_paths(fragments: list[Any], schema: pa.Schema, names: list[str], row_filter: Any) -> pa.Table:
    """The rows of each file, with the file's name as Athena's "$path" has it."""
    made = [pa.schema([schema.field(n) for n in names] + [(PATH_COLUMN, pa.string())]).empty_table()]
    for fragment in fragments:
        table = fragment.to_table(schema=schema, columns=names, filter=row_filter)
        path = pa.array([f"s3://{fragment.path}"] * table.num_rows, pa.string())
        made.append(table.append_column(PATH_COLUMN, path))
    return pa.concat_tables(made)


def _folders(
    glue: Any, database: str, name: str, descriptor: dict[str, Any], keys: list[str], schema: pa.Schema
) -> list[tuple[str, pc.Expression | None]]:
    """Where the files are. Athena knows the partitions that Glue lists, and no others."""
    if not keys:
        return [(descriptor["Location"], None)]
    folders = []
    for partition in glue.get_partitions(database, name, ""):
        made = partition.as_dict()
        pairs = zip(keys, made["Values"], strict=True)
        values = [pc.field(key) == pa.scalar(value).cast(schema.field(key).type) for key, value in pairs]
        folders.append((made["StorageDescriptor"]["Location"], reduce(lambda a, b: a & b, values)))
    return folders


def _fragments(system: fs.FileSystem, location: str, value: pc.Expression | None) -> list[Any]:
    base = location.removeprefix("s3://").rstrip("/")
    found = system.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    form = ds.ParquetFileFormat()
    return [
        form.make_fragment(info.path, system, value)
        for info in sorted(found, key=lambda info: info.path)
        if info.type == fs.FileType.File and info.size and not info.base_name.startswith(("_", "."))
    ]


def _fragment_bytes(fragment: Any, row_filter: pc.Expression | None, schema: pa.Schema, names: set[str]) -> int:
    left = fragment.subset(row_filter, schema=schema) if row_filter is not None else fragment
    total = 0
    for group in left.row_groups:
        whole = fragment.metadata.row_group(group.id)
        for index in range(whole.num_columns):
            chunk = whole.column(index)
            if chunk.path_in_schema.split(".")[0].lower() in names:
                total += chunk.total_compressed_size
    return total
