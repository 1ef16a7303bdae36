"""Tables of TSV: read into the same sheets as a workbook's, written so that no spreadsheet computes what they hold."""

from __future__ import annotations

import csv
import io
import re

from biotheca.workbooks.layout import NOTE
from biotheca.workbooks.model import Cell, Formula, Limits, Sheet, Unreadable, letters

SHEET = "#sheet"  # `#sheet<TAB>name` opens a table; one body may hold several
_OBEYED = "=+-@\t\r"  # a spreadsheet computes what begins so
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def guarded(text: str) -> str:
    """A text that every spreadsheet takes for a text: an apostrophe goes before what it would compute.

    >>> guarded("=1+1"), guarded("-5"), guarded("plain"), guarded("'=x")
    ("'=1+1", '-5', 'plain', "''=x")
    """
    risky = text[:1] in _OBEYED and text and not _PLAIN_NUMBER.fullmatch(text)
    return "'" + text if risky or _looks_guarded(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given.

    >>> unguarded("'=1+1"), unguarded("'tis"), unguarded("''=x")
    ('=1+1', "'tis", "'=x")
    """
    return text[1:] if _looks_guarded(text) else text


def _looks_guarded(text: str) -> bool:
    return text[:1] == "'" and text[1:2] != "" and text[1] in _OBEYED + "'"


def written(rows: list[list[str]]) -> str:
    """Rows as TSV, each cell guarded, quoted where it would end the cell or the line."""
    return "".join("\t".join(_quoted(guarded(cell)) for cell in row) + "\n" for row in rows)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set('\t\r\n"') else cell


def read_tables(body: bytes, name: str = "", limits: Limits | None = None) -> list[Sheet]:
    """The tables of a TSV body; `name` is that of a table without a `#sheet` line. Raises Unreadable."""
    limits = limits or Limits()
    if len(body) > limits.stored_bytes:
        message = f"The table is too large to be read. It has {len(body)} bytes."
        raise Unreadable("workbooks.too_large", message, expected=f"at most {limits.stored_bytes} bytes")
    if body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable("workbooks.not_a_table", "The file is a workbook, not a table of text.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = body.count(b"\n", 0, fault.start) + 1
        raise Unreadable(
            "workbooks.not_a_table", f"Line {line} of the table is not UTF-8.", expected="UTF-8"
        ) from fault
    if "\0" in text:
        raise Unreadable("workbooks.not_a_table", "The file holds NUL characters: it is no table of text.")
    return _sheets(text, name, limits)


def _sheets(text: str, name: str, limits: Limits) -> list[Sheet]:
    sheets: list[Sheet] = []
    begun = 0  # lines before the table
    reader = csv.reader(io.StringIO(text, newline=""), dialect="excel-tab")
    csv.field_size_limit(max(csv.field_size_limit(), limits.stored_bytes))
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if cells[:1] == [SHEET]:
                sheets.append(Sheet(cells[1].strip() if len(cells) > 1 else ""))
                begun = before
                continue
            if not sheets:
                sheets.append(Sheet(name))
            _take(sheets[-1], line - begun, cells, limits)
    except csv.Error as fault:
        raise Unreadable("workbooks.not_a_table", f"Line {before + 1} of the table cannot be read: {fault}.") from fault
    return sheets


def _take(sheet: Sheet, row: int, cells: list[str], limits: Limits) -> None:
    kept: dict[int, Cell] = {}
    for column, cell in enumerate(cells):
        value = cell.strip(" \u3000\xa0\r")
        if not value:
            continue
        if column >= limits.columns:
            message = f"Row {row} of {sheet.name!r} has a cell in column {letters(column)}."
            raise Unreadable("workbooks.too_large", message, expected=f"at most {limits.columns} columns")
        if len(value) > limits.cell_characters:
            raise Unreadable("workbooks.too_large", f"A cell in row {row} of {sheet.name!r} has too much text.")
        kept[column] = Formula(value[:100]) if value[0] == "=" else unguarded(value)
    if kept:
        if len(sheet.rows) >= limits.rows:
            raise Unreadable("workbooks.too_large", f"{sheet.name!r} has more than {limits.rows} rows.")
        sheet.rows.append((row, kept))


def is_note(value: Cell | None) -> bool:
    """Whether a row that begins with this cell is a note."""
    return isinstance(value, str) and value.lstrip().startswith(NOTE)
