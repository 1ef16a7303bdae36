"""Queues and streams feed functions in batches, with partial failures, retries and dead letters."""

from __future__ import annotations

import time
from typing import Any

import pytest

from local import queue_source
from tests.local.conftest import Cloud, wait_for


def received(cloud: Cloud, queue: str) -> list[str]:
    got = cloud.client("sqs").receive_message(QueueUrl=cloud.out(queue), MaxNumberOfMessages=10)
    for message in got.get("Messages", []):
        cloud.client("sqs").delete_message(QueueUrl=cloud.out(queue), ReceiptHandle=message["ReceiptHandle"])
    return [m["Body"] for m in got.get("Messages", [])]


def send(cloud: Cloud, *bodies: str) -> None:
    for body in bodies:
        cloud.client("sqs").send_message(QueueUrl=cloud.out("Work"), MessageBody=body)


def put(cloud: Cloud, key: str, **more: Any) -> None:
    item = {"pk": {"S": key}, **{k: {"S": v} for k, v in more.items()}}
    cloud.client("dynamodb").put_item(TableName=cloud.out("TableName"), Item=item)


def test_a_message_reaches_a_warm_function_promptly(cloud: Cloud) -> None:
    send(cloud, "warm-up")
    wait_for(lambda: "warm-up" in [n["text"] for n in cloud.notes("queue")])
    time.sleep(0.2)
    started = time.monotonic()
    send(cloud, "quick")
    wait_for(lambda: "quick" in [n["text"] for n in cloud.notes("queue")])
    assert time.monotonic() - started < 1.0  # 20 ms on an idle machine


def test_one_poisoned_message_goes_to_the_dead_letters_while_the_others_pass(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_source, "LONGEST_RETRY_WAIT_S", 0.1)
    send(cloud, "good-1", "poison-1", "good-2")
    assert wait_for(lambda: received(cloud, "Rejected"), what="the dead letter") == ["poison-1"]
    texts = [n["text"] for n in cloud.notes("queue")]
    assert texts.count("good-1") == texts.count("good-2") == 1
    assert texts.count("poison-1") == 2  # maxReceiveCount


def test_sending_does_not_wait_for_the_function(cloud: Cloud) -> None:
    """moto's own mapping calls the function inside SendMessage."""
    started = time.monotonic()
    for number in range(20):
        send(cloud, f"burst-{number}")
    assert time.monotonic() - started < 3
    wait_for(lambda: sum("burst-" in n["text"] for n in cloud.notes("queue")) == 20, what="all twenty")
    assert max(n["size"] for n in cloud.notes("queue")) <= 5  # BatchSize


def test_stream_records_arrive_in_order_and_filtered(cloud: Cloud) -> None:
    for number in range(5):
        put(cloud, f"ordered-{number}")
    cloud.client("dynamodb").delete_item(TableName=cloud.out("TableName"), Key={"pk": {"S": "ordered-0"}})
    wait_for(lambda: sum("ordered-" in n["text"] for n in cloud.notes("stream")) == 5, what="five inserts")
    time.sleep(0.2)
    texts = [n["text"] for n in cloud.notes("stream") if "ordered-" in n["text"]]
    assert texts == [f'{{"pk": {{"S": "ordered-{n}"}}}}' for n in range(5)]  # and no REMOVE


def test_a_poisoned_record_is_given_up_after_its_retries_and_the_stream_goes_on(cloud: Cloud) -> None:
    put(cloud, "before")
    put(cloud, "poison-record")
    put(cloud, "after")
    wait_for(lambda: any('"after"' in n["text"] for n in cloud.notes("stream")), what="the record behind")
    poisoned = [n for n in cloud.notes("stream") if "poison-record" in n["text"]]
    assert len(poisoned) >= 3  # in its batch, in halves of it, then twice more alone
    letters = wait_for(lambda: received(cloud, "Rejected"), what="the failure destination's message")
    assert "DDBStreamBatchInfo" in letters[0]


def test_a_write_that_changes_nothing_makes_no_record(cloud: Cloud) -> None:
    put(cloud, "same", colour="red")
    put(cloud, "same", colour="red")
    put(cloud, "last-of-same")
    wait_for(lambda: any("last-of-same" in n["text"] for n in cloud.notes("stream")))
    assert sum('"same"' in n["text"] for n in cloud.notes("stream")) == 1


def test_delivered_stream_records_are_trimmed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.dynamodb.models import dynamodb_backends

    from local.hooks import event_source_hooks

    monkeypatch.setattr(event_source_hooks, "KEPT_RECORDS", 5)
    for number in range(12):
        put(cloud, f"trim-{number}")
    shard = dynamodb_backends["123456789012"]["us-east-1"].get_table(cloud.out("TableName")).stream_shard
    wait_for(lambda: len(shard.items) <= 5, what="the trim")  # type: ignore[union-attr]
    wait_for(lambda: any("trim-11" in n["text"] for n in cloud.notes("stream")))


def test_no_message_is_lost_or_doubled_when_many_send_receive_and_delete(cloud: Cloud) -> None:
    """moto's delete rebuilds the list of messages and drops one that is sent meanwhile."""
    import threading

    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="busy")["QueueUrl"]
    seen: list[str] = []

    def produce(name: int) -> None:
        for number in range(40):
            sqs.send_message(QueueUrl=url, MessageBody=f"{name}-{number}")

    def consume() -> None:
        while len(seen) < 120:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                seen.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    producers = [threading.Thread(target=produce, args=(n,)) for n in range(3)]
    consumers = [threading.Thread(target=consume, daemon=True) for _ in range(2)]
    for thread in [*producers, *consumers]:
        thread.start()
    for thread in [*producers, *consumers]:
        thread.join(timeout=30)
    assert len(seen) == len(set(seen)) == 120
