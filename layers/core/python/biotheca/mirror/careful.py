"""The careful reader: one record after the other by lxml, into the same flat tables as the fast one's.

No DTD, no entities but XML's own five, no network. What it cannot read is quarantined; its neighbours are kept.
A value that stands twice where one is expected is taken once, the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from lxml import etree

from biotheca.mirror.fast import Raw
from biotheca.mirror.mapping import PART, RECORD, Document, Entity, Field, Repeat
from biotheca.mirror.tables import LIFTED, MARK, column_names, flat_tables, prefix_of

_BLANKS = " \t\n\r\f\v"


class RecordIsUnreadable(ValueError):
    """Why a single record cannot be used."""


class CarefulReader:
    """Collects the flat tables of records that are given one by one."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._records = 0

    def add(self, record: bytes) -> None:
        """Take one record. Raises RecordIsUnreadable, and then nothing of it is kept."""
        element = _parse(record)
        if element.tag != self.document.record:
            raise RecordIsUnreadable(f"<{element.tag}> where <{self.document.record}> was expected")
        rows: list[tuple[str, dict[str, Any]]] = []
        for entity in self.document.entities:
            rows += self._of_entity(entity, element)
        own = [name for name, row in rows if name == RECORD or f"{self.document.entities[0].name}.acc#0" in row]
        if not own:
            raise RecordIsUnreadable(f"it has no {self.document.entities[0].path}")
        for name, row in rows:
            self._rows[name].append(row)
        self._records += 1

    def _of_entity(self, entity: Entity, element: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """The rows of an entity's elements and of all lists inside them."""
        table, prefix = self.document.table(entity), prefix_of(self.document, entity)
        found = [element] if entity.path == "." else element.findall(entity.path)
        for number, one in enumerate(found):
            levels = {f"<{RECORD}>": self._records}
            if table == PART:  # numbered among all children, as the fast reader does
                levels[f"<{PART}>"] = list(element).index(one)
            elif table != RECORD:
                levels[f"<{table}>"] = number
            row: dict[str, Any] = dict(levels)
            _fill(row, prefix, one, entity.fields)
            _fill_names(row, prefix, entity, one)
            if not row[f"{prefix}acc#0"]:
                raise RecordIsUnreadable(f"{entity.name} has no accession")
            yield table, row
            yield from _lists(entity.name, entity.repeats, one, levels)

    def raw(self) -> Raw:
        """The flat tables of all records that were taken."""
        made: Raw = {}
        for flat in flat_tables(self.document):
            schema = flat.schema
            for entity in self.document.entities:
                if self.document.table(entity) == flat.name:
                    prefix = prefix_of(self.document, entity)
                    for field in entity.named:
                        schema = schema.append(pa.field(f"{prefix}{field.name}#0", pa.string()))
            unnumbered = dict.fromkeys((f"<{level}>" for level in flat.levels), 0)
            rows = sorted(self._rows[flat.name], key=lambda row: tuple(row.get(n, 0) for n in unnumbered))
            rows = [unnumbered | row for row in rows]
            made[flat.name] = pa.RecordBatch.from_pylist(rows, schema=schema)
        return made


def _parse(record: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        element = etree.fromstring(b'<?xml version="1.0" encoding="UTF-8"?>' + record, parser)
    except etree.XMLSyntaxError as fault:
        raise RecordIsUnreadable(str(fault.msg)) from fault
    for entity in element.iter(etree.Entity):
        raise RecordIsUnreadable(f"the entity {entity.text} is none of XML's five")
    return element


def text_of(element: Any) -> str | None:
    """The text that stands directly in an element, without that of elements inside it; None if blank."""
    pieces = [element.text or "", *(child.tail or "" for child in element)]
    return "".join(pieces).strip(_BLANKS) or None


def _value(element: Any, path: str) -> str | None:
    if path == ".":
        return text_of(element)
    place, _, last = path.rpartition("/")
    if last.startswith("@"):
        holder = element.find(place) if place else element
        return ((holder.get(last[1:]) if holder is not None else None) or "").strip(_BLANKS) or None
    found = element.find(path)
    return None if found is None else text_of(found)


def _fill(row: dict[str, Any], prefix: str, element: Any, fields: tuple[Field, ...]) -> None:
    for field in fields:
        for name, path in zip(column_names(prefix, field), field.paths, strict=True):
            row[name] = _value(element, path)


def _fill_names(row: dict[str, Any], prefix: str, entity: Entity, element: Any) -> None:
    for field in entity.named:
        holder = element.find(field.paths[0])
        inside = next((c for c in holder if isinstance(c.tag, str)), None) if holder is not None else None
        row[f"{prefix}{field.name}#0"] = None if inside is None else inside.tag


def _lists(
    prefix: str, repeats: tuple[Repeat, ...], element: Any, levels: dict[str, int]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for repeat in repeats:
        name = f"{prefix}.{repeat.name}"
        for number, (place, one) in enumerate(_rows_of(element, repeat)):
            if repeat.lifted:
                yield from _lifted(name, repeat, one, levels | {f"<{name}.{LIFTED}>": number})
                continue
            own = levels | {f"<{name}>": number}
            made: dict[str, Any] = dict(own)
            for field in repeat.fields:
                for column, path in zip(column_names("", field), field.paths, strict=True):
                    made[column] = _of_child(one, path) if place == "*" else _value(one, path)
            yield name, made
            for inner in repeat.inside:
                steps = inner.path
                if place == "*":
                    head, _, rest = steps.partition("/")
                    if one.tag != head:
                        continue
                    inner = Repeat(inner.name, rest, inner.fields, inner.inside)
                yield from _lists(name, (inner,), one, own)


def _lifted(
    name: str, repeat: Repeat, element: Any, levels: dict[str, int]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A row for the element itself, then one for each row of the list inside it."""
    (inner,) = repeat.inside
    row: dict[str, Any] = levels | {f"<{name}>": 0, f"{MARK.name}#0": "1"}
    _fill(row, "", element, repeat.fields)
    yield name, row
    for number, one in enumerate(element.findall(inner.path), 1):
        row = levels | {f"<{name}>": number}
        _fill(row, f"{inner.name}.", one, inner.fields)
        yield name, row


def _rows_of(element: Any, repeat: Repeat) -> list[tuple[str, Any]]:
    parent, _, last = repeat.path.rpartition("/")
    if last != "*":
        return [("", one) for one in element.findall(repeat.path)]
    wanted = {path.partition("/")[0] for field in repeat.fields for path in field.paths}
    wanted |= {inner.path.partition("/")[0] for inner in repeat.inside}
    return [("*", one) for holder in element.findall(parent) for one in holder if one.tag in wanted]


def _of_child(child: Any, path: str) -> str | None:
    """The value at a path whose first step is the child itself."""
    head, _, rest = path.partition("/")
    return _value(child, rest or ".") if child.tag == head else None
