"""A listener that plays the X-Ray daemon: segments come by UDP, the newest traces can be read as a page or JSON.

Set AWS_XRAY_DAEMON_ADDRESS to `Daemon.address`. Sampling rules are not served; SDKs then use their own.
"""

from __future__ import annotations

import html
import json
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

PATH = "/_local/traces"
TRACES_KEPT = 1000
SEGMENTS_OF_TRACE_KEPT = 200
DATAGRAM_BYTES = 65_535  # the most that UDP carries, and the daemon's own limit
Page = Callable[[], tuple[str, bytes]]


class Traces:
    """The last traces, oldest out first."""

    def __init__(self, kept: int = TRACES_KEPT) -> None:
        self.kept = kept
        self.refused = 0
        self._traces: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, datagram: bytes) -> None:
        """One datagram: a header line, then a segment document. What is neither is counted, not kept."""
        try:
            header, _, document = datagram.partition(b"\n")
            if json.loads(header).get("format") != "json":
                raise ValueError("not the daemon's header")
            segment = json.loads(document)
            trace_id = segment["trace_id"]
            if not isinstance(trace_id, str) or not isinstance(segment["start_time"], (int, float)):
                raise TypeError("not a segment")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            with self._lock:
                self.refused += 1
            return
        with self._lock:
            segments = self._traces.setdefault(trace_id, [])
            self._traces.move_to_end(trace_id)
            # A finished segment replaces the one that was sent in progress.
            segments[:] = [s for s in segments if s.get("id") != segment.get("id")][-SEGMENTS_OF_TRACE_KEPT + 1 :]
            segments.append(segment)
            while len(self._traces) > self.kept:
                self._traces.popitem(last=False)

    def newest(self) -> list[dict[str, Any]]:
        """Traces with their segments by start, the newest first."""
        with self._lock:
            copied = [(trace_id, list(segments)) for trace_id, segments in self._traces.items()]
        return [_summary(trace_id, segments) for trace_id, segments in reversed(copied)]


def _summary(trace_id: str, segments: list[dict[str, Any]]) -> dict[str, Any]:
    segments = sorted(segments, key=lambda s: s["start_time"])
    start = segments[0]["start_time"]
    end = max(s.get("end_time") or s["start_time"] for s in segments)
    return {
        "trace_id": trace_id,
        "started_at": datetime.fromtimestamp(start, UTC).isoformat(timespec="milliseconds"),
        "duration_ms": round((end - start) * 1000, 3),
        "names": list(dict.fromkeys(str(s.get("name", "")) for s in segments)),
        "fault": any(s.get("fault") or s.get("error") for s in segments),
        "segments": segments,
    }


class Daemon:
    """The UDP listener, in a thread of its own."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.traces = Traces()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._thread = threading.Thread(target=self._listen, daemon=True, name="xray-daemon")

    @property
    def address(self) -> str:
        """For AWS_XRAY_DAEMON_ADDRESS."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def start(self) -> Daemon:
        self._thread.start()
        return self

    def stop(self) -> None:
        wake = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wake.sendto(b"", self._socket.getsockname())
        wake.close()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while datagram := self._socket.recv(DATAGRAM_BYTES):
            self.traces.take(datagram)

    def pages(self) -> dict[str, Page]:
        """For the front: path to a function that answers (content type, body)."""
        return {
            PATH: lambda: ("text/html; charset=utf-8", render(self.traces.newest()).encode()),
            f"{PATH}.json": lambda: ("application/json", json.dumps({"items": self.traces.newest()}).encode()),
        }


def render(traces: list[dict[str, Any]]) -> str:
    """A list that reads without script; each trace opens to its segments."""
    rows = "".join(map(_row, traces)) or "<p>No trace yet. Call a function and come back.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Traces of the laptop cloud</title>'
        '<meta name="viewport" content="width=device-width"><style>'
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "details{border-bottom:1px solid #ccc;padding:.4rem 0}pre{overflow-x:auto;font-size:.85rem}.fault{color:#b00}"
        f'</style></head><body><main><h1>Traces</h1><p>Newest first. <a href="{PATH}.json">The same as JSON</a>.</p>'
        f"{rows}</main></body></html>"
    )


def _row(trace: dict[str, Any]) -> str:
    names = html.escape(" → ".join(trace["names"]))
    fault = ' <strong class="fault">fault</strong>' if trace["fault"] else ""
    body = html.escape(json.dumps(trace["segments"], indent=1, ensure_ascii=False))
    trace_id = html.escape(trace["trace_id"])
    head = f"{trace['started_at']} · {trace['duration_ms']} ms · {names}{fault} <small>{trace_id}</small>"
    return f"<details><summary>{head}</summary><pre>{body}</pre></details>"
