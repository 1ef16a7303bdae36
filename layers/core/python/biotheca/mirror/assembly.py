"""From flat tables to the columns of an entity: lists by their parents, numbers cast with a count of what is none.

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
from biotheca.mirror.mapping import Entity, Field, Repeat
from biotheca.mirror.tables import Rows, column_names

_KINDS = {"bigint": pa.int64(), "double": pa.float64()}
_NUMBER = {"bigint": r"^[+-]?[0-9]{1,18}$", "double": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"}
Numbers = Any  # a numpy array of whole numbers


@dataclass
class Assembly:
    """One chunk's flat tables, asked for entities."""

    raw: Raw
    casts: Counter[str] = field(default_factory=Counter)

    def rows(self, entity: Entity) -> int:
        """How many rows an entity has."""
        return len(self.raw[entity.name])

    def values(self, entity: Entity) -> dict[str, pa.Array]:
        """The entity's own columns, one value a row."""
        return self._values(entity.name, (*entity.fields, *entity.named))

    def structs(self, entity: Entity, repeat: Repeat) -> dict[str, pa.Array]:
        """The columns of a list's rows, all in one line; `place` tells whose they are."""
        return self._values(f"{entity.name}.{repeat.name}", repeat.fields)

    def place(self, entity: Entity, repeat: Repeat) -> Numbers:
        """For each row of a list, the number of the entity's row that it belongs to; never falling."""
        return self.raw[f"{entity.name}.{repeat.name}"].places

    def nested(self, entity: Entity, repeat: Repeat) -> pa.StructArray:
        """The rows of a list that has one list inside, with that list as their last column."""
        (inner,) = repeat.inside
        name = f"{entity.name}.{repeat.name}"
        below = f"{name}.{inner.name}"
        columns = self.structs(entity, repeat)
        values = struct(self._values(below, inner.fields))
        columns[inner.name] = lists(self.raw[below].places, values, len(self.raw[name]))
        return struct(columns)

    def _values(self, name: str, fields: tuple[Field, ...]) -> dict[str, pa.Array]:
        rows = self.raw[name]
        return {one.name: self._value(rows, one, name) for one in fields}

    def _value(self, rows: Rows, wanted: Field, where: str) -> pa.Array:
        columns = [rows.columns[name] for name in column_names(wanted)]
        columns = [column for column in columns if column.null_count < len(column)]
        if not columns:
            return pa.nulls(len(rows), _KINDS.get(wanted.kind, pa.string()))
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
