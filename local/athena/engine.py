"""One query from text to rows: read, checked, its tables loaded, rewritten, and run by DuckDB."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import ErrorLevel, OptimizeError, UnsupportedError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from local import hive_types
from local.athena import grammar
from local.athena.conditions import conditions_by_table, fits
from local.athena.names import resolve
from local.athena.refusal import Failed, NotHere
from local.athena.rewrites import MACROS, rewrite
from local.athena.sources import PATH_COLUMN, Condition, Connection, Source, open_table
from local.athena.unnesting import spread
from local.athena.views import expand

MEMORY_LIMIT = "1GB"
BATCH_ROWS = 1000
UNNAMED = "unnamed column"


@dataclass
class Reading:
    """One table as the query reads it."""

    source: Source
    alias: str
    columns: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)


@dataclass
class Plan:
    sql: str
    readings: dict[str, Reading]
    names: list[str]


@dataclass
class Answer:
    columns: list[tuple[str, str]]
    rows: Iterator[tuple[Any, ...]]
    scanned_bytes: int


class Engine:
    """Plans and runs queries over one Glue catalogue."""

    def __init__(self, glue: Any, connection: Connection) -> None:
        self.glue, self.connection = glue, connection

    def plan(self, sql: str, database: str, parameters: list[str] | None = None) -> Plan:
        """Raises Failed, also for what is refused here."""
        tree = grammar.parse(sql, parameters)
        expand(tree, database, self.glue)
        wants_path = any(c.name == PATH_COLUMN for c in tree.find_all(exp.Column))
        if wants_path and tree.find(exp.Star):
            raise NotHere('SELECT * together with "$path"', "name the columns")
        tables = self._tables(tree, database)
        if wants_path and not all(source.has_path for source in tables.values()):
            raise NotHere('"$path" of an Iceberg table')
        schema = MappingSchema(dialect="athena")
        for source in tables.values():
            columns = {name: hive_types.to_trino(kind) for name, kind in source.columns.items()}
            extra = {PATH_COLUMN: "VARCHAR"} if wants_path else {}
            schema.add_table(
                exp.table_(source.name, db=source.database, quoted=True), columns | extra, dialect="athena"
            )
        _name_columns(tree)
        try:
            tree = qualify(tree, dialect="athena", schema=schema, db=database, expand_alias_refs=False)
        except OptimizeError as error:
            raise Failed(f"COLUMN_NOT_FOUND: {error}") from error
        _count_columns(tree)
        resolve(tree, {key: list(source.columns) for key, source in tables.items()})
        # a view lists all its columns; what the query does not ask of it is not read, as in Athena
        tree = pushdown_projections(tree)
        tree = annotate_types(tree, schema=schema, dialect="athena")
        names = [e.alias_or_name for e in tree.selects]
        readings = _readings(tree, tables)
        spread(tree)
        tree = rewrite(tree)  # type: ignore[assignment]
        try:  # what sqlglot would leave out of DuckDB's text would be answered differently
            text = tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
        except UnsupportedError as error:
            raise NotHere(str(error).splitlines()[0]) from error
        return Plan(text, readings, names)

    def _tables(self, tree: exp.Query, database: str) -> dict[str, Source]:
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        found: dict[str, Source] = {}
        for table in tree.find_all(exp.Table):
            if not isinstance(table.this, exp.Identifier):
                raise NotHere(f"the table function {table.this.sql('trino')}")
            if not table.db and table.name in ctes:
                continue
            if table.catalog and table.catalog != "awsdatacatalog":
                raise NotHere(f"the catalog {table.catalog!r}")
            table.set("catalog", None)
            where = table.db or database
            version = _version(table)
            key = f"{where}.{table.name}@{version}"
            if key not in found:
                found[key] = open_table(self.glue, where, table.name, self.connection, version)
            table.meta["source"] = key
        return found

    def run(self, plan: Plan, allow: Callable[[int], None], started: Callable[[Any], None]) -> Answer:
        """`allow` is told the bytes so far before each table is read, and may raise; `started` gets the connection."""
        connection, scanned = self._ready(plan, allow, started)
        try:
            relation = connection.execute(plan.sql)
            kinds = [str(column[1]) for column in relation.description]
        except duckdb.Error as error:
            raise Failed(_reason(error)) from error
        return Answer(list(zip(plan.names, kinds, strict=True)), _rows(relation, connection), scanned)

    def arrow(self, plan: Plan, allow: Callable[[int], None], started: Callable[[Any], None]) -> pa.Table:
        """The rows with their types, as `run`; for UNLOAD."""
        connection, _ = self._ready(plan, allow, started)
        try:
            return connection.sql(plan.sql).to_arrow_table().rename_columns(plan.names)
        except duckdb.Error as error:
            raise Failed(_reason(error)) from error
        finally:
            connection.close()

    @staticmethod
    def _ready(plan: Plan, allow: Callable[[int], None], started: Callable[[Any], None]) -> tuple[Any, int]:
        """(a connection that has the tables of a plan, bytes that were read)."""
        connection = duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT, "threads": 2})
        started(connection)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_external_access = false")
        for macro in MACROS:
            connection.execute(macro)
        scanned = 0
        for name, reading in plan.readings.items():
            read_bytes, read = reading.source.read(reading.columns, reading.conditions)
            scanned += read_bytes
            allow(scanned)
            connection.register(name, read())
        return connection, scanned


def _rows(relation: Any, connection: Any) -> Iterator[tuple[Any, ...]]:
    try:
        while batch := relation.fetchmany(BATCH_ROWS):
            yield from batch
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise Failed(_reason(error)) from error
    finally:
        connection.close()


def _reason(error: duckdb.Error) -> str:
    message = str(error).splitlines()[0]
    if "Division by zero" in message:
        return "DIVISION_BY_ZERO: / by zero"
    if "is not supported here" in message:  # said by one of our own rewrites, of a value that only the run shows
        return message.removeprefix("Invalid Input Error: ")
    return f"GENERIC_USER_ERROR: {message}"


def _first_select(tree: exp.Expr) -> exp.Select | None:
    """The one whose names the result has."""
    while isinstance(tree, (exp.SetOperation, exp.Subquery)):
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else None


def _name_columns(tree: exp.Query) -> None:
    """Mark what has no name, before sqlglot invents one."""
    select = _first_select(tree)
    for number, item in enumerate(list(select.expressions) if select else []):
        if not isinstance(item, (exp.Alias, exp.Column, exp.Star, exp.Dot)):
            item.replace(exp.alias_(item.copy(), f"{UNNAMED} {number}", quoted=True))


def _count_columns(tree: exp.Expr) -> None:
    """Athena calls the n-th column, if unnamed, _coln, counting from 0; every * is spread by now."""
    select = _first_select(tree)
    names = {}
    for number, item in enumerate(select.expressions if select else []):
        if isinstance(item, exp.Alias) and item.alias.startswith(UNNAMED):
            names[item.alias] = f"_col{number}"
            item.set("alias", exp.to_identifier(names[item.alias], quoted=True))
    for column in tree.find_all(exp.Column):  # ORDER BY 2 names it by now
        if not column.table and column.name in names:
            column.set("this", exp.to_identifier(names[column.name], quoted=True))


def _version(table: exp.Table) -> datetime | int | None:
    version = table.args.get("version")
    if version is None:
        return None
    what = version.args.get("expression")
    table.set("version", None)
    if str(version.this).upper() == "VERSION" and isinstance(what, exp.Literal) and what.is_int:
        return int(what.name)
    literal = what.this if isinstance(what, exp.Cast) else what
    if str(version.this).upper() == "TIMESTAMP" and isinstance(literal, exp.Literal) and literal.is_string:
        text = literal.name.removesuffix(" UTC").strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise NotHere(
                f"FOR TIMESTAMP AS OF {literal.name!r}", "write TIMESTAMP '2026-01-31 12:00:00 UTC'"
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise NotHere("FOR ... AS OF with other than a literal")


def _readings(tree: exp.Expr, sources: dict[str, Source]) -> dict[str, Reading]:
    """Point every table of the tree at a registered name, with the columns that are read of it."""
    readings: dict[str, Reading] = {}
    names: dict[str, str] = {}
    nodes = [t for t in tree.find_all(exp.Table) if t.meta.get("source")]
    times = Counter(t.meta["source"] for t in nodes)
    used = _columns_used(tree)
    wanted = conditions_by_table(tree)
    for table in nodes:
        key = table.meta["source"]
        name = names.setdefault(key, f"source_{len(names)}")
        reading = readings.setdefault(name, Reading(sources[key], name))
        known = {*reading.source.columns, PATH_COLUMN}
        reading.columns = sorted({*reading.columns, *(used.get(id(table), set()) & known)})
        if times[key] == 1:
            columns = reading.source.columns
            reading.conditions = [c for c in wanted.get(id(table), []) if c.column in columns and fits(c, columns)]
        table.replace(exp.table_(name, alias=exp.to_identifier(table.alias_or_name, quoted=True), quoted=True))
    for reading in readings.values():
        if not reading.columns:  # count(*): rows must still be counted
            simple = [n for n, kind in reading.source.columns.items() if not kind.arguments]
            reading.columns = (simple or list(reading.source.columns))[:1]
    return readings


def _columns_used(tree: exp.Expr) -> dict[int, set[str]]:
    """The columns that are asked of each table, by the table's place in the tree: an alias may stand in many places."""
    used: dict[int, set[str]] = {}
    for scope in traverse_scope(tree):
        for name, source in scope.sources.items():
            if isinstance(source, exp.Table):
                used.setdefault(id(source), set()).update(c.name for c in scope.columns if c.table == name)
    return used


class Interruption:
    """A running query that another thread may stop."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._lock = threading.Lock()
        self.stopped = False

    def watch(self, connection: Any) -> None:
        with self._lock:
            self._connection = connection
        if self.stopped:
            connection.interrupt()

    def stop(self) -> None:
        self.stopped = True
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()
