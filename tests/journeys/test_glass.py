"""Staff and controlled files over HTTP: no route leads to one before a reason is written; its committee hears of it."""

from __future__ import annotations

import pytest

from local.stack import Stack
from tests.journeys.asking import Controlled, controlled_dataset, fetched, told
from tests.journeys.conftest import Person, eventually, mails
from tests.journeys.test_access import READING

WHY = "A reader reports that a file is cut; its first block is looked at."


@pytest.fixture(scope="module")
def data(ana: Person, chen: Person) -> Controlled:
    return controlled_dataset(ana, chen, seeds=(691,))


def _links(person: Person, data: Controlled, name: str) -> list[str]:
    """The reading routes of the dataset and its run that give the person a link."""
    run = name.partition(".")[0]
    places = {
        path.format(accession=accession, name=file, type="reads", number="1") + "?redirect=false"
        for path in READING
        for accession in (data.dataset, run)
        for file in (name, "lot691.fastq.gz")
    }
    return sorted(place for place in places if "Signature" in person.call("GET", place).text)


def test_no_route_gives_staff_a_link_before_they_wrote_why_and_the_committee_is_told(
    ana: Person, chen: Person, li: Person, stack: Stack, data: Controlled
) -> None:
    name = data.name(ana)
    place, glass = f"{data.files}/{name}", f"/v1/records/{data.dataset}/break-glass"
    assert _links(ana, data, name) and _links(chen, data, name) == []
    refused = chen.call("GET", place)
    assert refused.status_code == 404 and refused.json()["rule"] == "access.break_glass"
    assert chen.call("GET", f"{place}/header").json()["rule"] == "access.break_glass"
    silent = chen.call("POST", glass, json={"reason": "because"})
    assert silent.status_code == 422 and silent.json()["findings"][0]["rule"] == "access.glass_reason"
    answers = {
        told(li.call("POST", glass.replace(data.dataset, n), json={"reason": WHY}), n)
        for n in (data.dataset, "CRA999999")
    }
    assert len(answers) == 1 and answers.pop()[0] == 403
    assert _links(chen, data, name) == []

    made = chen.post(glass, {"reason": WHY})
    assert made["dataset"] == data.dataset
    assert fetched(chen, place) in data.bodies.values()
    assert chen.post(glass, {"reason": WHY})["id"] == made["id"]
    lines = ana.get(f"/v1/committees/{data.committee}/log?dataset={data.dataset}")["items"]
    mine = [line for line in lines if line["grant"] == made["id"]]
    assert [(line["file"], line.get("reason")) for line in mine] == [(name, None), ("", WHY)]
    assert {line["person"] for line in mine} == {chen.get("/v1/me")["subject"]}
    mail = eventually(lambda: [m for m in mails(stack, "ana@example.org") if data.dataset in m["subject"]])
    assert any("staff" in m["subject"].lower() and WHY not in m["text"] for m in mail)
