"""Views of the Glue catalogue in Athena's own form, put into a query as the subqueries that they stand for."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from local import hive_types
from local.athena import grammar
from local.athena.refusal import Failed, NotHere
from local.hive_types import HiveType

PREFIX, SUFFIX = "/* Presto View: ", " */"
DEEPEST = 20  # views within views


@dataclass(frozen=True)
class View:
    """A view as Glue keeps it: Athena's text, the database that its bare names mean, its columns."""

    database: str
    name: str
    sql: str
    schema: str
    columns: dict[str, HiveType]
    comments: dict[str, str]


def view_of(glue: Any, database: str, name: str) -> View | None:
    """The view of that name, or None if there is no table of it or it is no view. Raises Failed if it is not whole."""
    try:
        table = glue.get_table(database, name).as_dict()
    except Exception:  # that it does not exist is said by the one who opens tables
        return None
    if table.get("TableType") != "VIRTUAL_VIEW":
        return None
    where = f"the view {database}.{name}"
    text = table.get("ViewOriginalText") or ""
    if not text.startswith(PREFIX) or not text.endswith(SUFFIX):
        raise NotHere(where, f"its text is no view of Athena, which begins with {PREFIX!r}")
    try:
        told = json.loads(base64.b64decode(text[len(PREFIX) : -len(SUFFIX)], validate=True))
        sql, schema = told["originalSql"], told["schema"].lower()
        names = [column["name"].lower() for column in told["columns"]]
    except (binascii.Error, ValueError, KeyError) as error:
        raise Failed(f"INVALID_VIEW: {where} cannot be read: {error}") from error
    listed = table.get("StorageDescriptor", {}).get("Columns", [])
    columns = {c["Name"].lower(): hive_types.parse(c["Type"]) for c in listed}
    if names != list(columns):
        raise Failed(f"INVALID_VIEW: {where} lists other columns in its text than in Glue")
    comments = {c["Name"].lower(): c.get("Comment") or "" for c in listed}
    return View(database, name, sql, schema, columns, comments)


def expand(tree: exp.Query, database: str, glue: Any, within: tuple[str, ...] = ()) -> None:
    """Replace every view of the tree by its query, and the views within it. Raises Failed.

    Names within a view mean the view's own database and never a WITH of the query around it.
    """
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    bare: set[tuple[str, str]] = set()
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or (not table.db and table.name in ctes):
            continue
        if table.catalog not in ("", "awsdatacatalog"):
            continue
        where = table.db or database
        view = view_of(glue, where, table.name)
        if view is None:
            if within:
                table.set("db", exp.to_identifier(where, quoted=True))
            continue
        key = f"{where}.{table.name}"
        if table.args.get("version"):
            raise NotHere(
                f"FOR ... AS OF on the view {key}", f"a view has no versions; read {_tables_of(view)} as of then"
            )
        if key in within or len(within) >= DEEPEST:
            raise Failed(f"INVALID_VIEW: View is recursive: {key}")
        bare.add((where, table.name))
        _put(table, view, _query_of(view, glue, (*within, key)))
    for column in tree.find_all(exp.Column):
        if (column.db, column.table) in bare:  # database.view.column: the subquery has the view's name alone
            column.set("db", None)
            column.set("catalog", None)


def _query_of(view: View, glue: Any, within: tuple[str, ...]) -> exp.Query:
    query = grammar.parse(view.sql)
    expand(query, view.schema, glue, within)
    names = [select.alias_or_name for select in query.selects]
    if "*" in names:
        raise NotHere(f"the view {view.database}.{view.name}", "it says SELECT *; name its columns")
    if names != list(view.columns):
        message = f"View '{view.database}.{view.name}' is stale or in invalid state"
        raise Failed(f"VIEW_IS_STALE: {message}: its query gives other columns than it lists")
    for select in list(query.selects):  # what a list holds is known from the view's columns, not from its functions
        kind = view.columns[select.alias_or_name]
        if kind.arguments and not isinstance(select.unalias(), (exp.Column, exp.Cast)):
            made = exp.cast(select.unalias().copy(), hive_types.to_trino(kind), dialect="athena")
            select.replace(exp.alias_(made, select.alias_or_name))
    return query


def _put(table: exp.Table, view: View, query: exp.Query) -> None:
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(view.name, quoted=True))
    inlined = exp.Subquery(this=query, alias=alias.copy())
    if joins := table.args.get("joins"):
        inlined.set("joins", [join.copy() for join in joins])
    table.replace(inlined)


def _tables_of(view: View) -> str:
    """The tables and views that it reads, for people."""
    tables = grammar.parse(view.sql).find_all(exp.Table)
    return ", ".join(sorted({f"{table.db or view.schema}.{table.name}" for table in tables}))
