"""Names that sqlglot leaves open in HAVING and ORDER BY, resolved as Athena does.

An alias of SELECT is known in ORDER BY and in no other clause. DISTINCT may be ordered by what it shows.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from local.athena.refusal import Failed


def resolve(tree: exp.Expr, columns: dict[str, list[str]]) -> None:
    """Name the table of every open column. `columns` of a table by its `source` mark. Raises Failed."""
    for scope in traverse_scope(tree):
        select = scope.expression
        if isinstance(select, exp.Select):
            aliases = {item.alias_or_name for item in select.selects}
            _clause(scope, select.args.get("having"), set(), columns)
            _clause(scope, select.args.get("order"), aliases, columns)
            _distinct(select)


def _clause(scope: Scope, clause: exp.Expr | None, aliases: set[str], columns: dict[str, list[str]]) -> None:
    for column in clause.find_all(exp.Column) if clause else ():
        if column.table or column.name in aliases or column.find_ancestor(exp.Select) is not scope.expression:
            continue
        found = [name for name, source in scope.selected_sources.items() if column.name in _names(source[1], columns)]
        if len(found) != 1:
            reason = "is ambiguous" if found else "cannot be resolved"
            raise Failed(f"COLUMN_NOT_FOUND: Column '{column.name}' {reason}")
        column.set("table", exp.to_identifier(found[0], quoted=True))


def _names(source: exp.Table | Scope, columns: dict[str, list[str]]) -> list[str]:
    if isinstance(source, exp.Table):
        return columns.get(source.meta.get("source", ""), [])
    query = source.expression
    return list(query.named_selects) if isinstance(query, exp.Query) else []


def _distinct(select: exp.Select) -> None:
    order = select.args.get("order")
    if not select.args.get("distinct") or not order:
        return
    shown = {item.unalias().sql() for item in select.selects} | {item.alias_or_name for item in select.selects}
    for ordered in order.expressions:
        qualified = isinstance(ordered.this, exp.Column) and bool(ordered.this.table)
        if ordered.this.sql() not in shown and (qualified or ordered.this.name not in shown):
            message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            raise Failed(f"EXPRESSION_NOT_IN_DISTINCT: {message}")
