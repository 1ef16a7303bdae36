"""`python -m local` as a process: one at a time, ports, signals, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from local.lock import AlreadyRunning, Lock, Running, running
from tests.local.assembly import Assembly, function
from tests.local.conftest import wait_for

SLOW = """
import time
def run(event, context):
    print("working on", event)
    time.sleep(event.get("seconds", 0))
    return {"ok": True}
"""


def small_assembly(folder: Path) -> Path:
    assembly = Assembly(folder)
    code = assembly.asset("code", {"functions/__init__.py": "", "functions/slow/handler.py": SLOW})
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
    schedule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "ScheduleExpression": "rate(1 day)",
            "State": "ENABLED",
            "Targets": [{"Id": "Q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
        },
    }
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 1}
    assembly.stack(
        "Small",
        {
            "Role": role,
            "Slow": function(code, "functions.slow.handler.run", FunctionName="slow", Timeout=60),
            "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work-dead"}},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work", "RedrivePolicy": redrive}},
            "Nightly": schedule,
        },
        {"QueueUrl": {"Ref": "Queue"}, "DeadUrl": {"Ref": "Dead"}},
    )
    return assembly.write()


def command(state: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "local", "--state", str(state), *words]


@contextmanager
def laptop(state: Path, assembly: Path | None) -> Iterator[tuple[subprocess.Popen[str], Running]]:
    what = ["--assembly", str(assembly)] if assembly else ["--empty"]
    process = subprocess.Popen(
        command(state, "up", "--port", "0", "--front-port", "0", *what), stdout=subprocess.PIPE, text=True
    )
    try:

        def ready() -> Any:
            assert process.poll() is None, "the laptop ended"
            who = running(state)
            return who if who and who.front_url else None

        yield process, wait_for(ready, 40, "the laptop")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def aws(who: Running, service: str) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    return boto3.client(service, endpoint_url=who.endpoint_url, **keys)


def ask(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(state, *words), capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Running]]:
    folder = tmp_path_factory.mktemp("process")
    with laptop(folder / "state", small_assembly(folder / "assembly")) as (_, who):
        yield folder / "state", who


def test_a_second_start_says_where_the_first_one_is(served: tuple[Path, Running]) -> None:
    state, who = served
    second = ask(state, "up", "--port", "0", "--front-port", "0", "--empty")
    assert second.returncode == 3
    assert second.stderr.count("\n") == 1
    assert who.front_url in second.stderr
    assert str(who.pid) in second.stderr


def test_a_taken_port_is_named_with_the_option_that_chooses_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("--port", "--front-port"):
            free = "--front-port" if option == "--port" else "--port"
            ended = ask(tmp_path, "up", option, str(port), free, "0", "--empty")
            assert ended.returncode == 4
            assert ended.stderr.count("\n") == 1
            assert f"Port {port}" in ended.stderr
            assert option in ended.stderr
    assert running(tmp_path) is None


def test_the_commands_reach_the_running_laptop(served: tuple[Path, Running]) -> None:
    state, who = served
    status = json.loads(ask(state, "status").stdout)
    assert status["pid"] == who.pid
    assert status["outputs"]["Small"]["QueueUrl"].endswith("/work")
    aws(who, "lambda").invoke(FunctionName="slow", Payload=b"{}")
    assert "lambda/slow" in ask(state, "logs").stdout
    assert "working on {}" in ask(state, "logs", "slow").stdout
    assert ask(state, "fire", "nightly").stdout.startswith("fired Small-Nightly")
    refused = ask(state, "fire", "weekly")
    assert refused.returncode == 1
    assert "Known: Small-Nightly" in refused.stderr
    assert "(+864000 s)" in ask(state, "clock", "--advance", "10d").stdout
    assert ask(state, "clock", "--reset").stdout.rstrip().endswith("(+0 s)")
    assert ask(state, "clock", "--advance", "soon").returncode == 2


def test_redrive_puts_dead_letters_back(served: tuple[Path, Running]) -> None:
    state, who = served
    sqs = aws(who, "sqs")
    outputs = json.loads(ask(state, "status").stdout)["outputs"]["Small"]
    sqs.purge_queue(QueueUrl=outputs["QueueUrl"])
    sqs.send_message(QueueUrl=outputs["DeadUrl"], MessageBody="again")
    answer = ask(state, "redrive", "work-dead")
    assert answer.stdout == "1 messages from work-dead back to work\n"
    assert sqs.receive_message(QueueUrl=outputs["QueueUrl"])["Messages"][0]["Body"] == "again"
    assert "Known: work" in ask(state, "redrive", "nothing").stderr


def busy_children(who: Running) -> list[psutil.Process]:
    """The laptop's children while one of its functions is at work."""
    import threading

    call = threading.Thread(
        target=lambda: _quietly(aws(who, "lambda"), json.dumps({"seconds": 50}).encode()), daemon=True
    )
    call.start()
    found: list[psutil.Process] = wait_for(lambda: psutil.Process(who.pid).children(recursive=True), what="a worker")
    time.sleep(0.5)
    return found


def _quietly(client: Any, payload: bytes) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.invoke(FunctionName="slow", Payload=payload)
    except (BotoCoreError, ClientError):
        return


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_no_child_outlives_the_laptop(tmp_path: Path, number: signal.Signals, code: int) -> None:
    state = tmp_path / "state"
    with laptop(state, small_assembly(tmp_path / "assembly")) as (process, who):
        children = busy_children(who)
        started = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=20) == code
        assert time.monotonic() - started < 10
        wait_for(lambda: not [c for c in children if c.is_running() and c.status() != psutil.STATUS_ZOMBIE], 5)
    # what a killed laptop leaves behind hinders no new one
    assert running(state) is None
    with Lock(state):
        assert running(state) == Running(os.getpid())


def test_a_lock_file_of_a_dead_or_foreign_process_is_replaced(tmp_path: Path) -> None:
    for pid in (999_999_999, os.getppid()):  # nobody; somebody who never heard of laptops
        (tmp_path / "laptop.lock").write_text(json.dumps({"pid": pid, "endpoint_url": "x", "front_url": "y"}))
        assert running(tmp_path) is None
        with Lock(tmp_path) as lock:
            lock.tell(Running(1, "http://localhost:1", "http://localhost:2"))
            with pytest.raises(AlreadyRunning, match="running already at http://localhost:2"), Lock(tmp_path):
                pass
    assert running(tmp_path) is None


def test_commands_say_when_nothing_runs(tmp_path: Path) -> None:
    answer = ask(tmp_path, "status")
    assert answer.returncode == 1
    assert "`make up` starts one" in answer.stderr
