"""The lake of tests.local.lake_rows on a served moto: every table and view as deployed, and the way to ask them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from moto.glue.models import glue_backends
from pyiceberg.catalog import load_catalog

from biotheca.lake.arrow import schema_of
from biotheca.lake.model import TABLES
from biotheca.lake.views import table_input, views
from local import athena, lake_tables
from local.athena.backend import DuckAthena
from local.athena.engine import Engine
from local.athena.sources import Connection
from local.athena.values import text
from tests.local.lake_rows import Row, rows
from tests.local.served import KEY, SECRET, Served, serving

DATABASES = ("biotheca", "sra")
REGION = "eu-central-1"  # a catalogue of its own: other tests of this process deploy the archive in us-east-1


@dataclass
class Lake:
    """The served cloud with the lake's tables, and the way to ask them."""

    served: Served
    bucket: str
    region: str = REGION

    def table(self, name: str) -> Any:
        """The Iceberg table through pyiceberg."""
        keys = {"access-key-id": KEY, "secret-access-key": SECRET, "region": "us-east-1", "endpoint": self.served.url}
        properties = {"type": "glue"} | {f"{s}.{k}": v for s in ("glue", "s3") for k, v in keys.items()}
        properties["glue.region"] = self.region
        return load_catalog("glue", **properties).load_table(f"biotheca.{name}")

    def engine(self) -> Engine:
        glue = glue_backends["123456789012"][self.region]
        return Engine(glue, Connection(lambda: self.served.url, KEY, SECRET))

    def ask(self, sql: str, *parameters: str) -> tuple[list[str], list[list[str | None]], int]:
        """Names, rows as Athena prints them, and bytes read."""
        engine = self.engine()
        plan = engine.plan(sql, "biotheca", [f"'{p}'" for p in parameters] or None)
        scanned = []
        answer = engine.run(plan, scanned.append, lambda _: None)
        rows = [[text(value) for value in found] for found in answer.rows]
        return plan.names, rows, max(scanned, default=0)

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Athena's API of this process reads this lake, for the length of a block."""
        before = getattr(DuckAthena, "connection", None)
        athena.install(lambda: self.served.url, KEY, SECRET)
        try:
            yield
        finally:
            if before is not None:  # another cloud of this process goes on with its own
                DuckAthena.connection = before

    def rows(self, sql: str, *parameters: str) -> list[list[str | None]]:
        return self.ask(sql, *parameters)[1]

    def column(self, sql: str, *parameters: str) -> list[str | None]:
        """The first column."""
        return [found[0] for found in self.rows(sql, *parameters)]

    def one(self, expression: str) -> str | None:
        """The value of an expression."""
        return self.rows(f"SELECT {expression}")[0][0]


@contextlib.contextmanager
def small_lake(filled: dict[str, list[Row]] | None = None, region: str = REGION) -> Iterator[Lake]:
    """A lake with these rows by table; those of `rows()` if nothing is said."""
    lake_tables.install()
    with serving() as served:
        lake = Lake(served, served.bucket(), region)
        glue = served.client("glue", region=region)
        try:
            _make(glue, lake)
            for name, found in (rows() if filled is None else filled).items():
                if found:
                    lake.table(name).append(pa.Table.from_pylist(found, schema=schema_of(TABLES[name])))
            yield lake
        finally:
            for database in DATABASES:
                glue.delete_database(Name=database)


def _make(glue: Any, lake: Lake) -> None:
    for database in DATABASES:
        glue.create_database(DatabaseInput={"Name": database})
    for name, columns in TABLES.items():
        listed = [{"Name": column, "Type": kind} for column, kind in columns.items()]
        descriptor = {"Columns": listed, "Location": f"s3://{lake.bucket}/tables/{name}"}
        iceberg = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}}
        table = {"Name": name, "StorageDescriptor": descriptor}
        glue.create_table(DatabaseName="biotheca", TableInput=table, OpenTableFormatInput=iceberg)
    for view in views():
        glue.create_table(DatabaseName=view.database, TableInput=table_input(view))
