"""What Athena means, written so that DuckDB means the same. Works on a tree whose types are annotated.

Where the two differ and the types decide, an unknown type is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from local.athena.refusal import NotHere

DUCK = "duckdb"
JSON_PATH = re.compile(r"\$(\.[A-Za-z_]\w*|\[\d+\])*")
FORMAT_PIECE = re.compile(r"%(%|s|0?\d*d|\.\d+f)")
# MySQL's date letters that strftime writes alike
DATE_LETTERS = frozenset("%YmdHMSyfj")
DATE_UNITS = ("day", "week", "month", "quarter", "year")
INTEGERS = exp.DataType.INTEGER_TYPES
FLOATS = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
TEXTS = exp.DataType.TEXT_TYPES
# Macros that every connection gets
MACROS = (
    "CREATE MACRO athena_float_div(a, b) AS CASE WHEN b <> 0 OR isnan(b) THEN a / nullif(b, 0) "
    "WHEN a = 0 OR isnan(a) THEN 'nan'::DOUBLE WHEN a > 0 THEN 'inf'::DOUBLE WHEN a < 0 THEN '-inf'::DOUBLE END",
    "CREATE MACRO athena_integer(x) AS CASE WHEN regexp_full_match(x, '[+-]?[0-9]+') THEN x ELSE x || '#' END",
    "CREATE MACRO athena_time(x) AS regexp_replace(strftime(CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f'), '000$', '')",
)


def kind(node: exp.Expr | None) -> str:
    """integer, decimal, double, text, date, timestamp, boolean, array, map, row, json or unknown."""
    if node is None:
        return "unknown"
    node = node.unnest()
    if isinstance(node, exp.Literal) and not node.is_string:
        return _kind_of_number(node.name)
    if isinstance(node, exp.Neg):
        return kind(node.this)
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
    tree: exp.Expr = exp.maybe_parse(sql, dialect=DUCK)
    holders = [p for p in tree.find_all(exp.Placeholder)]
    for holder in holders:
        holder.replace(parts[str(holder.this)].copy())
    return tree


def _divide(node: exp.Div) -> exp.Expr:
    left, right = kind(node.this), kind(node.expression)
    if "unknown" in (left, right):
        raise NotHere("/ over an expression whose type is not known", "cast both sides")
    if {left, right} == {"integer"}:
        return exp.IntDiv(this=exp.paren(node.this.copy()), expression=exp.paren(node.expression.copy()))
    if "double" in (left, right):
        casts = {n: exp.cast(e.copy(), "DOUBLE") for n, e in (("a", node.this), ("b", node.expression))}
        return duck("athena_float_div(:a, :b)", **casts)
    raise NotHere("/ on decimals", "its rounding differs; cast one side to double")


def _percentile(node: exp.ApproxQuantile) -> exp.Expr:
    """Of the type of its argument, as Trino has it."""
    source, share = kind(node.this), node.args["quantile"]
    if source not in ("integer", "double") or not isinstance(share, exp.Literal):
        raise NotHere(f"approx_percentile() of a value of type {source}", "one share of a bigint or double is answered")
    call = exp.Anonymous(this="approx_quantile", expressions=[node.this.copy(), share.copy()])
    return exp.cast(call, "BIGINT" if source == "integer" else "DOUBLE")


def _average(node: exp.Avg) -> exp.Expr:
    if kind(node.this) in ("decimal", "unknown") and not isinstance(node.this, exp.Distinct):
        raise NotHere("avg() of a decimal or of an unknown type", "cast it to double")
    return node


def _cast(node: exp.Cast) -> exp.Expr:
    source, target = kind(node.this), kind_of_type(node.to)
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
        return _cast_to_text(node, source)
    elif target == "timestamp" and source == "text" and not node.this.is_string:
        raise NotHere("CAST of text to timestamp", "use date_parse or a literal")
    if inner is not None:
        node = node.copy()
        node.set("this", inner)
    return node


def _cast_to_text(node: exp.Cast, source: str) -> exp.Expr:
    if source == "timestamp":
        return duck("athena_time(:x)", x=node.this)
    if source in ("double", "unknown", "array", "map", "row"):
        raise NotHere(f"CAST of a value of type {source} to varchar", "its text differs")
    return node


def _json_scalar(node: exp.JSONExtractScalar) -> exp.Expr:
    path = node.expression
    text = path.sql("trino").strip("'") if not isinstance(path, exp.Literal) else path.name
    if not JSON_PATH.fullmatch(text):
        raise NotHere(f"the JSON path {text}", "write it as $.name[0].other")
    return duck(
        "CASE WHEN NOT json_valid(:j) OR json_type(:j, :p) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL "
        "ELSE json_extract_string(:j, :p) END",
        j=node.this,
        p=exp.Literal.string(text),
    )


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    group = node.args.get("group") or exp.Literal.number(0)
    text = "CASE WHEN regexp_matches(:s, :p) THEN regexp_extract(:s, :p, :g) END"
    return duck(text, s=node.this, p=node.expression, g=group)


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    new = node.args.get("replacement") or exp.Literal.string("")
    if not new.is_string:
        raise NotHere("regexp_replace() with a computed replacement")
    text = re.sub(r"\$(\d)", r"\\\1", new.name.replace("\\", "\\\\"))
    return duck("regexp_replace(:s, :p, :r, 'g')", s=node.this, p=node.expression, r=exp.Literal.string(text))


def _split_part(node: exp.SplitPart) -> exp.Expr:
    text = "CASE WHEN :n <= length(str_split(:s, :d)) THEN split_part(:s, :d, :n) END"
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
    if node.args.get("safe"):  # element_at: NULL when missing, as DuckDB has it
        return node
    (index,) = node.expressions
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


def _date_diff(node: exp.DateDiff) -> exp.Expr:
    for moment in (node.this, node.expression):
        if kind(moment) not in ("date", "timestamp"):
            raise NotHere(f"date_diff() of a value of type {kind(moment)}", "cast it to date or timestamp")
    unit = exp.Literal.string(node.text("unit").lower() or "day")
    # date_sub counts whole units elapsed, as Trino does; date_diff counts boundaries crossed
    return duck("date_sub(:u, CAST(:a AS TIMESTAMP), CAST(:b AS TIMESTAMP))", u=unit, a=node.expression, b=node.this)


def _keep_date(node: exp.Expr) -> exp.Expr:
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


def _plus_interval(node: exp.Add | exp.Sub) -> exp.Expr:
    if isinstance(node.expression, exp.Interval) or isinstance(node.this, exp.Interval):
        if isinstance(node.this, exp.Interval):
            raise NotHere("INTERVAL before +", "write it after")
        return _keep_date(node)
    if {kind(node.this), kind(node.expression)} & {"date", "timestamp"}:
        raise NotHere("subtracting times", "use date_diff")
    return node


def _date_format(node: exp.TimeToStr) -> exp.Expr:
    form = node.args["format"]
    if not form.is_string:
        raise NotHere("date_format() with a computed format")
    letters = re.findall(r"%(.)", form.name)
    if not set(letters) <= DATE_LETTERS:
        raise NotHere(f"date_format() with {form.name!r}", f"its letters may be {''.join(sorted(DATE_LETTERS))}")
    return node


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


def _compare(node: exp.Binary) -> exp.Expr:
    """Trino compares like with like; DuckDB would cast text quietly."""
    left, right = kind(node.this), kind(node.expression)
    if left != right and "text" in (left, right) and "unknown" not in (left, right):
        raise NotHere(f"comparing {left} with {right}", "Athena says TYPE_MISMATCH; cast one side")
    return node


def _alike(*parts: exp.Expr | None) -> None:
    kinds = {kind(part) for part in parts if part is not None} - {"unknown"}
    if "text" in kinds and len(kinds) > 1:
        other = sorted(kinds - {"text"})[0]
        raise NotHere(f"{other} beside text", "Athena says TYPE_MISMATCH; cast one of them")


def _choice(node: exp.Expr) -> exp.Expr:
    """Branches and lists must be of one kind; DuckDB would make all of them text."""
    if isinstance(node, exp.Case):
        _alike(*(branch.args.get("true") for branch in node.args["ifs"]), node.args.get("default"))
        if node.this is not None:
            _alike(node.this, *(branch.this for branch in node.args["ifs"]))
    elif isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        _alike(node.args.get("true"), node.args.get("false"))
    elif isinstance(node, exp.Between):
        _alike(node.this, node.args["low"], node.args["high"])
    elif isinstance(node, (exp.In, exp.Coalesce)):
        _alike(node.this, *node.expressions)
    return node


def _only_text(node: exp.Expr) -> exp.Expr:
    parts = node.expressions if isinstance(node, exp.Concat) else [node.this, node.expression]
    wrong = {kind(part) for part in parts} - {"text", "array", "unknown"}
    if wrong:
        raise NotHere(f"{sorted(wrong)[0]} where text belongs", "Athena says TYPE_MISMATCH; cast it")
    return node


def _set_operation(node: exp.SetOperation) -> exp.Expr:
    if isinstance(node.left, exp.Query) and isinstance(node.right, exp.Query):
        for left, right in zip(node.left.selects, node.right.selects, strict=False):
            _alike(left.unalias(), right.unalias())
    return node


def _round(node: exp.Round) -> exp.Expr:
    if kind(node.this) not in ("integer", "double"):
        raise NotHere(f"round() of a value of type {kind(node.this)}", "cast it to double")
    return node


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


def _sequence(node: exp.GenerateSeries) -> exp.Expr:
    if {kind(node.args["start"]), kind(node.args["end"])} != {"integer"}:
        raise NotHere("sequence() of other than integers")
    return node


def _modulo(node: exp.Mod) -> exp.Expr:
    if {kind(node.this), kind(node.expression)} != {"integer"}:
        raise NotHere("mod on other than integers")
    return node


REWRITES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    **dict.fromkeys((exp.Case, exp.If, exp.Between, exp.In, exp.Coalesce), _choice),
    **dict.fromkeys((exp.DPipe, exp.Concat, exp.Like), _only_text),
    **dict.fromkeys((exp.Union, exp.Except, exp.Intersect), _set_operation),
    exp.Round: _round,
    exp.ArrayMax: _extreme,
    exp.ArrayMin: _extreme,
    exp.ArraySize: _size,
    exp.ArgMax: _by,
    exp.ArgMin: _by,
    exp.GenerateSeries: _sequence,
    exp.Div: _divide,
    exp.Mod: _modulo,
    exp.Avg: _average,
    exp.ApproxQuantile: _percentile,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.JSONExtractScalar: _json_scalar,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.SplitPart: _split_part,
    exp.Substring: _substring,
    exp.Greatest: _null_if_any_null,
    exp.Least: _null_if_any_null,
    exp.ArrayContains: _contains,
    exp.ArrayPosition: _position,
    exp.Bracket: _bracket,
    exp.DateDiff: _date_diff,
    exp.DateAdd: _keep_date,
    exp.TimestampTrunc: _keep_date,
    exp.DateTrunc: _keep_date,
    exp.Add: _plus_interval,
    exp.Sub: _plus_interval,
    exp.TimeToStr: _date_format,
    exp.Format: _format,
    exp.Anonymous: _anonymous,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE), _compare),
}


def rewrite(tree: exp.Expr) -> exp.Expr:
    """The same query in words that DuckDB understands alike. Raises NotHere."""
    # deepest first, and each judged by its own annotated types before its parts change
    for node in reversed(list(tree.bfs())):
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
