"""SHOW, DESCRIBE and EXPLAIN, answered from Glue and from the plan."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local.athena.engine import Engine
from local.athena.refusal import Failed, NotHere
from local.athena.sources import Source, open_table
from local.athena.views import View, view_of
from local.hive_types import to_trino

NAME = r"[`\"]?([\w$-]+)[`\"]?(?:\.[`\"]?([\w$-]+)[`\"]?)?"
COLUMN_WIDTH = 20

Table = tuple[list[str], list[list[str]]]


def _like(pattern: str | None) -> Callable[[str], bool]:
    """Hive's patterns: * for any text, | for or."""
    if pattern is None:
        return lambda _: True
    parts = [re.escape(p).replace(r"\*", ".*") for p in pattern.split("|")]
    wanted = re.compile("|".join(f"(?:{part})" for part in parts), re.IGNORECASE)
    return lambda name: wanted.fullmatch(name) is not None


def describe(engine: Engine, sql: str, database: str) -> Table | None:
    """Names of the columns and rows, or None when `sql` is none of these statements. Raises Failed."""
    text = " ".join(sql.strip().rstrip(";").split())
    for pattern, answer in STATEMENTS:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match:
            return answer(engine, database, match)
    first = text.split(" ")[0].upper()
    if first in ("SHOW", "DESCRIBE", "DESC"):
        raise NotHere(" ".join(text.split(" ")[:2]).upper())
    return None


def _databases(engine: Engine, _: str, match: re.Match[str]) -> Table:
    named = _like(match[1])
    return ["database_name"], [[d.name] for d in engine.glue.get_databases() if named(d.name)]


def _tables(engine: Engine, database: str, match: re.Match[str]) -> Table:
    named = _like(match[2])
    found = _database(engine, (match[1] or database).lower()).tables
    return ["tab_name"], [[name] for name in sorted(found) if named(name)]


def _database(engine: Engine, name: str) -> Any:
    try:
        return engine.glue.get_database(name)
    except Exception as error:
        raise Failed(f"SCHEMA_NOT_FOUND: Schema '{name}' does not exist") from error


def _views(engine: Engine, database: str, match: re.Match[str]) -> Table:
    named = _like(match[2])
    found = _database(engine, (match[1] or database).lower()).tables
    return ["views"], [
        [name] for name in sorted(found) if named(name) and view_of(engine.glue, match[1] or database, name)
    ]


def _named(engine: Engine, database: str, match: re.Match[str]) -> Source | View:
    first, second = match[1].lower(), match[2]
    where, name = (first, second.lower()) if second else (database, first)
    return view_of(engine.glue, where, name) or open_table(engine.glue, where, name, engine.connection)


def _columns(engine: Engine, database: str, match: re.Match[str]) -> Table:
    return ["field"], [[name.ljust(COLUMN_WIDTH)] for name in _named(engine, database, match).columns]


def _describe(engine: Engine, database: str, match: re.Match[str]) -> Table:
    found = _named(engine, database, match)
    rows = []
    for name, kind in found.columns.items():  # a view's types are those of its query: varchar, not string
        word = to_trino(kind).lower() if isinstance(found, View) else str(kind)
        cells = (name, word, found.comments.get(name, ""))
        rows.append(["\t".join(cell.ljust(COLUMN_WIDTH) for cell in cells)])  # one cell, as Athena's text has it
    return ["col_name", "data_type", "comment"], rows


def _create_view(engine: Engine, database: str, match: re.Match[str]) -> Table:
    found = _named(engine, database, match)
    if not isinstance(found, View):
        raise Failed(f"{found.database}.{found.name} is a table, not a view: SHOW CREATE TABLE shows it")
    lines = [f"CREATE VIEW {found.database}.{found.name} AS", *found.sql.splitlines()]
    return ["Create View"], [[line] for line in lines]


def _create(engine: Engine, database: str, match: re.Match[str]) -> Table:
    source = _named(engine, database, match)
    if isinstance(source, View):
        raise Failed(f"{source.database}.{source.name} is a view, not a table: SHOW CREATE VIEW shows it")
    table = engine.glue.get_table(source.database, source.name).as_dict()
    keys = {c["Name"].lower() for c in table.get("PartitionKeys", [])}
    columns = [f"  `{name}` {kind}" for name, kind in source.columns.items() if name not in keys]
    lines = [f"CREATE EXTERNAL TABLE `{source.database}.{source.name}`(", *_commas(columns)]
    if keys:
        lines += ["PARTITIONED BY (", *_commas([f"  `{n}` {k}" for n, k in source.columns.items() if n in keys])]
    lines += ["LOCATION", f"  '{table['StorageDescriptor']['Location']}'", "TBLPROPERTIES ("]
    properties = sorted(table.get("Parameters", {}).items())
    lines += _commas([f"  '{name}'='{value}'" for name, value in properties]) or [")"]
    return ["createtab_stmt"], [[line] for line in lines]


def _commas(lines: list[str]) -> list[str]:
    return [line + ("," if line is not lines[-1] else ")") for line in lines]


def _explain(engine: Engine, database: str, match: re.Match[str]) -> Table:
    plan = engine.plan(match[1], database)
    lines = ["Query Plan of the laptop (DuckDB), not Athena's"]
    for reading in plan.readings.values():
        where = ", ".join(f"{c.column} {c.operator} {c.value!r}" for c in reading.conditions)
        lines.append(
            f"- read {reading.source.database}.{reading.source.name} [{', '.join(reading.columns)}] {where}".rstrip()
        )
    return ["Query Plan"], [[line] for line in [*lines, f"- run {plan.sql}"]]


LIKE = r"(?: (?:LIKE )?'([^']*)')?"
STATEMENTS: tuple[tuple[str, Callable[[Engine, str, re.Match[str]], Table]], ...] = (
    (rf"SHOW (?:DATABASES|SCHEMAS){LIKE}", _databases),
    (rf"SHOW TABLES(?: (?:IN|FROM) [`\"]?([\w-]+)[`\"]?)?{LIKE}", _tables),
    (rf"SHOW VIEWS(?: (?:IN|FROM) [`\"]?([\w-]+)[`\"]?)?{LIKE}", _views),
    (rf"SHOW CREATE VIEW {NAME}", _create_view),
    (rf"SHOW COLUMNS (?:IN|FROM) {NAME}", _columns),
    (rf"SHOW CREATE TABLE {NAME}", _create),
    (rf"(?:DESCRIBE|DESC)(?: EXTENDED| FORMATTED)? {NAME}", _describe),
    (r"EXPLAIN (?!ANALYZE)(.+)", _explain),
)
