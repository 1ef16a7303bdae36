"""From sheets to the metadata document and back to the cells: what is read, what is refused, and where it stands.

Pure. Bytes become sheets in sheets and tables; whether the document is right is said by submissions.rules.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from biotheca import catalog
from biotheca.catalog import Field, Member, ObjectType
from biotheca.errors import Finding
from biotheca.workbooks import layout
from biotheca.workbooks.layout import Column, same
from biotheca.workbooks.model import Cell, DateCell, ErrorCell, Formula, Places, Received, Sheet, Table, letters
from biotheca.workbooks.tables import is_note

_DATES = ("date",)


def finding(rule: str, where: str, message: str, value: Any = "", expected: str = "", **facts: Any) -> Finding:
    """A finding with severity and mend from the rule catalogue; `facts` say sheet, row, column, cell."""
    row = catalog.rules()[rule]
    shown = "" if value is None else str(value)[:200]
    return Finding(rule, where, message, shown, expected, row["mend"]["en"], row["severity"], facts)


def document_of(member: Member, sheets: list[Sheet]) -> Received:
    """The metadata document that sheets hold, with the place of every value and what is wrong with the sheets."""
    received = Received({}, Places(many={kind.section: kind.many for kind in member.objects}), sheets=sheets)
    read: dict[str, str] = {}
    for sheet in sheets:
        if is_note(sheet.name) or layout.is_named(sheet.name, layout.README | {"": "Findings"}):
            continue
        if any(layout.is_named(sheet.name, names) for names in (layout.TERMS, layout.FINDINGS)):
            continue
        if layout.is_named(sheet.name, layout.GENERAL):
            _read_general(sheet, received)
            continue
        kind = layout.kind_of(member, sheet.name)
        if kind is None:
            _strange_sheet(member, sheet, received)
        elif kind.section in read:
            message = f"Sheets {read[kind.section]!r} and {sheet.name!r} are both of {kind.title['en']}."
            received.findings.append(
                finding("workbooks.sheet_twice", f"/{kind.section}", message, sheet.name, sheet=sheet.name)
            )
        else:
            read[kind.section] = sheet.name
            _SheetOf(member, kind, sheet, received).read()
    for kind in member.objects:
        assert received.places is not None
        received.places.names.setdefault(kind.section, layout.sheet_name(kind))
    return received


def general_of(sheets: list[Sheet]) -> dict[str, str]:
    """What the General sheet says: member, title, release."""
    received = Received({})
    for sheet in sheets:
        if layout.is_named(sheet.name, layout.GENERAL):
            _read_general(sheet, received)
    return received.general


def _strange_sheet(member: Member, sheet: Sheet, received: Received) -> None:
    if not sheet.rows:
        return
    known = [layout.sheet_name(kind) for kind in member.objects]
    near = nearest(sheet.name, known)
    message = f"{sheet.name!r} is no sheet of this workbook." + (f" Did you mean {near!r}?" if near else "")
    expected = ", ".join(known)
    received.findings.append(finding("workbooks.sheet_unknown", "/", message, sheet.name, expected, sheet=sheet.name))


def _read_general(sheet: Sheet, received: Received) -> None:
    keys = {same(label): key for key, labels in layout.GENERAL_ROWS.items() for label in (*labels.values(), key)}
    for row, cells in sheet.rows:
        name, value = cells.get(0), cells.get(1)
        key = keys.get(same(name)) if isinstance(name, str) else None
        if key is None or value is None:
            continue
        if isinstance(value, Formula | ErrorCell):
            place = {"sheet": sheet.name, **cell_at(row, 1)}
            received.findings.append(_odd(value, f"/{key}", place))
        else:
            received.general[key] = _text(value)


def cell_at(row: int, column: int) -> dict[str, Any]:
    """A cell in the words of findings: row, column and cell."""
    return {"row": row, "column": letters(column), "cell": f"{letters(column)}{row}"}


def nearest(name: str, known: list[str]) -> str:
    """The known name that is most like this one; '' if none is near.

    >>> nearest("Libary stratgy", ["Library source", "Library strategy"])
    'Library strategy'
    """
    by_form = {same(k): k for k in known}
    found = difflib.get_close_matches(same(name), list(by_form), n=1, cutoff=0.6)
    return by_form[found[0]] if found else ""


class _SheetOf:
    """One object type's sheet on its way into the document."""

    def __init__(self, member: Member, kind: ObjectType, sheet: Sheet, received: Received) -> None:
        self.kind, self.sheet, self.received = kind, sheet, received
        self.table = Table(sheet.name, 0)
        self.named = layout.headers(member, kind)
        self.expected = layout.columns(member, kind)
        self.headed: set[int] = set()  # columns with a header, whatever it is

    def read(self) -> None:
        section, sheet = self.kind.section, self.sheet
        if sheet.hidden:
            message = f"Sheet {sheet.name!r} is hidden."
            self._found("workbooks.hidden_sheet", f"/{section}", message, sheet.name)
        rows = [(number, cells) for number, cells in sheet.rows if not is_note(cells.get(min(cells)))]
        if not rows:
            return
        (number, header), *data = rows
        readers = self._header(number, header)
        assert self.received.places is not None
        self.received.places.tables[section] = self.table
        self._merged(number)
        data = [(row, cells) for row, cells in data if not _blank(cells)]
        if not self.kind.many:
            for row, cells in data[1:]:
                message = f"Sheet {sheet.name!r} describes one {self.kind.title['en']}; row {row} is one more."
                place = cell_at(row, min(cells))
                self._found("workbooks.row_extra", f"/{section}", message, **place)
            data = data[:1]
        entries = [self._entry(n, row, cells, readers) for n, (row, cells) in enumerate(data)]
        if entries:
            self.received.document[section] = entries if self.kind.many else entries[0]

    def _found(self, rule: str, where: str, message: str, value: Any = "", expected: str = "", **facts: Any) -> None:
        self.received.findings.append(finding(rule, where, message, value, expected, sheet=self.sheet.name, **facts))

    # --- the header --------------------------------------------------------------------------------

    def _header(self, row: int, header: dict[int, Cell]) -> dict[int, Column | str]:
        """Which key each column holds: a column of the layout, or the name of an attribute."""
        self.table.header_row = row
        self.headed = set(header)
        found: dict[int, Column | str] = {}
        strange: list[tuple[int, str]] = []
        for at, cell in sorted(header.items()):
            place = cell_at(row, at)
            if isinstance(cell, Formula | ErrorCell):
                self.received.findings.append(_odd(cell, f"/{self.kind.section}", {"sheet": self.sheet.name, **place}))
                continue
            name = _text(cell)
            own = next((name[len(m) :].strip() for m in layout.ATTRIBUTES if name.casefold().startswith(m)), None)
            column = self.named.get(same(name)) if own is None else None
            known: dict[str, int] = self.table.columns if own is None else self.table.attributes
            key = column.key if column else own
            if not key:
                strange.append((at, name))
            elif key in known:
                message = f"Columns {letters(known[key])} and {letters(at)} of {self.sheet.name!r} are both {name!r}."
                self._found("workbooks.column_twice", f"/{self.kind.section}", message, name, **place)
            else:
                known[key] = at
                found[at] = column or key
        self._strange(row, strange)
        return found

    def _strange(self, row: int, strange: list[tuple[int, str]]) -> None:
        """Headers that nobody knows, and mandatory columns that nobody heads, each told with its nearest."""
        section, sheet = self.kind.section, self.sheet.name
        lacking = [c for c in self.expected if c.key not in self.table.columns]
        for column in lacking:
            if column.required and not column.key.startswith("files/"):
                self.received.unfilled.add((section, column.key))
                near = nearest(column.label["en"], [name for _, name in strange])
                at = next((at for at, name in strange if name == near), None)
                place = {"row": row} if at is None else cell_at(row, at)
                hint = f" Did you mean it by {near!r}?" if near else ""
                message = f"Sheet {sheet!r} has no column {column.label['en']!r}, which is mandatory.{hint}"
                where = f"/{section}"
                self._found("workbooks.column_missing", where, message, near, column.label["en"], **place)
                strange = [s for s in strange if s[0] != at]
        labels = [c.label["en"] for c in lacking] or [c.label["en"] for c in self.expected]
        for at, name in strange:
            near = nearest(name, labels) or nearest(name, [c.label["en"] for c in self.expected])
            hint = f" Did you mean {near!r}?" if near else ""
            message = f"Sheet {sheet!r} knows no column {name!r}.{hint}"
            expected = near or f"a label of the template, or {layout.ATTRIBUTE} {name}"
            place = cell_at(row, at)
            self._found("workbooks.column_unknown", f"/{section}", message, name, expected, **place)

    def _merged(self, header_row: int) -> None:
        for reference in self.sheet.merged:
            last = reference.rpartition(":")[2].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            if last.isdigit() and int(last) >= header_row:
                message = f"Cells {reference} of {self.sheet.name!r} are merged."
                first = reference.partition(":")[0]
                column = first.rstrip("0123456789")
                place: dict[str, Any] = {"row": int(first[len(column) :] or 0), "column": column, "cell": first}
                self._found("workbooks.merged", f"/{self.kind.section}", message, reference, **place)

    # --- one row -----------------------------------------------------------------------------------

    def _entry(self, number: int, row: int, cells: dict[int, Cell], readers: dict[int, Column | str]) -> dict[str, Any]:
        self.table.rows.append(row)
        where = f"/{self.kind.section}/{number}" if self.kind.many else f"/{self.kind.section}"
        entry: dict[str, Any] = {}
        lists: dict[str, dict[int, dict[str, Any]]] = {}
        for at, cell in cells.items():
            if cell.__class__ is str and not (cell := cell.strip()):
                continue
            reader = readers.get(at)
            if reader is None:
                if at not in self.headed:
                    self._without_header(where, row, at, cell)
                continue
            key = reader.key if isinstance(reader, Column) else f"attributes/{_escaped(reader)}"
            value = self._value(reader.field if isinstance(reader, Column) else None, cell, f"{where}/{key}", row, at)
            if "/" not in key:
                if value is not None:
                    entry[key] = value
            elif isinstance(reader, str):
                if value is not None:
                    entry.setdefault("attributes", {})[reader] = value
            else:
                name, place, inner = key.split("/")
                lists.setdefault(name, {}).setdefault(int(place), {})[inner] = value
        self._gather(number, entry, lists)
        return entry

    def _gather(self, number: int, entry: dict[str, Any], lists: dict[str, dict[int, dict[str, Any]]]) -> None:
        """Files and other lists, in the order of their columns; empty places are closed up and remembered."""
        for name, slots in lists.items():
            order = sorted(slots)
            entry[name] = [{k: v for k, v in slots[n].items() if v is not None} for n in order]
            if order != list(range(len(order))):
                self.table.slots[name, number] = order

    def _without_header(self, where: str, row: int, at: int, cell: Cell) -> None:
        place = cell_at(row, at)
        message = f"Column {letters(at)} of {self.sheet.name!r} holds a value in row {row} but has no header."
        self._found("workbooks.no_header", where, message, _text(cell), **place)

    def _value(self, spec: Field | None, cell: Cell, where: str, row: int, at: int) -> Any:
        kind = spec.kind if spec else "text"
        plain = cell.__class__
        if plain is str and not (spec and spec.multiple):
            reader = _READERS.get(kind)
            return reader(cell) if reader else cell  # type: ignore[arg-type]
        if isinstance(cell, Formula | ErrorCell) or (isinstance(cell, DateCell) and spec and kind not in _DATES):
            place = {"sheet": self.sheet.name, **cell_at(row, at)}
            self.received.findings.append(_odd(cell, where, place))
            return None
        if kind in ("integer", "taxon", "decimal") and plain in (int, float):
            return cell
        text = _text(cell)
        reader = _READERS.get(kind)
        if spec and spec.multiple:
            parts = [part.strip() for part in text.replace("；", ";").split(";")]
            return [reader(part) if reader else part for part in parts if part]
        return reader(text) if reader else text


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _blank(cells: dict[int, Cell]) -> bool:
    return all(isinstance(cell, str) and not cell.strip() for cell in cells.values())


def _odd(cell: Cell, where: str, place: dict[str, Any]) -> Finding:
    """What to say of a cell whose value is not taken."""
    if isinstance(cell, Formula):
        message = f"Cell {place['cell']} of {place['sheet']!r} holds a formula."
        return finding("workbooks.formula", where, message, cell.text, "a value", **place)
    if isinstance(cell, ErrorCell):
        message = f"Cell {place['cell']} of {place['sheet']!r} shows the error {cell.text}."
        return finding("workbooks.error_cell", where, message, cell.text, "a value", **place)
    message = f"Cell {place['cell']} of {place['sheet']!r} was turned into a date by the spreadsheet."
    return finding("workbooks.date_in_text", where, message, _text(cell), "text as it was typed", **place)


def _text(cell: Cell) -> str:
    """A cell as text: numbers with the 15 digits that Excel keeps."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return format(cell, ".15g")
    return str(cell) if isinstance(cell, int) else cell.text


def _whole(text: str) -> Any:
    """Digits as a number; anything else as it stands, for the rule to refuse.

    >>> _whole("562"), _whole("-3"), _whole("many"), _whole("5.0")
    (562, -3, 'many', '5.0')
    """
    digits = text[1:] if text[:1] == "-" else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else text


def _decimal(text: str) -> Any:
    """A number in plain or scientific notation; anything else as it stands.

    >>> _decimal("0.5"), _decimal("7"), _decimal("nan"), _decimal("0,5")
    (0.5, 7, 'nan', '0,5')
    """
    whole = _whole(text)
    if not isinstance(whole, str):
        return whole
    if not set(text) <= set("0123456789.+-eE"):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return number if abs(number) < 1e300 else text


_READERS: dict[str, Callable[[str], Any]] = {"integer": _whole, "taxon": _whole, "decimal": _decimal}
