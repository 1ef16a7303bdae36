"""Words of people planted in every field of whole journeys, looked for wherever the system writes of its own accord."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
import requests

from local.stack import Stack
from tests.journeys.asking import granted, handed_in
from tests.journeys.bringing import choose_committee, settled
from tests.journeys.conftest import Person, eventually, newcomer, send, tiny_fastq, wait_for
from tests.unit.members.human import human_document

Aws = Callable[[str], Any]
MARK = "zqxcanary"  # stands in every planted word
NAME, CHINESE, CITIZEN, PHONE, RECORD = (
    "Zephyrine Quillfeather",
    "欧阳晓筠",
    "11010519491231002X",  # the example in GB 11643
    "13912345678",
    "MRN 80041723",
)
ONE = f"{MARK} {NAME} {CHINESE} {CITIZEN} {PHONE} {RECORD}"
IDENTIFIERS = tuple(word.casefold() for word in (NAME, CHINESE, CITIZEN, PHONE, "80041723"))
NUMBERS = IDENTIFIERS[
    2:
]  # a name alone is nothing that a rule could know; it goes back to who wrote it, and is not kept
LOOKED_FOR = (MARK, *IDENTIFIERS)
FREE_TEXT = {"title", "description", "design_description", "biomaterial_provider", "replicate"}
SENSITIVE = ("occupation", "birthplace", "province", "ethnicity", "race")


def found_in(text: str, words: tuple[str, ...] = LOOKED_FOR) -> set[str]:
    """Which planted words stand in a text, as they are or as JSON writes them."""
    text = text.casefold()
    return {word for word in words if word in text or json.dumps(word)[1:-1] in text}


def reads(seed: int, mate: int) -> bytes:
    """FASTQ whose read names are planted; it passes the check of its format."""
    text = gzip.decompress(tiny_fastq(seed=seed, mate=mate)).decode()
    return gzip.compress(text.replace("@SIM", f"@{MARK}-{RECORD.replace(' ', '')}").encode(), mtime=0)


def planted(value: Any, key: str = "") -> Any:
    """A document with the planted words in each field that takes free text."""
    if isinstance(value, dict):
        return {k: planted(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [planted(v, key) for v in value]
    return f"{value}, {ONE}" if key in FREE_TEXT else value


@dataclass
class Everywhere:
    """What the system wrote of its own accord, by place."""

    stack: Stack
    aws: Aws
    seen: dict[str, int] = field(default_factory=dict)

    def texts(self) -> Iterator[tuple[str, str]]:
        """(place, text) of logs, traces, mails, events, histories of workflows, queues, the audit chain, keys."""
        for path in sorted((self.stack.state_dir / "logs").rglob("*.log*")):
            yield f"log {path.name}", path.read_text(errors="replace")
        for trace in self.stack.traces.traces.newest():
            yield "trace", json.dumps(trace, ensure_ascii=False)
        for mail in requests.get(f"{self.stack.front_url}/_local/mail.json", timeout=10).json()["items"]:
            yield f"mail {mail['subject']}", mail["subject"] + mail["text"] + mail["html"]
        tables = self.aws("dynamodb").list_tables()["TableNames"]
        outbox = next(t for t in tables if "outbox" in t.casefold())
        for row in self.aws("dynamodb").get_paginator("scan").paginate(TableName=outbox).search("Items"):
            yield "event", json.dumps(row, default=str, ensure_ascii=False)
        yield from self._executions()
        sqs = self.aws("sqs")
        for url in sqs.list_queues().get("QueueUrls", []):
            for message in sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
            ).get("Messages", []):
                kind = "dead letter" if "DeadLetter" in url else "message"
                yield f"{kind} {url.rsplit('/')[-1]}", json.dumps(message, ensure_ascii=False)
        s3 = self.aws("s3")
        for bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
            for row in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket).search("Contents") or ():
                if row:
                    yield f"key {bucket}", row["Key"]
                    if "audit" in bucket.casefold():
                        body = s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
                        yield "audit chain", body.decode(errors="replace")

    def _executions(self) -> Iterator[tuple[str, str]]:
        sfn = self.aws("stepfunctions")
        for machine in sfn.list_state_machines()["stateMachines"]:
            arns = sfn.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
            for arn in arns:
                told = sfn.get_execution_history(executionArn=arn["executionArn"])["events"]
                yield f"execution {machine['name']}", json.dumps(told, default=str, ensure_ascii=False)

    def leaks(self, planted: tuple[str, ...] = LOOKED_FOR) -> dict[str, set[str]]:
        """Place -> planted words found there; counts what was read by its kind."""
        found: dict[str, set[str]] = {}
        for place, text in self.texts():
            self.seen[place.partition(" ")[0]] = self.seen.get(place.partition(" ")[0], 0) + 1
            if words := found_in(text, planted):
                found.setdefault(place, set()).update(words)
        return found


@pytest.fixture(scope="module")
def everywhere(stack: Stack, aws: Aws) -> Everywhere:
    return Everywhere(stack, aws)


def _code(word: str) -> str:
    return f"{MARK}_{RECORD.replace(' ', '')}_{word}.fq.gz"


def _drafted(person: Person, document: dict[str, Any], title: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A described draft under a committee, whose name is public, and the ids of its files by name."""
    made = person.post("/v1/submissions", {"member": "gsa-human", "title": title})
    answer = person.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=document)
    assert answer.status_code == 200, answer.text
    choose_committee(person, made["id"], name="Keepers of canaries")
    return answer.json(), {f["name"]: f["id"] for f in answer.json()["files"]}


def test_of_a_journey_with_planted_words_in_every_field_the_system_repeats_none(
    ana: Person, chen: Person, li: Person, nobody: Person, everywhere: Everywhere
) -> None:
    """Refused, returned for its metadata, failed for a file, waiting: and never released."""
    files = [(_code(f"{n}{m}"), reads(40 + n, m)) for n in (0, 1) for m in (1, 2)]
    document = planted(human_document("disease", files))
    for person in document["individuals"]:
        person |= dict.fromkeys(SENSITIVE, ONE) | {"attributes": {"Hobby": ONE}}
    wrong = document | {"experiments": [e | {"platform": ONE, "sample": ONE} for e in document["experiments"]]}
    refused = ana.post("/v1/submissions", {"member": "gsa-human", "title": f"Refused {ONE}"})
    answer = ana.call("PUT", f"/v1/submissions/{refused['id']}/metadata", json=wrong)
    assert answer.status_code == 422 and not found_in(answer.text, NUMBERS), answer.text
    made, by_name = _drafted(ana, document, f"A study of {ONE}")
    place = f"/v1/submissions/{made['id']}"
    assert not found_in(json.dumps(made["findings"], ensure_ascii=False), IDENTIFIERS)
    ana.post(f"{place}/submit")
    wait_for(chen, made["id"], "metadata_review")
    reason = {"code": "sample.dates", "text": "Take the words about people out."}
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "return", "reasons": [reason]})
    wait_for(ana, made["id"], "revision_requested")
    ana.post(f"{place}/submit")
    wait_for(chen, made["id"], "metadata_review")
    settled(chen, made["id"])
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    wait_for(ana, made["id"], "files_expected", "metadata_accepted", "files_checking")
    spoiled = gzip.compress(f"@{ONE}\nACGT {ONE}\n+\nIIII\n".encode())
    for name, body in [*files[:3], (files[3][0], spoiled)]:
        send(ana, by_name[name], body)
    failed = wait_for(ana, made["id"], "files_failed")
    told = json.dumps([f["findings"] for f in failed["files"]], ensure_ascii=False)
    assert not found_in(told.replace(files[3][0], "its name"), IDENTIFIERS)
    for stranger in (li, nobody):
        for more in ("", "/metadata", "/history", f"/files/{by_name[files[0][0]]}/report", "/pedigree"):
            told = stranger.call("GET", place + more)
            assert told.status_code in (401, 404) and not found_in(told.text), told.text
    assert not found_in(nobody.call("GET", f"/v1/search?q={MARK}").text.replace(MARK, ""))
    assert everywhere.leaks() == {}


def test_of_a_released_study_and_its_requests_nothing_planted_is_repeated_or_public(
    ana: Person, chen: Person, nobody: Person, stack: Stack, everywhere: Everywhere
) -> None:
    """What is kept from the public in a released dataset, and all that a reader says of a request."""
    files = [(_code(f"r{n}{m}"), reads(60 + n, m)) for n in (0, 1) for m in (1, 2)]
    document = human_document("disease", files)
    for person in document["individuals"]:
        person |= dict.fromkeys(SENSITIVE, ONE) | {"attributes": {"Hobby": ONE}}
    for sample in document["samples"]:
        sample |= {"medical_history": ONE, "attributes": {"Freezer": ONE}}
    made, by_name = _drafted(ana, document, f"Sealed {ONE}")
    ana.post(f"/v1/submissions/{made['id']}/submit")
    if wait_for(chen, made["id"], "metadata_review", "files_expected")["state"] == "metadata_review":
        settled(chen, made["id"])
        chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    for name, body in files:
        send(ana, by_name[name], body)
    wait_for(chen, made["id"], "data_review")
    settled(chen, made["id"])
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    dataset = wait_for(ana, made["id"], "released")["dataset"]
    reader = newcomer(stack, nobody)
    answers = {"title": f"For {ONE}", "purpose": f"To find variants of {ONE}", "investigator": NAME, "plan": ONE}
    number = granted(reader, ana, dataset, **answers)
    again = handed_in(newcomer(stack, nobody), dataset, **answers)["number"]
    ana.post(f"/v1/requests/{again}/votes", {"decision": "reject", "reason": "The purpose is not told."})
    ana.post(f"/v1/access-grants/{number}/revoke", {"reason": "The purpose has changed."})
    for at in (f"/v1/requests/{number}", f"/v1/requests/{again}", f"/v1/records/{dataset}/files/{files[0][0]}"):
        told = nobody.call("GET", at)
        assert told.status_code in (401, 404) and not found_in(told.text.replace(files[0][0], "")), told.text
    eventually(lambda: nobody.get(f"/v1/search?q={dataset}")["items"])
    kinds = ("individual", "sample", "experiment", "run")
    inside = [r["accession"] for k in kinds for r in nobody.get(f"/v1/records/{dataset}/objects/{k}")["items"]]
    doors = [
        f"/v1/records/{a}{more}" for a in (dataset, *inside) for more in ("", "/versions", "/xml", "/uses", "/files")
    ]
    answered = [(door, nobody.call("GET", door)) for door in [*doors, f"/v1/openness/{dataset}"]]
    assert sum(told.status_code == 200 for _, told in answered) > 20
    assert {door: words for door, told in answered if (words := found_in(told.text))} == {}
    assert everywhere.leaks() == {}


def test_a_dead_letter_holds_no_planted_word(ana: Person, aws: Aws, everywhere: Everywhere) -> None:
    """The function that tells people dies of each event, until one is a dead letter."""
    document = planted(human_document("disease", [(_code(f"d{n}{m}"), b"") for n in (0, 1) for m in (1, 2)]))

    def letters() -> list[dict[str, Any]]:
        urls = [u for u in aws("sqs").list_queues()["QueueUrls"] if "DeadLetters" in u and "Notices" in u]
        return [
            m for u in urls for m in aws("sqs").receive_message(QueueUrl=u, VisibilityTimeout=0).get("Messages", [])
        ]

    made, _ = _drafted(ana, document, f"Dead {ONE}")
    with _dying("notices"):
        ana.post(f"/v1/submissions/{made['id']}/submit")
        assert eventually(letters, 60)
    assert everywhere.leaks() == {}
    assert {"log", "mail", "event", "execution", "dead", "key", "audit"} <= set(everywhere.seen), everywhere.seen


@contextmanager
def _dying(function: str) -> Iterator[None]:
    """Every worker of a function is killed as soon as it is there."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.02):
            for process in psutil.process_iter(["cmdline"]):
                words = " ".join(process.info["cmdline"] or [])
                if "awslambdaric" in words and function in words:
                    with suppress(psutil.Error):
                        process.kill()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
