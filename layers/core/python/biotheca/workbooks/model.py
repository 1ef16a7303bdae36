"""What a sheet holds once it is read, how much of it is read at all, and where in it a JSON pointer stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from biotheca import catalog
from biotheca.errors import Finding, Invalid

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TSV = "text/tab-separated-values"


@dataclass(frozen=True)
class Limits:
    """How far a stranger's workbook is read. Sizes in bytes; what lies beyond is refused, never cut."""

    stored_bytes: int = 20_000_000
    entries: int = 1_000
    directory_bytes: int = 200_000
    part_bytes: int = 120_000_000
    all_parts_bytes: int = 200_000_000
    elements: int = 4_000_000
    depth: int = 40
    token_bytes: int = 1_000_000
    texts_characters: int = 40_000_000
    cell_characters: int = 32_767  # Excel's own
    rows: int = 100_000
    columns: int = 500
    sheets: int = 100


class Unreadable(Invalid):
    """The file as a whole cannot be read as a workbook or table: one finding says why."""

    def __init__(self, rule: str, message: str, value: str = "", expected: str = "", **facts: Any) -> None:
        row = catalog.rules()[rule]
        mend = row["mend"]["en"]
        super().__init__(message, [Finding(rule, "/", message, value, expected, mend, row["severity"], facts)])


@dataclass(frozen=True)
class Formula:
    """A cell with a formula. It is never computed and its kept result is never used."""

    text: str


@dataclass(frozen=True)
class ErrorCell:
    """A cell in which Excel shows an error, e.g. #N/A."""

    text: str


@dataclass(frozen=True)
class DateCell:
    """A cell that Excel keeps as a date; `text` is ISO, as exact as the cell shows it: 2026, 2026-03, 2026-03-01."""

    text: str


Cell = str | int | float | bool | Formula | ErrorCell | DateCell


@dataclass
class Sheet:
    """One sheet: numbers of its rows (from 1) and their cells by column (from 0). Empty cells and rows are left out."""

    name: str
    hidden: bool = False
    rows: list[tuple[int, dict[int, Cell]]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)


def letters(column: int) -> str:
    """The letters over a column.

    >>> letters(0), letters(25), letters(26), letters(701), letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    name, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


@dataclass
class Table:
    """Where the objects of one section stand: sheet, row of each, column of each key of the layout."""

    sheet: str
    header_row: int
    columns: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, int] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    slots: dict[tuple[str, int], list[int]] = field(default_factory=dict)  # (field, object) -> places, where some lack


@dataclass
class Places:
    """From a JSON pointer of the document to sheet, row and cell. `many`: sections that are lists."""

    many: dict[str, bool] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # section -> the sheet's name where there is none

    def find(self, pointer: str) -> dict[str, Any]:
        """sheet, row, column and cell of a pointer, as far as it can be said; {} if it leads nowhere in the sheets."""
        section, *path = pointer.lstrip("/").split("/")
        table = self.tables.get(section)
        if table is None:
            return {"sheet": self.names[section]} if section in self.names else {}
        number = 0
        if self.many.get(section):
            if not path or not path[0].isdigit():
                return {"sheet": table.sheet}
            number, path = int(path[0]), path[1:]
        if number >= len(table.rows):
            return {"sheet": table.sheet}
        row = table.rows[number]
        column = self._column(table, number, path)
        if column is None:
            return {"sheet": table.sheet, "row": row}
        return {"sheet": table.sheet, "row": row, "column": letters(column), "cell": f"{letters(column)}{row}"}

    @staticmethod
    def _column(table: Table, number: int, path: list[str]) -> int | None:
        if not path:
            return table.columns.get("alias")
        if path[0] == "attributes" and len(path) > 1:
            return table.attributes.get(path[1].replace("~1", "/").replace("~0", "~"))
        if path[0] in table.columns:
            return table.columns[path[0]]
        # A list: files/0/md5. Where its first places are empty, the document counts from the first that is not.
        place = int(path[1]) if len(path) > 1 and path[1].isdigit() else 0
        slots = table.slots.get((path[0], number))
        slot = slots[place] if slots and place < len(slots) else place
        wanted = f"{path[0]}/{slot}/" + (path[2] if len(path) > 2 else "")
        return next((column for key, column in table.columns.items() if key.startswith(wanted)), None)

    def every(self, document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """(pointer, place) of every plain value of a document."""
        for section, value in document.items():
            for pointer in _pointers(f"/{section}", value):
                yield pointer, self.find(pointer)


def _pointers(at: str, value: Any) -> Iterator[str]:
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        yield at
        return
    for key, inner in items:
        yield from _pointers(f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}", inner)


@dataclass
class Received:
    """A document that somebody sent, however it came. `places` is None for JSON; `general` is of the General sheet."""

    document: dict[str, Any]
    places: Places | None = None
    findings: list[Finding] = field(default_factory=list)
    unfilled: set[tuple[str, str]] = field(default_factory=set)  # (section, key) without a column
    general: dict[str, str] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)
