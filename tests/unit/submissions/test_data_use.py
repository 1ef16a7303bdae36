"""Data use codes of a document: found at their rows, wished for where the files are not open."""

from __future__ import annotations

from typing import Any

import pytest

from biotheca import catalog
from biotheca.submissions import rules
from biotheca.submissions.rules.data_use import Code, codes_of
from tests.unit.members.human import human_document, omix_document

PLACE = "/study/data_use"


def _documents(codes: list[Any] | None) -> list[tuple[str, dict[str, Any]]]:
    found = [("gsa-human", human_document("disease")), ("omix", omix_document([("a.csv", b"a,b\n")]))]
    for _, document in found:
        if codes is not None:
            document["study"]["data_use"] = codes
    return found


def _findings(codes: list[Any] | None, mode: str = "controlled") -> list[list[tuple[str, str, str]]]:
    return [
        [
            (f.rule, f.where, f.severity)
            for f in rules.check_document(catalog.members()[member], document, mode=mode)
            if f.where.startswith(PLACE)
        ]
        for member, document in _documents(codes)
    ]


def test_codes_are_wished_for_where_the_files_are_not_open_and_never_demanded() -> None:
    for found in _findings(None):
        assert found == [("duo.recommended", PLACE, "hint")]
    assert _findings(None, mode="open") == [[], []]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([{"code": "DUO:0000007", "value": "MONDO:0007256; MONDO:0005148"}], []),
        ([{"code": "DUO:0000042"}, {"code": "DUO:0000022", "value": "China;Germany"}], []),
        ([{"code": "DUO:0000007", "value": "liver cancer"}], [("duo.parameter", f"{PLACE}/0", "error")]),
        (
            [{"code": "DUO:0000042"}, {"code": "DUO:0000022", "value": "Cina"}],
            [("duo.parameter", f"{PLACE}/1", "error")],
        ),
        ([{"code": "DUO:0000042"}, {"code": "DUO:0000042"}], [("duo.twice", f"{PLACE}/1", "error")]),
        ([{"code": "DUO:0000021"}], [("duo.no_permission", PLACE, "warning")]),
        (
            [{"code": "DUO:0000042"}, {"code": "DUO:0000099"}],
            [("metadata.choice", f"{PLACE}/1/code", "error")],
        ),
    ],
)
def test_wrong_codes_are_found_at_their_rows(codes: list[Any], expected: list[tuple[str, str, str]]) -> None:
    assert _findings(codes) == [expected, expected]


@pytest.mark.parametrize("said", ["DUO:0000042", ["DUO:0000042"], [{"code": 42}], {"code": "DUO:0000042"}])
def test_a_field_of_another_shape_is_refused_and_breaks_nothing(said: Any) -> None:
    for found in _findings(said):
        assert any(severity == "error" for _, _, severity in found)


def test_several_values_stand_between_semicolons() -> None:
    kind = catalog.members()["omix"].object_type("study")
    rows = [{"code": "DUO:0000022", "value": " China ; Germany;"}, {"code": "DUO:0000042"}]
    assert codes_of(kind, {"data_use": rows}) == [Code("DUO:0000022", ("China", "Germany")), Code("DUO:0000042")]
    assert codes_of(kind, {}) == []
