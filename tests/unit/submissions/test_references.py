"""References: by alias, by accession, to the right type, and never in a circle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.submissions.model import Known
from biotheca.submissions.rules import accessions_in, check_document, errors_in, normalised
from tests.unit.submissions.making import changed, good, project

GSA = catalog.members()["gsa"]
BIOPROJECT = catalog.members()["bioproject"]
KNOWN = {
    "PRJCA000001": Known("PRJCA000001", "project", {"title": "P", "project_type": "umbrella"}),
    "SAMC000007": Known("SAMC000007", "sample", {"taxon_id": 562}),
    "SAMC000008": Known("SAMC000008", "sample", {"taxon_id": 9606}),
    "CRX000003": Known("CRX000003", "experiment", {"library_layout": "SINGLE"}),
}


def refused(document: dict[str, Any], **more: Any) -> set[tuple[str, str]]:
    return {(f.rule, f.where) for f in errors_in(check_document(GSA, document, KNOWN, **more))}


def by_accession() -> dict[str, Any]:
    """A document that refers to its project and its sample by accession and has no sections of them."""
    made = good()
    del made["project"], made["samples"]
    made["study"]["project"] = "PRJCA000001"
    made["experiments"][0]["sample"] = "SAMC000007"
    return made


def test_sections_may_be_absent_if_accessions_stand_for_their_objects() -> None:
    assert refused(by_accession()) == set()
    assert accessions_in(GSA, by_accession()) == ["PRJCA000001", "SAMC000007"]


def test_an_accession_is_taken_in_any_letter_case_and_written_in_capitals() -> None:
    made = changed("experiments/0/sample", " samc000007 ", by_accession())
    assert refused(made) == set()
    assert normalised(GSA, made)[0]["experiments"][0]["sample"] == "SAMC000007"


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("experiments/0/sample", "SAMC000009", "metadata.reference"),
        ("experiments/0/sample", "PRJCA000001", "metadata.reference_type"),
        ("experiments/0/sample", "SAMC000008", "metadata.taxon_elsewhere"),
        ("study/project", "SAMC000007", "metadata.reference_type"),
    ],
)
def test_an_accession_that_does_not_fit_is_refused_where_it_stands(path: str, value: str, rule: str) -> None:
    assert (rule, f"/{path}") in refused(changed(path, value, by_accession()))


def test_an_absent_section_is_refused_when_something_still_refers_to_it_by_alias() -> None:
    made = by_accession()
    made["experiments"].append({**made["experiments"][0], "alias": "e2", "sample": "s1"})
    assert ("metadata.incomplete", "/samples") in refused(made)


def test_files_are_counted_by_the_layout_of_an_experiment_named_by_accession() -> None:
    made = by_accession()
    made["runs"][0]["experiment"] = "CRX000003"
    del made["experiments"]
    assert refused(made, existing={"sample", "study"}) == {("files.count", "/runs/0/files")}


def test_an_umbrella_must_be_one() -> None:
    rows = [project("a", project_type="umbrella"), project("b", umbrella="a"), project("c", umbrella="b")]
    found = errors_in(check_document(BIOPROJECT, {"projects": rows}))
    assert [(f.rule, f.where) for f in found] == [("metadata.reference_where", "/projects/2/umbrella")]


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_circle_of_umbrellas_is_found_exactly_when_there_is_one(above: list[int], linked: list[bool]) -> None:
    rows = [project(f"p{n}", project_type="umbrella") for n in range(8)]
    parent = {n: up for n, (up, yes) in enumerate(zip(above, linked, strict=True)) if yes}
    for n, up in parent.items():
        rows[n]["umbrella"] = f"p{up}"

    def on_circle(start: int) -> bool:  # a slow twin: walk as many steps as there are projects
        at: int | None = start
        for _ in range(8):
            at = parent.get(at) if at is not None else None
            if at == start:
                return True
        return False

    found = {f.where for f in errors_in(check_document(BIOPROJECT, {"projects": rows})) if f.rule == "metadata.circle"}
    assert found == {f"/projects/{n}/umbrella" for n in range(8) if on_circle(n)}


def test_a_circle_through_projects_that_are_registered_already_is_refused() -> None:
    above = {
        "PRJCA000005": Known("PRJCA000005", "project", {"project_type": "umbrella", "umbrella": "PRJCA000006"}),
        "PRJCA000006": Known("PRJCA000006", "project", {"project_type": "umbrella", "umbrella": "PRJCA000004"}),
    }
    rows = [project("mine", project_type="umbrella", umbrella="PRJCA000005")]
    assert not errors_in(check_document(BIOPROJECT, {"projects": rows}, above))
    numbers = {("project", "mine"): "PRJCA000004"}
    found = errors_in(check_document(BIOPROJECT, {"projects": rows}, above, numbers=numbers))
    assert [f.rule for f in found] == ["metadata.circle"]


def test_an_umbrella_needs_no_data_types_and_no_organism() -> None:
    bare = {k: v for k, v in project("u").items() if k not in ("data_types", "sample_scope", "organisms")}
    assert not errors_in(check_document(BIOPROJECT, {"projects": [bare | {"project_type": "umbrella"}]}))
    assert {f.rule for f in errors_in(check_document(BIOPROJECT, {"projects": [bare]}))} == {"metadata.required"}
