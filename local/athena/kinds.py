"""What kind of value an expression has, and DuckDB expressions made from text."""

from __future__ import annotations

from sqlglot import exp

INTEGERS = exp.DataType.INTEGER_TYPES
FLOATS = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
TEXTS = exp.DataType.TEXT_TYPES
# Functions of an array that give one, whose type sqlglot does not tell
ARRAYS = (exp.ArrayFilter, exp.ArraySort, exp.ArrayDistinct, exp.ArrayRemove, exp.ArraySlice, exp.Transform)


def kind(node: exp.Expr | None) -> str:
    """integer, decimal, double, text, date, timestamp, boolean, array, map, row, json or unknown."""
    if node is None:
        return "unknown"
    node = node.unnest()
    if isinstance(node, exp.Literal) and not node.is_string:
        return _kind_of_number(node.name)
    if isinstance(node, exp.Neg):
        return kind(node.this)
    if isinstance(node, ARRAYS):
        return "array"
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
        return _kind_of_arithmetic(kind(node.this), kind(node.expression))
    if isinstance(node, (exp.Sum, exp.Min, exp.Max, exp.Abs, exp.AnyValue)) and node.type is not None:
        return kind(node.this)
    if isinstance(node, exp.Round):
        return kind(node.this)
    return kind_of_type(node.type)


def _kind_of_number(text: str) -> str:
    if "e" in text.lower():
        return "double"
    return "decimal" if "." in text else "integer"


def _kind_of_arithmetic(left: str, right: str) -> str:
    pair = {left, right}
    if pair & {"date", "timestamp"}:
        return "date" if "date" in pair else "timestamp"
    for wanted in ("unknown", "double", "decimal"):
        if wanted in pair:
            return wanted
    return "integer" if pair == {"integer"} else "unknown"


def kind_of_type(kind_: exp.DataType | None) -> str:
    if kind_ is None:
        return "unknown"
    this = kind_.this
    for group, name in (
        (INTEGERS, "integer"),
        (FLOATS, "double"),
        (TEXTS, "text"),
        ({exp.DataType.Type.DECIMAL}, "decimal"),
        ({exp.DataType.Type.DATE}, "date"),
        ({exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPNTZ}, "timestamp"),
        ({exp.DataType.Type.BOOLEAN}, "boolean"),
        ({exp.DataType.Type.ARRAY, exp.DataType.Type.LIST}, "array"),
        ({exp.DataType.Type.MAP}, "map"),
        ({exp.DataType.Type.STRUCT}, "row"),
    ):
        if this in group:
            return name
    return "unknown"


def duck(sql: str, **parts: exp.Expr) -> exp.Expr:
    """A DuckDB expression with `:name` places filled."""
    tree: exp.Expr = exp.maybe_parse(sql, dialect="duckdb")
    holders = [p for p in tree.find_all(exp.Placeholder)]
    for holder in holders:
        holder.replace(parts[str(holder.this)].copy())
    return tree
