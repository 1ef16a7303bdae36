"""CROSS JOIN UNNEST as Athena means it: a row's fields become columns, several arrays go side by side.

DuckDB keeps a row whole, so each UNNEST becomes a lateral subquery with the columns spelt out.
"""

from __future__ import annotations

from sqlglot import exp

from local.athena.kinds import duck
from local.athena.refusal import Failed, NotHere


def columns_of(array: exp.Expr) -> list[tuple[str, exp.DataType | None]] | None:
    """What one argument of UNNEST yields: fields below the element with their types, `` for the element itself."""
    kind = array.type
    if kind is None:
        return None
    if kind.this in (exp.DataType.Type.ARRAY, exp.DataType.Type.LIST) and kind.expressions:
        inner = kind.expressions[0]
        if isinstance(inner, exp.DataType) and inner.this == exp.DataType.Type.STRUCT:
            return [(field.name, field.args.get("kind")) for field in inner.expressions]
        return [("", inner if isinstance(inner, exp.DataType) else None)]
    if kind.this == exp.DataType.Type.MAP:
        return list(zip(("key", "value"), [*kind.expressions, None, None], strict=False))
    return None


def spread(tree: exp.Expr) -> None:
    """Replace every UNNEST of the FROM clauses in place. Raises NotHere when a type is not known."""
    for unnest in list(tree.find_all(exp.Unnest)):
        if not isinstance(unnest.parent, (exp.Join, exp.From)):
            raise NotHere("UNNEST outside FROM")
        alias = unnest.args.get("alias")
        names = [column.name for column in alias.args.get("columns") or []] if alias else []
        if not alias or not names:
            raise NotHere("UNNEST without column names", "write UNNEST(x) AS t(a)")
        ordinal = names.pop() if _counted(unnest, names) else None
        wanted = _outputs(unnest, names)
        _tell_types(unnest, alias.name, {name: type_ for _, _, name, type_ in wanted})
        unnest.replace(_lateral(unnest, alias.name, wanted, ordinal))


def _counted(unnest: exp.Unnest, names: list[str]) -> bool:
    offset = unnest.args.get("offset")
    if isinstance(offset, exp.Identifier):  # sqlglot has moved the last name there
        names.append(offset.name)
    return bool(offset)


def _tell_types(unnest: exp.Unnest, alias: str, types: dict[str, exp.DataType | None]) -> None:
    """sqlglot gives every column of an UNNEST the type of the whole element."""
    select = unnest.find_ancestor(exp.Select)
    for column in select.find_all(exp.Column) if select else ():
        if column.table == alias and types.get(column.name) is not None:
            column.type = types[column.name]


def _outputs(unnest: exp.Unnest, names: list[str]) -> list[tuple[int, str, str, exp.DataType | None]]:
    """(argument, field, name, type) for each output column."""
    outputs = []
    for number, array in enumerate(unnest.expressions):
        fields = columns_of(array)
        if fields is None:
            raise NotHere("UNNEST of an expression whose type is not known")
        outputs += [(number, *field) for field in fields]
    if len(outputs) != len(names):
        has = f"has {len(names)} entries but UNNEST has {len(outputs)} columns available"
        raise Failed(f"MISMATCHED_COLUMN_ALIASES: Column alias list {has}")
    return [(number, field, name, type_) for (number, field, type_), name in zip(outputs, names, strict=True)]


def _lateral(
    unnest: exp.Unnest, alias: str, wanted: list[tuple[int, str, str, exp.DataType | None]], ordinal: str | None
) -> exp.Expr:
    arrays = []
    for array in unnest.expressions:
        is_map = array.type is not None and array.type.this == exp.DataType.Type.MAP
        arrays.append(duck("map_entries(:a)", a=array) if is_map else array.copy())
    inner = [duck(f"unnest(:a) AS u{n}", a=array) for n, array in enumerate(arrays)]
    if ordinal:
        lengths = [duck("coalesce(len(:a), 0)", a=array) for array in arrays]
        longest = lengths[0] if len(lengths) == 1 else exp.Anonymous(this="greatest", expressions=lengths)
        # not as a parsed range(), which the rewrites would take for the query's own sequence()
        ends = [exp.Literal.number(1), exp.Add(this=longest, expression=exp.Literal.number(1))]
        inner.append(duck("unnest(:r) AS n", r=exp.Anonymous(this="range", expressions=ends)))
    outer = []
    for number, field, name, _ in wanted:
        path = f's."u{number}"' + (f'."{field}"' if field else "")
        outer.append(exp.alias_(exp.maybe_parse(path, dialect="duckdb"), name, quoted=True))
    if ordinal:
        outer.append(exp.alias_(exp.column("n", "s"), ordinal, quoted=True))
    source = exp.select(*inner).subquery("s")
    query = exp.select(*outer).from_(source).subquery()
    return exp.Lateral(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
