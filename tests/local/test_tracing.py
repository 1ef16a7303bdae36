"""The X-Ray listener: what AWS's own SDK sends is kept, the newest first, and no more than the bound."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest
from aws_xray_sdk.core import AsyncAWSXRayRecorder
from hypothesis import given
from hypothesis import strategies as st

from local.tracing import Daemon, Traces, render


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon().start()
    yield daemon
    daemon.stop()


def datagram(trace_id: str, segment_id: str = "a", start: float = 1.0, **more: object) -> bytes:
    segment = {
        "trace_id": trace_id,
        "id": segment_id,
        "name": "qc",
        "start_time": start,
        "end_time": start + 0.5,
    } | more
    return b'{"format": "json", "version": 1}\n' + json.dumps(segment).encode()


def wait_for(daemon: Daemon, count: int) -> None:
    deadline = time.monotonic() + 5
    while len(daemon.traces.newest()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_segments_of_awss_own_sdk_arrive(daemon: Daemon) -> None:
    recorder = AsyncAWSXRayRecorder()
    recorder.configure(daemon_address=daemon.address, sampling=False, context_missing="LOG_ERROR")
    with recorder.in_segment("submissions") as segment:
        with recorder.in_subsegment("mint accessions"):
            pass
        trace_id = segment.trace_id
    wait_for(daemon, 1)
    (trace,) = daemon.traces.newest()
    assert trace["trace_id"] == trace_id and trace["names"] == ["submissions"]
    assert trace["segments"][0]["subsegments"][0]["name"] == "mint accessions"


def test_only_the_newest_traces_are_kept() -> None:
    traces = Traces(kept=3)
    for number in range(5):
        traces.take(datagram(f"t{number}"))
    traces.take(datagram("t2", "b", 2.0))
    assert [trace["trace_id"] for trace in traces.newest()] == ["t2", "t4", "t3"]
    assert traces.newest()[0]["duration_ms"] == 1500.0
    for number in range(500):
        traces.take(datagram("t2", f"s{number}"))
    assert len(traces.newest()[0]["segments"]) == 200


def test_a_finished_segment_replaces_the_one_in_progress() -> None:
    traces = Traces()
    traces.take(datagram("t", in_progress=True, end_time=None))
    traces.take(datagram("t", fault=True))
    (trace,) = traces.newest()
    assert len(trace["segments"]) == 1 and trace["fault"]


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda t: b'{"format": "json"}\n' + t.encode()))
def test_noise_is_counted_and_not_kept(noise: bytes) -> None:
    traces = Traces()
    traces.take(noise)
    assert traces.newest() == [] and traces.refused == 1


def test_noise_on_the_wire_does_not_stop_the_listener(daemon: Daemon) -> None:
    host, port = daemon.address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(b"\xff\xfe", (host, int(port)))
        wire.sendto(datagram("after"), (host, int(port)))
    wait_for(daemon, 1)


def test_the_page_escapes_and_the_json_says_the_same(daemon: Daemon) -> None:
    daemon.traces.take(datagram("t<b>", name="<script>alert(1)</script>"))
    page = daemon.pages()["/_local/traces"]()[1].decode()
    assert "<script>" not in page and "&lt;script&gt;" in page and "t&lt;b&gt;" in page
    items = json.loads(daemon.pages()["/_local/traces.json"]()[1])["items"]
    assert items[0]["trace_id"] == "t<b>"
    assert "No trace yet" in render([])
