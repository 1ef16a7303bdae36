"""Sheets out of an .xlsx: streamed through expat, no DTDs, no entities, caps on everything that can grow.

SpreadsheetML: ECMA-376 part 1, chapter 18. Formulas are noted, never computed; only text, numbers and dates are read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from xml.parsers import expat

from biotheca.workbooks.model import Cell, DateCell, ErrorCell, Formula, Limits, Sheet, Unreadable
from biotheca.workbooks.parts import Parts

_OFFICE = "/officeDocument"
# Number formats that are dates without being written out (ECMA-376 part 1, 18.8.30), by how exact they are.
_BUILT_IN = {n: "day" for n in (14, 15, 16, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58)}
_BUILT_IN |= {17: "month", 22: "time"} | dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), "time")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_workbook(body: bytes, limits: Limits | None = None) -> list[Sheet]:
    """The sheets of a workbook in their order. Raises Unreadable: one reason why it cannot be read."""
    limits = limits or Limits()
    return _Workbook(Parts(body, limits), limits).sheets()


class _Workbook:
    def __init__(self, parts: Parts, limits: Limits) -> None:
        self.parts = parts
        self.limits = limits
        self.elements_left = limits.elements
        self.dated_from_1904 = False

    def sheets(self) -> list[Sheet]:
        book = next((t for kind, t, _ in self._relations("", "_rels/.rels").values() if kind.endswith(_OFFICE)), "")
        book = book or "xl/workbook.xml"
        folder, name = posixpath.split(book)
        listed: list[tuple[str, bool, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "sheet":
                link = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
                listed.append((attributes.get("name", ""), attributes.get("state", "visible") != "visible", link))
            elif tag == "workbookPr":
                self.dated_from_1904 = attributes.get("date1904", "0") in ("1", "true")

        self.parse(book, start)
        if len(listed) > self.limits.sheets:
            raise Unreadable("workbooks.too_large", f"The workbook has {len(listed)} sheets.")
        links = self._relations(folder, f"{folder}/_rels/{name}.rels")
        targets = {kind.rpartition("/")[2]: target for kind, target, _ in links.values()}
        texts = self._texts(targets.get("sharedStrings", ""))
        dates = self._dates(targets.get("styles", ""))
        found = []
        for title, hidden, link in listed:
            kind, target, _ = links.get(link, ("", "", False))
            if kind.endswith("/worksheet"):
                found.append(_SheetReader(self, Sheet(title, hidden), texts, dates).read(target))
        return found

    def parse(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """One part through expat. Raises Unreadable for a DTD, for what is no XML, and beyond the limits."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        limits, depth, left = self.limits, 0, self.elements_left

        def opened(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth, left
            depth += 1
            left -= 1
            if left < 0 or depth > limits.depth:
                raise Unreadable("workbooks.too_large", "The workbook has too many cells or is nested too deep.")
            start(tag if ":" not in tag else tag.rpartition(":")[2], attributes)

        def closed(tag: str) -> None:
            nonlocal depth
            depth -= 1
            if end:
                end(tag if ":" not in tag else tag.rpartition(":")[2])

        def forbidden(*_: object) -> None:
            raise Unreadable("workbooks.xml", f"Its part {part[:100]!r} declares a document type or entities.")

        parser.StartElementHandler, parser.EndElementHandler = opened, closed
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = forbidden
        if text:
            parser.CharacterDataHandler = text
        fed = 0
        try:
            for data in self.parts.chunks(part):
                parser.Parse(data, False)
                fed += len(data)
                if fed - parser.CurrentByteIndex > limits.token_bytes:
                    raise Unreadable("workbooks.too_large", f"Its part {part[:100]!r} has an endless piece of text.")
            parser.Parse(b"", True)
        except expat.ExpatError as fault:
            raise Unreadable("workbooks.xml", f"Its part {part[:100]!r} is no XML: {fault}.") from fault
        self.elements_left = left

    def _relations(self, folder: str, part: str) -> dict[str, tuple[str, str, bool]]:
        """Id -> (type, part, external) of the relations of a part."""
        found: dict[str, tuple[str, str, bool]] = {}
        if not self.parts.has(part):
            return found

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship":
                target = attributes.get("Target", "")
                external = attributes.get("TargetMode") == "External"
                place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
                found[attributes.get("Id", "")] = (attributes.get("Type", ""), place.lstrip("/"), external)

        self.parse(part, start)
        if any(external for _, _, external in found.values()):
            raise Unreadable("workbooks.external_link", "The workbook takes parts of itself from elsewhere.")
        return found

    def _texts(self, part: str) -> list[str]:
        """The shared texts. Runs of rich text are joined, phonetic guides left out."""
        found: list[str] = []
        pieces: list[str] = []
        inside = guide = False
        left = self.limits.texts_characters

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside, guide
            if tag == "si":
                pieces.clear()
            elif tag == "rPh":
                guide = True
            inside = tag == "t" and not guide

        def end(tag: str) -> None:
            nonlocal inside, guide
            inside = False
            if tag == "si":
                found.append(plain("".join(pieces)))
                if len(found[-1]) > self.limits.cell_characters:
                    raise Unreadable("workbooks.too_large", "A cell has too much text.")
            elif tag == "rPh":
                guide = False

        def text(data: str) -> None:
            nonlocal left
            if inside:
                left -= len(data)
                if left < 0:
                    raise Unreadable("workbooks.too_large", "The workbook has too much text.")
                pieces.append(data)

        if part and self.parts.has(part):
            self.parse(part, start, end, text)
        return found

    def _dates(self, part: str) -> list[str]:
        """Of each cell format how exact a date it shows: day, month, year, time, or '' for no date."""
        own: dict[str, str] = {}
        found: list[str] = []
        inside = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if tag == "numFmt":
                own[attributes.get("numFmtId", "")] = exactness(attributes.get("formatCode", ""))
            elif tag == "cellXfs":
                inside = True
            elif tag == "xf" and inside:
                number = attributes.get("numFmtId", "0")
                found.append(own.get(number, _BUILT_IN.get(int(number) if number.isdigit() else 0, "")))

        def end(tag: str) -> None:
            nonlocal inside
            inside = inside and tag != "cellXfs"

        if part and self.parts.has(part):
            self.parse(part, start, end)
        return found


class _SheetReader:
    """One sheet's XML as rows of cells."""

    def __init__(self, book: _Workbook, sheet: Sheet, texts: list[str], dates: list[str]) -> None:
        self.book, self.sheet, self.texts, self.dates = book, sheet, texts, dates
        self.columns: dict[str, int] = {}
        self.pieces: list[str] = []
        self.cells: dict[int, Cell] = {}
        self.row = self.column = self.length = 0
        self.inside = self.guide = self.formula = False
        self.kind = self.style = ""

    def read(self, part: str) -> Sheet:
        self.book.parse(part, self._start, self._end, self._text)
        return self.sheet

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self.column = self._column(attributes["r"]) if "r" in attributes else self.column + 1
            self.kind, self.style = attributes.get("t", ""), attributes.get("s", "")
            self.pieces = []
            self.length, self.formula = 0, False
        elif tag == "v" or tag == "t":
            self.inside = not self.guide
        elif tag == "row":
            number = attributes.get("r", "")
            self.row = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else self.row + 1
            self.column, self.cells = -1, {}
        elif tag == "f":
            self.formula = self.inside = True
        elif tag == "rPh":  # how a Chinese or Japanese text is spoken
            self.guide = True
        elif tag == "mergeCell":
            self.sheet.merged.append(attributes.get("ref", "")[:40])

    def _end(self, tag: str) -> None:
        if tag == "v" or tag == "t" or tag == "f":
            self.inside = False
        elif tag == "c":
            self._take()
        elif tag == "row":
            if self.cells:
                if len(self.sheet.rows) >= self.book.limits.rows:
                    message = f"Sheet {self.sheet.name!r} has more than {self.book.limits.rows} rows."
                    raise Unreadable("workbooks.too_large", message)
                self.sheet.rows.append((self.row, self.cells))
        elif tag == "rPh":
            self.guide = False

    def _take(self) -> None:
        if self.formula:
            self.cells[self.column] = Formula("".join(self.pieces)[:100])
        elif self.pieces and (value := self._value(self.kind, self.style, "".join(self.pieces))) != "":
            self.cells[self.column] = value

    def _text(self, data: str) -> None:
        if self.inside:
            self.length += len(data)
            if self.length > self.book.limits.cell_characters:
                message = f"A cell of {self.sheet.name!r} in row {self.row} has too much text."
                raise Unreadable("workbooks.too_large", message)
            self.pieces.append(data)

    def _column(self, reference: str) -> int:
        """The column of a reference such as AB12, from 0."""
        name = reference.rstrip("0123456789")
        known = self.columns.get(name)
        if known is None:
            if not (0 < len(name) < 4 and name.isascii() and name.isupper() and name.isalpha()):
                raise Unreadable("workbooks.xml", f"A cell of {self.sheet.name!r} stands at {reference[:20]!r}.")
            known = 0
            for letter in name:
                known = known * 26 + ord(letter) - 64
            known -= 1
            if known >= self.book.limits.columns:
                message = f"Sheet {self.sheet.name!r} has a cell in column {name}."
                raise Unreadable("workbooks.too_large", message, name, f"at most {self.book.limits.columns} columns")
            self.columns[name] = known
        return known

    def _value(self, kind: str, style: str, raw: str) -> Cell:
        if kind == "s":
            try:
                return self.texts[int(raw)]
            except (ValueError, IndexError) as fault:
                message = f"A cell of {self.sheet.name!r} names a text that is not there."
                raise Unreadable("workbooks.xml", message) from fault
        if kind in ("inlineStr", "str"):
            return plain(raw)
        if kind == "b":
            return raw.strip() == "1"
        if kind == "e":
            return ErrorCell(raw[:40])
        if kind == "d":
            return DateCell(raw.strip()[:30].removesuffix("T00:00:00"))
        exact = self.dates[int(style)] if style.isdigit() and int(style) < len(self.dates) else ""
        return _number(raw, exact, self.book.dated_from_1904)


def _number(raw: str, exact: str, from_1904: bool) -> Cell:
    if raw.isdigit() and raw.isascii() and len(raw) < 16 and not exact:
        return int(raw)
    try:
        value = float(raw)
    except ValueError:
        return raw.strip()
    if value != value or value in (float("inf"), float("-inf")):
        return raw.strip()
    if exact and (text := iso_of(value, exact, from_1904)):
        return DateCell(text)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def iso_of(serial: float, exact: str, from_1904: bool = False) -> str:
    """What a date cell shows, in ISO; '' if no calendar has that day.

    >>> iso_of(46082, "day"), iso_of(46082, "month"), iso_of(46082.5, "time"), iso_of(-5, "day")
    ('2026-03-01', '2026-03', '2026-03-01T12:00:00', '')
    """
    if not 0 <= serial < 2_958_466:
        return ""
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 if serial >= 60 else 31)
    at = first + timedelta(seconds=round(serial * 86_400))
    if exact in ("month", "year"):
        return at.strftime("%Y-%m" if exact == "month" else "%Y")
    has_time = exact == "time" or serial % 1 > 0
    return at.isoformat() if has_time else at.date().isoformat()


def exactness(code: str) -> str:
    """How exact a date a number format shows; '' if it shows no date.

    >>> [exactness(c) for c in ("yyyy-mm-dd", "mmm yyyy", "yyyy", "0.00", '"d"0', "[Red]0", "yyyy-mm-dd hh:mm")]
    ['day', 'month', 'year', '', '', '', 'time']
    """
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", code.split(";")[0]).lower()
    if re.fullmatch(r"\s*general\s*", bare) or not re.search(r"[ymdhs]", bare):
        return ""
    if re.search(r"[hs]", bare):
        return "time"
    if "d" in bare:
        return "day"
    return "month" if "m" in bare else "year"


def plain(text: str) -> str:
    """A text as people see it: _x000D_ and its like are characters (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda m: "\ufffd" if "D7FF" < m[1].upper() < "E000" else chr(int(m[1], 16)), text)
