"""Iceberg tables in moto's Glue: the first metadata file that AWS Glue writes, and the lock that guards commits.

moto records a table of OpenTableFormatInput but writes nothing, and its UpdateTable takes a stale VersionId,
so that of two writers at once one commit is lost. `install()` mends both; `write_first_metadata` is the first half
for a server in another process.
"""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from moto.core.exceptions import JsonRESTError
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse
from moto.s3.models import s3_backends
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.types import NestedField

from local import hive_types

Parameters = dict[str, str]
_commit_lock = threading.Lock()


class CannotCreate(ValueError):
    """Glue would refuse such an Iceberg table."""


class Put(Protocol):
    def __call__(self, bucket: str, key: str, body: bytes) -> None: ...


def asks_for_iceberg(create_table: Mapping[str, Any]) -> bool:
    """Whether Glue itself is to begin an Iceberg table by this CreateTable."""
    wanted = create_table.get("OpenTableFormatInput", {}).get("IcebergInput", {})
    return wanted.get("MetadataOperation") == "CREATE"


def write_first_metadata(create_table: Mapping[str, Any], glue: Any, s3: Any) -> Parameters:
    """Do what AWS Glue does on CreateTable with IcebergInput, after moto has created the table.

    `create_table` are the arguments of that call; `glue` and `s3` are boto3 clients. Returns the table's new
    Parameters. Raises CannotCreate.
    """

    def put(bucket: str, key: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    table_input = create_table["TableInput"]
    made = _begin(create_table, put)
    changed = table_input | {"Parameters": made}
    glue.update_table(DatabaseName=create_table["DatabaseName"], TableInput=changed)
    return made


def _begin(create_table: Mapping[str, Any], put: Put) -> Parameters:
    table_input = create_table["TableInput"]
    version = int(create_table["OpenTableFormatInput"]["IcebergInput"].get("Version") or 2)
    metadata = first_metadata(table_input, version)
    location = f"{metadata.location}/metadata/00000-{uuid.uuid4()}.metadata.json"
    where = urlsplit(location)
    put(where.netloc, where.path.lstrip("/"), metadata.model_dump_json().encode())
    given = table_input.get("Parameters", {})
    return {**given, "table_type": "ICEBERG", "metadata_location": location}


def first_metadata(table_input: Mapping[str, Any], version: int = 2) -> Any:
    """The metadata of an empty table with these columns."""
    name = table_input["Name"]
    if table_input.get("PartitionKeys"):
        raise CannotCreate(f"{name}: PartitionKeys do not partition an Iceberg table; its partition spec would")
    descriptor = table_input.get("StorageDescriptor", {})
    location = descriptor.get("Location", "").rstrip("/")
    if not location.startswith("s3://"):
        raise CannotCreate(f"{name}: StorageDescriptor.Location is {location!r}, expected s3://bucket/folder")
    if not descriptor.get("Columns"):
        raise CannotCreate(f"{name}: an Iceberg table needs columns")
    properties = {key: value for key, value in table_input.get("Parameters", {}).items() if key != "table_type"}
    return new_table_metadata(
        schema=schema_of(descriptor["Columns"]),
        partition_spec=UNPARTITIONED_PARTITION_SPEC,
        sort_order=UNSORTED_SORT_ORDER,
        location=location,
        properties=properties | {"format-version": str(version)},
    )


def schema_of(columns: list[dict[str, str]]) -> Schema:
    """Glue's columns as an Iceberg schema; all optional, as Glue makes them."""
    numbers = itertools.count(len(columns) + 1)
    fields = []
    for number, column in enumerate(columns, 1):
        kind = hive_types.to_iceberg(hive_types.parse(column["Type"]), lambda: next(numbers))
        fields.append(NestedField(number, column["Name"].lower(), kind, required=False, doc=column.get("Comment")))
    return Schema(*fields)


def install() -> None:
    """Hook both into moto, for a server in this process. Calling it again changes nothing."""
    if getattr(GlueBackend.create_table, "writes_metadata", False):
        return
    create_table, update_table = GlueBackend.create_table, GlueResponse.update_table

    def create(
        self: GlueBackend,
        database_name: str,
        table_name: str,
        table_input: dict[str, Any],
        open_table_format_input: dict[str, Any] | None = None,
    ) -> Any:
        asked = {"TableInput": table_input, "OpenTableFormatInput": open_table_format_input or {}}
        if asks_for_iceberg(asked):
            self.get_database(database_name)
            if table_name not in self.databases[database_name].tables:
                try:
                    table_input["Parameters"] = _begin(asked, lambda *where: _put(self, *where))
                except ValueError as error:
                    raise JsonRESTError("InvalidInputException", str(error)) from error
        return create_table(self, database_name, table_name, table_input, open_table_format_input)

    def update(self: GlueResponse) -> Any:
        database, table_input = self.parameters.get("DatabaseName"), self.parameters["TableInput"]
        expected = self.parameters.get("VersionId")
        with _commit_lock:
            table = self.glue_backend.get_table(str(database), table_input["Name"])
            if expected is not None and expected != str(table._current_version):
                message = f"Update table failed due to concurrent modifications: version is {table._current_version}"
                raise JsonRESTError("ConcurrentModificationException", message)
            answer = update_table(self)
            if self.parameters.get("SkipArchive"):  # Glue keeps no older version then, and nor should memory
                for version in [v for v in table.versions if v != str(table._current_version)]:
                    del table.versions[version]
        return answer

    create.writes_metadata = True  # type: ignore[attr-defined]
    GlueBackend.create_table = create  # type: ignore[method-assign]
    GlueResponse.update_table = update  # type: ignore[method-assign]


def _put(backend: GlueBackend, bucket: str, key: str, body: bytes) -> None:
    s3_backends[backend.account_id][backend.partition].put_object(bucket, key, body)
