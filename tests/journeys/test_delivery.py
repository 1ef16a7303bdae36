"""On the laptop: the archive's key is made and turned by its function; a reader registers a key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from biotheca.delivery.model import key_id
from biotheca.formats.crypt4gh import decrypt
from biotheca.formats.crypt4gh_header import Crypt4ghFault, public_key_of
from biotheca.formats.crypt4gh_keys import public_text
from local.stack import Stack
from tests.journeys.asking import fetched, granted
from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, document, newcomer, tiny_fastq
from tests.unit.members.human import human_document

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


def test_a_file_is_encrypted_from_the_inbox_to_its_reader_and_the_key_is_turned_under_it(
    stack: Stack, aws: Aws, ana: Person, chen: Person, nobody: Person
) -> None:
    """End to end over real routes: what is stored is never plain, a turn touches no body, another reader's key opens
    nothing, and a reader's new key opens what is asked for anew."""
    reads = [(f"k{n}_{m}.fq.gz", tiny_fastq(seed=980 + n, mate=m)) for n in (0, 1) for m in (1, 2)]
    made = accepted(ana, chen, human_document("disease", reads), reads, member="gsa-human")
    dataset, plain = made["dataset"], dict(reads)
    reader = newcomer(stack, nobody)
    assert reader.call("PUT", "/v1/me/public-key", json={"public_key": _public(READER)}).status_code == 200
    granted(reader, ana, dataset)
    files = reader.get(f"/v1/records/{dataset}/files")["items"]
    assert len(files) == 4 and all(file["encrypted"] for file in files)
    stored = _stored(aws, dataset)
    assert len(stored) == 4 and not set(stored.values()) & set(plain.values())
    for body in stored.values():
        assert not any(piece in body for data in plain.values() for piece in (data[:32], data[-32:]))
    assert {file["original_name"] for file in files} == {None}  # what its owner calls a file is for insiders
    own = {file["name"]: file["original_name"] for file in ana.get(f"/v1/records/{dataset}/files")["items"]}
    for file in files:
        assert _opened(reader, dataset, file["name"], READER) == plain[own[file["name"]]]
    header = reader.get(f"/v1/records/{dataset}/files/{files[0]['name']}/header")
    before = turned(aws)["current"]
    told = turned(aws, anew=True)
    assert told["current"] != before and told["wrapped"] >= 4 and not told["left"]
    assert _stored(aws, dataset) == stored  # same versions, same bytes: only headers were wrapped anew
    for file in files:
        assert _opened(reader, dataset, file["name"], READER) == plain[own[file["name"]]]
    other = bytes([12]) * 32
    assert reader.call("PUT", "/v1/me/public-key", json={"public_key": _public(other)}).status_code == 200
    assert _opened(reader, dataset, files[0]["name"], other) == plain[own[files[0]["name"]]]
    with pytest.raises(Crypt4ghFault):
        _opened(reader, dataset, files[0]["name"], READER)
    assert reader.get(f"/v1/records/{dataset}/files/{files[0]['name']}/header")["header"] != header["header"]


def _public(private: bytes) -> str:
    return public_text(public_key_of(private))


def _opened(person: Person, dataset: str, name: str, private: bytes) -> bytes:
    place = f"/v1/records/{dataset}/files/{name}"
    header = base64.b64decode(person.get(f"{place}/header")["header"])
    return b"".join(decrypt([header, fetched(person, place)], [private]))


def _stored(aws: Aws, dataset: str) -> dict[str, bytes]:
    """version -> the bytes of every version of the dataset's reads, in whichever archive bucket."""
    s3, found = aws("s3"), {}
    for bucket in (b["Name"] for b in s3.list_buckets()["Buckets"] if "archive" in b["Name"]):
        for row in s3.list_object_versions(Bucket=bucket).get("Versions", []):
            if dataset in row["Key"] and row["Key"].endswith(".fq.gz"):
                place = {"Bucket": bucket, "Key": row["Key"], "VersionId": row["VersionId"]}
                found[f"{bucket}/{row['Key']}/{row['VersionId']}"] = s3.get_object(**place)["Body"].read()
    return found
