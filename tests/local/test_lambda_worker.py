"""Functions run in AWS's own runtime client, with its context, its time limit and its words for failure."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from local.hooks import lambda_async
from tests.local.conftest import Cloud, wait_for


def test_a_handler_sees_its_event_and_a_true_context(cloud: Cloud) -> None:
    answer, meta = cloud.invoke(cloud.out("Echo"), {"x": [1, "ä"]})
    assert answer["event"] == {"x": [1, "ä"]}
    assert answer["name"] == cloud.out("Echo")
    assert 8_000 < answer["left_ms"] <= 10_000
    assert "FunctionError" not in meta


def test_a_worker_speaks_to_this_laptop_with_its_keys_and_clock(cloud: Cloud) -> None:
    environment = cloud.invoke(cloud.out("Echo"))[0]["environment"]
    assert environment["AWS_ENDPOINT_URL"] == cloud.laptop.endpoint_url
    assert environment["AWS_SECRET_ACCESS_KEY"] == cloud.laptop.credentials.secret_key
    assert environment["BIOTHECA_CLOCK_FILE"] == str(cloud.laptop.clock.path)
    assert environment["OWN_TABLE"] == cloud.out("TableName")  # resolved across stacks
    keys = f"{cloud.laptop.endpoint_url}/pool/.well-known/jwks.json"  # known only at start
    assert environment["BIOTHECA_TOKEN_KEYS_URL"] == keys


def test_a_warm_worker_serves_the_next_call(cloud: Cloud) -> None:
    pids = {cloud.invoke(cloud.out("Echo"))[0]["pid"] for _ in range(5)}
    assert len(pids) == 1


def test_concurrent_calls_get_workers_of_their_own_up_to_a_cap(cloud: Cloud) -> None:
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.append(cloud.invoke(cloud.out("Sleeper"), {"seconds": 0.5})[0]["pid"]))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 6
    assert 2 <= len(set(seen)) <= 4


def test_a_function_that_exceeds_its_time_is_killed_and_said_so_as_aws_does(cloud: Cloud) -> None:
    started = time.monotonic()
    answer, meta = cloud.invoke(cloud.out("Slow"), {"seconds": 30})
    assert meta["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert time.monotonic() - started < 8
    # and the next call gets a fresh worker
    assert "pid" in cloud.invoke(cloud.out("Slow"), {"seconds": 0})[0]


def test_a_worker_that_exits_is_a_runtime_exit_error(cloud: Cloud) -> None:
    answer, meta = cloud.invoke(cloud.out("Die"))
    assert meta["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: exit status 3")


def test_a_worker_killed_from_outside_fails_its_call_and_only_that(cloud: Cloud) -> None:
    pid = cloud.invoke(cloud.out("Sleeper"), {"seconds": 0})[0]["pid"]
    threading.Timer(0.3, lambda: os.kill(pid, signal.SIGKILL)).start()
    answer, _ = cloud.invoke(cloud.out("Sleeper"), {"seconds": 5})
    assert "signal: killed" in answer["errorMessage"]
    assert "pid" in cloud.invoke(cloud.out("Sleeper"), {"seconds": 0})[0]


def test_an_exception_comes_back_as_lambda_words_it(cloud: Cloud) -> None:
    answer, meta = cloud.invoke(cloud.out("Fail"), {"sync": True})
    assert meta["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "not today")
    assert any("handler.py" in line for line in answer["stackTrace"])


def test_a_handler_that_cannot_be_imported_is_named(cloud: Cloud) -> None:
    client = cloud.client("lambda")
    code = client.get_function(FunctionName=cloud.out("Echo"))["Configuration"]
    bucket = "cdk-hnb659fds-assets-123456789012-us-east-1"
    client.create_function(
        FunctionName="missing",
        Handler="functions.nowhere.handler.run",
        Runtime="python3.12",
        Role=code["Role"],
        Code={"S3Bucket": bucket, "S3Key": "handlers.zip"},
    )
    answer, _ = cloud.invoke("missing")
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "functions.nowhere" in answer["errorMessage"]


def test_an_event_invocation_returns_at_once_and_is_tried_three_times(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lambda_async, "RETRY_DELAYS_S", (0.1, 0.1))
    _, meta = cloud.invoke(cloud.out("Fail"), {"async": True}, InvocationType="Event")
    assert meta["StatusCode"] == 202
    wait_for(lambda: cloud.notes("async").count({"async": True}) == 3, what="three attempts")

    def dead() -> object:
        got = cloud.client("sqs").receive_message(QueueUrl=cloud.out("Dead"), MessageAttributeNames=["All"])
        return [m for m in got.get("Messages", []) if m["Body"] == '{"async": true}']

    letter = wait_for(dead, what="the dead letter")[0]
    assert "not today" in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_a_failure_destination_gets_the_invocation_record(cloud: Cloud) -> None:
    cloud.invoke(cloud.out("FailOnce"), {"once": 1}, InvocationType="Event")

    def record() -> object:
        got = cloud.client("sqs").receive_message(QueueUrl=cloud.out("Destination")).get("Messages", [])
        return json.loads(got[0]["Body"]) if got else None

    record_ = wait_for(record, what="the destination's message")
    assert record_["requestPayload"] == {"once": 1}
    assert record_["requestContext"]["condition"] == "RetriesExhausted"
    assert record_["responsePayload"]["errorMessage"] == "not today"
    assert len(cloud.notes("async-once")) == 1  # MaximumRetryAttempts 0


def test_prints_reach_a_bounded_log_and_metrics_are_counted(cloud: Cloud) -> None:
    for _ in range(2):
        cloud.invoke(cloud.out("Metric"))
    log = cloud.laptop.logs.log(f"lambda/{cloud.out('Metric')}")
    wait_for(lambda: any("hello from the worker" in line.text for line in log.lines()), what="the printed line")
    assert "hello from the worker" in log.path.read_text()

    def counted() -> list[tuple[float, dict[str, str]]]:
        return [(row["sum"], row["dimensions"]) for row in cloud.laptop.metrics.rows() if row["metric"] == "Files"]

    wait_for(lambda: counted() == [(6.0, {"service": "qc"})], what="both calls' metrics")
    # moto's own log backend, which never forgets, is not used
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert groups == []


def test_idle_workers_are_swept(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.hooks import lambda_runtime

    cloud.invoke(cloud.out("Metric"))
    assert cloud.laptop.lambdas.workers(cloud.out("Metric")) == 1
    monkeypatch.setattr(lambda_runtime, "LAST_IDLE_S", 0.0)
    monkeypatch.setattr(lambda_runtime, "EXTRA_IDLE_S", 0.0)
    cloud.laptop.lambdas.sweep()
    assert cloud.laptop.lambdas.workers() == 0
    assert cloud.invoke(cloud.out("Metric"))[0] == {}


def test_new_code_means_new_workers(cloud: Cloud) -> None:
    before = cloud.invoke(cloud.out("Echo"))[0]
    cloud.client("lambda").update_function_configuration(
        FunctionName=cloud.out("Echo"),
        Environment={"Variables": {"OWN_WORD": "new", "OWN_TABLE": cloud.out("TableName")}},
    )
    after = cloud.invoke(cloud.out("Echo"))[0]
    assert after["environment"]["OWN_WORD"] == "new"
    assert after["pid"] != before["pid"]


def test_a_topic_calls_its_function_asynchronously(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="calls")["TopicArn"]
    arn = cloud.client("lambda").get_function(FunctionName=cloud.out("Sleeper"))["Configuration"]["FunctionArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    started = time.monotonic()
    sns.publish(TopicArn=topic, Message="{}")  # the function would sleep half a minute
    assert time.monotonic() - started < 3


def test_layers_of_our_own_are_on_the_path_and_foreign_ones_are_not(cloud: Cloud) -> None:
    from moto.awslambda.utils import get_backend

    function = get_backend("123456789012", "us-east-1").get_function(cloud.out("Echo"))
    _, layers = cloud.laptop.lambdas._code.python_path(function)
    assert [sorted(p.name for p in layer.iterdir()) for layer in layers] == [["biotheca_probe.py"]]
