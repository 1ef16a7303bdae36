"""One running laptop for most tests here; tests that stop or kill one start their own in a process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.laptop import Laptop
from tests.local.assembly import Assembly, function
from tests.local.small_lake import Lake, small_lake

HANDLERS = """
import json, os, sys, time
from pathlib import Path

def echo(event, context):
    return {
        "event": event,
        "name": context.function_name,
        "request_id": context.aws_request_id,
        "left_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "pid": os.getpid(),
        "environment": {k: v for k, v in os.environ.items() if k.startswith(("AWS_", "BIOTHECA_", "OWN_"))},
    }

def note(event, context):
    "Appends each event to a file that the test reads."
    with open(os.environ["OWN_NOTES"], "a") as file:
        file.write(json.dumps(event) + chr(10))
    return {"noted": True}

def slow(event, context):
    time.sleep(event.get("seconds", 30))
    return {"pid": os.getpid()}

def die(event, context):
    os._exit(3)

def fail(event, context):
    with open(os.environ["OWN_NOTES"], "a") as file:
        file.write(json.dumps(event) + chr(10))
    raise ValueError("not today")

def metric(event, context):
    print(json.dumps({"_aws": {"CloudWatchMetrics": [{"Namespace": "test", "Dimensions": [["service"]],
          "Metrics": [{"Name": "Files", "Unit": "Count"}]}]}, "service": "qc", "Files": 3}))
    print("hello from the worker")
    return {}

def records(event, context):
    "Queue and stream consumer: fails what says poison, notes the rest."
    failures = []
    for record in event["Records"]:
        text = record.get("body") or json.dumps(record["dynamodb"]["Keys"])
        identity = record.get("messageId") or record["dynamodb"]["SequenceNumber"]
        with open(os.environ["OWN_NOTES"], "a") as file:
            file.write(json.dumps({"text": text, "id": identity, "size": len(event["Records"])}) + chr(10))
        if "poison" in text:
            failures.append({"itemIdentifier": identity})
            if "dynamodb" in record:
                break
    return {"batchItemFailures": failures}

def allow_friends(event, context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    if token == "nonsense":
        raise Exception("Unauthorized")
    return {"principalId": token, "policyDocument": {"Version": "2012-10-17", "Statement": [{
        "Action": "execute-api:Invoke", "Effect": "Allow" if token == "friend" else "Deny", "Resource": "*"}]},
        "context": {"subject": token, "number": 7, "flag": True}}

def api(event, context):
    if event["path"].endswith("broken"):
        return {"no": "status"}
    return {"statusCode": 201, "headers": {"X-Seen": "yes", "Content-Type": "application/json"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": json.dumps(event)}
"""


def wait_for(condition: Callable[[], Any], seconds: float = 10, what: str = "the condition") -> Any:
    """The first true value of the condition; fails after the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"waited {seconds} s for {what}")


class Cloud:
    """A deployed laptop and helpers to ask it."""

    def __init__(self, laptop: Laptop, folder: Path) -> None:
        self.laptop, self.folder = laptop, folder
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            keys = self.laptop.credentials
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.laptop.endpoint_url,
                region_name=keys.region,
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret_key,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[service]

    def out(self, key: str) -> str:
        return self.laptop.output(key)

    def invoke(self, function_name: str, event: Any = None, **options: Any) -> tuple[Any, dict[str, Any]]:
        answer = self.client("lambda").invoke(FunctionName=function_name, Payload=json.dumps(event or {}), **options)
        body = answer["Payload"].read()
        return json.loads(body) if body else None, answer

    def notes(self, name: str) -> list[Any]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def run(self, machine_arn: str, given: Any, name: str | None = None, seconds: float = 20) -> dict[str, Any]:
        sfn = self.client("stepfunctions")
        options = {"name": name} if name else {}
        arn = sfn.start_execution(stateMachineArn=machine_arn, input=json.dumps(given), **options)["executionArn"]

        def ended() -> Any:
            described = sfn.describe_execution(executionArn=arn)
            return described if described["status"] != "RUNNING" else None

        return wait_for(ended, seconds, "the execution's end")


class Clouds:
    """Keeps one deployed laptop for all tests, and deploys anew when another test has emptied moto meanwhile."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._cloud: Cloud | None = None
        self._marked: list[Any] = []

    def get(self) -> Cloud:
        if self._cloud is None or not all(hasattr(backend, "own_mark") for backend in self._marked):
            self.stop()
            self._cloud = self._deploy()
            self._mark()
        return self._cloud

    def stop(self) -> None:
        if self._cloud:
            self._cloud.laptop.stop()
            self._cloud = None

    def _deploy(self) -> Cloud:
        from tests.local.fixture_stacks import build

        folder = self._folders.mktemp("laptop")
        (folder / "portal").mkdir()
        (folder / "portal" / "index.html").write_text("<h1>portal</h1>")
        laptop = Laptop(folder / "state", portal=folder / "portal").start()
        try:
            laptop.deploy(build(Assembly(folder / "assembly"), function, folder, HANDLERS))
        except BaseException:
            laptop.stop()
            raise
        return Cloud(laptop, folder)

    def _mark(self) -> None:
        """A reset of a moto backend loses this attribute."""
        from moto.core.base_backend import BackendDict

        accounts = [account for service in BackendDict._instances for account in service.values()]
        self._marked = [backend for account in accounts for backend in account.values()]
        for backend in self._marked:
            backend.own_mark = True


@pytest.fixture(scope="session")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    kept = Clouds(tmp_path_factory)
    yield kept
    kept.stop()


@pytest.fixture
def cloud(clouds: Clouds) -> Cloud:
    return clouds.get()


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    """A lake of a few rows that tests of SQL read, and none writes. A module's own: stores make and delete the same."""
    with small_lake() as made:
        yield made
