"""The fast reader: whole chunks by xml2arrow. Whatever it could read otherwise than the careful one, it hands on.

What xml2arrow 0.19 does that XML does not: it takes control characters and `<` in attribute values, keeps CRLF, and
cannot tell an empty element. So a chunk is looked at first, and the names of empty elements are found by their text.
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml
from xml2arrow import Xml2ArrowError, XmlToArrowParser

from biotheca.mirror.mapping import RECORD, Document, Entity, Field
from biotheca.mirror.tables import configuration, flat_tables, prefix_of

Raw = dict[str, pa.RecordBatch]
# Characters that XML 1.0 does not allow, and their references.
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
_REFERENCE = re.compile(rb"&#(?:x0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));")


class NotForTheFast(Exception):
    """The chunk goes to the careful reader, record by record."""


@cache
def _parser(document: Document) -> XmlToArrowParser:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "configuration.yaml"
        file.write_text(yaml.safe_dump(configuration(document)), encoding="utf-8")
        return XmlToArrowParser(str(file))


def read(document: Document, chunk: bytes, records: int) -> Raw:
    """The flat tables of a chunk of `records` whole records in UTF-8, one after another without a root."""
    if len(chunk.translate(None, _CONTROLS)) != len(chunk) or _REFERENCE.search(chunk):
        raise NotForTheFast("characters that XML does not allow")
    if b"\r" in chunk:
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for element in _lifted(document):
        chunk, count = _lift(element).subn(_LIFTING % element, chunk)
        if count != chunk.count(b"<%s " % element) + chunk.count(b"<%s>" % element):
            raise NotForTheFast(f"an empty or oddly quoted {element.decode()}")
    parser = _parser(document)
    try:
        raw: Raw = parser.parse(b"<R>%b</R>" % chunk)
    except (Xml2ArrowError, TypeError, UnicodeDecodeError) as fault:  # TypeError: its own fault at broken UTF-8
        raise NotForTheFast(str(fault)) from fault
    if RECORD in raw and raw[RECORD].num_rows != records:
        raise NotForTheFast(f"{raw[RECORD].num_rows} records where {records} were seen")
    for entity in document.entities:
        for field in entity.named:
            raw = _with_names(raw, document, entity, field, chunk)
    return {flat.name: raw.get(flat.name, _none(flat.schema)) for flat in flat_tables(document)}


def _none(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)


# `<A x="1">` becomes `<A><lifted mark="1" x="1"/>`. `<A x="1"/>` and other quotes are left to the careful reader.
_LIFTING = rb"""<%s><lifted mark="1"\1/>"""


@cache
def _lifted(document: Document) -> tuple[bytes, ...]:
    lists = (repeat for entity in document.entities for repeat in entity.repeats if repeat.lifted)
    return tuple(repeat.path.rpartition("/")[2].encode() for repeat in lists)


@cache
def _lift(element: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"""<%s((?:\s+[\w.:-]+="[^"]*")*)\s*>""" % element)


_FIRST_INSIDE = re.compile(rb"\s*<([A-Za-z_][\w.-]*)")


def _places(chunk: bytes, *needles: bytes) -> list[int]:
    """Where any of the needles stands, in order. `find` is several times faster than a pattern."""
    found = []
    for needle in needles:
        at = chunk.find(needle)
        while at >= 0:
            found.append(at)
            at = chunk.find(needle, at + len(needle))
    return sorted(found) if len(needles) > 1 else found


def _with_names(raw: Raw, document: Document, entity: Entity, field: Field, chunk: bytes) -> Raw:
    """The entity's table with a column of element names.

    xml2arrow does not tell an element that has neither text nor attributes; its name is found in the text, where a
    bare `<` always begins one. Comments and CDATA could hold another: their chunks go to the careful reader.
    """
    if b"<!" in chunk:
        raise NotForTheFast("comments or CDATA")
    name = (document.record if entity.path == "." else entity.path).encode()
    begins = np.array(_places(chunk, b"<%b " % name, b"<%b>" % name, b"<%b\n" % name), np.int64)
    holder_tag = b"<%b>" % field.paths[0].rpartition("/")[2].encode()
    insides = _places(chunk, holder_tag)
    holders = np.searchsorted(begins, insides, "right") - 1
    found: list[str | None] = [None] * len(begins)
    for number, place in zip(holders.tolist(), insides, strict=True):
        match = _FIRST_INSIDE.match(chunk, place + len(holder_tag))
        if number >= 0 and found[number] is None and match:
            found[number] = match[1].decode()
    where, prefix = document.table(entity), prefix_of(document, entity)
    table = raw[where]
    of_entity = np.flatnonzero(table.column(f"{prefix}acc#0").is_valid().to_numpy(zero_copy_only=False))
    if len(found) != len(of_entity):
        raise NotForTheFast(f"{len(found)} elements of {entity.name} for {len(of_entity)} accessions")
    names = np.full(table.num_rows, None, object)
    names[of_entity] = found
    return raw | {where: table.append_column(f"{prefix}{field.name}#0", pa.array(names, pa.string()))}
