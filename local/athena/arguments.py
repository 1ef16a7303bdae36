"""Which kinds of values a function or operator takes in Athena. DuckDB would cast others: they are refused."""

from __future__ import annotations

from sqlglot import exp

from local.athena.kinds import kind
from local.athena.refusal import NotHere

NUMBERS = frozenset({"integer", "decimal", "double"})
TIMES = frozenset({"date", "timestamp"})
MISMATCH = "Athena says TYPE_MISMATCH; cast it"

OF_TEXT = (
    exp.Lower, exp.Upper, exp.Trim, exp.Replace, exp.Reverse, exp.Pad, exp.StrPosition, exp.StartsWith, exp.Substring,
    exp.Split, exp.SplitPart, exp.RegexpLike, exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpReplace,
    exp.RegexpCount, exp.RegexpSplit, exp.Levenshtein, exp.Length, exp.Translate, exp.StrToTime,
)  # fmt: skip
OF_NUMBERS = (exp.Abs, exp.Ceil, exp.Floor, exp.Sign, exp.Sqrt, exp.Pow, exp.Exp, exp.Ln, exp.Log, exp.Sum, exp.Trunc)
OF_TIMES = (exp.Year, exp.Month, exp.Day, exp.Quarter, exp.WeekOfYear, exp.DayOfYear, exp.DayOfWeekIso, exp.DayOfMonth)
OF_CLOCKS = (exp.Hour, exp.Minute, exp.Second)  # Athena has no hour() of a date
OPERATORS = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg)
CONDITIONS = (exp.And, exp.Or, exp.Not, exp.Where, exp.Having)


def group(kind_: str) -> str:
    """Kinds that Athena compares and joins with one another."""
    return "number" if kind_ in NUMBERS else "time" if kind_ in TIMES else kind_


def check(node: exp.Expr) -> None:
    """Raises NotHere when an argument is of a kind that Athena would not take."""
    if isinstance(node, OF_TEXT):
        _only(node, node.this, {"text"})
    elif isinstance(node, OF_NUMBERS):
        _only(node, node.this, NUMBERS)
    elif isinstance(node, OF_TIMES):
        _only(node, _moment(node), TIMES)
    elif isinstance(node, OF_CLOCKS):
        _only(node, _moment(node), {"timestamp"})
    elif isinstance(node, exp.CountIf):
        _only(node, node.this, {"boolean"})
    elif isinstance(node, OPERATORS):
        for part in (node.this, node.args.get("expression")):
            if not isinstance(part, exp.Interval):
                _only(node, part, NUMBERS | TIMES)
    elif isinstance(node, CONDITIONS):
        for part in (node.this, node.args.get("expression")):
            _only(node, part, {"boolean"})


def _moment(node: exp.Expr) -> exp.Expr:
    """The argument, below the cast that sqlglot itself puts around it."""
    inner = node.this
    return inner.this if isinstance(inner, exp.TsOrDsToDate) else inner


def _only(node: exp.Expr, argument: exp.Expr | None, kinds: set[str] | frozenset[str]) -> None:
    found = kind(argument)
    if found not in {*kinds, "unknown"} and not (found == "array" and isinstance(node, (exp.Reverse, exp.Length))):
        name = node.sql_name().lower() + "()" if isinstance(node, exp.Func) else node.key.upper()
        raise NotHere(f"{name} of a value of type {found}", MISMATCH)
