"""The flat tables that a chunk of XML is read into before they are put together, and the program that the kernel reads by.

Each row knows the row of the table above that it stands in (`places`). The kernel and the careful reader fill the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from biotheca.mirror.mapping import Document, Entity, Field, Repeat

RECORD = "record"
_BASE = ""


@dataclass(frozen=True)
class Column:
    """One text column: its name and where its value stands below the record. `named`: an element's name inside it."""

    name: str
    path: str
    named: bool = False


@dataclass(frozen=True)
class Flat:
    """One flat table: a row for each element at one of `rows` (paths below the record; '' is the record itself)."""

    name: str
    parent: str | None
    rows: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Rows:
    """What was read into a flat table. `places`: of each row, the number of the row above; int32."""

    places: Any
    columns: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(self.places)


def column_names(wanted: Field) -> list[str]:
    """The text columns of a field, one a path, in the order in which the first with a value counts."""
    return [f"{wanted.name}#{number}" for number in range(len(wanted.paths))]


@cache
def flat_tables(document: Document) -> tuple[Flat, ...]:
    """Every flat table of a document, each behind the one that it stands in. The first has a row a record."""
    alone = document.entities[0].path == "."
    found: list[Flat] = [] if alone else [Flat(RECORD, None, (_BASE,), ())]
    for entity in document.entities:
        base = _BASE if entity.path == "." else entity.path
        columns = (*_columns(base, entity.fields), *_columns(base, entity.named, named=True))
        found.append(Flat(entity.name, None if alone else RECORD, (base,), columns))
        found += _repeats(entity.name, base, entity.repeats)
    return tuple(found)


def _join(*steps: str) -> str:
    return "/".join(step for step in steps if step and step != ".")


def _columns(base: str, fields: tuple[Field, ...], named: bool = False) -> tuple[Column, ...]:
    return tuple(
        Column(name, _join(base, path), named)
        for one in fields
        for name, path in zip(column_names(one), one.paths, strict=True)
    )


def _repeats(above: str, base: str, repeats: tuple[Repeat, ...]) -> Iterator[Flat]:
    for repeat in repeats:
        name = f"{above}.{repeat.name}"
        parent, _, last = repeat.path.rpartition("/")
        place = _join(base, parent) if last == "*" else _join(base, repeat.path)
        rows = tuple(_join(place, head) for head in heads(repeat)) if last == "*" else (place,)
        yield Flat(name, above, rows, _columns(place, repeat.fields))
        yield from _repeats(name, place, repeat.inside)


def heads(repeat: Repeat) -> tuple[str, ...]:
    """Of a list of any child that a field names: the names."""
    found = [path.partition("/")[0] for one in repeat.fields for path in one.paths]
    found += [inner.path.partition("/")[0] for inner in repeat.inside]
    return tuple(dict.fromkeys(found))


@dataclass
class Program:
    """The tree of a document's paths as the kernel takes it (formats/native/xml_module.c)."""

    nodes: list[tuple[bytes, int, int, int, int]] = field(default_factory=list)
    attributes: list[tuple[int, bytes, int]] = field(default_factory=list)
    column_tables: list[int] = field(default_factory=list)
    table_parents: list[int] = field(default_factory=list)


def program(document: Document) -> Program:
    """The program of a document. Node 0 is above the record."""
    made = Program()
    tree: list[dict[str, Any]] = [_node(b"", -1)]
    numbers: dict[str, int] = {}

    def reach(path: str) -> dict[str, Any]:
        at = 0
        for step in _join(document.record, path).split("/"):
            inside = tree[at]["inside"]
            if step not in inside:
                inside[step] = len(tree)
                tree.append(_node(step.encode(), at))
            at = inside[step]
        return tree[at] | {"number": at}

    names = [flat.name for flat in flat_tables(document)]
    for number, flat in enumerate(flat_tables(document)):
        made.table_parents.append(names.index(flat.parent) if flat.parent else -1)
        for path in flat.rows:
            _set(tree[reach(path)["number"]], "table", number)
        for column in flat.columns:
            numbers[f"{flat.name}:{column.name}"] = len(made.column_tables)
            made.column_tables.append(number)
            place, _, last = column.path.rpartition("/")
            value = len(made.column_tables) - 1
            if last.startswith("@"):
                made.attributes.append((reach(place)["number"], last[1:].encode(), value))
            else:
                _set(tree[reach(column.path)["number"]], "named" if column.named else "text", value)
    made.nodes = [(n["name"], n["parent"], n["table"], n["text"], n["named"]) for n in tree]
    return made


def _node(name: bytes, parent: int) -> dict[str, Any]:
    return {"name": name, "parent": parent, "table": -1, "text": -1, "named": -1, "inside": {}}


def _set(node: dict[str, Any], key: str, value: int) -> None:
    if node[key] != -1:
        raise ValueError(f"two {key}s at the element {node['name'].decode()}: the mapping says one thing twice")
    node[key] = value


def rows_of(columns: list[str], rows: list[dict[str, Any]]) -> Rows:
    """Rows given one by one, with `place` in each."""
    places = np.fromiter((row["place"] for row in rows), np.int32, len(rows))
    return Rows(places, {name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})
