"""Functions of arrays and maps as Athena has them, in DuckDB's words."""

from __future__ import annotations

from sqlglot import exp

from local.athena.kinds import duck, kind
from local.athena.refusal import NotHere

DISTINCT = """list_filter(:a, lambda x, i: CASE WHEN x IS NULL
    THEN len(list_filter(list_slice(:a, 1, i), lambda y: y IS NULL)) = 1 ELSE list_position(:a, x) = i END)"""


def distinct(node: exp.ArrayDistinct) -> exp.Expr:
    """Each element once, where it stood first; one NULL."""
    return duck(DISTINCT, a=node.this)


def sort(node: exp.ArraySort) -> exp.Expr:
    """Ascending, NULL last."""
    if node.expression:
        raise NotHere("array_sort() with a comparison of one's own")
    return duck("list_sort(:a, 'ASC', 'NULLS LAST')", a=node.this)


def remove(node: exp.ArrayRemove) -> exp.Expr:
    """Without the elements that are equal to the value; NULL elements stay."""
    text = "CASE WHEN :x IS NOT NULL THEN list_filter(:a, lambda e: e IS NULL OR e <> :x) END"
    return duck(text, a=node.this, x=node.expression)


def slice(node: exp.ArraySlice) -> exp.Expr:
    """So many elements from a place on, counted from 1; from the end if it is negative."""
    start, length = node.args["start"], node.args["end"]
    if not (isinstance(start, exp.Literal) and start.is_int and int(start.name) > 0):
        raise NotHere("slice() from other than a positive literal")
    if not (isinstance(length, exp.Literal) and length.is_int):
        raise NotHere("slice() of a computed length")
    last = exp.Literal.number(int(start.name) + int(length.name) - 1)
    return duck("list_slice(:a, :n, :m)", a=node.this, n=start, m=last)


def map_concat(arguments: list[exp.Expr]) -> exp.Expr:
    """One map; of a key that stands in several the last value."""
    return exp.Anonymous(this="map_concat", expressions=[a.copy() for a in arguments])


def map_of_lambda(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """map_filter, transform_values and transform_keys with a lambda of key and value."""
    if len(arguments) != 2 or not isinstance(arguments[1], exp.Lambda):
        raise NotHere(f"{name}() with other than a lambda")
    source, function = arguments
    if kind(source) != "map" or len(function.expressions) != 2:
        raise NotHere(f"{name}() of a value of type {kind(source)}")
    body = _named(function)
    text = {
        "map_filter": "map_from_entries(list_filter(map_entries(:m), lambda e: :f))",
        "transform_values": "map_from_entries(list_transform(map_entries(:m), lambda e: {'key': e.key, 'value': :f}))",
        "transform_keys": "map_from_entries(list_transform(map_entries(:m), lambda e: {'key': :f, 'value': e.value}))",
    }[name]
    return duck(text, m=source, f=body)


def _named(function: exp.Lambda) -> exp.Expr:
    """The lambda's body with e.key and e.value in the place of its two names."""
    body: exp.Expr = exp.Paren(this=function.this.copy())
    names = {name.name: field for name, field in zip(function.expressions, ("key", "value"), strict=True)}
    for node in list(body.find_all(exp.Identifier)):
        is_field = isinstance(node.parent, exp.Dot) and node.arg_key == "expression"
        if node.name in names and not is_field:
            place = node.parent if isinstance(node.parent, exp.Column) and not node.parent.table else node
            place.replace(exp.Dot(this=exp.to_identifier("e"), expression=exp.to_identifier(names[node.name])))
    return body
