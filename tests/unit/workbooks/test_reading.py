"""A sheet becomes the document, and every finding stands at its cell."""

from __future__ import annotations

import datetime
import io
from typing import Any

import openpyxl
import pytest

from bench.workbook import planted
from biotheca import catalog
from biotheca.catalog import KINDS
from biotheca.submissions.difference import difference
from biotheca.workbooks import contents, layout, verdicts, writing
from biotheca.workbooks.plain import joined, tables_of
from biotheca.workbooks.verdicts import JSON, TSV, XLSX, judge, receive, verdict
from tests.unit.workbooks.making import MEMBER, as_excel_saves, column, document, filled


def findings(change: Any = None, body: bytes | None = None) -> list[dict[str, Any]]:
    return verdict(MEMBER, XLSX, body or filled(change))["findings"]


def only(change: Any, rule: str) -> dict[str, Any]:
    """The one finding of that rule; nothing else refuses the workbook."""
    found = findings(change)
    errors = [f for f in found if f["severity"] == "error"]
    assert [f["rule"] for f in errors] == [rule], errors
    return errors[0]


def test_a_right_workbook_gives_its_document_and_no_error() -> None:
    received = receive(MEMBER, XLSX, filled())
    assert received.document == document()
    assert [f for f in judge(MEMBER, received) if f.severity == "error"] == []


def test_a_workbook_as_excel_saves_it_gives_the_same() -> None:
    assert receive(MEMBER, XLSX, as_excel_saves(filled())).document == document()


@pytest.mark.parametrize("language", layout.LANGUAGES)
def test_headers_and_sheets_are_known_in_each_language(language: str) -> None:
    body = writing.template(MEMBER, language, document=document())
    assert receive(MEMBER, XLSX, body).document == document()


@pytest.mark.parametrize("member", sorted(catalog.members()))
@pytest.mark.parametrize("language", layout.LANGUAGES)
def test_an_empty_template_of_every_member_lacks_objects_and_nothing_else(member: str, language: str) -> None:
    whole = catalog.members()[member]
    found = verdict(whole, XLSX, writing.template(whole, language))
    assert {f["rule"] for f in found["findings"]} == {"metadata.incomplete"}
    tables = joined(tables_of(whole, language))
    assert {f["rule"] for f in verdict(whole, TSV, tables)["findings"]} == {"metadata.incomplete"}


def test_a_template_has_every_field_of_the_catalog_with_its_mark_and_drop_down() -> None:
    book = openpyxl.load_workbook(io.BytesIO(writing.template(MEMBER)))
    for kind in MEMBER.objects:
        sheet = book[layout.sheet_name(kind)]
        heads = {str(cell.value): cell for cell in sheet[1]}
        listed = {str(rule.sqref) for rule in sheet.data_validations.dataValidation}
        assert sheet.freeze_panes == "B3" and str(sheet["A2"].value).startswith("#")
        for one, head in [pair for spec in kind.fields.values() for pair in _heads(spec)]:
            cell = heads.get(head) or heads[f"{head} *"]
            assert str(cell.value).endswith(" *") == (one.required and head == layout.label_of(one)["en"])
            chosen = any(x.startswith(f"{cell.column_letter}3:") for x in listed)
            assert chosen == (one.vocabulary is not None and not one.multiple), head
            assert sheet.column_dimensions[cell.column_letter].number_format == "@"


def _heads(spec: catalog.Field) -> list[tuple[catalog.Field, str]]:
    label = layout.label_of(spec)["en"]
    return [(one, f"{label} 1: {layout.label_of(one)['en']}") for one in spec.fields.values()] or [(spec, label)]


def test_a_template_of_a_package_marks_what_the_package_demands() -> None:
    kind = next(kind for kind in MEMBER.objects if kind.packages)
    for name, package in kind.packages.items():
        columns = {c.key: c for c in layout.columns(MEMBER, kind, name)}
        assert all(columns[field].required for field in package.mandatory)
        assert set(package.fields()) <= {key.split("/")[0] for key in columns}


def test_every_kind_of_field_has_an_example_or_words() -> None:
    shown = {
        c.kind: contents.example(c) for m in catalog.members().values() for k in m.objects for c in layout.columns(m, k)
    }
    assert set(shown) <= KINDS and all(shown.values())


def test_a_misspelt_mandatory_header_is_told_with_the_nearest_label() -> None:
    def change(book: Any) -> None:
        sheet = book["Experiment"]
        sheet[f"{column(sheet, 'Strategy')}1"] = "Stratgy *"

    found = only(change, "workbooks.column_missing")
    assert found["facts"]["cell"].endswith("1") and "'Stratgy *'" in found["message"]
    assert found["expected"] == "Strategy"


def test_an_unknown_column_is_an_error_and_an_attribute_is_kept() -> None:
    def unknown(book: Any) -> None:
        book["BioSample"].cell(1, 200, "watering")
        book["BioSample"].cell(3, 200, "weekly")

    found = only(unknown, "workbooks.column_unknown")
    assert "attribute: watering" in found["expected"] and found["facts"]["cell"] == "GR1"

    def own(book: Any) -> None:
        book["BioSample"].cell(1, 200, "attribute: watering")
        book["BioSample"].cell(3, 200, "weekly")

    received = receive(MEMBER, XLSX, filled(own))
    assert received.document["samples"][0]["attributes"] == {"watering": "weekly"}
    assert received.places and received.places.find("/samples/0/attributes/watering")["cell"] == "GR3"
    assert receive(MEMBER, XLSX, writing.template(MEMBER, document=received.document)).document == received.document


def test_a_column_headed_twice_a_value_without_a_header_and_a_second_row_are_told() -> None:
    def twice(book: Any) -> None:
        book["Run"].cell(1, 50, "Alias")

    assert only(twice, "workbooks.column_twice")["facts"]["cell"] == "AX1"

    def headless(book: Any) -> None:
        book["Run"].cell(3, 50, "lost")

    assert only(headless, "workbooks.no_header")["facts"]["cell"] == "AX3"

    def second(book: Any) -> None:
        book["Study"]["A4"] = "st2"

    assert only(second, "workbooks.row_extra")["facts"]["row"] == 4


def test_sheets_that_are_unknown_hidden_twice_or_notes() -> None:
    def renamed(book: Any) -> None:
        book["Experiment"].title = "Experimets"

    found = [f for f in findings(renamed) if f["rule"] == "workbooks.sheet_unknown"]
    assert len(found) == 1 and "'Experiment'" in found[0]["message"]

    def hidden(book: Any) -> None:
        book["Run"].sheet_state = "veryHidden"

    assert only(hidden, "workbooks.hidden_sheet")["facts"]["sheet"] == "Run"

    def twice(book: Any) -> None:
        book.copy_worksheet(book["Run"]).title = "runs"

    assert only(twice, "workbooks.sheet_twice")["value"] == "runs"

    def notes(book: Any) -> None:
        book.create_sheet("# my notes").append(["=1+1"])
        book.create_sheet("empty")

    assert [f for f in findings(notes) if f["severity"] == "error"] == []


def test_merged_cells_are_told_by_their_range() -> None:
    def change(book: Any) -> None:
        book["BioSample"].merge_cells("A3:A5")

    assert only(change, "workbooks.merged")["value"] == "A3:A5"


def test_a_date_cell_is_read_as_exactly_as_it_is_shown() -> None:
    for shown, expected in (("yyyy-mm-dd", "2026-03-01"), ("mmm yyyy", "2026-03"), ("yyyy", "2026")):

        def change(book: Any, shown: str = shown) -> None:
            sheet = book["BioSample"]
            cell = sheet[f"{column(sheet, 'Collection date')}3"]
            cell.value, cell.number_format = datetime.date(2026, 3, 1), shown

        assert receive(MEMBER, XLSX, filled(change)).document["samples"][0]["collection_date"] == expected


def test_a_text_that_became_a_date_or_an_error_is_told() -> None:
    def dated(book: Any) -> None:
        sheet = book["BioSample"]
        cell = sheet[f"{column(sheet, 'Title')}3"]
        cell.value, cell.number_format = datetime.date(2026, 3, 1), "d-mmm"

    assert only(dated, "workbooks.date_in_text")["facts"]["cell"] == "B3"

    def broken(book: Any) -> None:
        book["BioSample"]["B3"].value = "#N/A"
        book["BioSample"]["B3"].data_type = "e"

    assert only(broken, "workbooks.error_cell")["value"] == "#N/A"


def test_numbers_as_text_and_texts_as_numbers_are_taken_for_what_they_are() -> None:
    def change(book: Any) -> None:
        sheet = book["BioSample"]
        sheet[f"{column(sheet, 'Taxonomy id')}3"] = "562"
        sheet[f"{column(sheet, 'Title')}3"] = 12345
        sheet[f"{column(sheet, 'Isolate')}3"] = 0.1 + 0.2

    (sample,) = receive(MEMBER, XLSX, filled(change)).document["samples"]
    assert (sample["taxon_id"], sample["title"], sample["isolate"]) == (562, "12345", "0.3")


def test_files_with_a_gap_between_them_keep_their_places() -> None:
    def change(book: Any) -> None:
        sheet = book["Run"]
        for head in ("File name 1", "MD5 1"):
            sheet[f"{column(sheet, head)}3"] = None
        sheet[f"{column(sheet, 'MD5 2')}3"] = "short"

    found = [f for f in findings(change) if f["rule"] == "files.md5"]
    at = column(openpyxl.load_workbook(io.BytesIO(filled()))["Run"], "MD5 2")
    assert [f["facts"]["cell"] for f in found] == [f"{at}3"]


def test_every_value_of_the_document_has_its_cell_and_the_cell_has_the_value() -> None:
    body = filled()
    received = receive(MEMBER, XLSX, body)
    book = openpyxl.load_workbook(io.BytesIO(body))
    assert received.places is not None
    pairs = list(received.places.every(received.document))
    for pointer, place in pairs:
        value: Any = received.document
        for piece in pointer.strip("/").split("/"):
            value = value[int(piece)] if isinstance(value, list) else value[piece]
        cell = book[place["sheet"]][place["cell"]].value
        assert str(value) in (str(cell), *str(cell).split("; ")), pointer
    assert len(pairs) > 30


def test_tables_are_read_as_sheets_are_and_say_their_lines() -> None:
    tables = tables_of(MEMBER, document=document())
    assert receive(MEMBER, TSV, joined(tables)).document == document()
    lines = tables["samples.tsv"].splitlines()
    tables["samples.tsv"] = "\n".join([*lines, "# a note", lines[2].replace("s1", "s 2", 1)])
    found = [f for f in verdict(MEMBER, TSV, joined(tables))["findings"] if f["rule"] == "metadata.alias"]
    assert [(f["facts"]["sheet"], f["facts"]["cell"]) for f in found] == [("samples", "A5")]


def test_a_workbook_of_another_database_is_told() -> None:
    def change(book: Any) -> None:
        book["General"]["B1"] = "somewhere-else"

    assert only(change, "workbooks.other_member")["value"] == "somewhere-else"


def test_ten_thousand_planted_errors_are_found_at_their_very_cells() -> None:
    body, errors = planted(10_000)
    found = [f for f in judge(MEMBER, receive(MEMBER, XLSX, body)) if f.severity == "error"]
    assert len(found) == len(errors) == 10_000
    assert {(f.rule, f.facts["sheet"], f.facts["cell"]) for f in found} == errors
    told = verdicts.verdict_of(found)
    assert told["findings_total"] == 10_000 and len(told["findings"]) <= 10_000
    assert sum(group["count"] for group in told["groups"]) == 10_000
    rows = {(g["rule"], g["column"], row) for g in told["groups"] for row in _expanded(g["rows"])}
    assert rows == {
        (rule, cell.rstrip("0123456789"), int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))) for rule, _, cell in errors
    }


def _expanded(ranges: str) -> list[int]:
    pairs = [span.partition("-") for span in ranges.split(", ")]
    return [n for first, _, last in pairs for n in range(int(first), int(last or first) + 1)]


def test_an_answer_that_would_not_fit_says_how_many_findings_there_are() -> None:
    many = judge(MEMBER, receive(MEMBER, XLSX, planted(2_000)[0])) * 10
    told = verdicts.verdict_of(many)
    assert len(told["findings"]) < told["findings_total"] == len(many)
    assert sum(group["count"] for group in told["groups"]) == len(many)


def test_the_difference_names_what_is_added_removed_and_changed() -> None:
    old, new = document(), document()
    assert difference(MEMBER, old, new) == {"added": [], "removed": [], "changed": [], "unchanged": 5}
    new["samples"].append(new["samples"][0] | {"alias": "s2"})
    new["runs"][0]["alias"] = "r9"
    new["samples"][0] = new["samples"][0] | {"title": "Another", "attributes": {"watering": "weekly"}}
    found = difference(MEMBER, old, new)
    assert found["added"] == [{"type": "sample", "alias": "s2"}, {"type": "run", "alias": "r9"}]
    assert found["removed"] == [{"type": "run", "alias": "r1"}]
    (changed,) = found["changed"]
    assert changed["fields"] == [
        {"field": "title", "old": old["samples"][0]["title"], "new": "Another"},
        {"field": "attributes/watering", "new": "weekly"},
    ]
    assert found["unchanged"] == 3


def test_what_cannot_be_read_is_one_finding_in_every_form() -> None:
    for media_type, body in ((JSON, b"{"), (JSON, b"[1]"), (JSON, b'{"a": NaN}'), (JSON, b"[" * 100_000), (XLSX, b"x")):
        found = verdict(MEMBER, media_type, body)
        assert found["verdict"] == "refused" and found["findings_total"] == 1 and found["findings"][0]["mend"]
