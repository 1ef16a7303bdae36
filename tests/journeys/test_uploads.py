"""Uploads on the laptop: keys lent to programs of S3, uploads that nobody goes on with, many small files."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.conftest import Person, draft, eventually, notices_of, sha256_base64, tiny_fastq, wait_for

Aws = Callable[[str], Any]
PASSWORD_OF_ANA = next(p.password for p in PEOPLE if p.email == "ana@example.org")
S5CMD = Path(sys.executable).parent / "s5cmd"


def _borrowed(keys: dict[str, Any]) -> Any:
    """boto3 as a submitter has it with the lent keys."""
    return boto3.client(
        "s3",
        endpoint_url=keys["endpoint_url"],
        region_name=keys["region"],
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
        aws_session_token=keys["session_token"],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def _environment(keys: dict[str, Any]) -> dict[str, str]:
    lent = {
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_SESSION_TOKEN": keys["session_token"],
    }
    return {"PATH": f"{S5CMD.parent}{os.pathsep}{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/"), **lent}


def _state(person: Person, submission: str, name: str) -> str:
    files = person.get(f"/v1/submissions/{submission}")["files"]
    return next(f["state"] for f in files if f["name"] == name)


# --- keys lent to programs of S3 ---


def test_s5cmd_sends_a_file_with_lent_keys_and_it_passes_the_checks(ana: Person, tmp_path: Path) -> None:
    body = tiny_fastq(seed=501)
    (tmp_path / "large.fastq.gz").write_bytes(body)
    made = draft(ana, [("large.fastq.gz", body)], "By s5cmd")
    ana.post(f"/v1/submissions/{made['id']}/submit")
    keys = ana.post(f"/v1/submissions/{made['id']}/credentials")
    command = keys["commands"]["s5cmd"].replace("FOLDER", str(tmp_path))
    for secret in ("access_key_id", "secret_access_key", "session_token"):
        assert keys[secret] not in str(keys["commands"])
    ran = subprocess.run(["bash", "-c", command], env=_environment(keys), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    wait_for(ana, made["id"], "data_review")
    assert _state(ana, made["id"], "large.fastq.gz") == "qc_passed"


def test_the_engine_of_the_aws_command_line_sends_parts_below_its_prefix_and_nowhere_else(
    ana: Person, tmp_path: Path
) -> None:
    """boto3's transfer manager moves the bytes of `aws s3 cp`: several parts, with checksums in trailers."""
    body = tiny_fastq(reads=250_000, seed=506)
    (tmp_path / "large.fastq.gz").write_bytes(body)
    made, other = (draft(ana, [("large.fastq.gz", body)], title) for title in ("By the engine", "Of another"))
    ana.post(f"/v1/submissions/{made['id']}/submit")
    keys = ana.post(f"/v1/submissions/{made['id']}/credentials")
    s3, bucket, file = _borrowed(keys), keys["bucket"], str(tmp_path / "large.fastq.gz")
    parts = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20)
    assert len(body) > 5 * 2**20
    s3.upload_file(file, bucket, keys["prefix"] + "large.fastq.gz", Config=parts)
    with pytest.raises(S3UploadFailedError, match="AccessDenied"):
        s3.upload_file(file, bucket, keys["prefix"].replace(made["id"], other["id"]) + "large.fastq.gz", Config=parts)
    for place in (keys["prefix"], keys["prefix"].replace(made["id"], other["id"])):
        with pytest.raises(ClientError, match="403"):
            s3.download_file(bucket, place + "large.fastq.gz", str(tmp_path / "read"))
    wait_for(ana, made["id"], "data_review")
    assert _state(ana, made["id"], "large.fastq.gz") == "qc_passed"
    assert _state(ana, other["id"], "large.fastq.gz") == "declared"


def test_lent_keys_reach_one_prefix_and_put_files_only(ana: Person, aws: Aws) -> None:
    mine = draft(ana, [("a.fastq.gz", tiny_fastq())], "Mine reads")
    other = draft(ana, [("a.fastq.gz", tiny_fastq())], "Other reads")
    keys = ana.post(f"/v1/submissions/{mine['id']}/credentials")
    s3, bucket, prefix = _borrowed(keys), keys["bucket"], keys["prefix"]
    assert mine["id"] in prefix
    s3.put_object(Bucket=bucket, Key=f"{prefix}a.fastq.gz", Body=b"x")
    elsewhere = prefix.replace(mine["id"], other["id"])
    archive = next(b["Name"] for b in aws("s3").list_buckets()["Buckets"] if "openarchive" in b["Name"].lower())
    refused = [
        lambda: s3.put_object(Bucket=bucket, Key=f"{elsewhere}a.fastq.gz", Body=b"x"),
        lambda: s3.put_object(Bucket=bucket, Key=f"submissions/{mine['id']}/{mine['files'][0]['id']}", Body=b"x"),
        lambda: s3.put_object(Bucket=archive, Key=f"{prefix}a.fastq.gz", Body=b"x"),
        lambda: s3.put_object(Bucket=bucket, Key=f"{prefix}b", Body=b"x", ACL="public-read"),
        lambda: s3.copy_object(Bucket=bucket, Key=f"{prefix}c", CopySource=f"{bucket}/{elsewhere}a.fastq.gz"),
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix=prefix),
        lambda: s3.list_buckets(),
        lambda: s3.get_object(Bucket=bucket, Key=f"{prefix}a.fastq.gz"),
        lambda: s3.delete_object(Bucket=bucket, Key=f"{prefix}a.fastq.gz"),
        lambda: s3.put_object_tagging(Bucket=bucket, Key=f"{prefix}a.fastq.gz", Tagging={"TagSet": []}),
    ]
    for call in refused:
        with pytest.raises(ClientError) as met:
            call()
        assert met.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    dynamodb = boto3.client("dynamodb", **_options(keys), config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.list_tables()


def test_what_is_sent_under_a_name_that_nobody_declared_is_told_and_never_archived(ana: Person) -> None:
    made = draft(ana, [("a.fastq.gz", tiny_fastq())], "Surplus reads")
    keys = ana.post(f"/v1/submissions/{made['id']}/credentials")
    names = ["surplus.fastq.gz", "../../escape.fastq.gz", "\u202egz.qtsaf", "-rf", "a b"]
    for name in names:
        _borrowed(keys).put_object(Bucket=keys["bucket"], Key=keys["prefix"] + name, Body=b"x")

    def reported() -> Any:
        found = ana.get(f"/v1/submissions/{made['id']}/reception")
        return found if len(found["surplus"]) == len(names) else None

    found = eventually(reported)
    assert (found["expected"], found["arrived"]) == (1, 0)
    assert [missing["name"] for missing in found["missing"]] == ["a.fastq.gz"]


def _options(keys: dict[str, Any]) -> dict[str, Any]:
    return {
        "endpoint_url": keys["endpoint_url"],
        "region_name": keys["region"],
        "aws_access_key_id": keys["access_key_id"],
        "aws_secret_access_key": keys["secret_access_key"],
        "aws_session_token": keys["session_token"],
    }


def test_lent_keys_end_after_an_hour_and_are_nothing_without_their_token(ana: Person, stack: Stack) -> None:
    made = draft(ana, [("a.fastq.gz", tiny_fastq())], "Ending reads")
    keys = ana.post(f"/v1/submissions/{made['id']}/credentials")
    place = {"Bucket": keys["bucket"], "Key": f"{keys['prefix']}a.fastq.gz", "Body": b"x"}
    with pytest.raises(ClientError, match="InvalidToken"):
        _borrowed(keys | {"session_token": None}).put_object(**place)
    with pytest.raises(ClientError, match="InvalidToken"):
        _borrowed(keys | {"session_token": keys["session_token"][:-2] + "zz"}).put_object(**place)
    stack.link_age = timedelta(hours=1, seconds=5)
    try:
        with pytest.raises(ClientError, match="ExpiredToken"):
            _borrowed(keys).put_object(**place)
    finally:
        stack.link_age = timedelta(0)
    _borrowed(keys).put_object(**place)


def test_lent_keys_are_in_no_log(ana: Person, stack: Stack) -> None:
    made = draft(ana, [("a.fastq.gz", tiny_fastq())], "Silent reads")
    keys = ana.post(f"/v1/submissions/{made['id']}/credentials")
    eventually(lambda: "keys were lent" in _logged(stack) and made["id"] in _logged(stack))
    assert [
        name for name in ("access_key_id", "secret_access_key", "session_token") if keys[name] in _logged(stack)
    ] == []


def _logged(stack: Stack) -> str:
    return "\n".join(p.read_text(errors="replace") for p in (stack.state_dir / "logs").rglob("*.log*"))


# --- uploads that nobody goes on with ---


def _open_uploads(aws: Aws, submission: str) -> list[str]:
    s3 = aws("s3")
    bucket = next(b["Name"] for b in s3.list_buckets()["Buckets"] if "inbox" in b["Name"].lower())
    return [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) if submission in u["Key"]]


def test_a_hundred_idle_uploads_are_given_up_after_a_week_and_the_audit_lists_them(
    ana: Person, ada: Person, aws: Aws, stack: Stack
) -> None:
    bodies = [(f"idle{n}.fastq.gz", b"%d" % n) for n in range(100)]
    made = draft(ana, [(bodies[0][0], bodies[0][1])], "Idle reads")
    document = _many_runs(bodies, "Idle reads")
    answer = ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=document)
    assert answer.status_code == 200, answer.text
    files = list(_files(ana, made["id"]))
    for file in files:
        ana.post(f"/v1/files/{file['id']}/upload", {"size_bytes": 1000})
    assert len(_open_uploads(aws, made["id"])) == 100
    stack.clock.advance(timedelta(days=6))
    try:
        _swept(aws)
        assert len(_open_uploads(aws, made["id"])) == 100
        stack.clock.advance(timedelta(days=2))
        _swept(aws)
        assert _open_uploads(aws, made["id"]) == []
    finally:
        stack.clock.reset()
    assert {f["state"] for f in _files(ana, made["id"])} == {"declared"}
    ids = {f["id"] for f in files}

    def listed() -> bool:
        return ids <= _aborted(ada)

    eventually(listed)
    eventually(lambda: any("Idle reads" in n["title"] for n in _told_of_aborted(ana)))


def _told_of_aborted(person: Person) -> list[dict[str, Any]]:
    return [n for n in notices_of(person) if n["kind"] == "upload.aborted"]


def _many_runs(files: list[tuple[str, bytes]], title: str) -> dict[str, Any]:
    from tests.journeys.conftest import document

    made = document([files[0]], title)
    run = made["runs"][0]
    made["runs"] = [
        run
        | {"alias": f"r{n}", "title": f"{title} {n}", "files": [{"name": name, "md5": hashlib.md5(body).hexdigest()}]}
        for n, (name, body) in enumerate(files)
    ]
    return made


def _files(person: Person, submission: str) -> Any:
    return person.pages(f"/v1/submissions/{submission}/files?limit=50")


def _swept(aws: Aws) -> None:
    functions = aws("lambda").get_paginator("list_functions").paginate()
    name = next(
        f["FunctionName"] for p in functions for f in p["Functions"] if f["Handler"].endswith("uploads.handler.sweep")
    )
    answer = aws("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def _aborted(ada: Person) -> set[str]:
    """Files of which the audit chain says that their upload was given up."""
    lines = ada.pages("/v1/audit?limit=200")
    return {line["body"]["file"] for line in lines if line.get("type") == "UploadAborted"}


# --- many small files ---


def test_small_files_are_sent_by_links_alone(ana: Person) -> None:
    dice = random.Random(7)
    bodies = [(f"small{n}.fastq.gz", tiny_fastq(4, seed=dice.randrange(10**9))) for n in range(30)]
    made = draft(ana, [bodies[0]], "Many reads")
    answer = ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=_many_runs(bodies, "Many reads"))
    assert answer.status_code == 200, answer.text
    by_name = dict(bodies)
    files = list(_files(ana, made["id"]))
    wanted = [
        {"file_id": f["id"], "size_bytes": len(by_name[f["name"]]), "sha256": sha256_base64(by_name[f["name"]])}
        for f in files
    ]
    links = ana.post(f"/v1/submissions/{made['id']}/uploads", {"files": wanted})["items"]
    assert [link["file_id"] for link in links] == [f["id"] for f in files]
    for file, link in zip(files, links, strict=True):
        body = by_name[file["name"]]
        assert requests.put(link["url"], data=body + b"x", headers=link["headers"], timeout=30).status_code in (
            400,
            403,
        )
        assert requests.put(link["url"], data=body, headers=link["headers"], timeout=30).status_code == 200
    eventually(lambda: {f["state"] for f in _files(ana, made["id"])} == {"received"})


# --- the client against the laptop ---

PART_BYTES = 5 * 2**20  # the laptop's stage takes what S3 takes at least
Biotheca = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def biotheca(stack: Stack, tmp_path: Path) -> Biotheca:
    """The command line as Ana has it, on a machine of its own for each name of a home."""

    def start(*words: str, home: str = "here") -> subprocess.Popen[str]:
        place = tmp_path / home
        place.mkdir(exist_ok=True)
        more = {"HOME": str(place), "XDG_CONFIG_HOME": str(place), "BIOTHECA_SERVER": stack.front_url}
        command = [sys.executable, "-m", "biotheca_client.cli", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env={**os.environ, **more}, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    return start


def _ended(process: subprocess.Popen[str], said: str = "") -> str:
    out, err = process.communicate(said, timeout=120)
    assert process.returncode == 0, out + err
    return out + err


def _signed_in(biotheca: Biotheca, home: str = "here") -> None:
    _ended(biotheca("login", "--email", "ana@example.org", "--password-stdin", home=home), PASSWORD_OF_ANA)


def _large_fastq(path: Path, size_bytes: int, seed: int) -> bytes:
    """A FASTQ in gzip of about so many bytes that passes the checks."""
    dice = random.Random(seed)
    letters = bytes.maketrans(bytes(range(256)), b"ACGT" * 64)
    marks = bytes.maketrans(bytes(range(256)), bytes(35 + n % 38 for n in range(256)))
    with path.open("wb") as out, gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as file:
        number = 0
        while out.tell() < size_bytes:
            bases, qualities = dice.randbytes(250).translate(letters), dice.randbytes(250).translate(marks)
            file.write(b"@SIM:1:FC:1:1:%d:%d 1:N:0:A\n%s\n+\n%s\n" % (number, number, bases, qualities))
            number += 1
    return path.read_bytes()


def _received_bytes(stack: Stack) -> int:
    """Bytes of parts that came to the gate, whole or broken off."""
    return requests.get(f"{stack.endpoint_url}/_gate/received", timeout=10).json()["part_bytes"]


def _arrived(person: Person, file_id: str) -> int:
    answer = person.call("GET", f"/v1/files/{file_id}/parts")
    return len(answer.json()["items"]) if answer.status_code == 200 else 0


def test_killed_five_times_an_upload_ends_whole_elsewhere_and_each_kill_costs_a_part_at_most(
    ana: Person, biotheca: Biotheca, tmp_path: Path, stack: Stack
) -> None:
    dice = random.Random(99)
    path = tmp_path / "killed.fastq.gz"
    body = _large_fastq(path, 8 * PART_BYTES, 3)
    made = draft(ana, [(path.name, body)], "Killed reads")
    (file,) = made["files"]
    for home in ("here", "another machine"):
        _signed_in(biotheca, home)
    received, kills = _received_bytes(stack), 0
    faults = f"{stack.endpoint_url}/_gate/faults"
    slow = {
        "method": "PUT",
        "path": file["id"],
        "action": "delay",
        "seconds": 0.5,
    }  # a part a moment, as on a real line
    requests.post(faults, json=slow, timeout=10).raise_for_status()
    for _ in range(5):
        wanted = min(_arrived(ana, file["id"]) + 1, 7)
        process = biotheca("upload", made["id"], str(path), "--jobs", "1")
        until = time.monotonic() + 60
        while _arrived(ana, file["id"]) < wanted and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(dice.random() * 0.05)
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    requests.delete(faults, timeout=10)
    there = _arrived(ana, file["id"])
    said = _ended(biotheca("upload", made["id"], str(path), home="another machine"))
    assert kills == 5
    assert int(re.findall(r"(\d+) of \d+ parts were there", said)[0]) >= there >= 5
    assert _received_bytes(stack) - received - len(body) <= kills * PART_BYTES
    ana.post(f"/v1/submissions/{made['id']}/submit")
    found = wait_for(ana, made["id"], "data_review", wait_s=120)  # the checks compared its MD5
    assert found["files"][0]["sha256"] == hashlib.sha256(body).hexdigest()


def test_one_flipped_bit_is_mended_by_sending_one_part(
    ana: Person, biotheca: Biotheca, tmp_path: Path, stack: Stack
) -> None:
    path = tmp_path / "flipped.fastq.gz"
    body = _large_fastq(path, 3 * PART_BYTES + 1000, 4)
    made = draft(ana, [(path.name, body)], "Flipped reads")
    (file,) = made["files"]
    bad = bytearray(body)
    bad[PART_BYTES + 17] ^= 4
    _send_in_parts(ana, file["id"], bytes(bad))
    ana.post(f"/v1/submissions/{made['id']}/submit")
    wait_for(ana, made["id"], "files_failed", wait_s=120)
    _signed_in(biotheca)
    received = _received_bytes(stack)
    said = _ended(biotheca("upload", made["id"], str(path)))
    assert "3 of 4 parts were there" in said
    assert _received_bytes(stack) - received == PART_BYTES
    ana.post(f"/v1/submissions/{made['id']}/submit")
    found = wait_for(ana, made["id"], "data_review", wait_s=120)
    assert found["files"][0]["sha256"] == hashlib.sha256(body).hexdigest()


def _send_in_parts(person: Person, file_id: str, body: bytes) -> None:
    opened = person.post(f"/v1/files/{file_id}/upload", {"size_bytes": len(body)})
    step = opened["part_size_bytes"]
    assert step == PART_BYTES
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    wanted = [{"number": n, "size_bytes": len(p), "sha256": sha256_base64(p)} for n, p in enumerate(pieces, 1)]
    for link in person.post(f"/v1/files/{file_id}/part-urls", {"parts": wanted})["items"]:
        piece = pieces[link["number"] - 1]
        assert requests.put(link["url"], data=piece, headers=link["headers"], timeout=60).status_code == 200
    person.post(f"/v1/files/{file_id}/complete")
