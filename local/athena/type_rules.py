"""Where types decide: arithmetic, comparison, casts and dates, as Athena has them.

An unknown type is refused, never guessed; what Athena calls TYPE_MISMATCH is refused although DuckDB would cast.
"""

from __future__ import annotations

from sqlglot import exp

from local.athena.arguments import group
from local.athena.json_rules import cast_to_array
from local.athena.kinds import duck, kind, kind_of_type
from local.athena.refusal import NotHere

DATE_UNITS = ("day", "week", "month", "quarter", "year")


def alike(*parts: exp.Expr | None) -> None:
    kinds = {kind(part) for part in parts if part is not None} - {"unknown"}
    if len({group(one) for one in kinds}) > 1:
        one, *_, other = sorted(kinds, key=lambda name: (name == "text", name))
        raise NotHere(f"{one} beside {other}", "Athena says TYPE_MISMATCH; cast one of them")


def choice(node: exp.Expr) -> exp.Expr:
    """Branches and lists must be of one kind; DuckDB would make all of them text."""
    if isinstance(node, exp.Case):
        alike(*(branch.args.get("true") for branch in node.args["ifs"]), node.args.get("default"))
        if node.this is not None:
            alike(node.this, *(branch.this for branch in node.args["ifs"]))
    elif isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        alike(node.args.get("true"), node.args.get("false"))
    elif isinstance(node, exp.Between):
        alike(node.this, node.args["low"], node.args["high"])
    elif isinstance(node, (exp.In, exp.Coalesce)):
        alike(node.this, *node.expressions)
    return node


def only_text(node: exp.Expr) -> exp.Expr:
    parts = node.expressions if isinstance(node, exp.Concat) else [node.this, node.expression]
    wrong = {kind(part) for part in parts} - {"text", "array", "unknown"}
    if wrong:
        raise NotHere(f"{sorted(wrong)[0]} where text belongs", "Athena says TYPE_MISMATCH; cast it")
    return node


def set_operation(node: exp.SetOperation) -> exp.Expr:
    if isinstance(node.left, exp.Query) and isinstance(node.right, exp.Query):
        for left, right in zip(node.left.selects, node.right.selects, strict=False):
            alike(left.unalias(), right.unalias())
    return node


def compare(node: exp.Binary) -> exp.Expr:
    """Trino compares like with like; DuckDB would cast text quietly."""
    left, right = kind(node.this), kind(node.expression)
    if group(left) != group(right) and "unknown" not in (left, right):
        raise NotHere(f"comparing {left} with {right}", "Athena says TYPE_MISMATCH; cast one side")
    return node


def modulo(node: exp.Mod) -> exp.Expr:
    if {kind(node.this), kind(node.expression)} != {"integer"}:
        raise NotHere("mod on other than integers")
    return node


def round(node: exp.Round) -> exp.Expr:
    if kind(node.this) not in ("integer", "double"):
        raise NotHere(f"round() of a value of type {kind(node.this)}", "cast it to double")
    return node


def truncate(node: exp.Trunc) -> exp.Expr:
    if kind(node.this) != "double" or node.args.get("decimals"):
        raise NotHere("truncate() of other than one double")
    return node


def sequence(node: exp.GenerateSeries) -> exp.Expr:
    if {kind(node.args["start"]), kind(node.args["end"])} != {"integer"}:
        raise NotHere("sequence() of other than integers")
    return node


def average(node: exp.Avg) -> exp.Expr:
    if kind(node.this) in ("decimal", "unknown") and not isinstance(node.this, exp.Distinct):
        raise NotHere("avg() of a decimal or of an unknown type", "cast it to double")
    return node


def percentile(node: exp.ApproxQuantile) -> exp.Expr:
    """Of the type of its argument, as Trino has it."""
    source, share = kind(node.this), node.args["quantile"]
    if source not in ("integer", "double") or not isinstance(share, exp.Literal):
        raise NotHere(f"approx_percentile() of a value of type {source}", "one share of a bigint or double is answered")
    call = exp.Anonymous(this="approx_quantile", expressions=[node.this.copy(), share.copy()])
    return exp.cast(call, "BIGINT" if source == "integer" else "DOUBLE")


def divide(node: exp.Div) -> exp.Expr:
    left, right = kind(node.this), kind(node.expression)
    if "unknown" in (left, right):
        raise NotHere("/ over an expression whose type is not known", "cast both sides")
    if {left, right} == {"integer"}:
        return exp.IntDiv(this=exp.paren(node.this.copy()), expression=exp.paren(node.expression.copy()))
    if "double" in (left, right):
        casts = {n: exp.cast(e.copy(), "DOUBLE") for n, e in (("a", node.this), ("b", node.expression))}
        return duck("athena_float_div(:a, :b)", **casts)
    raise NotHere("/ on decimals", "its rounding differs; cast one side to double")


def cast(node: exp.Cast) -> exp.Expr:
    source, target = kind(node.this), kind_of_type(node.to)
    if isinstance(node.this, exp.Null):
        return node
    if type(node.this) is exp.JSONExtract:
        return cast_to_array(node)
    if (
        node.to.this in (exp.DataType.Type.JSON, exp.DataType.Type.TIME, exp.DataType.Type.TIMESTAMPTZ)
        and not node.this.is_string
    ):
        raise NotHere(f"CAST AS {node.to.sql('trino')}")
    inner: exp.Expr | None = None
    if target == "integer" and source == "double":
        inner = exp.func("ROUND", node.this.copy())  # Trino rounds half away from zero, DuckDB to even
    elif target == "integer" and source == "text":
        inner = duck("athena_integer(:x)", x=node.this)  # DuckDB would round '7.5'
    elif target == "text":
        return cast_to_text(node, source)
    elif target == "timestamp" and source == "text" and not node.this.is_string:
        raise NotHere("CAST of text to timestamp", "use date_parse or a literal")
    if inner is not None:
        node = node.copy()
        node.set("this", inner)
    return node


def cast_to_text(node: exp.Cast, source: str) -> exp.Expr:
    if source == "timestamp":
        return duck("athena_time(:x)", x=node.this)
    if source in ("double", "unknown", "array", "map", "row"):
        raise NotHere(f"CAST of a value of type {source} to varchar", "its text differs")
    return node


def keep_date(node: exp.Expr) -> exp.Expr:
    """Trino keeps a date a date; DuckDB makes it a timestamp."""
    source = kind(node.this)
    unit = node.expression.text("unit") if isinstance(node.expression, exp.Interval) else node.text("unit")
    if source == "date" and unit.lower().rstrip("s") not in DATE_UNITS:
        raise NotHere(f"the unit {unit.lower() or 'of this interval'} of a date", "cast it to timestamp")
    if source == "date":
        return exp.cast(node.copy(), "DATE")
    if source != "timestamp":
        raise NotHere(f"{node.key} on an expression whose type is not known", "cast it to date or timestamp")
    return node


def plus_interval(node: exp.Add | exp.Sub) -> exp.Expr:
    if isinstance(node.expression, exp.Interval) or isinstance(node.this, exp.Interval):
        if isinstance(node.this, exp.Interval):
            raise NotHere("INTERVAL before +", "write it after")
        return keep_date(node)
    if {kind(node.this), kind(node.expression)} & {"date", "timestamp"}:
        raise NotHere("subtracting times", "use date_diff")
    return node


def date_diff(node: exp.DateDiff) -> exp.Expr:
    for moment in (node.this, node.expression):
        if kind(moment) not in ("date", "timestamp"):
            raise NotHere(f"date_diff() of a value of type {kind(moment)}", "cast it to date or timestamp")
    unit = exp.Literal.string(node.text("unit").lower() or "day")
    # date_sub counts whole units elapsed, as Trino does; date_diff counts boundaries crossed
    return duck("date_sub(:u, CAST(:a AS TIMESTAMP), CAST(:b AS TIMESTAMP))", u=unit, a=node.expression, b=node.this)
