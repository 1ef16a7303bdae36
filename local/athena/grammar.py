"""Athena's SELECT read into a tree, with everything refused that the laptop cannot answer as Athena does.

An allow-list: a function, operator or clause that is not named here is refused by its name.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from local.athena.refusal import Failed, NotHere

# Functions that sqlglot's DuckDB text answers as Trino does, or that local.athena.rewrites turns into such.
# Each has a line in tests/local/test_athena.py.
FUNCTION_WORDS = """
    And Or Count Sum Avg Min Max CountIf LogicalAnd LogicalOr AnyValue ArrayAgg ApproxDistinct ArgMax ArgMin
    Stddev StddevPop StddevSamp Variance VariancePop Corr GroupConcat ApproxQuantile
    RowNumber Rank DenseRank PercentRank CumeDist Ntile Lead Lag FirstValue LastValue NthValue
    Coalesce Nullif If Case Cast TryCast Try Exists
    Lower Upper Trim Length Replace Reverse Concat ConcatWs Pad StrPosition StartsWith Substring Split SplitPart
    RegexpLike RegexpExtract RegexpReplace Levenshtein Chr Format
    Abs Ceil Floor Round Sign Sqrt Pow Exp Ln Log Greatest Least Mod
    JSONExtractScalar
    Array ArraySize ArrayContains ArrayPosition ArrayToString ArrayMax ArrayMin ArrayFilter Transform
    Map MapKeys Unnest GenerateSeries
    CurrentDate CurrentTimestamp DateDiff DateAdd TimestampTrunc DateTrunc Extract Year Month Day Hour Minute Second
    Quarter WeekOfYear DayOfYear DayOfWeekIso DayOfMonth TimeToStr TimeToUnix Date FromISO8601Date LastDay
"""
FUNCTIONS = frozenset(FUNCTION_WORDS.split())
ANONYMOUS = frozenset(
    {"any_match", "all_match", "none_match", "arrays_overlap", "map_values", "map_agg", "every", "cardinality"}
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
    exp.JSONExtract: "json_extract",
    exp.Struct: "ROW(...)",
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
    if isinstance(node, exp.Anonymous):
        if node.name.lower() not in ANONYMOUS:
            raise NotHere(f"the function {node.name.lower()}()")
    elif isinstance(node, exp.Func) and type(node).__name__ not in FUNCTIONS:
        raise NotHere(f"the function {node.sql_name().lower()}()")
    elif isinstance(node, exp.Distinct) and node.args.get("on"):
        raise NotHere("DISTINCT ON")
    elif isinstance(node, exp.Star) and (
        node.args.get("except_") or node.args.get("except") or node.args.get("replace")
    ):
        raise NotHere("SELECT * EXCEPT")
    elif isinstance(node, exp.With) and node.args.get("recursive"):
        raise NotHere("WITH RECURSIVE")
    elif isinstance(node, exp.Join) and (node.method or node.kind.upper() not in ("", "INNER", "CROSS", "OUTER")):
        raise NotHere(f"{node.method or node.kind} JOIN")
    elif isinstance(node, exp.Group) and node.args.get("all"):
        raise NotHere("GROUP BY ALL")
    elif isinstance(node, exp.Fetch) and node.args.get("limit_options"):
        raise NotHere("FETCH FIRST ... WITH TIES")
