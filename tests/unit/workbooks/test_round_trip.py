"""What is written is read back as it was, and no cell that is written is ever computed."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.workbooks import writing
from biotheca.workbooks.layout import columns
from biotheca.workbooks.plain import joined, tables_of
from biotheca.workbooks.tables import guarded, unguarded, written
from biotheca.workbooks.verdicts import TSV, XLSX, receive
from tests.depth import examples
from tests.unit.workbooks.making import MEMBER, document

ANY = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
RISKY = st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "''", "'=", "_x000D_", "#"]), ANY)
# Blanks around a text are not kept, and a lone CR inside a TSV cell ends its line.
TEXTS = (ANY | RISKY).map(lambda t: t.strip()).filter(lambda t: t and t == t.strip(" \u3000\xa0\r"))


def with_texts(title: str, isolate: str, own: str) -> dict[str, Any]:
    whole = document()
    whole["samples"][0] |= {"title": title, "isolate": isolate, "attributes": {"watering": own}}
    return whole


@given(TEXTS, TEXTS, TEXTS)
@settings(max_examples=examples(60), deadline=None)
def test_a_document_comes_back_from_its_workbook_and_no_cell_is_a_formula(a: str, b: str, c: str) -> None:
    whole = with_texts(a, b, c)
    body = writing.template(MEMBER, document=whole)
    assert receive(MEMBER, XLSX, body).document == whole
    cells = [cell for sheet in openpyxl.load_workbook(io.BytesIO(body)) for row in sheet for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]


@given(TEXTS.filter(lambda t: not set(t) & set("\r\0")), TEXTS.filter(lambda t: not set(t) & set("\r\0")))
@settings(max_examples=examples(100), deadline=None)
def test_a_document_comes_back_from_its_tables(a: str, b: str) -> None:
    whole = with_texts(a, a, b)
    assert receive(MEMBER, TSV, joined(tables_of(MEMBER, document=whole))).document == whole


@given(ANY | RISKY)
def test_no_cell_of_a_table_begins_as_a_formula_and_all_come_back(text: str) -> None:
    guard = guarded(text)
    assert unguarded(guard) == text
    (row,) = csv.reader(io.StringIO(written([["first", text.replace("\0", "")]]), newline=""), dialect="excel-tab")
    assert row[1][:1] not in ("=", "@", "\t", "\r")
    if row[1][:1] in ("+", "-"):
        float(row[1])


def test_numbers_below_zero_stay_numbers_and_texts_texts() -> None:
    assert [guarded(t) for t in ("-5", "+1.5", "-1e-3", "-", "-5+2")] == ["-5", "+1.5", "-1e-3", "'-", "'-5+2"]
    whole = document()
    whole["samples"][0]["attributes"] = {"depth": -5, "note": "-5 m", "sum": "=1+1"}
    book = openpyxl.load_workbook(io.BytesIO(writing.template(MEMBER, document=whole)))
    sheet = book["BioSample"]
    last = {str(c.value).partition(": ")[2]: sheet.cell(3, c.column) for c in sheet[1] if "attribute" in str(c.value)}
    assert {k: (c.value, c.data_type) for k, c in last.items()} == {
        "depth": (-5, "n"),
        "note": ("-5 m", "s"),
        "sum": ("=1+1", "s"),
    }


def test_more_files_than_a_template_shows_come_back() -> None:
    """A template of a collection shows twenty; a document with 150 has as many columns."""
    member = catalog.members()["obia"]
    files = [{"name": f"packed-{n:03}.zip", "md5": f"{n:032x}"} for n in range(150)]
    words = {"alias": "c1", "title": "CT of the chest", "description": "Of persons who do not exist."}
    whole = {"collection": {**words, "file_type": "zip", "files": files}}
    assert receive(member, XLSX, writing.template(member, document=whole)).document == whole
    assert receive(member, TSV, joined(tables_of(member, document=whole))).document == whole
    shown = [column.key for column in columns(member, member.object_type("collection")) if column.key.endswith("/name")]
    assert len(shown) == 20
