"""Athena's SELECT read into a tree, with everything refused that the laptop cannot answer as Athena does.

An allow-list: a function, operator or clause that is not named here is refused by its name.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from local.athena.json_rules import extract_allowed
from local.athena.refusal import Failed, NotHere

# Functions that sqlglot's DuckDB text answers as Trino does, or that local.athena.rewrites turns into such.
# Each has a line in tests/local/test_athena.py.
FUNCTION_WORDS = """
    And Or Count Sum Avg Min Max CountIf LogicalAnd LogicalOr AnyValue ArrayAgg ApproxDistinct Grouping ArgMax ArgMin
    Stddev StddevPop StddevSamp Variance VariancePop Corr GroupConcat ApproxQuantile
    RowNumber Rank DenseRank PercentRank CumeDist Ntile Lead Lag FirstValue LastValue NthValue
    Coalesce Nullif If Case Cast TryCast Try Exists
    Lower Upper Trim Length Replace Reverse Concat ConcatWs Pad StrPosition StartsWith Substring Split SplitPart
    RegexpLike RegexpExtract RegexpReplace Levenshtein Chr Format
    Abs Ceil Floor Round Sign Sqrt Pow Exp Ln Log Greatest Least Mod
    JSONExtractScalar JSONArrayContains
    RegexpExtractAll RegexpCount RegexpSplit Translate Trunc
    ArrayDistinct ArraySort ArrayRemove ArraySlice Flatten StrToTime
    Array ArraySize ArrayContains ArrayPosition ArrayToString ArrayMax ArrayMin ArrayFilter Transform
    Map MapKeys Unnest GenerateSeries
    CurrentDate CurrentTimestamp DateDiff DateAdd TimestampTrunc DateTrunc Extract Year Month Day Hour Minute Second
    Quarter WeekOfYear DayOfYear DayOfWeekIso DayOfMonth TimeToStr TimeToUnix Date FromISO8601Date LastDay
"""
FUNCTIONS = frozenset(FUNCTION_WORDS.split())
ANONYMOUS = frozenset(
    {"any_match", "all_match", "none_match", "arrays_overlap", "map_values", "map_agg", "every", "cardinality"}
    | {"map_filter", "transform_values", "transform_keys", "map_concat", "json_array_length", "format_datetime"}
)
# Syntax that sqlglot reads in Athena's name although Athena does not know it, or that DuckDB reads otherwise.
CLAUSES: dict[type[exp.Expr], str] = {
    exp.Qualify: "QUALIFY",
    exp.ILike: "ILIKE",
    exp.Pivot: "PIVOT",
    exp.TableSample: "TABLESAMPLE",
    exp.MatchRecognize: "MATCH_RECOGNIZE",
    exp.AtTimeZone: "AT TIME ZONE",
    exp.Glob: "GLOB",
    exp.SimilarTo: "SIMILAR TO",
    exp.Into: "SELECT INTO",
    exp.Lock: "FOR UPDATE",
    exp.Lateral: "LATERAL",
    exp.IntDiv: "the operator //",
    exp.BitwiseAnd: "the operator &",
    exp.BitwiseOr: "the operator |",
    exp.BitwiseXor: "the operator ^",
}
FOREIGN_TOKENS = {
    TokenType.DCOLON: "the cast ::",
    TokenType.L_BRACE: "{",
    TokenType.ARROW: "",
    TokenType.DPIPE: "",
}


def parse(sql: str, parameters: list[str] | None = None) -> exp.Query:
    """One SELECT, its `?` replaced, its names in lower case. Raises Failed."""
    try:
        _check_tokens(sql)
        statements = [s for s in sqlglot.parse(sql, read="athena") if s is not None]
    except SqlglotError as error:
        raise Failed(f"SYNTAX_ERROR: {str(error).splitlines()[0]}") from error
    if len(statements) != 1:
        raise Failed(f"Only one sql statement is allowed. Got: {len(statements)}")
    tree = statements[0]
    if not isinstance(tree, exp.Query):
        raise NotHere(_name_of(tree, sql), "only queries run on the laptop; tables come from the templates")
    tree = _fill(tree, parameters or [])
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
    for node in tree.walk():
        _check(node)
    for row in list(tree.find_all(exp.Struct)):  # fields need names, or they would not become columns of UNNEST
        if not any(isinstance(field, exp.PropertyEQ) for field in row.expressions):
            named = enumerate(row.expressions)
            fields = [exp.PropertyEQ(this=exp.to_identifier(f"field{n}"), expression=e.copy()) for n, e in named]
            row.set("expressions", fields)
    return tree


def _name_of(tree: exp.Expr, sql: str) -> str:
    words = sql.split()
    return " ".join(words[:2]).upper() if words else type(tree).__name__


def _check_tokens(sql: str) -> None:
    for token in sqlglot.tokenize(sql, read="trino"):
        word = FOREIGN_TOKENS.get(token.token_type)
        if word:
            raise NotHere(word, "it is not Athena's SQL")


def _fill(tree: exp.Query, parameters: list[str]) -> exp.Query:
    places = [node for node in tree.find_all(exp.Placeholder)]
    places.sort(key=lambda node: node.meta.get("start", 0))
    # find_all walks breadth first, but Athena counts from left to right
    ordered = list(_left_to_right(tree))
    if len(ordered) != len(parameters):
        raise Failed(f"Incorrect number of parameters: expected {len(ordered)} but found {len(parameters)}")
    for place, text in zip(ordered, parameters, strict=True):
        value = sqlglot.parse_one(text, read="athena")
        if value.find(exp.Column, exp.Query, exp.Placeholder):
            raise Failed(f"INVALID_PARAMETER_USAGE: {text!r} is not a literal; quote a string as 'text'")
        place.replace(value)
    return tree


def _left_to_right(tree: exp.Expr) -> list[exp.Placeholder]:
    return [node for node in tree.dfs() if isinstance(node, exp.Placeholder)]


def _check(node: exp.Expr) -> None:
    for kind, name in CLAUSES.items():
        if isinstance(node, kind):
            raise NotHere(name)
    for refused, name, instead in (*_values(node), *_clauses(node)):
        if refused:
            raise NotHere(name, instead)


def _values(node: exp.Expr) -> Iterator[tuple[bool, str, str]]:
    """(whether it is refused, its name, what to write instead) of a function or constructor."""
    if type(node) is exp.JSONExtract:
        instead = "json_extract_scalar(), or CAST(json_extract(...) AS array(varchar))"
        yield not extract_allowed(node), "json_extract", instead
    elif isinstance(node, exp.Struct):
        rows = isinstance(node.parent, exp.Array) and isinstance(node.parent.parent, exp.Unnest)
        yield not rows, "ROW(...)", "it is answered in UNNEST(ARRAY[ROW(...)])"
    elif isinstance(node, exp.Anonymous):
        yield node.name.lower() not in ANONYMOUS, f"the function {node.name.lower()}()", ""
    elif isinstance(node, exp.Func):
        yield type(node).__name__ not in FUNCTIONS, f"the function {node.sql_name().lower()}()", ""


def _clauses(node: exp.Expr) -> Iterator[tuple[bool, str, str]]:
    """The same of a clause that has a form which Athena does not know."""
    if isinstance(node, exp.Distinct):
        yield bool(node.args.get("on")), "DISTINCT ON", ""
    elif isinstance(node, exp.Star):
        yield any(node.args.get(name) for name in ("except_", "except", "replace")), "SELECT * EXCEPT", ""
    elif isinstance(node, exp.With):
        yield bool(node.args.get("recursive")), "WITH RECURSIVE", ""
    elif isinstance(node, exp.Join):
        strange = node.method or node.kind.upper() not in ("", "INNER", "CROSS", "OUTER")
        yield bool(strange), f"{node.method or node.kind} JOIN", ""
    elif isinstance(node, exp.Group):
        yield bool(node.args.get("all")), "GROUP BY ALL", ""
    elif isinstance(node, exp.Fetch):
        options = node.args.get("limit_options")
        unusual = options is not None and (options.args.get("with_ties") or options.args.get("percent"))
        yield bool(unusual), "FETCH FIRST ... WITH TIES", ""
