"""From flat tables to the columns of an entity: lists by their parents, text trimmed, numbers cast with a count.

Pure Arrow: no value passes through Python. Which list feeds which column is in `shapes`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from biotheca.mirror.fast import Raw
from biotheca.mirror.mapping import PART, RECORD, Document, Entity, Field, Repeat
from biotheca.mirror.tables import MARK, column_names, prefix_of

_KINDS = {"bigint": pa.int64(), "double": pa.float64()}
_NUMBER = {"bigint": r"^[+-]?[0-9]{1,18}$", "double": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"}
Numbers = Any  # a numpy array of whole numbers


@dataclass
class Assembly:
    """One chunk's flat tables, asked for entities."""

    document: Document
    raw: Raw
    casts: Counter[str] = field(default_factory=Counter)
    _places: dict[str, Numbers] = field(default_factory=dict)
    _kept: dict[str, Numbers] = field(default_factory=dict)

    def rows(self, entity: Entity) -> int:
        """How many rows an entity has."""
        if self.document.table(entity) == PART:
            return len(self._rows_of_part(entity))
        return int(self.raw[self.document.table(entity)].num_rows)

    def values(self, entity: Entity) -> dict[str, pa.Array]:
        """The entity's own columns, one value a row."""
        table, prefix = self.raw[self.document.table(entity)], prefix_of(self.document, entity)
        if prefix:
            table = table.select([name for name in table.schema.names if name.startswith(prefix)])
            table = table.take(pa.array(self._rows_of_part(entity)))
        return {f.name: self._value(table, prefix, f, entity.name) for f in (*entity.fields, *entity.named)}

    def _rows_of_part(self, entity: Entity) -> Numbers:
        """Which children of the records are this entity's: those that have its accession."""
        if entity.name not in self._kept:
            accession = self.raw[PART].column(f"{entity.name}.acc#0")
            self._kept[entity.name] = np.flatnonzero(accession.is_valid().to_numpy(zero_copy_only=False))
        return self._kept[entity.name]

    def structs(self, entity: Entity, repeat: Repeat) -> dict[str, pa.Array]:
        """The columns of a list's rows, all in one line; `place` tells whose they are."""
        name = f"{entity.name}.{repeat.name}"
        return {f.name: self._value(self.raw[name], "", f, name) for f in repeat.fields}

    def lifted(self, entity: Entity, repeat: Repeat) -> tuple[Numbers, pa.Array]:
        """A list whose rows have a list inside: where each row belongs, and the rows as structs."""
        name = f"{entity.name}.{repeat.name}"
        table, (inner,) = self.raw[name], repeat.inside
        is_row = table.column(f"{MARK.name}#0").is_valid()
        mask = is_row.to_numpy(zero_copy_only=False)
        place = self.place(entity, repeat)[mask]
        own = table.filter(is_row)
        columns = {f.name: self._value(own, "", f, name) for f in repeat.fields}
        below = table.filter(pc.invert(is_row))
        values = struct({f.name: self._value(below, f"{inner.name}.", f, name) for f in inner.fields})
        columns[inner.name] = lists((np.cumsum(mask) - 1)[~mask], values, len(place))
        return place, struct(columns)

    def place(self, entity: Entity, repeat: Repeat) -> Numbers:
        """For each row of a list, the number of the entity's row that it belongs to; never falling."""
        name = f"{entity.name}.{repeat.name}"
        if name not in self._places:
            table = self.document.table(entity)
            place = self._below(table, name)
            if table == PART:
                kept = self._rows_of_part(entity)
                numbers = np.full(self.raw[PART].num_rows, -1)
                numbers[kept] = np.arange(len(kept))
                place = numbers[place]
                if len(place) and place.min() < 0:
                    raise AssertionError(f"rows of {name} stand in an element without accession")
            self._places[name] = place
        return self._places[name]

    def _level(self, table: str, level: str) -> Numbers:
        return self.raw[table].column(f"<{level}>").to_numpy(zero_copy_only=False).astype(np.int64)

    def _below(self, table: str, name: str) -> Numbers:
        """For each row of `name`, which row of `table` it stands in."""
        if table == RECORD:
            return self._level(name, RECORD)
        levels = [column[1:-1] for column in self.raw[table].schema.names if column.startswith("<")]
        above = [self._level(table, level) for level in levels]
        below = [self._level(name, level) for level in levels]
        widths = [1 + max(int(a.max(initial=0)), int(b.max(initial=0))) for a, b in zip(above, below, strict=True)]
        keys, sought = _joined(above, widths), _joined(below, widths)
        place = np.searchsorted(keys, sought)
        if len(place) and (place.max() >= len(keys) or (keys[place] != sought).any()):
            raise AssertionError(f"rows of {name} stand in no row of {table}")
        return place

    def _value(self, table: pa.RecordBatch, prefix: str, wanted: Field, where: str) -> pa.Array:
        columns = [table.column(name) for name in column_names(prefix, wanted)]
        columns = [clean(column) for column in columns if column.null_count < len(column)]
        if not columns:
            return pa.nulls(table.num_rows, _KINDS.get(wanted.kind, pa.string()))
        value = columns[0] if len(columns) == 1 else pc.coalesce(*columns)
        return value if wanted.kind == "string" else self._number(value, wanted, where)

    def _number(self, text: pa.Array, wanted: Field, where: str) -> pa.Array:
        kind = _KINDS[wanted.kind]
        try:
            return pc.cast(text, kind)
        except pa.ArrowInvalid:
            sound = pc.match_substring_regex(text, _NUMBER[wanted.kind])
            kept = pc.if_else(pc.fill_null(sound, False), text, pa.scalar(None, pa.string()))
            self.casts[f"{where}.{wanted.name}"] += kept.null_count - text.null_count
            return pc.cast(kept, kind)


def _joined(levels: list[Numbers], widths: list[int]) -> Numbers:
    """Several levels of numbers as one number that sorts alike."""
    key = levels[0]
    for level, width in zip(levels[1:], widths[1:], strict=True):
        key = key * width + level
    return key


def clean(text: pa.StringArray) -> pa.Array:
    """Text without blanks around it; null where nothing is left. Most columns have nothing to clean: that is seen
    by the first and the last byte of each value."""
    offsets = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    if text.buffers()[2] is None or not len(text.buffers()[2]):
        empty = True
    else:
        data = np.frombuffer(text.buffers()[2], np.uint8)
        begins, ends = offsets[:-1], offsets[1:]
        filled = ends > begins
        empty = len(text) - int(np.count_nonzero(filled)) > text.null_count
        begins, ends = begins[filled], ends[filled]
        if len(begins) and (data[begins].min() <= 32 or data[ends - 1].min() <= 32):
            text = pc.ascii_trim_whitespace(text)
            empty = True
    if not empty:
        return text
    return pc.if_else(pc.greater(pc.binary_length(text), 0), text, pa.scalar(None, pa.string()))


def lists(place: Numbers, values: pa.Array, rows: int) -> pa.ListArray:
    """One list a row: the values whose place it is."""
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(np.bincount(place, minlength=rows), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def struct(columns: dict[str, pa.Array]) -> pa.StructArray:
    """Columns side by side as one column."""
    return pa.StructArray.from_arrays(list(columns.values()), list(columns))


def first(place: Numbers, values: pa.Array, wanted: pa.Array, rows: int) -> pa.Array:
    """For each row, the first of its values that is wanted; null where there is none."""
    which = np.flatnonzero(pc.fill_null(wanted, False).to_numpy(zero_copy_only=False))
    where, index = np.unique(place[which], return_index=True)
    found = np.full(rows, -1, np.int64)
    found[where] = which[index]
    return values.take(pa.array(found, mask=found < 0))
