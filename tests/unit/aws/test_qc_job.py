"""The file-check job as Batch runs it: a process with arguments, an environment and an exit code."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch.qc.progress import Progress
from tests.unit.aws.s3_with_faults import Faults
from tests.unit.formats.making import gzip_member, tiny_fastq

ROOT = Path(__file__).resolve().parents[3]


def _start(faults: Faults, *words: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": faults.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BIOTHECA_CORRELATION_ID": "corr-7",
    }
    command = [sys.executable, "-m", "batch.qc", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def _words(key: str, md5: str, fmt: str = "fastq") -> list[str]:
    job = {
        "bucket": "reads",
        "key": key,
        "md5": md5,
        "format": fmt,
        "report-bucket": "reads",
        "report-key": f"{key}.json",
    }
    return [word for name, value in job.items() for word in (f"--{name}", value)]


def _run(faults: Faults, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    process = _start(faults, *words)
    out, err = process.communicate(timeout=30)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


@pytest.mark.parametrize("sound", [True, False])
def test_the_report_is_written_and_the_exit_code_is_the_verdict(client: Any, faults: Faults, sound: bool) -> None:
    stored = gzip_member(tiny_fastq(reads=500))[: None if sound else -8]
    client.put_object(Bucket="reads", Key="in/a.fastq.gz", Body=stored)
    code, lines, err = _run(faults, *_words("in/a.fastq.gz", hashlib.md5(stored).hexdigest()))
    assert (code, err) == (0 if sound else 2, "")
    report = json.loads(client.get_object(Bucket="reads", Key="in/a.fastq.gz.json")["Body"].read())
    assert report["verdict"] == ("sound" if sound else "unsound")
    assert (report["reads"], report["key"], report["size_bytes"]) == (500, "in/a.fastq.gz", len(stored))
    assert [line["event"] for line in lines] == ["file check begins", "file checked"]
    assert {line["correlation_id"] for line in lines} == {"corr-7"}


def test_the_page_for_people_stands_beside_the_report(client: Any, faults: Faults) -> None:
    stored = gzip_member(tiny_fastq(reads=50))
    client.put_object(Bucket="reads", Key="in/p.fastq.gz", Body=stored)
    assert _run(faults, *_words("in/p.fastq.gz", "0" * 32))[0] == 2
    page = client.get_object(Bucket="reads", Key="in/p.fastq.gz.html")
    text = page["Body"].read().decode()
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert "<h1>p.fastq.gz</h1>" in text and "qc.md5" in text and "<script" not in text


def test_a_task_document_says_the_same_as_the_words_of_a_job_definition(
    client: Any, faults: Faults, tmp_path: Path
) -> None:
    stored = gzip_member(tiny_fastq(reads=50))
    client.put_object(Bucket="reads", Key="in/t.fastq.gz", Body=stored)
    assert _run(faults, *_words("in/t.fastq.gz", ""))[0] == 0
    task = {"bucket": "reads", "key": "in/t.fastq.gz", "format": "fastq", "name": "mine.fastq.gz", "version_id": None}
    task |= {"report": "s3://reads/out/t.json", "page": "s3://reads/pages/t.html", "size_bytes": len(stored)}
    client.put_object(Bucket="reads", Key="tasks/t.json", Body=json.dumps(task).encode())
    assert _run(faults, "--task", "s3://reads/tasks/t.json")[0] == 0

    def read(key: str) -> Any:
        return json.loads(client.get_object(Bucket="reads", Key=key)["Body"].read()) | {"seconds": 0, "key": ""}

    assert read("out/t.json") == read("in/t.fastq.gz.json")
    assert b"<h1>mine.fastq.gz</h1>" in client.get_object(Bucket="reads", Key="pages/t.html")["Body"].read()
    for spoilt, said in (({"report": "t.json"}, "s3://"), ({"bukcet": "x"}, "bukcet"), ({"key": ""}, "key")):
        (tmp_path / "task.json").write_text(json.dumps(task | spoilt))
        code, lines, _ = _run(faults, "--task", str(tmp_path / "task.json"))
        assert code == 64 and said in lines[-1]["reason"]
    assert _run(faults, "--task", str(tmp_path / "none.json"))[0] == 64


def test_a_job_whose_machine_is_taken_away_goes_on_at_the_last_saved_state(client: Any, faults: Faults) -> None:
    stored = tiny_fastq(reads=90_000, length=90)  # plain text of three parts
    client.put_object(Bucket="reads", Key="in/s.fastq", Body=stored)
    task = {"bucket": "reads", "key": "in/s.fastq", "format": "fastq", "report": "s3://reads/out/s.json"}
    task |= {"size_bytes": len(stored), "save_every_bytes": 4_000_000}
    client.put_object(Bucket="reads", Key="tasks/s.json", Body=json.dumps(task).encode())
    words = ("--task", "s3://reads/tasks/s.json")

    def report() -> dict[str, Any]:
        return json.loads(client.get_object(Bucket="reads", Key="out/s.json")["Body"].read()) | {"seconds": 0}

    code, lines, err = _run(faults, *words)
    assert code == 0, report()["findings"][:3]
    whole = report()
    client.delete_object(Bucket="reads", Key="out/s.json")
    # Task, state, two parts; the third is never answered.
    held = threading.Event()
    faults.orders[:] = [None, None, None, None, held]
    process = _start(faults, *words)
    try:
        until = time.monotonic() + 20
        while not _is_there(client, "out/s.saved"):
            assert time.monotonic() < until
            time.sleep(0.05)
        process.kill()
        process.communicate(timeout=10)
    finally:
        held.set()
    faults.orders.clear()
    code, lines, err = _run(faults, *words)
    assert (code, err) == (0, "")
    gone_on = [line for line in lines if line["event"] == "going on from a saved state"]
    assert gone_on and gone_on[0]["offset"] >= 4_000_000
    assert report() == whole
    assert not _is_there(client, "out/s.saved")


def _is_there(client: Any, key: str) -> bool:
    """Without a GET, which would take an order."""
    try:
        client.head_object(Bucket="reads", Key=key)
    except ClientError:
        return False
    return True


def test_progress_is_told_as_a_log_line_that_is_also_a_metric() -> None:
    told: list[dict[str, Any]] = []
    progress = Progress(told.append, size_bytes=400, every_s=0)
    assert b"".join(progress.over([b"a" * 100, b"b" * 100])) == b"a" * 100 + b"b" * 100
    assert [line["bytes"] for line in told] == [100, 200] and [line["CheckedBytes"] for line in told] == [100, 100]
    progress.count_reads(3)
    list(progress.over([b"c"], from_byte=300))
    assert (told[-1]["bytes"], told[-1]["CheckedBytes"], told[-1]["reads"], told[-1]["CheckedReads"]) == (301, 1, 3, 3)
    described = told[-1]["_aws"]["CloudWatchMetrics"][0]
    assert all(metric["Name"] in told[-1] for metric in described["Metrics"])
    assert told[-1]["size_bytes"] == 400 and told[-1]["left_s"] >= 0
    quiet = Progress(told.append)
    list(quiet.over([b"x"]))
    assert len(told) == 3


def test_a_missing_object_is_our_fault_and_is_logged_as_one_line(faults: Faults, client: Any) -> None:
    code, lines, err = _run(faults, *_words("nothing", "0" * 32))
    assert (code, err) == (70, "")
    assert (lines[-1]["level"], lines[-1]["fault"]) == ("ERROR", "ObjectIsMissing")


def test_a_wrong_call_never_looks_like_unsound_data(faults: Faults) -> None:
    code, lines, err = _run(faults, "--bucket", "reads")
    assert (code, err) == (64, "")
    assert "--key" in lines[-1]["reason"]
    assert _run(faults, *_words("a", "", fmt="sff"))[0] == 70


def test_a_job_told_to_stop_stops_at_once_and_writes_no_report(client: Any, faults: Faults) -> None:
    client.put_object(Bucket="reads", Key="slow", Body=tiny_fastq())
    held = threading.Event()
    faults.orders[:] = [held]
    process = _start(faults, *_words("slow", "0" * 32))
    try:
        until = time.monotonic() + 20
        while not faults.ranges and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    finally:
        held.set()
    assert (process.returncode, err) == (143, "")
    assert json.loads(out.splitlines()[-1])["signal"] == "SIGTERM"
    assert "Contents" not in client.list_objects_v2(Bucket="reads", Prefix="slow.json")


def test_the_image_installs_exactly_what_the_lock_pins_and_copies_what_exists() -> None:
    pins = re.compile(r"^([a-z0-9-]+==[^ \n]+)", re.M)
    lock = set(pins.findall((ROOT / "requirements/dev.lock").read_text()))
    wanted = set(pins.findall((ROOT / "batch/qc/requirements.txt").read_text()))
    assert wanted and wanted <= lock
    dockerfile = (ROOT / "batch/qc/Dockerfile").read_text()
    sources = [s for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.M) for s in line.split()[:-1]]
    assert sources and all((ROOT / source).exists() for source in sources)
    assert re.search(r"^USER 10001$", dockerfile, re.M)
