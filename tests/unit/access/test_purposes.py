"""What a request's answers are to the questions of data use codes, and what the form asks."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from biotheca import catalog
from biotheca.access import rules
from biotheca.access.duo import Aim, Purpose, Verdict
from biotheca.access.model import Request, State
from biotheca.access.purposes import match_of, purpose_of
from biotheca.publication.model import Record, Visibility
from tests.unit.access.test_rules import FULL

ASKED = {
    "aims": ["disease", "methods"],
    "diseases": ["MONDO:0007256"],
    "genetic": "yes",
    "organisation_for_profit": "no",
    "institution": "https://ror.org/02mhbdp94",
    "project_number": "PRJCA000001",
    "collaborates": "no",
    "will_publish": "yes",
    "publishes_on": "2027-06-30",
    "will_return": "yes",
}


def request(answers: dict[str, Any], form: str = "full") -> Request:
    at = "2026-01-01T00:00:00Z"
    return Request("req_1", "sub-1", "HRA000001", "gsa-human", "HDAC000001", form, State.DRAFT, at, at, answers=answers)


def record(*codes: dict[str, str]) -> Record:
    return Record(
        accession="HRA000001",
        member="gsa-human",
        type="study",
        alias="s1",
        title="Liver cancer",
        submission="sub_1",
        owner="ana",
        visibility=Visibility.PUBLIC,
        dataset="HRA000001",
        attributes={"data_use": list(codes)},
    )


def test_the_full_form_asks_all_that_codes_ask_and_takes_the_answers() -> None:
    assert rules.check_answers("full", FULL | ASKED) == []
    purpose = purpose_of(request(FULL | ASKED))
    assert [f.name for f in fields(Purpose) if getattr(purpose, f.name) is None] == []
    assert purpose.aims == {Aim.DISEASE, Aim.METHODS} and purpose.publishes_on == date(2027, 6, 30)
    assert (purpose.commercial, purpose.for_profit) == (False, False)
    assert set(catalog.vocabulary("request_aim")) == set(Aim)


def test_the_use_and_the_organisation_are_two_questions() -> None:
    said = purpose_of(request(FULL | {"for_profit": "yes"}))
    assert (said.commercial, said.for_profit) == (True, None)
    said = purpose_of(request(FULL | {"organisation_for_profit": "yes"}))
    assert (said.commercial, said.for_profit) == (False, True)


def test_the_short_form_is_a_small_part_of_the_full_one_and_one_answer_is_enough() -> None:
    full, short = (catalog.request_forms()[name] for name in ("full", "short"))
    assert set(short) == {"purpose", "aims", "months"} and set(short) < set(full)
    assert [name for name, spec in short.items() if spec.required] == ["purpose"]


@pytest.mark.parametrize("name", [*ASKED, "country", "ethics_approval", "for_profit"])
@pytest.mark.parametrize("junk", [None, "", [], ["x", 3], {"a": 1}, 7, "\ud800"])
def test_an_answer_that_makes_no_sense_is_none_or_judged_and_breaks_nothing(name: str, junk: Any) -> None:
    every = [{"code": code, "value": "MONDO:0007256"} for code in catalog.duo()["codes"]]
    before = match_of(record(*every), request(ASKED))
    after = match_of(record(*every), request(ASKED | {name: junk}))
    assert before and after and len(after.opinions) == len(before.opinions) == len(every)
    if junk in (None, "", []):
        purpose = purpose_of(request({name: junk}))
        assert purpose == replace(Purpose(), person="sub-1", months=rules.GRANT_MONTHS)


def test_of_the_same_disease_the_code_is_met_and_of_another_a_person_judges() -> None:
    cancer = record({"code": "DUO:0000007", "value": "MONDO:0007256"})
    for answer, verdict in (("MONDO:0007256", Verdict.MET), ("MONDO:0005148", Verdict.TO_JUDGE)):
        said = {"aims": ["disease"], "diseases": [answer]}
        found = match_of(cancer, request(said))
        assert found and found.verdict == verdict
    found = match_of(cancer, request({"aims": ["ancestry"], "diseases": ["MONDO:0007256"]}))
    assert found and found.verdict == Verdict.NOT_MET


def test_without_codes_there_is_nothing_to_compare() -> None:
    assert match_of(record(), request(FULL | ASKED)) is None
