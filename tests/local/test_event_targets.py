"""EventBridge rules reach functions, state machines and queues, off the putting thread."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from local.hooks import event_targets
from local.hooks.event_targets import _fill, transform
from tests.local.conftest import Cloud, wait_for


def put(cloud: Cloud, kind: str, detail: dict[str, Any]) -> None:
    cloud.client("events").put_events(
        Entries=[{"Source": "test", "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": "archive"}]
    )


def messages(cloud: Cloud, queue: str) -> list[Any]:
    got = cloud.client("sqs").receive_message(
        QueueUrl=cloud.out(queue), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    for message in got.get("Messages", []):
        cloud.client("sqs").delete_message(QueueUrl=cloud.out(queue), ReceiptHandle=message["ReceiptHandle"])
    return list(got.get("Messages", []))


def test_a_function_gets_the_transformed_input(cloud: Cloud) -> None:
    put(cloud, "Noted", {"who": 'a "b"', "n": 3})
    wait_for(lambda: cloud.notes("targets"))
    assert cloud.notes("targets")[-1] == {"who": 'a "b"', "n": 3, "text": 'a "b" said "3"'}


def test_a_state_machine_runs_under_the_events_id(cloud: Cloud) -> None:
    before = len(cloud.client("stepfunctions").list_executions(stateMachineArn=cloud.out("Machine"))["executions"])
    put(cloud, "Run", {"code": "0"})

    def found() -> Any:
        listed = cloud.client("stepfunctions").list_executions(stateMachineArn=cloud.out("Machine"))["executions"]
        return listed if len(listed) > before else None

    execution = wait_for(found)[0]
    assert execution["name"].endswith("_Machine")


def test_the_same_event_twice_starts_one_execution(cloud: Cloud) -> None:
    target = {"Id": "M", "Arn": cloud.out("Machine"), "InputPath": "$.detail"}
    event = {"id": "twice", "time": "2026-01-01T00:00:00Z", "detail": {"code": "0"}}
    for _ in range(2):
        event_targets._deliver(target, event, "arn:rule/x", 1)
    listed = cloud.client("stepfunctions").list_executions(stateMachineArn=cloud.out("Machine"))["executions"]
    assert [e["name"] for e in listed].count("twice_M") == 1


def test_what_cannot_be_delivered_ends_in_the_targets_dead_letters(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_targets, "RETRY_DELAYS_S", (0.05,))
    put(cloud, "Lost", {"x": 1})  # and the putter hears nothing of it

    def letter() -> Any:
        return [m for m in messages(cloud, "Dead") if '"x": 1' in m["Body"]]

    found = wait_for(letter)[0]
    assert found["MessageAttributes"]["TARGET_ARN"]["StringValue"].endswith(":gone")


def test_an_upload_becomes_an_event_with_a_growing_sequencer(cloud: Cloud) -> None:
    messages(cloud, "Arrived")
    for body in (b"one", b"two"):
        cloud.client("s3").put_object(Bucket=cloud.out("InboxName"), Key="a b/ä.fastq", Body=body)
    events: list[Any] = []

    def both() -> bool:
        events.extend(json.loads(m["Body"]) for m in messages(cloud, "Arrived"))
        return len(events) >= 2

    wait_for(both)
    time.sleep(0.2)
    assert not messages(cloud, "Arrived")  # one event per upload, "Object Tags Added" does not match
    first, second = sorted(events, key=lambda e: e["detail"]["object"]["sequencer"])
    assert first["detail"]["object"]["key"] == "a b/ä.fastq"
    assert first["detail"]["object"]["sequencer"] < second["detail"]["object"]["sequencer"]
    assert first["detail"]["object"]["version-id"] != second["detail"]["object"]["version-id"]
    assert first["detail"]["reason"] == "PutObject"
    assert first["time"].endswith("Z")


def test_templates_quote_as_eventbridge_does() -> None:
    assert _fill('{"a":<x>,"b":"<x>"}', {"x": 'q"'}) == '{"a":"q\\"","b":"q\\""}'
    assert _fill('{"a":<list>}', {"list": [1, 2]}) == '{"a":[1, 2]}'
    assert _fill('{"a":<unknown>}', {}) == '{"a":<unknown>}'
    event = {"time": "t", "detail": {"files": [{"key": "k"}]}}
    assert transform({"InputPath": "$.detail.files[0].key"}, event, "arn") == '"k"'
    assert transform({"Input": '{"fixed": 1}'}, event, "arn") == '{"fixed": 1}'
    assert json.loads(transform({}, event, "arn")) == event
