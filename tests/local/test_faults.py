"""Faults on demand: each kind strikes as its rule says, and only where it says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError, ConnectionClosedError, ConnectionError, ReadTimeoutError

from local.gate import Faults
from tests.local.served import Served, serving

DATA = bytes(range(256)) * 400


@pytest.fixture(scope="module")
def cloud() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def stored(cloud: Served) -> Iterator[tuple[Any, str]]:
    cloud.faults.clear()
    s3, bucket = cloud.client("s3"), cloud.bucket()
    s3.put_object(Bucket=bucket, Key="in/reads", Body=DATA)
    yield s3, bucket
    cloud.faults.clear()


def url(s3: Any, bucket: str, key: str = "in/reads", method: str = "get_object") -> str:
    return s3.generate_presigned_url(method, Params={"Bucket": bucket, "Key": key})


def test_every_third_put_is_answered_503_in_s3s_words(cloud: Served, stored: tuple[Any, str]) -> None:
    s3, bucket = stored
    cloud.faults.add(method="PUT", path="/out/", every=3, action="status", status=503)
    answers = []
    for number in range(6):
        try:
            s3.put_object(Bucket=bucket, Key=f"out/{number}", Body=b"x")
            answers.append(200)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "SlowDown"
            answers.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert answers == [200, 200, 503, 200, 200, 503]
    assert s3.list_objects_v2(Bucket=bucket, Prefix="out/")["KeyCount"] == 4


def test_the_nth_request_only_and_no_more_than_times(cloud: Served, stored: tuple[Any, str]) -> None:
    s3, bucket = stored
    cloud.faults.add(method="GET", nth=2, action="status", status=500)
    assert [requests.get(url(s3, bucket)).status_code for _ in range(3)] == [200, 500, 200]
    cloud.faults.set([{"method": "GET", "times": 1, "action": "status", "status": 500}])
    assert [requests.get(url(s3, bucket)).status_code for _ in range(3)] == [500, 200, 200]


def test_chance_is_repeatable_by_its_seed() -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(action="status", probability=0.5, seed=seed)
        return [bool(faults.due({"REQUEST_METHOD": "GET", "PATH_INFO": "/"})) for _ in range(40)]

    assert run(1) == run(1) != run(2) and 5 < sum(run(1)) < 35


def test_an_upload_dropped_half_way_stores_nothing(cloud: Served, stored: tuple[Any, str]) -> None:
    s3, bucket = stored
    cloud.faults.add(method="PUT", path="half", times=1, action="drop", after_bytes=50_000)
    with pytest.raises((ConnectionClosedError, ConnectionError)):
        s3.put_object(Bucket=bucket, Key="half", Body=b"x" * 5_000_000)
    assert s3.list_objects_v2(Bucket=bucket, Prefix="half")["KeyCount"] == 0
    s3.put_object(Bucket=bucket, Key="half", Body=DATA)
    assert s3.get_object(Bucket=bucket, Key="half")["Body"].read() == DATA


def test_a_download_dropped_half_way_breaks_and_can_be_resumed(cloud: Served, stored: tuple[Any, str]) -> None:
    s3, bucket = stored
    cloud.faults.add(method="GET", times=1, action="drop", after_bytes=1000)
    got = b""
    with pytest.raises(requests.RequestException), requests.get(url(s3, bucket), stream=True, timeout=5) as answer:
        assert answer.headers["Content-Length"] == str(len(DATA))
        for block in answer.iter_content(100):
            got += block
    assert DATA.startswith(got) and len(got) <= 1000
    rest = requests.get(url(s3, bucket), headers={"Range": f"bytes={len(got)}-"}).content
    assert got + rest == DATA


def test_a_truncated_answer_looks_whole(cloud: Served, stored: tuple[Any, str]) -> None:
    s3, bucket = stored
    cloud.faults.add(method="GET", action="truncate", after_bytes=10)
    answer = requests.get(url(s3, bucket))
    assert answer.content == DATA[:10] and answer.headers["Content-Length"] == "10"


def test_a_spoilt_byte_is_spoilt_in_every_reading_and_range(cloud: Served, stored: tuple[Any, str]) -> None:
    s3, bucket = stored
    cloud.faults.add(path="/in/reads", action="flip", offset=300)
    spoilt = DATA[:300] + bytes([DATA[300] ^ 1]) + DATA[301:]
    assert requests.get(url(s3, bucket)).content == spoilt
    assert requests.get(url(s3, bucket), headers={"Range": "bytes=290-310"}).content == spoilt[290:311]
    assert requests.get(url(s3, bucket), headers={"Range": "bytes=0-99"}).content == DATA[:100]
    assert s3.head_object(Bucket=bucket, Key="in/reads")["ContentLength"] == len(DATA)


def test_a_delay_outlasts_a_clients_patience(cloud: Served, stored: tuple[Any, str]) -> None:
    _, bucket = stored
    cloud.faults.add(method="GET", times=1, action="delay", seconds=0.5)
    hasty = cloud.client("s3", read_timeout=0.1)
    with pytest.raises(ReadTimeoutError):
        hasty.get_object(Bucket=bucket, Key="in/reads")
    start = time.monotonic()
    assert hasty.get_object(Bucket=bucket, Key="in/reads")["ContentLength"] == len(DATA)
    assert time.monotonic() - start < 0.4


def test_rules_are_set_and_read_over_http(cloud: Served, stored: tuple[Any, str]) -> None:
    s3, bucket = stored
    where = f"{cloud.url}/_gate/faults"
    rule = {"method": "GET", "path": f"^/{bucket}/in", "action": "status", "status": 500}
    assert requests.put(where, json=[rule]).json()["rules"][0]["status"] == 500
    assert requests.get(url(s3, bucket)).status_code == 500
    assert requests.get(where).json()["rules"][0]["fired"] == 1
    assert len(requests.post(where, json=rule | {"nth": 9}).json()["rules"]) == 2
    assert requests.delete(where).json() == {"rules": []}
    assert requests.get(url(s3, bucket)).status_code == 200


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"action": "explode"}, "is none of"),
        ({"action": "drop", "colour": 1}, "'colour'"),
        ({"action": "drop", "path": "("}, ""),
    ],
)
def test_a_wrong_rule_is_refused_with_its_reason(cloud: Served, rule: dict[str, Any], words: str) -> None:
    answer = requests.put(f"{cloud.url}/_gate/faults", json=[rule])
    assert answer.status_code == 400 and words in answer.json()["detail"]


def test_neither_a_page_of_elsewhere_nor_another_machine_may_set_faults(cloud: Served) -> None:
    where = f"{cloud.url}/_gate/faults"
    assert requests.delete(where, headers={"Origin": "http://elsewhere.example"}).status_code == 403
    assert requests.get(f"{cloud.url}/moto-api/", headers={"Origin": "http://elsewhere.example"}).status_code == 403
    assert requests.get(f"{cloud.url}/moto-api/").status_code == 200
    from local.gate.door import from_this_machine

    assert not from_this_machine({"REMOTE_ADDR": "192.0.2.7"})
    assert from_this_machine({"REMOTE_ADDR": "::ffff:127.0.0.1", "HTTP_ORIGIN": "http://localhost:8000"})
