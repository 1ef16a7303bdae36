"""Controlled data from the committee to the grant and its end, over HTTP; and those who try to come in another way."""

from __future__ import annotations

import pytest

from local.stack import Stack
from tests.journeys.asking import Controlled, controlled_dataset, fetched, handed_in, told
from tests.journeys.conftest import Person, newcomer


@pytest.fixture(scope="module")
def data(ana: Person, chen: Person) -> Controlled:
    """Ana's dataset of two files; Ana alone is its committee."""
    return controlled_dataset(ana, chen, seeds=(611, 612))


@pytest.fixture(scope="module")
def wang(stack: Stack, nobody: Person) -> Person:
    """Somebody who asks for data."""
    return newcomer(stack, nobody)


def test_a_request_is_approved_its_link_works_and_ends_with_the_grant(
    ana: Person, wang: Person, nobody: Person, data: Controlled
) -> None:
    shown = nobody.get(f"/v1/records/{data.dataset}")
    assert shown["committee"] == {"number": data.committee, "name": "Keepers of seeds"}
    name = data.name(ana)
    place = f"{data.files}/{name}"
    before = told(wang.call("GET", place))
    assert before[0] == 404 and "access.controlled" in before[1]
    form = nobody.get(f"/v1/records/{data.dataset}/request-form")
    assert form["form"] == "full" and {f["name"] for f in form["fields"] if f["required"]} >= {"purpose", "security"}

    asked = handed_in(wang, data.dataset)
    number = asked["number"]
    assert number.startswith("HREQ") and asked["state"] == "submitted"
    assert asked["waiting"] == {"days": 0, "place": 1} and asked["votes"] is None
    assert told(wang.call("GET", place)) == before
    seen = ana.get(f"/v1/requests/{number}")
    assert seen["requester"]["name"] == "Wang Fang" and seen["answers"]["title"] == "Drought in seeds"
    decided = ana.post(f"/v1/requests/{number}/votes", {"decision": "approve"})
    assert decided["state"] == "approved" and decided["grant"]["state"] == "live"
    assert fetched(wang, place) in data.bodies.values()
    assert told(nobody.call("GET", place)) == before

    (line,) = ana.get(f"/v1/committees/{data.committee}/log?dataset={data.dataset}&limit=1")["items"]
    (own,) = wang.get("/v1/me/access-log")["items"]
    assert line == own and (line["file"], line["grant"]) == (name, number)
    assert line["person"] == wang.get("/v1/me")["subject"] and line["bytes"] in map(len, data.bodies.values())

    silent = ana.call("POST", f"/v1/access-grants/{number}/revoke", json={})
    assert silent.json()["findings"][0]["rule"] == "access.reason_needed"
    revoked = ana.post(f"/v1/access-grants/{number}/revoke", {"reason": "The purpose has changed."})
    assert revoked["state"] == "revoked"
    assert told(wang.call("GET", place)) == before
    assert wang.get(f"/v1/requests/{number}")["state"] == "revoked"
