"""On the laptop: the archive's key is made and turned by its function; a reader registers a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from biotheca.delivery.model import key_id
from biotheca.formats.crypt4gh_header import public_key_of
from biotheca.formats.crypt4gh_keys import public_text
from local.stack import Stack
from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, document, newcomer, tiny_fastq

Aws = Callable[[str], Any]
READER = bytes([11]) * 32
BODY = tiny_fastq(reads=4000, seed=77)


def turned(aws: Aws, **event: bool) -> dict[str, Any]:
    """Call the function as the schedule does."""
    functions = aws("lambda").get_paginator("list_functions").paginate()
    name = next(
        f["FunctionName"]
        for p in functions
        for f in p["Functions"]
        if f["Handler"] == "functions.delivery.handler.turn_keys"
    )
    answer = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    return dict(told)


def test_the_key_is_made_once_and_turned_on_demand(aws: Aws) -> None:
    first = turned(aws)
    assert turned(aws)["current"] == first["current"]
    second = turned(aws, anew=True)
    assert second["current"] != first["current"] and turned(aws)["current"] == second["current"]


def test_a_reader_registers_a_key_and_an_open_file_needs_no_header(
    stack: Stack, ana: Person, chen: Person, nobody: Person
) -> None:
    reader = newcomer(stack, nobody)
    assert reader.call("GET", "/v1/me/public-key").json()["rule"] == "delivery.no_public_key"
    told = reader.call("PUT", "/v1/me/public-key", json={"public_key": public_text(public_key_of(READER))})
    assert told.status_code == 200 and told.json()["key_id"] == key_id(public_key_of(READER))
    assert reader.call("GET", "/v1/me/public-key").json() == told.json()
    wrong = reader.call("PUT", "/v1/me/public-key", json={"public_key": "ssh-ed25519 AAAA"})
    assert wrong.status_code == 422 and wrong.json()["findings"][0]["rule"] == "encryption.key"

    made = accepted(ana, chen, document([("open.fastq.gz", BODY)], "Open reads"), [("open.fastq.gz", BODY)])
    run = made["accessions"]["run/r1"]
    answer = reader.call("GET", f"/v1/records/{run}/files/{run}_f1.fq.gz/header")
    assert (answer.status_code, answer.json()["rule"]) == (409, "delivery.not_encrypted"), answer.text
