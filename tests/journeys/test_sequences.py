"""A mirrored run on the laptop: referenced, asked for, copied from another archive, proved, served, withdrawn."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import requests

from biotheca_client.cli import run
from tests.journeys.conftest import Person, eventually
from tests.unit.sequences.http_source import HttpSource

RUN, SPOILED = "ERR900001", "ERR900002"
DATA = random.Random(11).randbytes(300_000)


@pytest.fixture(scope="module")
def note(aws: Callable[[str], Any]) -> Callable[..., None]:
    """What the metadata mirror does with each run: `functions.sequences.handler.note_runs`."""
    client = aws("lambda")
    pages = client.get_paginator("list_functions").paginate()
    names = [f["FunctionName"] for page in pages for f in page["Functions"]]
    name = next(name for name in names if "SequencesNoteRuns" in name)

    def tell(accession: str, batch: int, *files: dict[str, Any], status: str = "live") -> None:
        told = {"accession": accession, "status": status, "batch": batch, "md5_from": "ENA", "files": list(files)}
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"runs": [told]}))
        assert json.load(answer["Payload"]) == {"noted": 1}

    return tell


def served(other_archive: HttpSource, name: str, data: bytes, of: bytes | None = None) -> dict[str, Any]:
    """A file that the other archive serves, with the MD5 that its metadata say."""
    other_archive.files[name] = data
    digest = hashlib.md5(data if of is None else of).hexdigest()
    return {"name": name, "url": other_archive.url(name), "bytes": len(data), "md5": digest}


def ended(person: Person, run: str) -> list[dict[str, Any]]:
    """The run's files once none of them waits or is in work."""

    def look() -> list[dict[str, Any]] | None:
        files = person.get(f"/v1/sequences/{run}")["files"]
        return None if {f["state"] for f in files} & {"REQUESTED", "COPYING", "COPIED"} else files

    found: list[dict[str, Any]] = eventually(look, 60)
    return found


def test_a_data_manager_has_a_run_copied_and_a_stranger_downloads_it(
    ada: Person,
    nobody: Person,
    other_archive: HttpSource,
    note: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    note(RUN, 1, served(other_archive, "a_1.fastq.gz", DATA), served(other_archive, "a_2.fastq.gz", DATA[::-1]))
    before = nobody.get(f"/v1/sequences/{RUN}")["files"]
    assert [(f["state"], f["url"]) for f in before] == [("REFERENCED", None)] * 2
    assert before[0]["references"][0]["url"] == other_archive.url("a_1.fastq.gz")

    asked = ada.post(f"/v1/sequences/{RUN}/copy")
    assert asked["requested"] == 2
    assert ada.post(f"/v1/sequences/{RUN}/copy")["requested"] == 0

    first, second = ended(nobody, RUN)
    assert [(f["state"], f["level"]) for f in (first, second)] == [("VERIFIED", "L2")] * 2
    assert requests.get(first["url"], timeout=30).content == DATA
    assert requests.get(second["url"], timeout=30).content == DATA[::-1]
    totals = {row["state"]: row for row in nobody.get("/v1/sequences")["states"]}
    assert totals["VERIFIED"]["files"] >= 2 and totals["VERIFIED"]["size_bytes"] >= 2 * len(DATA)

    assert run(["--server", nobody.url, "sequences", RUN]) == 0
    said = capsys.readouterr().out
    assert "a_1.fastq.gz  293.0 KiB  VERIFIED" in said and f"{RUN} is live." in said
    assert run(["--server", nobody.url, "sequences"]) == 0
    assert "Policy: request." in capsys.readouterr().out

    note(RUN, 2, status="withdrawn")
    assert nobody.call("GET", f"/v1/sequences/{RUN}").status_code == 410


def test_wrong_bytes_are_quarantined_with_a_reason_and_never_served(
    ada: Person, nobody: Person, other_archive: HttpSource, note: Callable[..., None]
) -> None:
    note(SPOILED, 1, served(other_archive, "b.fastq.gz", DATA, of=DATA[::-1]))
    ada.post(f"/v1/sequences/{SPOILED}/copy")
    (file,) = ended(nobody, SPOILED)
    assert (file["state"], file["url"], file["reason"]["rule"]) == ("QUARANTINED", None, "sequences.wrong_md5")


def test_a_large_object_of_an_open_bucket_is_copied_by_a_job(
    ada: Person, nobody: Person, aws: Callable[[str], Any], note: Callable[..., None]
) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="sra-pub-run-odp")
    s3.put_object(Bucket="sra-pub-run-odp", Key="sra/ERR900003/ERR900003", Body=DATA)
    place = {
        "url": "https://sra-pub-run-odp.s3.amazonaws.com/sra/ERR900003/ERR900003",
        "org": "AWS",
        "access_type": "anonymous",
    }
    digest = hashlib.md5(DATA).hexdigest()
    note("ERR900003", 1, {"name": "ERR900003", "bytes": len(DATA), "md5": digest, "alternatives": [place]})
    ada.post("/v1/sequences/ERR900003/copy")
    (file,) = ended(nobody, "ERR900003")
    assert (file["state"], file["level"]) == ("VERIFIED", "L2"), file
    assert requests.get(file["url"], timeout=30).content == DATA
    assert eventually(lambda: "sequences-copy-ERR900003" in _jobs(aws))


def test_a_large_copy_whose_worker_was_lost_before_the_proof_is_read_again_by_a_job(
    ada: Person, nobody: Person, other_archive: HttpSource, aws: Callable[[str], Any], note: Callable[..., None]
) -> None:
    note("ERR900004", 1, served(other_archive, "c.fastq.gz", DATA))
    ada.post("/v1/sequences/ERR900004/copy")
    (file,) = ended(nobody, "ERR900004")
    _lost_before_the_proof(aws, "ERR900004", "c.fastq.gz")
    assert nobody.get("/v1/sequences/ERR900004")["files"][0]["url"] is None
    note("ERR900005", 1, served(other_archive, "d.fastq.gz", b"d"))
    ada.post("/v1/sequences/ERR900005/copy")  # any execution takes what was left
    (again,) = ended(nobody, "ERR900004")
    assert again["state"] == "VERIFIED" and again["verified_at"] > file["verified_at"]
    assert eventually(lambda: "sequences-prove-ERR900004" in _jobs(aws))


def _jobs(aws: Callable[[str], Any]) -> set[str]:
    batch = aws("batch")
    queues = [queue["jobQueueName"] for queue in batch.describe_job_queues()["jobQueues"]]
    pages = [batch.list_jobs(jobQueue=queue, jobStatus="SUCCEEDED")["jobSummaryList"] for queue in queues]
    return {job["jobName"] for page in pages for job in page}


def _lost_before_the_proof(aws: Callable[[str], Any], run: str, name: str) -> None:
    dynamodb = aws("dynamodb")
    table = next(name for name in dynamodb.list_tables()["TableNames"] if "MirrorState" in name)
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": f"FILE#{run}"}, "sk": {"S": name}},
        UpdateExpression="SET #s = :copied, lease_owner = :who, lease_until = :past, queue_key = :hand, "
        "queue_position = :past REMOVE streamed_md5",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={
            ":copied": {"S": "COPIED"},
            ":who": {"S": "an execution of yesterday"},
            ":past": {"S": "2026-01-01T00:00:00.000Z"},
            ":hand": {"S": "IN_HAND"},
        },
    )
