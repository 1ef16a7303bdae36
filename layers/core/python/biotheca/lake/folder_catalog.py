"""An Iceberg catalogue in a folder: the lake's mirror tables without a cloud, for tests, benches and offline copies.

A table's pointer is a file that names its newest metadata; a commit swaps it under a lock, and only if it still
names the metadata that the commit was planned on. One machine, any number of processes.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.io import load_file_io
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import TableRequirement, TableUpdate
from pyiceberg.typedef import EMPTY_DICT, Identifier, Properties

from biotheca.lake.arrow import schema_of
from biotheca.lake.model import MIRROR_COLUMNS, Columns, base, overlay


class FolderCatalog(NoopCatalog, MetastoreCatalog):
    """Creates, loads and commits tables; renaming, dropping and namespaces are not here."""

    def __init__(self, folder: Path) -> None:
        super().__init__("folder")
        self.folder = folder

    def create_table(
        self,
        identifier: str | Identifier,
        schema: Schema | pa.Schema,
        location: str | None = None,
        partition_spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC,
        sort_order: SortOrder = UNSORTED_SORT_ORDER,
        properties: Properties = EMPTY_DICT,
    ) -> Table:
        where = self._pointer(identifier)
        with self._locked(where):
            if where.exists():
                raise TableAlreadyExistsError(f"{identifier} is in {self.folder} already")
            place = location or f"file://{where.with_suffix('')}"
            staged = self._create_staged_table(identifier, schema, place, partition_spec, sort_order, properties)
            self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
            self._point(where, staged.metadata_location)
        return self.load_table(identifier)

    def create_mirror_tables(self, database: str, entity: str, columns: Columns) -> None:
        """Base and overlay of an entity, empty."""
        for name in (base(entity), overlay(entity)):
            self.create_table((database, name), schema_of(columns | MIRROR_COLUMNS))

    def load_table(self, identifier: str | Identifier) -> Table:
        try:
            location = self._pointer(identifier).read_text()
        except FileNotFoundError as error:
            raise NoSuchTableError(f"There is no table {identifier} in {self.folder}.") from error
        io = load_file_io(self.properties, location)
        metadata = FromInputFile.table_metadata(io.new_input(location))
        return Table(self.identifier_to_tuple(identifier), metadata, location, io, self)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        where = self._pointer(table.name())
        with self._locked(where):
            now = self.load_table(table.name())
            try:
                staged = self._update_and_stage_table(now, table.name(), requirements, updates)
            except CommitFailedException as error:
                raise CommitFailedException(f"{table.name()} was changed by another writer: {error}") from error
            self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
            self._point(where, staged.metadata_location)
        return CommitTableResponse(metadata=staged.metadata, metadata_location=staged.metadata_location)  # type: ignore[call-arg]

    def _pointer(self, identifier: str | Identifier) -> Path:
        return self.folder.joinpath(*self.identifier_to_tuple(identifier)).with_suffix(".current")

    def _point(self, where: Path, location: str) -> None:
        fresh = where.with_suffix(".fresh")
        fresh.write_text(location)
        fresh.replace(where)

    @contextmanager
    def _locked(self, where: Path) -> Iterator[None]:
        where.parent.mkdir(parents=True, exist_ok=True)
        with where.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def __reduce__(self) -> Any:
        return FolderCatalog, (self.folder,)
