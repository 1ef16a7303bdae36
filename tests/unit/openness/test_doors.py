"""The doors: what the routes answer, what the queue and the schedule do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from chalice.test import Client

from biotheca import catalog
from biotheca.publication.model import Record, Visibility
from functions import stores
from functions.api.app import app
from functions.api.shapes_openness import OpennessShape
from functions.openness import handler
from tests.unit.world import World

MEMBER = "gsa"
OPEN, CONTROLLED = "CRA000001", "CRA000002"


@pytest.fixture
def doors(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    member = replace(catalog.members()[MEMBER], access_modes=("open", "controlled"))
    monkeypatch.setitem(catalog.members(), MEMBER, member)
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "1")
    for name in ("records", "outbox", "openness", "access"):
        monkeypatch.setenv(f"BIOTHECA_{name.upper()}_TABLE", name)
    for store in (stores.records, stores.openness, stores.access, stores.asked):
        store.cache_clear()
    for accession, access in ((OPEN, "open"), (CONTROLLED, "controlled")):
        record = Record(accession, "study", MEMBER, "a", "A title", "sub", "ana", {}, dataset=accession)
        world.records.put_new(replace(record, access=access, visibility=Visibility.PUBLIC, created_at="2026"))
    with Client(app) as made:
        yield made
    for store in (stores.records, stores.openness, stores.access, stores.asked):
        store.cache_clear()


def told(*envelopes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A call of the queue with these events."""
    return {
        "Records": [
            {"messageId": name, "body": json.dumps({"detail": {"correlation_id": "sub", "type": name, "body": body}})}
            for name, body in envelopes
        ]
    }


def got(doors: Client, path: str) -> Any:
    answer = doors.http.get(path)
    return answer.status_code, answer.json_body


def test_released_datasets_are_listed_and_what_is_no_record_is_passed_over(doors: Client) -> None:
    event = told(
        ("DatasetReleased", {"submission": "sub", "dataset": OPEN}),
        ("RecordChanged", {"accession": CONTROLLED, "dataset": CONTROLLED, "change": "released"}),
        ("SubmissionChanged", {"submission": "sub", "event": "described"}),
    )
    assert handler.follow(event, None) == {"batchItemFailures": []}
    assert handler.recompute({}, None)["datasets"] == 1
    assert [row["accession"] for row in got(doors, "/v1/openness?access=open")[1]["items"]] == [OPEN]
    assert got(doors, "/v1/openness") == (200, {"items": [], "next_cursor": None})
    assert [row["score"] for row in got(doors, "/v1/openness?access=unrated")[1]["items"]] == [None]


def test_a_message_that_fails_comes_back_alone(doors: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    event = told(("DatasetReleased", {"dataset": OPEN}), ("RecordChanged", {"accession": CONTROLLED}))
    event["Records"][1]["body"] = "no JSON"
    assert handler.follow(event, None) == {"batchItemFailures": [{"itemIdentifier": "RecordChanged"}]}
    assert got(doors, "/v1/openness?access=open")[1]["items"][0]["accession"] == OPEN


def test_a_score_has_its_documented_shape(doors: Client) -> None:
    status, shown = got(doors, f"/v1/records/{OPEN}/openness")
    assert (status, shown["score"], shown["stars"], shown["inputs"]) == (200, 100, 5.0, None)
    status, shown = got(doors, f"/v1/records/{CONTROLLED}/openness")
    assert (status, shown["score"], shown["inputs"]["counted"]) == (200, None, 0)
    assert set(shown) == set(OpennessShape.model_fields)


def test_what_cannot_be_answered_is_a_problem_with_a_mend(doors: Client) -> None:
    for path, status, rule in (
        ("/v1/records/CRA999999/openness", 404, "general.not_found"),
        ("/v1/records/nonsense/openness", 404, "general.not_found"),
        ("/v1/openness?access=closed", 422, "metadata.choice"),
        ("/v1/openness?order=best", 422, "metadata.choice"),
        ("/v1/openness?limit=0", 422, "metadata.number"),
        ("/v1/openness?cursor=x", 422, "general.cursor"),
    ):
        code, body = got(doors, path)
        assert (code, body["status"]) == (status, status), path
        assert [body["rule"], *[f["rule"] for f in body.get("findings", [])]][-1] == rule, path
        assert body["mend"]
