"""The downloadable workbook of each template of people: filled it is taken; without any mandatory cell it is not.

The workbook comes from the very route that gives it, is filled by its headers as a person would, and is read by the
very rules that the archive and `biotheca check` run.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import openpyxl
import pytest
from chalice.test import Client

from biotheca import catalog
from biotheca.errors import Finding, Invalid
from biotheca.samples.rules import content_of
from biotheca.submissions import service as submitting
from biotheca.taxonomy.service import Taxonomy
from biotheca.workbooks import contents, layout, rules, verdicts
from biotheca.workbooks import service as workbooks
from biotheca.workbooks.model import Sheet, letters
from biotheca.workbooks.sheets import read_workbook
from functions.api.app import app
from tests.unit.members.human import WORDS, human_document
from tests.unit.samples.test_samples import WAY, pair
from tests.unit.world import ANA, World

HUMAN = catalog.members()["gsa-human"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# what is filled in -> the document, and which template is downloaded for it
FILLED: dict[str, tuple[str, dict[str, str]]] = {
    "disease": ("disease", {}),
    "cohort, disease-related": ("cohort", {"cohort_type": "disease-related cohort"}),
    "cohort, healthy": ("cohort", {"cohort_type": "healthy-population cohort"}),
    "cohort, other": ("cohort", {"cohort_type": "other cohort"}),
    "cell line, commercial": ("cell_line", {"cell_line_type": "commercial"}),
    "cell line, non-commercial": ("cell_line", {"cell_line_type": "non-commercial"}),
    "clinical pathogen": ("clinical_pathogen", {}),
    "human-associated metagenome": ("human_metagenome", {}),
}


def document_of(name: str) -> dict[str, Any]:
    template, study = FILLED[name]
    document = human_document(template)
    document["study"] |= study
    return document


@cache
def downloaded(package: str) -> bytes:
    with Client(app) as client:
        answer = client.http.get(f"/v1/members/{HUMAN.id}/template?package={package}")
    assert answer.status_code == 200
    return bytes(answer.body)


@cache
def filled(name: str) -> bytes:
    """The template of a kind of study with every row that the study has, under the headers that it came with."""
    document = document_of(name)
    book = openpyxl.load_workbook(io.BytesIO(downloaded(str(WORDS[FILLED[name][0]][1]["template"]))))
    for kind in HUMAN.objects:
        sheet = book[layout.sheet_name(kind)]
        heads = {str(cell.value).removesuffix(" *"): cell.column for cell in sheet[1]}
        columns = [column for column in layout.columns(HUMAN, kind) if column.label["en"] in heads]
        for number, row in enumerate(contents.rows_of(kind, tuple(columns), (), document), 3):
            for column, value in zip(columns, row, strict=True):
                if value is not None:
                    sheet.cell(number, heads[column.label["en"]]).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass(frozen=True)
class Cell:
    """A filled cell: where it is, and whether it must be."""

    sheet: str
    row: int
    column: int
    key: str
    mandatory: bool


def cells(name: str) -> Iterator[Cell]:
    """The filled cells of the last row of every sheet."""
    document = document_of(name)
    for sheet in read_workbook(filled(name)):
        kind = layout.kind_of(HUMAN, sheet.name)
        if kind is None:
            continue
        headers = layout.headers(HUMAN, kind)
        names = {at: headers[layout.same(str(text))].key for at, text in sheet.rows[0][1].items()}
        entry = document[kind.section][-1] if kind.many else document[kind.section]
        number, values = sheet.rows[-1]
        for at in values:
            key = names[at]
            yield Cell(sheet.name, number, at, key, must(kind, entry, key))


def must(kind: Any, entry: dict[str, Any], key: str) -> bool:
    name, _, inner = key.partition("/")
    if name in ("alias", "files"):
        return True
    spec, package = kind.fields[name], kind.package(entry)
    if inner:
        return bool(spec.fields[inner.rpartition("/")[2]].required)
    demanded = any(entry.get(other) in values for other, values in spec.required_if.items())
    unless = bool(spec.required_unless) and not any(
        entry.get(other) in values for other, values in spec.required_unless.items()
    )
    return spec.required or demanded or unless or bool(package and name in package.mandatory)


def judged(sheets: list[Sheet]) -> list[Finding]:
    return [f for f in verdicts.judge(HUMAN, rules.document_of(HUMAN, sheets)) if f.severity == "error"]


@pytest.mark.parametrize("name", FILLED)
def test_the_filled_template_is_taken_when_it_is_sent(world: World, name: str) -> None:
    made = submitting.open_submission(world.submissions, ANA, HUMAN.id, "People", "immediately", None)
    stored = workbooks.describe(world.submissions, ANA, made.id, XLSX, filled(name))
    assert stored.counts["sample"] == 2 and stored.counts["files"] == 4
    kinds = {o.type: o.attributes for o in world.submissions.objects(stored)}
    assert kinds["study"].items() >= FILLED[name][1].items()


@pytest.mark.parametrize("name", FILLED)
def test_without_a_mandatory_cell_the_error_names_its_sheet_row_and_column(name: str) -> None:
    read = read_workbook(filled(name))
    assert judged(copy.deepcopy(read)) == []
    looked = list(cells(name))
    assert sum(cell.mandatory for cell in looked) >= 40 and not all(cell.mandatory for cell in looked)
    for cell in looked:
        sheets = copy.deepcopy(read)
        (sheet,) = [s for s in sheets if s.name == cell.sheet]
        del sheet.rows[-1][1][cell.column]
        found = judged(sheets)
        told = {(f.facts.get("sheet"), f.facts.get("row"), f.facts.get("column")) for f in found}
        if cell.mandatory:
            assert (cell.sheet, cell.row, letters(cell.column)) in told, (cell, found)
        else:
            assert not found, (cell, found)


@pytest.mark.parametrize("name", ["disease", "clinical pathogen"])
def test_a_workbook_with_an_empty_cell_is_refused_whole(world: World, name: str) -> None:
    cell = next(c for c in cells(name) if c.key == "taxon_id")
    book = openpyxl.load_workbook(io.BytesIO(filled(name)))
    book[cell.sheet].cell(cell.row, cell.column + 1).value = None
    out = io.BytesIO()
    book.save(out)
    made = submitting.open_submission(world.submissions, ANA, HUMAN.id, "People", "immediately", None)
    with pytest.raises(Invalid) as told:
        workbooks.describe(world.submissions, ANA, made.id, XLSX, out.getvalue())
    places = {(f.facts.get("sheet"), f.facts.get("cell")) for f in told.value.findings if f.severity == "error"}
    assert (cell.sheet, f"{letters(cell.column)}{cell.row}") in places
    assert world.submissions.objects(world.submissions.get(made.id)) == []


@pytest.mark.parametrize(
    "value", ["gut", "gut [ENVO:1]", "[ENVO:00009003]", "not collected", "faeces [UBERON:0001988]"]
)
def test_the_three_environments_take_terms_of_the_ontology_alone(value: str) -> None:
    name = "human-associated metagenome"
    read = read_workbook(filled(name))
    places = [cell for cell in cells(name) if cell.key.startswith("env_")]
    assert len(places) == 3
    for cell in places:
        sheets = copy.deepcopy(read)
        next(s for s in sheets if s.name == cell.sheet).rows[-1][1][cell.column] = value
        (found,) = judged(sheets)
        assert (found.facts["sheet"], found.facts["row"], found.facts["column"]) == (
            cell.sheet, cell.row, letters(cell.column)
        )  # fmt: skip


def test_the_biosample_of_a_clinical_pathogen_is_a_clinical_pathogen_of_a_human_host() -> None:
    made = content_of(WAY, *pair("clinical_pathogen"))
    assert made is not None
    kind = catalog.members()["biosample"].object_type("sample")
    package = kind.packages[made["sample_type"]]
    assert (package.id, package.title["en"]) == ("pathogen.clinical", "Pathogen: clinical or host-associated")
    (host,) = [t for t in Taxonomy().get_many([9606]).values() if t.name == made["host"]]
    assert host.id == 9606 and made["taxon_id"] == 1773
