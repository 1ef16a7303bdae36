"""An S3 of our own on localhost: moto behind a proxy that breaks GETs as a test orders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from moto.server import ThreadedMotoServer


@dataclass
class Faults:
    """Orders for the GETs to come, taken from the front: None passes, an int cuts the body after so many bytes.

    A text is an error code that is answered with status 503; an Event holds the answer until it is set.
    `ranges` are the Range headers seen, in order; `if_match` the If-Match headers.
    """

    orders: list[int | str | threading.Event | None] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    if_match: list[str | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    endpoint: str = ""

    def next_order(self, headers: dict[str, str]) -> int | str | threading.Event | None:
        with self.lock:
            self.ranges.append(headers.get("Range", ""))
            self.if_match.append(headers.get("If-Match"))
            return self.orders.pop(0) if self.orders else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that left is what these tests are about."""


def _proxy(behind: str, faults: Faults) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            order = faults.next_order(dict(self.headers))
            if isinstance(order, str):
                return self._answer(503, {}, f"<Error><Code>{order}</Code><Message>x</Message></Error>".encode(), None)
            if isinstance(order, threading.Event):
                order.wait(20)
                order = None
            self._pass_on(order)

        def do_PUT(self) -> None:
            self._pass_on(None)

        do_HEAD = do_POST = do_DELETE = do_PUT

        def _pass_on(self, cut_after: int | None) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding")}
            got = requests.request(self.command, behind + self.path, headers=headers, data=body, timeout=20)
            self._answer(got.status_code, dict(got.headers), got.content, cut_after)

        def _answer(self, status: int, headers: dict[str, str], body: bytes, cut_after: int | None) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection", "transfer-encoding", "content-encoding"):
                    self.send_header(name, value)
            size_bytes = headers["Content-Length"] if self.command == "HEAD" else str(len(body))
            self.send_header("Content-Length", size_bytes)
            self.end_headers()
            self.wfile.write(body if cut_after is None else body[:cut_after])
            if cut_after is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return _Server(("127.0.0.1", 0), Handler)


@contextmanager
def s3_with_faults() -> Iterator[Faults]:
    """Runs both servers; `faults.endpoint` is the URL to talk to."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    faults = Faults()
    server = _proxy(f"http://{host}:{port}", faults)
    faults.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield faults
    finally:
        server.shutdown()
        server.server_close()
        moto.stop()
