"""Data use codes from the deposit to the committee: a short form, a mail within a minute, an explained match."""

from __future__ import annotations

import time
from typing import Any

import pytest

from local.stack import Stack
from tests.journeys.asking import AGREED, ANSWERS
from tests.journeys.bringing import accepted
from tests.journeys.browser import Surfer
from tests.journeys.conftest import Person, eventually, mails, newcomer
from tests.journeys.portal import look
from tests.unit.members.human import omix_document

CODES = [{"code": "DUO:0000006"}, {"code": "DUO:0000025", "value": "6"}, {"code": "DUO:0000021"}]
PURPOSE = {"purpose": "To find metabolites that tell sepsis early."}


@pytest.fixture(scope="module")
def dataset(ana: Person, chen: Person) -> str:
    """A controlled record of Ana's with three codes; she alone is its committee."""
    files = [("plasma.csv", b"id,day,value\nP1,1,2.5\n")]
    document = omix_document(files, title="Plasma with terms", data_use=CODES)
    return str(accepted(ana, chen, document, files, member="omix", access="controlled")["dataset"])


def _asked(person: Person, dataset: str, **answers: Any) -> dict[str, Any]:
    made = person.post("/v1/requests", {"dataset": dataset})
    body = {"answers": PURPOSE | answers, "documents": AGREED}
    answer = person.call("PUT", f"/v1/requests/{made['id']}", json=body)
    assert answer.status_code == 200, answer.text
    return made


def test_the_form_is_short_and_the_request_is_in_the_providers_mail_within_a_minute(
    ana: Person, stack: Stack, nobody: Person, dataset: str
) -> None:
    form = nobody.get(f"/v1/records/{dataset}/request-form")
    assert form["form"] == "short" and {f["name"] for f in form["fields"]} == {"purpose", "aims", "months"}
    assert len(form["fields"]) < len(ANSWERS)
    wang = newcomer(stack, nobody)
    made = _asked(wang, dataset)
    began = time.monotonic()
    number = wang.post(f"/v1/requests/{made['id']}/submit")["number"]
    told = eventually(lambda: [m for m in mails(stack, "ana@example.org") if number in m["subject"] + m["text"]], 60)
    assert time.monotonic() - began < 60
    assert "approve.html#" in told[0]["text"]
    wang.post(f"/v1/requests/{number}/withdraw")


def test_requester_and_committee_see_the_same_match_with_a_sentence_for_each_code(
    ana: Person, li: Person, stack: Stack, nobody: Person, dataset: str
) -> None:
    assert nobody.get(f"/v1/records/{dataset}")["attributes"]["data_use"] == CODES
    wang = newcomer(stack, nobody)
    made = _asked(wang, dataset, aims=["health"], months=12)
    place = f"/v1/requests/{made['id']}"
    found = wang.get(place)["data_use_match"]
    assert found["verdict"] == "not_met"
    said = {one["shorthand"]: (one["verdict"], one["why"]["en"]) for one in found["codes"]}
    assert said == {
        "HMB": ("met", "Every aim is health or disease research."),
        "TS": ("not_met", "12 months are asked for, only 6 are allowed."),
        "IRB": ("to_judge", "The request does not say whether ethics approval is given."),
    }
    assert all(one["why"]["zh"] and one["title"]["zh"] for one in found["codes"])
    shorter = {"answers": PURPOSE | {"aims": ["health"], "months": 6}, "documents": AGREED}
    wang.call("PUT", place, json=shorter)
    number = wang.post(f"{place}/submit")["number"]
    assert wang.get(place)["data_use_match"]["verdict"] == "to_judge"
    assert ana.get(f"/v1/requests/{number}")["data_use_match"] == wang.get(place)["data_use_match"]
    assert li.call("GET", f"/v1/requests/{number}").status_code == 404
    wang.post(f"/v1/requests/{number}/withdraw")


def test_the_committees_page_shows_the_match(ana_surfs: Surfer, stack: Stack, nobody: Person, dataset: str) -> None:
    wang = newcomer(stack, nobody)
    made = _asked(wang, dataset, aims=["ancestry"])
    number = wang.post(f"/v1/requests/{made['id']}/submit")["number"]
    page = ana_surfs.open(f"access.html#r/{number}")
    page.locator("#data-use", has_text="not met").wait_for()
    page.get_by_text("An aim is not health or disease research: ancestry.").wait_for()
    look(page, "request-data-use")
    wang.post(f"/v1/requests/{number}/withdraw")
