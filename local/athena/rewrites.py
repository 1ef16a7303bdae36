"""What Athena means, written so that DuckDB means the same. Works on a tree whose types are annotated."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from local.athena import arguments as taken
from local.athena import collections, json_rules, times
from local.athena import type_rules as rules
from local.athena.kinds import duck, kind
from local.athena.refusal import NotHere

FORMAT_PIECE = re.compile(r"%(%|s|0?\d*d|\.\d+f)")
# Macros that every connection gets
MACROS = (
    json_rules.MACRO,
    "CREATE MACRO athena_float_div(a, b) AS CASE WHEN b <> 0 OR isnan(b) THEN a / nullif(b, 0) "
    "WHEN a = 0 OR isnan(a) THEN 'nan'::DOUBLE WHEN a > 0 THEN 'inf'::DOUBLE WHEN a < 0 THEN '-inf'::DOUBLE END",
    "CREATE MACRO athena_integer(x) AS CASE WHEN regexp_full_match(x, '[+-]?[0-9]+') THEN x ELSE x || '#' END",
    "CREATE MACRO athena_time(x) AS regexp_replace(strftime(CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f'), '000$', '')",
)


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    group = node.args.get("group") or exp.Literal.number(0)
    text = "CASE WHEN regexp_matches(:s, :p) THEN regexp_extract(:s, :p, :g) END"
    return duck(text, s=node.this, p=node.expression, g=group)


def _regexp_extract_all(node: exp.RegexpExtractAll) -> exp.Expr:
    group = node.args.get("group") or exp.Literal.number(0)
    return duck("regexp_extract_all(:s, :p, :g)", s=node.this, p=node.expression, g=group)


def _regexp_count(node: exp.RegexpCount) -> exp.Expr:
    return duck("len(regexp_extract_all(:s, :p))", s=node.this, p=node.expression)


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    new = node.args.get("replacement") or exp.Literal.string("")
    if not new.is_string:
        raise NotHere("regexp_replace() with a computed replacement")
    text = re.sub(r"\$(\d)", r"\\\1", new.name.replace("\\", "\\\\"))
    return duck("regexp_replace(:s, :p, :r, 'g')", s=node.this, p=node.expression, r=exp.Literal.string(text))


def _split_part(node: exp.SplitPart) -> exp.Expr:
    text = (
        "CASE WHEN :n < 1 THEN error('Index must be greater than zero') "
        "WHEN :n <= length(str_split(:s, :d)) THEN split_part(:s, :d, :n) END"
    )
    return duck(text, s=node.this, d=node.args["delimiter"], n=node.args["part_index"])


def _substring(node: exp.Substring) -> exp.Expr:
    start = node.args.get("start") or exp.Literal.number(1)
    return duck("CASE WHEN :n = 0 OR :n < -length(:s) THEN '' ELSE :x END", n=start, s=node.this, x=node)


def _null_if_any_null(node: exp.Greatest | exp.Least) -> exp.Expr:
    arguments = [node.this, *node.expressions]
    missing = exp.or_(*(exp.Is(this=a.copy(), expression=exp.null()) for a in arguments))
    name = "GREATEST" if isinstance(node, exp.Greatest) else "LEAST"
    call = exp.Anonymous(this=name, expressions=[a.copy() for a in arguments])
    return exp.Case().when(missing, exp.null()).else_(call)


def _contains(node: exp.ArrayContains) -> exp.Expr:
    text = (
        "CASE WHEN list_contains(:a, :x) THEN TRUE "
        "WHEN :a IS NULL OR list_count(:a) < len(:a) OR :x IS NULL THEN NULL ELSE FALSE END"
    )
    return duck(text, a=node.this, x=node.expression)


def _position(node: exp.ArrayPosition) -> exp.Expr:
    text = "CASE WHEN :a IS NULL OR :x IS NULL THEN NULL ELSE COALESCE(list_position(:a, :x), 0) END"
    first, second = (node.expression, node.this) if kind(node.this) != "array" else (node.this, node.expression)
    return duck(text, a=first, x=second)


def _bracket(node: exp.Bracket) -> exp.Expr:
    (index,) = node.expressions
    if node.args.get("safe"):  # element_at: NULL when missing, as DuckDB has it
        if kind(node.this) == "map":
            return node
        zero = exp.Literal.number(0 if node.args.get("offset") == 1 else -1)
        text = "CASE WHEN :i = :z THEN error('SQL array indices start at 1') ELSE :x END"
        return duck(text, i=index, z=zero, x=node)
    holder = kind(node.this)
    if holder == "map":
        text = "CASE WHEN :m IS NULL OR map_contains(:m, :k) THEN :x ELSE error('Key not present in map') END"
        return duck(text, m=node.this, k=index, x=node)
    if holder != "array":
        raise NotHere("[] on an expression whose type is not known", "use element_at()")
    # sqlglot keeps indexes from 0 and counts from 1 again when it writes DuckDB's text
    counted = exp.Add(this=exp.paren(index.copy()), expression=exp.Literal.number(1))
    text = "CASE WHEN :i BETWEEN 1 AND len(:a) OR :a IS NULL THEN :x ELSE error('Array subscript out of bounds') END"
    return duck(text, a=node.this, i=counted, x=node)


def _format(node: exp.Format) -> exp.Expr:
    form = node.this
    if not form.is_string or "%" in FORMAT_PIECE.sub("", form.name):
        raise NotHere("format() with other than %s %d %05d %.2f %%")
    pieces = [p for p in FORMAT_PIECE.findall(form.name) if p != "%"]
    arguments = []
    for piece, argument in zip(pieces, node.expressions, strict=False):
        wanted = {"s": ("text", "integer", "date", "boolean"), "d": ("integer",), "f": ("double", "decimal")}[piece[-1]]
        if kind(argument) not in wanted:
            raise NotHere(f"format() of a value of type {kind(argument)} by %{piece}")
        arguments.append(exp.cast(argument.copy(), "TEXT") if piece == "s" else argument.copy())
    return exp.Anonymous(this="printf", expressions=[form.copy(), *arguments])


def _anonymous(node: exp.Anonymous) -> exp.Expr:
    name, arguments = node.name.lower(), node.expressions
    if name in ("any_match", "all_match", "none_match"):
        return _match(name, *arguments)
    if name == "arrays_overlap":
        text = (
            "CASE WHEN list_has_any(:a, :b) THEN TRUE WHEN :a IS NULL OR :b IS NULL "
            "OR list_count(:a) < len(:a) OR list_count(:b) < len(:b) THEN NULL ELSE FALSE END"
        )
        return duck(text, a=arguments[0], b=arguments[1])
    if name == "map_agg":
        return duck(
            "map_from_entries(list({'k': :k, 'v': :v}) FILTER (WHERE :k IS NOT NULL))", k=arguments[0], v=arguments[1]
        )
    if name in ("map_filter", "transform_values", "transform_keys"):
        return collections.map_of_lambda(name, arguments)
    if name == "map_concat":
        return collections.map_concat(arguments)
    if name == "json_array_length":
        return json_rules.array_length(*arguments)
    if name == "format_datetime":
        return times.format_datetime(arguments)
    if name == "every":
        return exp.Anonymous(this="bool_and", expressions=[a.copy() for a in arguments])
    return node


def _match(name: str, array: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """SQL's three-valued ANY and ALL over an array."""
    if not isinstance(condition, exp.Lambda):
        raise NotHere(f"{name}() with other than a lambda")
    each = duck("list_transform(:a, :f)", a=array, f=condition)
    some = {"any_match": "TRUE", "none_match": "FALSE", "all_match": "FALSE"}[name]
    rest = {"any_match": "FALSE", "none_match": "TRUE", "all_match": "TRUE"}[name]
    sought = "FALSE" if name == "all_match" else "TRUE"
    text = (
        f"CASE WHEN :a IS NULL THEN NULL WHEN list_contains(:e, {sought}) THEN {some} "
        f"WHEN list_count(:e) < len(:e) THEN NULL ELSE {rest} END"
    )
    return duck(text, a=array, e=each)


def _extreme(node: exp.ArrayMax | exp.ArrayMin) -> exp.Expr:
    """NULL as soon as one element is."""
    return duck("CASE WHEN list_count(:a) = len(:a) THEN :x END", a=node.this, x=node)


def _size(node: exp.ArraySize) -> exp.Expr:
    if kind(node.this) == "map":
        return exp.Anonymous(this="cardinality", expressions=[node.this.copy()])
    return node


def _by(node: exp.ArgMax | exp.ArgMin) -> exp.Expr:
    if node.args.get("count"):
        raise NotHere("max_by() and min_by() of several")
    name = "arg_max_null" if isinstance(node, exp.ArgMax) else "arg_min_null"  # the others skip a NULL result
    return exp.Anonymous(this=name, expressions=[node.this.copy(), node.expression.copy()])


REWRITES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    **dict.fromkeys((exp.Case, exp.If, exp.Between, exp.In, exp.Coalesce), rules.choice),
    **dict.fromkeys((exp.DPipe, exp.Concat, exp.Like), rules.only_text),
    **dict.fromkeys((exp.Union, exp.Except, exp.Intersect), rules.set_operation),
    exp.Round: rules.round,
    exp.Trunc: rules.truncate,
    exp.ArrayMax: _extreme,
    exp.ArrayMin: _extreme,
    exp.ArraySize: _size,
    exp.ArgMax: _by,
    exp.ArgMin: _by,
    exp.GenerateSeries: rules.sequence,
    exp.Div: rules.divide,
    exp.Mod: rules.modulo,
    exp.Avg: rules.average,
    exp.ApproxQuantile: rules.percentile,
    exp.Cast: rules.cast,
    exp.TryCast: rules.cast,
    exp.JSONExtractScalar: json_rules.scalar,
    exp.JSONArrayContains: json_rules.array_contains,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.SplitPart: _split_part,
    exp.Substring: _substring,
    exp.Greatest: _null_if_any_null,
    exp.Least: _null_if_any_null,
    exp.ArrayContains: _contains,
    exp.ArrayPosition: _position,
    exp.Bracket: _bracket,
    exp.DateDiff: rules.date_diff,
    exp.DateAdd: rules.keep_date,
    exp.TimestampTrunc: rules.keep_date,
    exp.DateTrunc: rules.keep_date,
    exp.Add: rules.plus_interval,
    exp.Sub: rules.plus_interval,
    exp.TimeToStr: times.date_format,
    exp.StrToTime: times.date_parse,
    exp.Extract: times.extract,
    exp.ArrayDistinct: collections.distinct,
    exp.ArraySort: collections.sort,
    exp.ArrayRemove: collections.remove,
    exp.ArraySlice: collections.slice,
    exp.RegexpExtractAll: _regexp_extract_all,
    exp.RegexpCount: _regexp_count,
    exp.Format: _format,
    exp.Anonymous: _anonymous,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE), rules.compare),
}


def rewrite(tree: exp.Expr) -> exp.Expr:
    """The same query in words that DuckDB understands alike. Raises NotHere."""
    # deepest first, and each judged by its own annotated types before its parts change
    for node in reversed(list(tree.bfs())):
        taken.check(node)
        change = REWRITES.get(type(node))
        if change is None:
            continue
        new = change(node)
        if new is not node:
            new.type = node.type
            if node is tree:
                return new
            node.replace(new)
    return tree
