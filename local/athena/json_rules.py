"""JSON functions as Athena has them, in DuckDB's words. A path is `$.name[0].other`."""

from __future__ import annotations

import re

from sqlglot import exp

from local.athena.kinds import duck, kind
from local.athena.refusal import NotHere

JSON_PATH = re.compile(r"\$(\.[A-Za-z_]\w*|\[\d+\])*")
# Athena prints a number as it was written, DuckDB 1.50 as 1.5: a fraction must stand in the text as it prints.
# `athena_json` (a macro of every connection) is NULL for what is no JSON: DuckDB may look before the WHEN that asks.
SCALAR = """CASE WHEN json_type(athena_json(:j), :p) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL
    WHEN json_type(athena_json(:j), :p) = 'DOUBLE' AND NOT regexp_matches(
        :j, '(^|[:\\[,\\s])' || replace(json_extract_string(athena_json(:j), :p), '.', '[.]') || '\\s*([],}]|$)')
    THEN error('json_extract_scalar() of a number written otherwise than it prints is not supported here')
    ELSE json_extract_string(athena_json(:j), :p) END"""
ARRAY = """CASE WHEN coalesce(json_type(athena_json(:j), :p), 'NULL') = 'NULL' THEN NULL
    WHEN json_type(athena_json(:j), :p) <> 'ARRAY'
    THEN error('INVALID_CAST_ARGUMENT: Cannot cast to array: the JSON is none')
    ELSE CAST(json_extract_string(athena_json(:j), :q) AS {element}[]) END"""
MACRO = "CREATE MACRO athena_json(j) AS CASE WHEN json_valid(j) THEN j END"


def path_of(node: exp.Expr) -> str:
    """The text of a JSON path. Raises NotHere for what is not a plain one."""
    path = node.expression
    text = path.name if isinstance(path, exp.Literal) else path.sql("trino").strip("'")
    if not JSON_PATH.fullmatch(text):
        raise NotHere(f"the JSON path {text}", "write it as $.name[0].other")
    return text


def scalar(node: exp.JSONExtractScalar) -> exp.Expr:
    """The text of a scalar; NULL of an object, an array, nothing, or a text that is no JSON."""
    return duck(SCALAR, j=node.this, p=exp.Literal.string(path_of(node)))


def extract_allowed(node: exp.JSONExtract) -> bool:
    """Only where its value is used up at once: JSON itself prints otherwise here."""
    parent = node.parent
    if isinstance(parent, exp.Cast) and type(parent) is exp.Cast:
        return parent.to.this == exp.DataType.Type.ARRAY
    return isinstance(parent, exp.JSONArrayContains) or (
        isinstance(parent, exp.Anonymous) and parent.name.lower() == "json_array_length"
    )


def cast_to_array(node: exp.Cast) -> exp.Expr:
    """CAST(json_extract(j, path) AS array(varchar)), or of integers."""
    inner = node.this
    (element,) = node.to.expressions
    word = {"VARCHAR": "VARCHAR", "TEXT": "VARCHAR", "BIGINT": "BIGINT", "INT": "BIGINT"}.get(element.this.value)
    if word is None:
        raise NotHere(f"CAST of JSON AS {node.to.sql('trino')}", "array(varchar) and array(bigint) are answered")
    path = path_of(inner)
    places = {"j": inner.this, "p": exp.Literal.string(path), "q": exp.Literal.string(f"{path}[*]")}
    return duck(ARRAY.format(element=word), **places)


def _within(node: exp.Expr) -> tuple[exp.Expr, str]:
    return (node.this, path_of(node)) if isinstance(node, exp.JSONExtract) else (node, "$")


def array_length(argument: exp.Expr) -> exp.Expr:
    """How many elements; NULL of what is no array."""
    json, path = _within(argument)
    text = (
        "CASE WHEN json_type(athena_json(:j), :p) = 'ARRAY' "
        "THEN CAST(json_array_length(athena_json(:j), :p) AS BIGINT) END"
    )
    return duck(text, j=json, p=exp.Literal.string(path))


def array_contains(node: exp.JSONArrayContains) -> exp.Expr:
    """Whether an array holds a text, an integer or a boolean of just that type; NULL of what is no array."""
    array, wanted = (node.this, node.expression)
    if kind(wanted) not in ("text", "integer", "boolean"):
        raise NotHere(f"json_array_contains() of a value of type {kind(wanted)}")
    json, path = _within(array)
    text = (
        "CASE WHEN json_type(athena_json(:j), :p) = 'ARRAY' "
        "THEN list_contains(CAST(json_extract(athena_json(:j), :q) AS VARCHAR[]), CAST(to_json(:x) AS VARCHAR)) END"
    )
    return duck(text, j=json, p=exp.Literal.string(path), q=exp.Literal.string(f"{path}[*]"), x=wanted)
