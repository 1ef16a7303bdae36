"""A small threaded HTTP/1.1 server with keep-alive for the front: one function from Request to Response.

werkzeug's own server closes the connection after each request.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from local.server import HOST, listening_socket

log = logging.getLogger("biotheca.laptop")

IDLE_S = 75.0


@dataclass(frozen=True)
class Request:
    """As it came over the wire; `path` and `query` are not decoded."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    client: str

    def header(self, name: str) -> str | None:
        """The last value of a header, whatever its case."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[-1] if values else None


@dataclass(frozen=True)
class Response:
    """Content-Length, Date and Connection are added by the server."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


class BodyTooLarge(Exception):
    """The announced body exceeds the limit; nothing of it was read."""


class HttpServer:
    """Serves `answer` on the loopback interface."""

    def __init__(
        self, port: int, option: str, answer: Callable[[Request], Response], largest_body: int, too_large: Response
    ) -> None:
        self._wanted_port, self._option = port, option
        self.port = port
        members = {"answer": staticmethod(answer), "largest_body": largest_body, "too_large": too_large}
        self._handler = type("Handler", (_Handler,), members)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Raises server.PortTaken."""
        listener = listening_socket(self._wanted_port, self._option)
        self.port = listener.getsockname()[1]
        self._server = _Server(listener, self._handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="laptop-front", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.hang_up()
        if self._thread:
            self._thread.join(timeout=10)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__((HOST, 0), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self._open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends kept-alive connections, so that their threads end."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "biotheca-laptop"
    sys_version = ""
    timeout = IDLE_S
    wbufsize = -1
    disable_nagle_algorithm = True
    # set by HttpServer in a subclass
    answer: Callable[[Request], Response]
    largest_body: int
    too_large: Response

    def _serve(self) -> None:
        try:
            body = self._read_body()
        except BodyTooLarge:
            self.close_connection = True
            self._send(self.too_large)
            return
        path, _, query = self.path.partition("?")
        request = Request(self.command, path, query, self.headers.items(), body, self.client_address[0])
        try:
            response = self.answer(request)
        except Exception:
            log.exception("the front stumbled")
            response = Response(500, b'{"message": "Internal server error"}', [("Content-Type", "application/json")])
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _serve

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if length > self.largest_body:
            raise BodyTooLarge
        return self.rfile.read(length) if length else b""

    def _read_chunks(self) -> bytes:
        parts, total = [], 0
        while size := int(self.rfile.readline(128).split(b";")[0] or b"0", 16):
            total += size
            if total > self.largest_body:
                raise BodyTooLarge
            parts.append(self.rfile.read(size))
            self.rfile.readline(8)
        self.rfile.readline(8)
        return b"".join(parts)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date"):
                self.send_header(name, value)
        bodiless = response.status in (204, 304)
        if not bodiless:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(response.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """No line per request; the functions log."""
