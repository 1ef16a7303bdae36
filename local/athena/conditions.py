"""What a query demands of single columns of its tables, so that files without such rows need not be read.

A demand is `column op literal`, joined by AND in WHERE. It is carried down through derived tables and UNIONs, as
those of views are. It only spares reading: DuckDB applies every WHERE again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlglot import exp

from local.athena.sources import Condition
from local.hive_types import HiveType

OPERATORS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
WORDS: dict[type, tuple[str, ...]] = {
    str: ("string", "varchar", "char"),
    int: ("tinyint", "smallint", "int", "integer", "bigint"),
    date: ("date",),
}
Found = dict[int, list[Condition]]


def fits(condition: Condition, columns: dict[str, HiveType]) -> bool:
    """Whether the condition compares a column with a literal of just its type; others are left to DuckDB."""
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    return all(columns[condition.column].word in WORDS[type(value)] for value in values)


def conditions_by_table(tree: exp.Expr) -> Found:
    """By the place of a table in the tree (id): what every row of it that matters must fulfil."""
    found: Found = {}
    done: set[int] = set()
    for select in tree.find_all(exp.Select):  # outer ones first: inner ones that they lead to are done by then
        if id(select) not in done:
            _visit(select, [], found, done)
    return found


def _visit(query: exp.Expr, inherited: list[Condition], found: Found, done: set[int]) -> None:
    """`inherited` are conditions on the output columns of the query."""
    if isinstance(query, exp.Union):
        names = [select.alias_or_name for select in query.selects]
        for side in (query.left, query.right):
            if isinstance(side, exp.Query) and len(side.selects) == len(names):
                theirs = dict(zip(names, (s.alias_or_name for s in side.selects), strict=True))
                moved = [Condition(theirs[c.column], c.operator, c.value) for c in inherited if c.column in theirs]
                _visit(side, moved, found, done)
    elif isinstance(query, exp.Select):
        done.add(id(query))
        _select(query, inherited, found, done)


def _select(select: exp.Select, inherited: list[Condition], found: Found, done: set[int]) -> None:
    joins = select.args.get("joins") or []
    if any(join.side.upper() in ("RIGHT", "FULL") for join in joins):
        return
    demands = [*_of_where(select), *_carried(select, inherited)]
    start = select.args.get("from_") or select.args.get("from")
    inner = [join.this for join in joins if not join.side]  # the right side of a LEFT JOIN is left whole
    for source in [*([start.this] if start else []), *inner]:
        mine = [condition for alias, condition in demands if alias == source.alias_or_name]
        if isinstance(source, exp.Table):
            found.setdefault(id(source), []).extend(mine)
        elif isinstance(source, exp.Subquery):
            _visit(source.this, mine, found, done)


def _of_where(select: exp.Select) -> Iterator[tuple[str, Condition]]:
    where = select.args.get("where")
    if where is None:
        return
    for part in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        found = _condition(part.unnest())
        if found:
            yield found


def _carried(select: exp.Select, inherited: list[Condition]) -> Iterator[tuple[str, Condition]]:
    """Conditions on outputs that are plain columns, where filtering before is the same as filtering after."""
    if any(select.args.get(name) for name in ("group", "having", "limit", "offset")):
        return
    outputs = {item.alias_or_name: item.unalias() for item in select.selects}
    if any(item.find(exp.AggFunc) and not item.find(exp.Window) for item in outputs.values()):
        return
    windows = [window for item in outputs.values() for window in item.find_all(exp.Window)]
    for condition in inherited:
        column = outputs.get(condition.column)
        if not isinstance(column, exp.Column):
            continue
        if all(column in (window.args.get("partition_by") or []) for window in windows):
            yield column.table, Condition(column.name, condition.operator, condition.value)


def _condition(node: exp.Expr) -> tuple[str, Condition] | None:
    """(alias of the table, condition)."""
    if isinstance(node, exp.In) and isinstance(node.this, exp.Column) and node.expressions:
        values = [_literal(item) for item in node.expressions]
        return (node.this.table, Condition(node.this.name, "in", values)) if None not in values else None
    operator = OPERATORS.get(type(node))
    if operator is None:
        return None
    left, right = node.this, node.expression
    if isinstance(right, exp.Column):
        left, right, operator = right, left, MIRRORED[operator]
    value = _literal(right)
    if not isinstance(left, exp.Column) or value is None:
        return None
    return left.table, Condition(left.name, operator, value)


def _literal(node: exp.Expr) -> str | int | date | None:
    if isinstance(node, exp.Literal):
        if node.is_string:
            return node.name
        return int(node.name) if node.is_int else None
    if isinstance(node, exp.Cast) and node.this.is_string and node.to.this == exp.DataType.Type.DATE:
        try:
            return date.fromisoformat(node.this.name)
        except ValueError:
            return None
    return None
