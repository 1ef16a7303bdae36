"""The flat tables that one chunk of XML is read into, before they are put together: names, levels, columns.

Each table has a column of numbers for every level above its rows (which record, which run of it, ...), as
xml2arrow gives them, and text columns. The fast and the careful reader fill the same tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from biotheca.mirror.mapping import PART, RECORD, Document, Entity, Field, Repeat

ROOT = "/R"
LIFTED = "lifted"  # the element that holds the lifted attributes
MARK = Field("mark", ("@mark",))  # and what tells its rows from others


@dataclass(frozen=True)
class Column:
    """One text column and the absolute path of its values."""

    name: str
    path: str


@dataclass(frozen=True)
class Flat:
    """One flat table: rows are the children of `parent`."""

    name: str
    parent: str
    levels: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """As xml2arrow gives it."""
        numbers = [pa.field(f"<{level}>", pa.uint32(), nullable=False) for level in self.levels]
        return pa.schema(numbers + [pa.field(column.name, pa.string()) for column in self.columns])


def column_names(prefix: str, field: Field) -> list[str]:
    """The text columns of a field, one a path, in the order in which the first with a value counts."""
    return [f"{prefix}{field.name}#{number}" for number in range(len(field.paths))]


def _columns(prefix: str, base: str, fields: tuple[Field, ...]) -> Iterator[Column]:
    for field in fields:
        for name, path in zip(column_names(prefix, field), field.paths, strict=True):
            yield Column(name, base if path == "." else f"{base}/{path}")


def prefix_of(document: Document, entity: Entity) -> str:
    """What stands before the names of an entity's columns in its table."""
    return f"{entity.name}." if document.table(entity) == PART else ""


@cache
def flat_tables(document: Document) -> tuple[Flat, ...]:
    """Every flat table of a document; the record's own comes first."""
    base = f"{ROOT}/{document.record}"
    tables: dict[str, tuple[str, list[Column]]] = {RECORD: (ROOT, [])}
    for entity in document.entities:
        place = base if entity.path == "." else f"{base}/{entity.path}"
        parent = place.rpartition("/")[0]
        _, columns = tables.setdefault(document.table(entity), (parent, []))
        columns += _columns(prefix_of(document, entity), place, entity.fields)
        for name, below, inner in _repeats(entity.name, place, entity.repeats):
            tables[name] = (below, list(inner))
    by_parent = {parent: name for name, (parent, _) in tables.items()}
    return tuple(
        Flat(name, parent, _levels(parent, by_parent), tuple(columns)) for name, (parent, columns) in tables.items()
    )


def _levels(parent: str, by_parent: dict[str, str]) -> tuple[str, ...]:
    """xml2arrow numbers rows at every table that a row stands in, whether it is named there or not."""
    around = [path for path in by_parent if parent == path or parent.startswith(f"{path}/")]
    return tuple(by_parent[path] for path in sorted(around, key=len))


def _repeats(
    prefix: str, base: str, repeats: tuple[Repeat, ...]
) -> Iterator[tuple[str, str, tuple[Column, ...]]]:
    for repeat in repeats:
        name = f"{prefix}.{repeat.name}"
        row = f"{base}/{repeat.path}"
        parent, _, last = row.rpartition("/")
        place = parent if last == "*" else row
        if repeat.lifted:
            (inner,) = repeat.inside
            own = tuple(_columns("", f"{row}/{LIFTED}", (MARK, *repeat.fields)))
            yield f"{name}.{LIFTED}", parent, ()
            yield name, row, (*own, *_columns(f"{inner.name}.", f"{row}/{inner.path}", inner.fields))
            continue
        yield name, parent, tuple(_columns("", place, repeat.fields))
        yield from _repeats(name, place, repeat.inside)


def configuration(document: Document) -> dict[str, Any]:
    """The document's tables as xml2arrow wants to be told. Text is not trimmed there: that eats blanks at entities."""
    return {
        "parser_options": {"trim_text": False},
        "tables": [
            {
                "name": flat.name,
                "xml_path": flat.parent,
                "levels": list(flat.levels),
                "fields": [
                    {"name": column.name, "xml_path": column.path, "data_type": "Utf8", "nullable": True}
                    for column in flat.columns
                ],
            }
            for flat in flat_tables(document)
        ],
    }
