"""Workbooks for the tests: right ones by openpyxl from the catalog, hostile ones by hand."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl

from biotheca import catalog
from biotheca.workbooks import writing
from tests.journeys.conftest import document as one_run

MEMBER = catalog.members()["gsa"]
READS = [("reads_1.fastq.gz", b"one"), ("reads_2.fastq.gz", b"two")]


def document() -> dict[str, Any]:
    """A complete document of one paired run."""
    return one_run(READS)


def filled(change: Callable[[Any], None] | None = None, of: dict[str, Any] | None = None) -> bytes:
    """The workbook of a right document, changed by openpyxl as a person would change it."""
    made = writing.template(MEMBER, document=of or document())
    if change is None:
        return made
    book = openpyxl.load_workbook(io.BytesIO(made))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def column(sheet: Any, header: str) -> str:
    """The letter over a column."""
    for cell in sheet[1]:
        if str(cell.value).removesuffix(" *") == header:
            return cell.column_letter
    raise KeyError(header)


def repacked(body: bytes, **changes: bytes | Callable[[bytes], bytes] | None) -> bytes:
    """The same zip with parts replaced (by bytes or a function of the old), added, or left out (None)."""
    out = io.BytesIO()
    wanted = {name.replace("__", "/"): change for name, change in changes.items()}
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys([*old.namelist(), *wanted]):
            change = wanted.get(name, b"")
            if name in wanted and change is None:
                continue
            before = old.read(name) if name in old.namelist() else b""
            data = before if name not in wanted else change(before) if callable(change) else change
            new.writestr(name, data or b"")
    return out.getvalue()


def changed(body: bytes, parts: dict[str, bytes | Callable[[bytes], bytes] | None]) -> bytes:
    """`repacked` for names that are no Python names."""
    return repacked(body, **{name.replace("/", "__"): change for name, change in parts.items()})


SHEET_XML = (
    b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b"<sheetData>%s</sheetData></worksheet>"
)


def with_sheet(xml: bytes, number: int = 4) -> bytes:
    """A right workbook whose n-th sheet is this XML (1 read me, 2 general, 3 project, 4 samples ...)."""
    return changed(filled(), {f"xl/worksheets/sheet{number}.xml": xml})


def as_excel_saves(body: bytes) -> bytes:
    """The same workbook with its texts in a part of their own, some as rich text with a guide to their sound."""
    texts: list[bytes] = []

    def shared(match: re.Match[bytes]) -> bytes:
        texts.append(match[2])
        return b'<c%s t="s"><v>%d</v></c>' % (match[1], len(texts) - 1)

    parts: dict[str, bytes | Callable[[bytes], bytes] | None] = {}
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        for name in packed.namelist():
            if name.startswith("xl/worksheets/sheet"):
                text = packed.read(name)
                parts[name] = re.sub(rb'<c([^>]*) t="inlineStr"><is><t[^>]*>([^<]*)</t></is></c>', shared, text)
    plain = b'<si><t xml:space="preserve">%s</t></si>'
    rich = b"<si><r><t>%s</t></r><r><rPr><b/></rPr><t>%s</t></r><rPh sb='0' eb='1'><t>SOUND</t></rPh></si>"
    rows = [
        rich % (t[:1], t[1:]) if n % 3 == 0 and b"&" not in t and t.isascii() else plain % t
        for n, t in enumerate(texts)
    ]
    parts["xl/sharedStrings.xml"] = b"<sst>" + b"".join(rows) + b"</sst>"
    link = b'<Relationship Id="rIdTexts" Type="http://x/relationships/sharedStrings" Target="sharedStrings.xml"/>'
    parts["xl/_rels/workbook.xml.rels"] = lambda old: old.replace(b"</Relationships>", link + b"</Relationships>")
    return changed(body, parts)
