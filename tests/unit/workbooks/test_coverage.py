"""The template asks whatever the original's sheets ask of samples, experiments and runs."""

from __future__ import annotations

import io
from collections import Counter

import openpyxl
import pytest

from biotheca import catalog
from biotheca.submissions.rules import check_document
from biotheca.workbooks import layout, writing
from functions.api.shapes_accounts import Registration
from tests.unit.submissions.making import changed, good
from tests.unit.workbooks.coverage import ASKED, Row
from tests.unit.workbooks.making import MEMBER

BOOK = openpyxl.load_workbook(io.BytesIO(writing.template(MEMBER)))


@pytest.mark.parametrize("row", ASKED, ids=lambda row: f"{row[0]}: {row[1]}")
def test_every_field_of_the_originals_sheets_has_its_place_and_its_duty(row: Row) -> None:
    _, _, must, place = row
    if place.startswith("sheet "):
        name = layout.sheet_name(MEMBER.object_type(place.removeprefix("sheet ")))
        assert name in BOOK.sheetnames
        return
    where, key = place.split(".")
    if where == "profile":
        assert Registration.model_fields[key].is_required()
    elif where == "General":
        assert layout.GENERAL_ROWS[key]["en"] in {
            str(c.value).removesuffix(" *") for c in BOOK[layout.GENERAL["en"]]["A"]
        }
    else:
        kind = MEMBER.object_type(where)
        column = {c.key: c for c in layout.columns(MEMBER, kind)}[key]
        heads = {str(cell.value).removesuffix(" *") for cell in BOOK[layout.sheet_name(kind)][1]}
        assert column.label["en"] in heads
        demanded = column.required or bool(column.field and column.field.required_if) or key.startswith("files/1/")
        assert demanded == (must != "no"), column


# What is missing, and which answers make it missing.
_NEEDED = {
    "experiments/0/read_length_2": {},
    "experiments/0/nominal_size": {},
    "runs/0/reference_file": {"runs/0/alignment": "yes"},  # or an assembly: one of the two
}


@pytest.mark.parametrize("path", _NEEDED)
def test_what_is_asked_under_a_condition_is_demanded_then(path: str) -> None:
    document = good()
    for other, value in _NEEDED[path].items():
        document = changed(other, value, document)
    if path.split("/")[-1] in document[path.split("/")[0]][0]:
        document = changed(path, None, document)
    found = check_document(MEMBER, document)
    assert any(f.severity == "error" and f.where == f"/{path}" for f in found), [f.as_dict() for f in found]


def test_every_member_with_files_describes_samples_conditions_and_strategies() -> None:
    sheets = Counter(sheet for sheet, *_ in ASKED)
    assert sheets == {"Study": 8, "Experiment": 17, "Run": 13}
    conditions = [p for m in catalog.members().values() for k in m.objects for p in k.packages.values()]
    assert conditions and all(list(package.fields()) for package in conditions)
