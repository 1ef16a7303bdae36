"""Workbooks that mean harm, and ones that are none: one clear finding each, in bounded time and memory."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from biotheca.errors import Invalid
from biotheca.workbooks.model import Limits
from biotheca.workbooks.sheets import read_workbook
from biotheca.workbooks.verdicts import TSV, XLSX, verdict
from tests.unit.workbooks.making import MEMBER, SHEET_XML, as_excel_saves, changed, column, filled, with_sheet

STOPS_WITHIN_S = 5.0
MEMORY_MIB = 200


def refused(body: bytes) -> tuple[str, str]:
    """The rule and message with which a workbook as a whole is refused; it takes less than five seconds."""
    began = time.process_time()
    with pytest.raises(Invalid) as met:
        read_workbook(body)
    assert time.process_time() - began < STOPS_WITHIN_S
    (finding,) = met.value.findings
    assert finding.mend
    return finding.rule, finding.message


def macro_kind(kinds: bytes) -> bytes:
    return kinds.replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return out.getvalue()


def with_password(body: bytes) -> bytes:
    """The same zip with the flag of encryption on its entries."""
    marked = bytearray(body)
    at = -1
    while (at := marked.find(b"PK\x01\x02", at + 1)) >= 0:
        marked[at + 8] |= 1
    return bytes(marked)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WHOLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "workbooks.not_a_workbook"),
    "words": (lambda: b"Dear archive, please find attached", "workbooks.not_a_workbook"),
    "any zip": (lambda: zipped(**{"a.txt": b"hello"}), "workbooks.not_a_workbook"),
    "a cut workbook": (lambda: filled()[:-200], "workbooks.not_a_workbook"),
    "a workbook with a spoilt byte": (
        lambda: (b := filled())[:3000] + bytes([b[3000] ^ 255]) + b[3001:],
        "workbooks.not_a_workbook",
    ),
    "a text document": (
        lambda: changed(filled(), {"[Content_Types].xml": b"<Types><Default ContentType='wordprocessingml'/></Types>"}),
        "workbooks.not_a_workbook",
    ),
    "an OpenDocument sheet": (lambda: zipped(mimetype=b"application/vnd.oasis"), "workbooks.not_a_workbook"),
    "an .xls": (lambda: OLE + b"\0" * 2000 + "Workbook".encode("utf-16-le"), "workbooks.legacy"),
    "an encrypted .xlsx": (lambda: OLE + b"\0" * 2000 + "EncryptedPackage".encode("utf-16-le"), "workbooks.encrypted"),
    "a zip with a password": (lambda: with_password(filled()), "workbooks.encrypted"),
    "an .xlsm by its kind": (lambda: changed(filled(), {"[Content_Types].xml": macro_kind}), "workbooks.macros"),
    "a workbook with a VBA project": (lambda: changed(filled(), {"xl/vbaProject.bin": b"x"}), "workbooks.macros"),
    "a workbook with ActiveX": (lambda: changed(filled(), {"xl/activeX/activeX1.xml": b"<a/>"}), "workbooks.macros"),
    "a link to another workbook": (
        lambda: changed(filled(), {"xl/externalLinks/externalLink1.xml": b"<a/>"}),
        "workbooks.external_link",
    ),
    "a data connection": (lambda: changed(filled(), {"xl/connections.xml": b"<a/>"}), "workbooks.external_link"),
    "a sheet that lies elsewhere": (
        lambda: changed(
            filled(),
            {
                "xl/_rels/workbook.xml.rels": lambda old: old.replace(
                    b"</Relationships>",
                    b'<Relationship Id="x" Type="t/worksheet" TargetMode="External" Target="http://x/"/></Relationships>',
                )
            },
        ),
        "workbooks.external_link",
    ),
    "a document type": (lambda: with_sheet(b"<!DOCTYPE worksheet><worksheet/>"), "workbooks.xml"),
    "an external entity": (
        lambda: with_sheet(b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]><w>&x;</w>'),
        "workbooks.xml",
    ),
    "a billion laughs": (
        lambda: with_sheet(
            b"<!DOCTYPE w [<!ENTITY a 'ha'>"
            + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
            + b"]><w>&j;</w>"
        ),
        "workbooks.xml",
    ),
    "a document type in the shared texts": (
        lambda: changed(as_excel_saves(filled()), {"xl/sharedStrings.xml": b"<!DOCTYPE sst><sst/>"}),
        "workbooks.xml",
    ),
    "an undefined entity": (lambda: with_sheet(SHEET_XML % b"<row><c><v>&no;</v></c></row>"), "workbooks.xml"),
    "XML that ends early": (lambda: with_sheet(b"<worksheet><sheetData>"), "workbooks.xml"),
    "a cell at no place": (lambda: with_sheet(SHEET_XML % b'<row><c r="??"><v>1</v></c></row>'), "workbooks.xml"),
    "a text that is not there": (
        lambda: with_sheet(SHEET_XML % b'<row><c r="A1" t="s"><v>99999999</v></c></row>'),
        "workbooks.xml",
    ),
    "a zip bomb in a sheet": (lambda: with_sheet(b" " * 130_000_000), "workbooks.too_large"),
    "an endless attribute": (lambda: with_sheet(b'<w a="' + b"a" * 60_000_000 + b'"/>'), "workbooks.too_large"),
    "an endless cell": (
        lambda: with_sheet(
            SHEET_XML % (b'<row><c r="A1" t="inlineStr"><is><t>' + b"a" * 50_000 + b"</t></is></c></row>")
        ),
        "workbooks.too_large",
    ),
    "endless cells": (
        lambda: with_sheet(SHEET_XML % (b"<row>" + b"<c/>" * 9_000_000 + b"</row>")),
        "workbooks.too_large",
    ),
    "an endless nest": (lambda: with_sheet(b"<w>" * 1_000_000), "workbooks.too_large"),
    "endless shared texts": (
        lambda: changed(
            as_excel_saves(filled()),
            {"xl/sharedStrings.xml": b"<sst>" + (b"<si><t>" + b"a" * 30_000 + b"</t></si>") * 2_000 + b"</sst>"},
        ),
        "workbooks.too_large",
    ),
    "a cell in the last column": (
        lambda: with_sheet(SHEET_XML % b'<row><c r="XFD1"><v>1</v></c></row>'),
        "workbooks.too_large",
    ),
    "200,000 rows": (
        lambda: with_sheet(SHEET_XML % b"".join(b"<row><c><v>%d</v></c></row>" % n for n in range(200_000))),
        "workbooks.too_large",
    ),
    "20,000 parts": (lambda: zipped(**{f"{n}.xml": b"" for n in range(20_000)}), "workbooks.too_large"),
    "more bytes than are taken": (lambda: b"PK\x03\x04" + b"\0" * 20_000_001, "workbooks.too_large"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_workbook_that_cannot_be_taken_is_refused_with_one_clear_finding(name: str) -> None:
    make, rule = WHOLE[name]
    assert refused(make())[0] == rule


def test_a_part_that_unpacks_to_more_than_it_declares_is_refused() -> None:
    body = bytearray(filled())
    with zipfile.ZipFile(io.BytesIO(bytes(body))) as packed:
        info = packed.getinfo("xl/worksheets/sheet4.xml")
    # Both headers say that one byte comes out; the stream holds thousands.
    central = bytes(body).find(info.filename.encode(), info.header_offset + 60) - 46
    for at in (info.header_offset + 22, central + 24):
        struct.pack_into("<I", body, at, 1)
    assert refused(bytes(body))[0] in ("workbooks.not_a_workbook", "workbooks.xml")


def test_a_directory_of_another_place_is_not_followed() -> None:
    body = filled()
    at = body.rfind(b"PK\x05\x06")
    far = body[:at] + b"PK\x06\x07" + b"\0" * 16 + body[at:]
    assert refused(far)[0] == "workbooks.too_large"


def test_a_million_empty_rows_are_no_rows() -> None:
    rows = b"".join(b'<row r="%d" s="1" customFormat="1"/>' % n for n in range(1, 1_048_577))
    began = time.process_time()
    sheets = read_workbook(with_sheet(SHEET_XML % rows))
    assert time.process_time() - began < STOPS_WITHIN_S
    assert sheets[3].rows == []


def test_a_value_in_the_last_row_of_a_sparse_sheet_is_read_at_its_place() -> None:
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="B1048576"><v>2</v></c></row>'
    assert read_workbook(with_sheet(SHEET_XML % cells))[3].rows == [(1, {0: 1}), (1_048_576, {1: 2})]


CHILD = """
import resource, sys
from biotheca.workbooks.verdicts import verdict, XLSX
from biotheca import catalog
body = open(sys.argv[1], "rb").read()
catalog.rules()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = verdict(catalog.members()["gsa"], XLSX, body)
print(found["findings"][0]["rule"], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(
    "name",
    ["a zip bomb in a sheet", "an endless attribute", "endless cells", "endless shared texts", "an endless nest"],
)
def test_a_bomb_takes_less_than_200_mib(name: str, tmp_path: Path) -> None:
    make, rule = WHOLE[name]
    file = tmp_path / "bomb.xlsx"
    file.write_bytes(make())
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    said, grown_mib = ran.stdout.split()
    assert said == rule and int(grown_mib) < MEMORY_MIB


def test_every_limit_is_met_by_a_workbook_just_beyond_it() -> None:
    body = as_excel_saves(filled())
    read_workbook(body)
    tight = {"entries": 3, "elements": 50, "part_bytes": 100, "all_parts_bytes": 3000, "sheets": 2, "rows": 1}
    tight |= {"columns": 2, "cell_characters": 5, "depth": 2, "directory_bytes": 10, "stored_bytes": 100}
    tight |= {"texts_characters": 10, "token_bytes": -1}
    assert set(tight) == set(Limits.__dataclass_fields__)
    for name, value in tight.items():
        met = ""
        try:
            read_workbook(body, Limits(**{name: value}))
        except Invalid as fault:
            met = fault.findings[0].rule
        assert met == "workbooks.too_large", name


def test_a_table_that_is_none_is_refused_with_one_clear_finding() -> None:
    bodies = {
        b"#sheet\tsamples\nAlias\tTitle\nca\xff\t1\n": "workbooks.not_a_table",
        b"Alias\0": "workbooks.not_a_table",
        filled(): "workbooks.not_a_table",
        b"a\t" * 600 + b"b": "workbooks.too_large",
        b"x" * 40_000: "workbooks.too_large",
    }
    for body, rule in bodies.items():
        (finding,) = verdict(MEMBER, TSV, body)["findings"]
        assert finding["rule"] == rule


def test_a_formula_in_any_cell_is_named_and_never_computed() -> None:
    def change(book: object) -> None:
        sheet = book["BioSample"]  # type: ignore[index]
        sheet[f"{column(sheet, 'Title')}3"] = '=HYPERLINK("http://x", "sample")'
        sheet[f"{column(sheet, 'Organism')}3"] = "=1+1"
        book["BioProject"]["A3"] = "=cmd|' /C calc'!A0"  # type: ignore[index]

    found = [f for f in verdict(MEMBER, XLSX, filled(change))["findings"] if f["rule"] == "workbooks.formula"]
    assert {(f["facts"]["sheet"], f["facts"]["cell"]) for f in found} == {
        ("BioSample", "B3"),
        ("BioSample", "D3"),
        ("BioProject", "A3"),
    }


def test_the_kept_result_of_a_formula_is_not_used() -> None:
    xml = SHEET_XML % (
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>Alias</t></is></c></row>'
        b'<row r="2"><c r="A2" t="str"><f>"s"&amp;1</f><v>s1</v></c></row>'
    )
    found = verdict(MEMBER, XLSX, with_sheet(xml))
    assert any(f["rule"] == "workbooks.formula" and f["facts"]["cell"] == "A2" for f in found["findings"])
