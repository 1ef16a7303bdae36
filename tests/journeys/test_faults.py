"""What breaks in real life: bad links, repeated events, killed processes, bad data, poison, forged tokens."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import signal
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import psutil
import pytest
import requests

from local.stack import Stack
from tests.journeys.conftest import (
    Person,
    document,
    draft,
    eventually,
    part_link,
    send,
    sha256_base64,
    tiny_fastq,
    wait_for,
)

Aws = Callable[[str], Any]


def _history(person: Person, submission: str) -> list[str]:
    return [line["words"] for line in person.get(f"/v1/submissions/{submission}/history?limit=200")["items"]]


# --- links ---


@pytest.fixture
def link(ana: Person) -> tuple[dict[str, Any], bytes]:
    body = tiny_fastq(seed=random.randrange(10**9))
    made = draft(ana, [("one.fastq.gz", body)])
    return part_link(ana, made["files"][0]["id"], body), body


def test_a_tampered_link_is_refused(link: tuple[dict[str, Any], bytes]) -> None:
    given, body = link
    url = urlsplit(given["url"])
    query = {k: v[0] for k, v in parse_qs(url.query).items()}
    signature = query["X-Amz-Signature"]
    query["X-Amz-Signature"] = ("0" if signature[0] != "0" else "1") + signature[1:]
    put = requests.put(
        urlunsplit(url._replace(query=urlencode(query))), data=body, headers=given["headers"], timeout=30
    )
    assert put.status_code == 403 and "SignatureDoesNotMatch" in put.text


def test_a_link_for_another_key_part_or_method_is_refused(link: tuple[dict[str, Any], bytes]) -> None:
    given, body = link
    for changed in (
        given["url"].replace("/file_", "/other_", 1),
        given["url"].replace("partNumber=1", "partNumber=2"),
    ):
        assert changed != given["url"]
        assert requests.put(changed, data=body, headers=given["headers"], timeout=30).status_code == 403
    assert requests.get(given["url"], timeout=30).status_code == 403
    assert requests.delete(given["url"], timeout=30).status_code == 403


def test_an_expired_link_is_refused(link: tuple[dict[str, Any], bytes], stack: Stack) -> None:
    given, body = link
    stack.link_age = timedelta(hours=1, seconds=5)
    try:
        put = requests.put(given["url"], data=body, headers=given["headers"], timeout=30)
    finally:
        stack.link_age = timedelta(0)
    assert put.status_code == 403 and "expired" in put.text
    assert requests.put(given["url"], data=body, headers=given["headers"], timeout=30).status_code == 200


def test_other_bytes_than_declared_are_refused(link: tuple[dict[str, Any], bytes]) -> None:
    given, body = link
    other = bytes([body[0] ^ 1]) + body[1:]
    assert requests.put(given["url"], data=other, headers=given["headers"], timeout=30).status_code == 400
    forged = given["headers"] | {"x-amz-checksum-sha256": sha256_base64(other)}
    assert requests.put(given["url"], data=other, headers=forged, timeout=30).status_code == 403
    longer = given["headers"] | {"content-length": str(len(body) + 1)}
    assert requests.put(given["url"], data=body + b"x", headers=longer, timeout=30).status_code in (400, 403)


def test_a_download_link_of_a_released_file_serves_no_other_key(ana: Person, nobody: Person, chen: Person) -> None:
    from tests.journeys.conftest import released

    dataset = released(ana, chen, [("d.fastq.gz", tiny_fastq(seed=77))])["dataset"]
    (file,) = nobody.get(f"/v1/records/{dataset}/files")["items"]
    url = nobody.get(f"/v1/records/{dataset}/files/{file['name']}?redirect=false")["url"]
    assert requests.get(url, timeout=30).status_code == 200
    assert requests.get(url.replace(file["name"], "CRR999999_f1.fq.gz"), timeout=30).status_code == 403
    assert requests.put(url, data=b"x", timeout=30).status_code == 403


# --- events ---


def _s3_event(stack: Stack, key: str, version: str, sequencer: str) -> dict[str, Any]:
    detail = {"bucket": {"name": "inbox"}, "object": {"key": key, "version-id": version, "sequencer": sequencer}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def test_the_same_event_three_times_and_out_of_order_is_one_arrival(ana: Person, aws: Aws, stack: Stack) -> None:
    old, new = tiny_fastq(seed=21), tiny_fastq(30, seed=22)
    made = draft(ana, [("again.fastq.gz", new)])
    file_id, key = made["files"][0]["id"], f"submissions/{made['id']}/{made['files'][0]['id']}"
    send(ana, file_id, old)
    eventually(lambda: ana.get(f"/v1/submissions/{made['id']}")["files"][0]["state"] == "received")
    send(ana, file_id, new)
    bucket = next(b["Name"] for b in aws("s3").list_buckets()["Buckets"] if "inbox" in b["Name"].lower())

    def arrivals() -> list[str]:
        return [words for words in _history(ana, made["id"]) if "arrived" in words]

    eventually(lambda: len(arrivals()) == 2)
    versions = aws("s3").list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    assert len(versions) == 2
    older = next(v["VersionId"] for v in versions if not v["IsLatest"])
    newest = next(v["VersionId"] for v in versions if v["IsLatest"])
    url = _queue_url(aws, "Received")
    told = [(newest, "F" * 16)] * 3 + [(older, "0" * 16)] * 2
    random.Random(3).shuffle(told)
    for version, sequencer in told:
        aws("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(_s3_event(stack, key, version, sequencer)))
    _drained(aws, url)
    assert len(arrivals()) == 2
    file = ana.get(f"/v1/submissions/{made['id']}")["files"][0]
    assert file["state"] == "received" and file["size_bytes"] == len(new)


def _queue_url(aws: Aws, name: str, dead: bool = False) -> str:
    wanted = f"{name}DeadLetters" if dead else f"{name}Queue"
    found = [u for u in aws("sqs").list_queues()["QueueUrls"] if wanted in u]
    return min(found, key=len)  # not the one of ...OnFileReceivedDeadLetters


def _drained(aws: Aws, url: str) -> None:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def empty() -> bool:
        counts = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return all(int(counts[n]) == 0 for n in names)

    eventually(empty)
    time.sleep(0.3)


def test_a_poison_message_ends_in_the_dead_letters_while_the_others_go_on(ana: Person, aws: Aws, stack: Stack) -> None:
    sqs, url = aws("sqs"), _queue_url(aws, "Received")
    dead = _queue_url(aws, "Received", dead=True)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    body = tiny_fastq(seed=31)
    made = draft(ana, [("fine.fastq.gz", body)])
    poison = f"not JSON {uuid.uuid4()}"
    sqs.send_message(QueueUrl=url, MessageBody=poison)
    send(ana, made["files"][0]["id"], body)
    eventually(lambda: ana.get(f"/v1/submissions/{made['id']}")["files"][0]["state"] == "received")

    def dead_letter() -> Any:
        return sqs.receive_message(QueueUrl=dead, VisibilityTimeout=0).get("Messages")

    (letter,) = eventually(dead_letter, wait_s=60)
    assert letter["Body"] == poison
    # Redrive: the cause mended (here the message is replaced by a good one), the letter goes back and is handled.
    from local.redrive import redrive

    sent = redrive(sqs, dead, url, mend=lambda text: json.dumps({"Event": "s3:TestEvent"}) if text == poison else text)
    assert sent == 1
    _drained(aws, url)
    assert dead_letter() is None


# --- processes ---


def _processes(marker: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if marker in " ".join(process.info["cmdline"] or []):
            found.append(process)
    return found


def test_a_killed_check_job_is_tried_again_and_the_submission_goes_on(ana: Person, chen: Person) -> None:
    body = tiny_fastq(60_000, seed=41)  # long enough to be caught in the act
    made = draft(ana, [("killed.fastq.gz", body)])
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], body)
    file_id = made["files"][0]["id"]
    job = eventually(lambda: _processes(file_id))[0]
    os.kill(job.pid, signal.SIGKILL)
    found = wait_for(chen, made["id"], "data_review")
    assert found["files"][0]["state"] == "qc_passed"


def test_bad_data_is_reported_once_and_never_tried_again(ana: Person, aws: Aws) -> None:
    import gzip

    body = gzip.compress(b"@r1\nACGT\n+\nIII\n@r2\nACGT\n+\nIIII\n", mtime=0)
    made = draft(ana, [("bad.fastq.gz", body)])
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], body)
    failed = wait_for(ana, made["id"], "files_failed")
    (file,) = failed["files"]
    assert file["state"] == "qc_failed" and file["findings"][0]["rule"].startswith("qc.")
    assert "line 4" in file["findings"][0]["where"] or "4" in file["findings"][0]["where"]
    assert file["findings"][0]["mend"]
    batch = aws("batch")
    queues = [queue["jobQueueArn"] for queue in batch.describe_job_queues()["jobQueues"]]
    jobs = [job for q in queues for job in batch.list_jobs(jobQueue=q, jobStatus="FAILED")["jobSummaryList"]]
    (job,) = [j for j in jobs if file["id"] in j["jobName"]]
    (told,) = batch.describe_jobs(jobs=[job["jobId"]])["jobs"]
    assert len(told["attempts"]) == 1 and told["attempts"][0]["container"]["exitCode"] == 2
    # The same submission goes on with mended files, but mates of different length: each is sound alone, the run is not.
    good, short, mate = tiny_fastq(seed=42), tiny_fastq(19, seed=42, mate=2), tiny_fastq(seed=42, mate=2)
    path = f"/v1/submissions/{made['id']}/metadata"
    answer = ana.call("PUT", path, json=document([("bad.fastq.gz", good), ("bad_2.fastq.gz", short)]))
    assert answer.status_code == 200, answer.text
    for file, body in zip(answer.json()["files"], (good, short), strict=True):
        send(ana, file["id"], body)
    ana.post(f"/v1/submissions/{made['id']}/submit")
    unequal = wait_for(ana, made["id"], "files_failed")["files"]
    assert [(f["state"], [x["rule"] for x in f["findings"]]) for f in unequal] == [
        ("qc_passed", ["qc.mates_differ"])
    ] * 2
    # Only the wrong mate is sent again: the declaration changes, the rest stays.
    answer = ana.call("PUT", path, json=document([("bad.fastq.gz", good), ("bad_2.fastq.gz", mate)]))
    send(ana, answer.json()["files"][1]["id"], mate)
    ana.post(f"/v1/submissions/{made['id']}/submit")
    done = wait_for(ana, made["id"], "data_review")
    assert done["round"] == 3 and [f["findings"] for f in done["files"]] == [[], []]


def test_clean_metadata_is_accepted_without_staff_and_faulty_metadata_stops_with_coded_reasons(ana: Person) -> None:
    files = [("alone.fastq.gz", tiny_fastq(seed=46))]
    made = draft(ana, files, "Without staff")
    ana.post(f"/v1/submissions/{made['id']}/submit")
    wait_for(ana, made["id"], "files_expected")
    lines = ana.get(f"/v1/submissions/{made['id']}/history?limit=200")["items"]
    assert {line["actor"] for line in lines} == {"submitter", "archive"}
    assert [line["actor"] for line in lines if line["event"] == "accepted"] == ["archive"]
    codes = {rule["id"] for rule in ana.get("/v1/rules")["items"]}
    # What breaks a rule is refused at once, every reason coded; nothing of it is stored.
    wrong = document(files, "Without staff")
    wrong["samples"][0] |= {"taxon_id": 9606, "collection_date": "yesterday"}
    wrong["runs"][0]["files"][0]["md5"] = "none"
    refused = ana.call("PUT", f"/v1/submissions/{draft(ana, files, 'Faulty')['id']}/metadata", json=wrong)
    assert refused.status_code == 422
    errors = [f for f in refused.json()["findings"] if f["severity"] == "error"]
    assert {"metadata.taxon_elsewhere", "files.md5"} <= {f["rule"] for f in errors} <= codes
    assert all(f["where"] and f["message"] and f["mend"] for f in errors)
    # What only seems wrong stops before a curator, with its code.
    doubtful = document(files, "Names a person")
    doubtful["samples"][0]["description"] = "Patient name: Zhang Weimin, cultured from a swab"
    held = draft(ana, files, "Names a person")
    assert ana.call("PUT", f"/v1/submissions/{held['id']}/metadata", json=doubtful).status_code == 200
    ana.post(f"/v1/submissions/{held['id']}/submit")
    stopped = wait_for(ana, held["id"], "metadata_review")
    assert "privacy.person_name" in {f["rule"] for f in stopped["findings"]} <= codes


def test_a_submission_held_by_a_fault_of_ours_is_sent_round_again_by_an_operator(
    ana: Person, ada: Person, stack: Stack
) -> None:
    body = tiny_fastq(seed=45)
    made = draft(ana, [("held.fastq.gz", body)], "Held for a while")
    send(ana, made["files"][0]["id"], body)
    eventually(lambda: ana.get(f"/v1/submissions/{made['id']}")["files"][0]["state"] == "received")
    stack.faults.set([{"method": "GET", "path": f".*{made['files'][0]['id']}.*", "action": "status", "status": 403}])
    try:
        ana.post(f"/v1/submissions/{made['id']}/submit")
        held = wait_for(ana, made["id"], "held")
    finally:
        stack.faults.clear()
    assert held["files"][0]["findings"] == []  # the file is not blamed
    assert any("failed on our side" in words for words in _history(ana, made["id"]))
    assert ana.call("POST", f"/v1/submissions/{made['id']}/resume").status_code == 403
    ada.post(f"/v1/submissions/{made['id']}/resume")
    assert wait_for(ana, made["id"], "data_review")["files"][0]["state"] == "qc_passed"


def test_a_declared_md5_that_is_not_the_files_is_found(ana: Person) -> None:
    body = tiny_fastq(seed=43)
    made = draft(ana, [("md5.fastq.gz", tiny_fastq(seed=44))])
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], body)
    failed = wait_for(ana, made["id"], "files_failed")
    (finding,) = failed["files"][0]["findings"]
    assert finding["rule"] == "qc.md5" and hashlib.md5(body).hexdigest() in json.dumps(finding)


def test_a_function_killed_between_two_writes_leaves_nothing_undone(
    ana: Person, chen: Person, stack: Stack, aws: Aws
) -> None:
    """The decision is stored with its event; whatever dies after that, the workflow still goes on."""
    body = tiny_fastq(seed=51)
    made = draft(ana, [("between.fastq.gz", body)])
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], body)
    wait_for(chen, made["id"], "data_review")
    # Every worker of the outbox and of the listener dies while it works: the stream and the async retry bring it back.
    stopped = [p for p in _processes("awslambdaric") if "send_outbox" in _handler(p) or "curation" in _handler(p)]
    assert stopped, "no worker of the outbox was found to be killed"
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    for process in stopped:
        process.kill()
    assert wait_for(ana, made["id"], "released")["dataset"]


def _function(aws: Aws, name: str) -> str:
    """The physical name of a function, by the name that state machines use."""
    resources = aws("cloudformation").describe_stack_resources(StackName="Biotheca-Service")["StackResources"]
    (found,) = [r for r in resources if re.fullmatch(rf".*{name}[0-9A-F]{{8}}", r["LogicalResourceId"])]
    return found["PhysicalResourceId"]


def _handler(process: psutil.Process) -> str:
    try:
        return process.environ().get("_HANDLER", "") + " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_minting_and_archiving_replayed_change_nothing(ana: Person, chen: Person, aws: Aws, nobody: Person) -> None:
    from tests.journeys.conftest import released

    done = released(ana, chen, [("replay.fastq.gz", tiny_fastq(seed=61))], "Replayed steps")
    before = nobody.get(f"/v1/records/{done['dataset']}/files")
    given = {"submission_id": done["id"], "round": 1}
    for verb in ("PublicationMint", "PublicationCloseArchive", "PublicationRelease"):
        name = _function(aws, verb)
        for _ in range(3):
            answer = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(given))
            assert "FunctionError" not in answer, answer["Payload"].read()
    archive = _function(aws, "PublicationArchiveFile")
    given["file_id"] = done["files"][0]["id"]
    assert "FunctionError" not in aws("lambda").invoke(FunctionName=archive, Payload=json.dumps(given))
    after = ana.get(f"/v1/submissions/{done['id']}")
    assert after["accessions"] == done["accessions"] and after["state"] == "released"
    assert nobody.get(f"/v1/records/{done['dataset']}/files") == before


# --- tokens ---


def test_a_task_token_replayed_or_forged_changes_nothing(ana: Person, chen: Person, aws: Aws) -> None:
    body = tiny_fastq(seed=71)
    made = draft(ana, [("token.fastq.gz", body)])
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], body)
    wait_for(chen, made["id"], "data_review")
    table = next(t for t in aws("dynamodb").list_tables()["TableNames"] if "Records" in t)
    key = {"pk": {"S": f"SUB#{made['id']}"}, "sk": {"S": "SUB"}}
    tokens = aws("dynamodb").get_item(TableName=table, Key=key)["Item"]["tokens"]["M"]
    states = aws("stepfunctions")
    accept = json.dumps({"decision": "accept"})
    with pytest.raises((states.exceptions.InvalidToken, states.exceptions.TaskDoesNotExist)):
        states.send_task_success(taskToken="forged" + uuid.uuid4().hex, output=accept)
    # The wait for files is over: AWS refuses its token, moto takes it and does nothing. Neither may move the workflow.
    with contextlib.suppress(states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken=tokens["files"]["S"], output=accept)
    time.sleep(1)
    assert ana.get(f"/v1/submissions/{made['id']}")["state"] == "data_review"
    # No answer of the API ever shows a token.
    shown = chen.call("GET", f"/v1/submissions/{made['id']}").text + chen.call("GET", "/v1/curation/queue").text
    assert tokens["decision"]["S"] not in shown
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})  # the same decision again is no fault
    wait_for(ana, made["id"], "released")
    refused = chen.call("POST", f"/v1/curation/{made['id']}/decision", json={"decision": "return", "reasons": []})
    assert refused.status_code == 409 and refused.json()["rule"] == "curation.not_waiting"


def test_a_returned_submission_is_revised_and_accepted_in_the_next_round(ana: Person, chen: Person) -> None:
    body = tiny_fastq(seed=81)
    made = draft(ana, [("round.fastq.gz", body)], "Two rounds")
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], body)
    wait_for(chen, made["id"], "data_review")
    without = chen.call("POST", f"/v1/curation/{made['id']}/decision", json={"decision": "return"})
    assert without.status_code == 422 and without.json()["findings"][0]["rule"] == "curation.reason_needed"
    reason = {"code": "sample.description", "text": "Say where the culture came from."}
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "return", "reasons": [reason]})
    returned = wait_for(ana, made["id"], "revision_requested")
    assert returned["reasons"] == [reason]
    better = document([("round.fastq.gz", body)], "Two rounds, described")
    assert ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=better).status_code == 200
    ana.post(f"/v1/submissions/{made['id']}/submit")
    again = wait_for(chen, made["id"], "data_review")
    assert again["round"] == 2 and again["files"][0]["state"] == "qc_passed"  # the sound file was not sent again
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    wait_for(ana, made["id"], "released")
