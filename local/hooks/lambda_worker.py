"""One warm process that runs one function: AWS's own runtime client (awslambdaric) against a Runtime API here.

Each worker has its own loopback port, because the runtime client names no worker in its requests.
Protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.hooks import runtime_errors
from local.logs import Log, LogPump
from local.processes import Children

# AWS allows 10 s; a laptop that starts twenty workers at once on two cores needs more.
INIT_LIMIT_S = 60.0


@dataclass
class Call:
    """One invocation on its way through a worker."""

    request_id: str
    payload: bytes
    function_arn: str
    timeout_s: float
    answer: bytes = b""
    failed: bool = False
    deadline: float = 0.0
    delivered: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def finish(self, answer: bytes, failed: bool) -> None:
        if not self.done.is_set():
            self.answer, self.failed = answer, failed
            self.delivered.set()
            self.done.set()


class Worker:
    """A child process with its Runtime API. Not shared: at most one call at a time."""

    def __init__(
        self,
        handler: str,
        environment: Mapping[str, str],
        folder: Path,
        children: Children,
        pump: LogPump,
        log: Log,
        on_metric: Callable[[str], bool],
    ) -> None:
        self._children = children
        self._log = log
        self._on_metric = on_metric
        self._state = threading.Condition()
        self._call: Call | None = None
        self._fetched = False
        self._init_error: bytes | None = None
        self.dead = False
        self.last_used = time.monotonic()
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name=f"lambda-api-{port}", daemon=True).start()
        try:
            self.process: subprocess.Popen[bytes] = children.start(
                [sys.executable, "-m", "awslambdaric", handler],
                {**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
                folder,
            )
        except BaseException:
            self._close_listener()
            raise
        pump.attach(self.process, self._on_line, self._on_exit)

    def invoke(self, call: Call) -> None:
        """Runs one call to its end; afterwards `call.answer` and `call.failed` are set. A worker that is dead
        afterwards must be thrown away."""
        with self._state:
            if self.dead:
                call.finish(self._init_error or runtime_errors.exited(call.request_id, self._exit_code()), True)
                return
            self._call, self._fetched = call, False
            self._state.notify_all()
        self._log.write(f"START RequestId: {call.request_id} Version: $LATEST")
        started = time.monotonic()
        if not call.delivered.wait(INIT_LIMIT_S):
            call.finish(runtime_errors.init_timeout(call.request_id, INIT_LIMIT_S), True)
            self.kill()
        elif not call.done.wait(max(0.0, call.deadline - time.time())):
            call.finish(runtime_errors.timed_out(call.request_id, call.timeout_s), True)
            self._log.write(f"{call.request_id} Task timed out after {call.timeout_s:.2f} seconds")
            self.kill()
        took_ms = (time.monotonic() - started) * 1000
        self._log.write(f"REPORT RequestId: {call.request_id} Duration: {took_ms:.2f} ms")
        self.last_used = time.monotonic()

    def kill(self) -> None:
        """Ends the process; a call in flight is answered as a crash."""
        self.dead = True
        self._children.kill(self.process)
        self._close_listener()

    def _exit_code(self) -> int:
        try:
            return self._children.reap(self.process, timeout_s=5)
        except subprocess.TimeoutExpired:
            return 1

    def _on_line(self, text: str) -> None:
        self._on_metric(text)
        self._log.write(text)

    def _on_exit(self) -> None:
        # The pump has seen the end of the output: everything the worker said is in the log.
        code = self._exit_code()
        with self._state:
            self.dead = True
            call = self._call
            if call:
                call.finish(self._init_error or runtime_errors.exited(call.request_id, code), True)
            self._state.notify_all()
        self._close_listener()

    def _close_listener(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), name="lambda-api-client", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            reader = connection.makefile("rb")
            while request := _read_request(reader):
                method, path, body = request
                answer = self._answer(method, path, body)
                if answer is None:
                    return
                connection.sendall(answer)

    def _answer(self, method: str, path: str, body: bytes) -> bytes | None:
        if path.endswith("/invocation/next"):
            return self._next()
        if path.endswith("/init/error"):
            self._init_error = body
            return _response(202, b'{"status":"OK"}')
        request_id, _, what = path.rpartition("/")
        with self._state:
            call = self._call
            if call is None or not request_id.endswith(call.request_id):
                return _response(400, b'{"errorType":"InvalidRequestID"}')
            self._call = None
        if what == "response" and len(body) > runtime_errors.LARGEST_PAYLOAD_BYTES:
            call.finish(runtime_errors.response_too_large(), True)
        else:
            call.finish(body, what == "error")
        return _response(202, b'{"status":"OK"}')

    def _next(self) -> bytes | None:
        with self._state:
            while not self.dead and (self._call is None or self._fetched):
                self._state.wait()
            if self.dead or self._call is None:
                return None
            call, self._fetched = self._call, True
        call.deadline = time.time() + call.timeout_s
        call.delivered.set()
        trace = f"Root=1-{int(time.time()):08x}-{call.request_id.replace('-', '')[:24]};Sampled=0"
        headers = {
            "Lambda-Runtime-Aws-Request-Id": call.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(call.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": call.function_arn,
            "Lambda-Runtime-Trace-Id": trace,
        }
        return _response(200, call.payload, headers)


def _read_request(reader: Any) -> tuple[str, str, bytes] | None:
    first = reader.readline(65_536)
    if not first.strip():
        return None
    method, path, _ = first.decode("latin-1").split(" ", 2)
    length, chunked = 0, False
    while (line := reader.readline(1 << 21).strip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        chunked = chunked or (name.lower() == b"transfer-encoding" and b"chunked" in value.lower())
    return method, path, _read_chunks(reader) if chunked else reader.read(length)


def _read_chunks(reader: Any) -> bytes:
    parts = []
    while size := int(reader.readline(128).split(b";")[0], 16):
        parts.append(reader.read(size))
        reader.readline(8)
    reader.readline(8)
    return b"".join(parts)


def _response(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} OK", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
