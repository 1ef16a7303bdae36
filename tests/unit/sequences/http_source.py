"""An archive's HTTP server on the loopback that fails as tests order: breaks off, is busy, moves, forgets ranges."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class HttpSource:
    """Files by path. `orders` are taken from the front, one a GET: None serves as is.

    (status, headers): that answer. An int: the body breaks off after so many bytes, with the headers of the whole.
    A function is called before the answer is made, to change what is served.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    orders: list[int | tuple[int, dict[str, str]] | Callable[[], None] | None] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    knows_ranges: bool = True
    gives_etags: bool = True
    says_length: bool = True
    base: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, name: str) -> str:
        return f"{self.base}{name}"

    def etag(self, data: bytes) -> str:
        return f'"{hashlib.sha1(data).hexdigest()}"'


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    served: HttpSource

    def do_HEAD(self) -> None:
        self._serve(None)

    def do_GET(self) -> None:
        with self.served.lock:
            self.served.ranges.append(self.headers.get("Range", ""))
            order = self.served.orders.pop(0) if self.served.orders else None
        if callable(order):
            order()
            order = None
        if isinstance(order, tuple):
            return self._answer(order[0], {"Content-Length": "0", **order[1]}, b"")
        self._serve(order)

    def _serve(self, cut_after: int | None) -> None:
        data = self.served.files.get(self.path.lstrip("/"))
        if data is None:
            return self._answer(404, {"Content-Length": "0"}, b"")
        headers = {"ETag": self.served.etag(data)} if self.served.gives_etags else {}
        status, body = 200, data
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", headers.get("ETag", "")) == headers.get("ETag", "")
        if wanted and self.served.knows_ranges and same:
            first, last = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
            if first >= len(data):
                return self._answer(416, {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"}, b"")
            status, body = 206, data[first : last + 1]
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        if self.served.says_length:
            headers["Content-Length"] = str(len(body))
        self._answer(status, headers, body if cut_after is None else body[:cut_after])

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def http_source() -> Iterator[HttpSource]:
    served = HttpSource()

    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"served": served}))
    served.base = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
