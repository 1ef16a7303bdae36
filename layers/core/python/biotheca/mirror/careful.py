"""The careful reader: one record after the other by lxml, into the same flat tables as the fast one's.

No DTD, no entities but XML's own five, no network. What it cannot read is quarantined; its neighbours are kept.
A value that stands twice where one is expected is taken once, the first.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from biotheca.mirror.fast import Raw
from biotheca.mirror.mapping import Document, Entity, Field, Repeat
from biotheca.mirror.tables import RECORD, column_names, flat_tables, heads, rows_of

_BLANKS = " \t\n\r\f\v"
_Row = tuple[str, dict[str, Any]]


class RecordIsUnreadable(ValueError):
    """Why a single record cannot be used."""


class CarefulReader:
    """Collects the flat tables of records that are given one by one."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._rows: dict[str, list[dict[str, Any]]] = {flat.name: [] for flat in flat_tables(document)}

    def add(self, record: bytes) -> None:
        """Take one record. Raises RecordIsUnreadable, and then nothing of it is kept."""
        element = _parse(record)
        if element.tag != self.document.record:
            raise RecordIsUnreadable(f"<{element.tag}> where <{self.document.record}> was expected")
        before = {name: len(rows) for name, rows in self._rows.items()}
        try:
            self._take(element)
        except RecordIsUnreadable:
            for name, rows in self._rows.items():
                del rows[before[name] :]
            raise

    def _take(self, element: Any) -> None:
        place = 0
        if RECORD in self._rows:
            place = len(self._rows[RECORD])
            self._rows[RECORD].append({"place": 0})
        for entity in self.document.entities:
            found = [element] if entity.path == "." else element.findall(entity.path)
            if not found and entity is self.document.entities[0]:
                raise RecordIsUnreadable(f"it has no {entity.path}")
            for one in found:
                self._entity(entity, one, place)

    def _entity(self, entity: Entity, element: Any, place: int) -> None:
        row: dict[str, Any] = {"place": place}
        _fill(row, element, entity.fields)
        for named in entity.named:
            holder = element.find(named.paths[0])
            inside = next((c for c in holder if isinstance(c.tag, str)), None) if holder is not None else None
            row[f"{named.name}#0"] = None if inside is None else inside.tag
        if not any(row[name] for name in column_names(entity.fields[0])):
            raise RecordIsUnreadable(f"{entity.name} has no accession")
        self._rows[entity.name].append(row)
        self._lists(entity.name, entity.repeats, element)

    def _lists(self, above: str, repeats: tuple[Repeat, ...], element: Any) -> None:
        place = len(self._rows[above]) - 1
        for repeat in repeats:
            name = f"{above}.{repeat.name}"
            parent, _, last = repeat.path.rpartition("/")
            if last != "*":
                for one in element.findall(repeat.path):
                    self._row(name, repeat, one, place, repeat.fields)
                    self._lists(name, repeat.inside, one)
                continue
            wanted = heads(repeat)
            for one in (c for holder in element.findall(parent) for c in holder if c.tag in wanted):
                self._row(name, repeat, one, place, _of_child(repeat.fields, one.tag))
                inside = [r for r in repeat.inside if r.path.partition("/")[0] == one.tag]
                below = tuple(Repeat(r.name, r.path.partition("/")[2], r.fields, r.inside) for r in inside)
                self._lists(name, below, one)

    def _row(self, name: str, repeat: Repeat, element: Any, place: int, fields: tuple[Field, ...]) -> None:
        row: dict[str, Any] = {"place": place}
        _fill(row, element, fields)
        self._rows[name].append(row)

    def raw(self) -> Raw:
        """The flat tables of all records that were taken."""
        return {
            flat.name: rows_of([column.name for column in flat.columns], self._rows[flat.name])
            for flat in flat_tables(self.document)
        }


def _of_child(fields: tuple[Field, ...], tag: str) -> tuple[Field, ...]:
    """Fields of a list of any child, as seen from the child: paths of other children lead nowhere."""
    nowhere = "@_"  # no attribute of INSDC's
    return tuple(
        Field(
            one.name,
            tuple(
                (path.partition("/")[2] or ".") if path.partition("/")[0] == tag else nowhere for path in one.paths
            ),
            one.kind,
        )
        for one in fields
    )


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
        holders = element.findall(place) if place else [element]
        found = ((holder.get(last[1:]) or "").strip(_BLANKS) for holder in holders)
    else:
        found = (text_of(one) or "" for one in element.findall(path))
    return next((value for value in found if value), None)


def _fill(row: dict[str, Any], element: Any, fields: tuple[Field, ...]) -> None:
    for one in fields:
        for name, path in zip(column_names(one), one.paths, strict=True):
            row[name] = _value(element, path)
