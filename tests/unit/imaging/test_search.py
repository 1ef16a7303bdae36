"""QIDO matching, facets and their cubes. Oracle: brute force, and PS3.4 C.2.2.2 by example."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.errors import Invalid
from biotheca.imaging import media, rows, rules
from biotheca.imaging.model import NotOffered

ROW = {
    "study_uid": "1.2",
    "series_uid": "1.2.3",
    "patient": "CF98B2",
    "study_date": "20170930",
    "modalities": ["CT", "SEG"],
    "modality": "CT",
    "series_description": "Thorax axial (1.5)",
    "number": 4,
    "sex": "F",
}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("StudyInstanceUID=1.2", True),
        ("0020000D=9.9,1.2", True),
        ("StudyInstanceUID=9.9\\1.2", True),
        ("StudyInstanceUID=1", False),
        ("PatientID=CF*", True),
        ("PatientID=CF98B?", True),
        ("PatientID=CF98?", False),
        ("PatientID=*", True),
        ("PatientID=", True),
        ("StudyDate=20170930", True),
        ("StudyDate=20170901-20170930", True),
        ("StudyDate=20171001-", False),
        ("StudyDate=-20170930", True),
        ("ModalitiesInStudy=SEG", True),
        ("ModalitiesInStudy=MR\\SEG", True),
        ("ModalitiesInStudy=MR", False),
        ("Modality=ct", False),
        ("SeriesDescription=thorax*", True),
        ("SeriesDescription=Thorax axial (1?5)", True),
        ("SeriesDescription=axial", False),
        ("SeriesNumber=4", True),
        ("SeriesNumber=04", False),
        ("BodyPartExamined=CHEST", False),
        ("BodyPartExamined=*", True),
    ],
)
def test_matching_is_that_of_the_standard(asked: str, found: bool) -> None:
    name, _, text = asked.partition("=")
    query = rules.query_of(rules.SERIES, [(name, text)])
    assert rules.matcher(query)(ROW) is found


def test_what_is_asked_for_and_not_done_is_said() -> None:
    asked = [
        ("OperatorsName", "x"),
        ("fuzzymatching", "true"),
        ("InstanceNumber", "3"),
        ("includefield", "Manufacturer"),
    ]
    query = rules.query_of(rules.SERIES, asked)
    assert query.warnings[0] == rules.NOT_FUZZY
    assert "OperatorsName, InstanceNumber" in query.warnings[1] and not query.wanted
    assert "00080070" in rules.dicom_json(ROW, query, "http://x")


@pytest.mark.parametrize(
    "asked", [("limit", "-1"), ("offset", "x"), ("no-such", "1"), ("StudyDate", "soon"), ("StudyDate", "-")]
)
def test_what_is_no_query_is_refused(asked: tuple[str, str]) -> None:
    with pytest.raises(Invalid):
        rules.matcher(rules.query_of(rules.STUDY, [asked]))


def test_an_answer_of_a_level_has_what_the_level_has_and_where_it_is() -> None:
    told = rules.dicom_json(ROW, rules.query_of(rules.STUDY, []), "http://x/v1/dicomweb")
    assert told["00080061"] == {"vr": "CS", "Value": ["CT", "SEG"]} and "00080060" not in told
    assert told["00081190"]["Value"] == ["http://x/v1/dicomweb/studies/1.2"]
    told = rules.dicom_json(ROW | {"number": 0}, rules.query_of(rules.SERIES, [("BodyPartExamined", "")]), "http://x")
    assert told["00200011"]["Value"] == [0] and told["00180015"] == {"vr": "CS"}


WORDS = {
    "modality": ["CT", "MR", ""],
    "body_part": ["CHEST", "HEAD"],
    "disease": ["sepsis", ""],
    "manufacturer": ["ACME"],
    "age_group": ["50-59", "90+"],
    "sex": ["F", "M"],
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {name: st.sampled_from(words) for name, words in WORDS.items()}
        | {"collection": st.sampled_from(["A", "B"]), "images": st.integers(0, 9)}
    ),
    max_size=30,
)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([w for w in words if w]) for name, words in (WORDS | {"collection": ["A", "C"]}).items()
    },
)


@given(ROWS, CHOICES)
def test_facets_are_what_counting_the_rows_gives(held: list[dict[str, Any]], wanted: dict[str, str]) -> None:
    cubes = {name: rows.cube_of([row for row in held if row["collection"] == name]) for name in ("A", "B")}
    found = rows.counted(cubes, wanted)
    chosen = [row for row in held if all(row[name] == value for name, value in wanted.items())]
    assert (found["series"], found["images"]) == (len(chosen), sum(row["images"] for row in chosen))
    for name in ("collection", *rows.FACETS):
        others = {key: value for key, value in wanted.items() if key != name}
        alike = [row for row in held if row[name] and all(row[key] == value for key, value in others.items())]
        assert {one["value"]: one["series"] for one in found["facets"][name]} == {
            value: sum(row[name] == value for row in alike) for value in {row[name] for row in alike}
        }


@pytest.mark.parametrize(
    ("header", "offers", "syntaxes", "kind"),
    [
        (None, [("application/dicom", True)], {"1.2"}, "application/dicom"),
        (
            "application/dicom",
            [("application/dicom", True), ("application/dicom", False)],
            {"1.2"},
            "application/dicom",
        ),
        (
            'multipart/related; type="application/dicom"; transfer-syntax=1.2',
            [("application/dicom", True)],
            {"1.2"},
            "application/dicom",
        ),
        (
            'multipart/related; type="application/dicom"; transfer-syntax=1.3',
            [("application/dicom", True)],
            {"1.2"},
            None,
        ),
        ("image/jpeg, image/png;q=0.5", [("image/png", False)], set(), "image/png"),
        ("image/*", [("image/png", False)], set(), "image/png"),
        ("image/png;q=0", [("image/png", False)], set(), None),
        ("application/dicom+json", [("application/dicom", True)], set(), None),
    ],
)
def test_what_is_sent_is_something_that_the_caller_takes(
    header: str | None, offers: list[tuple[str, bool]], syntaxes: set[str], kind: str | None
) -> None:
    if kind is None:
        with pytest.raises(NotOffered):
            media.chosen(header, offers, frozenset(syntaxes))
    else:
        assert media.chosen(header, offers, frozenset(syntaxes)).kind == kind


def test_a_multipart_body_is_as_long_as_it_says() -> None:
    parts = [b"one", b"", b"three\r\n"]
    made = media.multipart("application/dicom", [("1.2", len(part), "http://x") for part in parts])
    body = made.body(parts)
    assert len(body) == made.size_bytes and made.boundary in made.content_type
    pieces = body.split(f"--{made.boundary}".encode())
    assert [piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for piece in pieces[1:-1]] == parts
    assert pieces[-1] == b"--\r\n"
