"""The fast reader: whole chunks by the kernel (formats/native/xml_tables.c). What it does not read, the careful one does.

Without a compiled kernel every chunk is read with care, with the same rows, some ten times slower.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from biotheca.formats import native
from biotheca.mirror.mapping import Document
from biotheca.mirror.tables import Rows, flat_tables, program

Raw = dict[str, Rows]


class NotForTheFast(Exception):  # noqa: N818 - a message between two readers, no fault
    """The chunk goes to the careful reader, record by record."""


@cache
def _program(document: Document) -> Any:
    made = program(document)
    return native.kernel().xml_program(made.nodes, made.attributes, made.column_tables, made.table_parents)


def read(document: Document, chunk: bytes) -> Raw:
    """The flat tables of a chunk of whole records in UTF-8, one after another without a root."""
    if not native.has_kernel():
        raise NotForTheFast("nothing was compiled here")
    answer = native.kernel().xml_tables(_program(document), chunk)
    if isinstance(answer[0], str):
        raise NotForTheFast(f"{answer[0]} at byte {answer[1]:,}")
    places, columns = answer
    made: Raw = {}
    at = 0
    for flat, place in zip(flat_tables(document), places, strict=True):
        rows = np.frombuffer(place, np.int32)
        texts = {}
        for column in flat.columns:
            texts[column.name] = _text(len(rows), *columns[at])
            at += 1
        made[flat.name] = Rows(rows, texts)
    return made


def records_in(document: Document, raw: Raw) -> int:
    """How many records were read."""
    return len(raw[flat_tables(document)[0].name])


def _text(rows: int, offsets: bytes, data: bytes, valid: bytes, nulls: int) -> pa.StringArray:
    validity = pa.py_buffer(valid) if nulls else None
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data), validity, nulls)
