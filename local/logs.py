"""What Lambda workers and Batch jobs print: a ring in memory and a rotated file each, both bounded.

moto's own log backend would keep every line for ever, so it is not used.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import subprocess
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

LINES_IN_MEMORY = 2_000
FILE_SIZE_BYTES = 2 * 1024 * 1024
MOST_GROUPS = 500
_LONGEST_LINE = 256 * 1024


class Line(NamedTuple):
    """One printed line; `at` is seconds since 1970, machine time."""

    at: float
    text: str


class Log:
    """The lines of one function or one job definition. Files: `<name>.log`, and `<name>.log.1` before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ring: deque[Line] = deque(maxlen=LINES_IN_MEMORY)
        self._lock = threading.Lock()
        self._size = path.stat().st_size if path.exists() else 0

    def write(self, text: str) -> None:
        line = Line(time.time(), text)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(line.at))
        data = f"{stamp}.{int(line.at % 1 * 1000):03d}Z {text}\n".encode(errors="replace")
        with self._lock:
            self._ring.append(line)
            if self._size + len(data) > FILE_SIZE_BYTES:
                with contextlib.suppress(OSError):
                    self.path.replace(self.path.with_name(self.path.name + ".1"))
                self._size = 0
            with contextlib.suppress(OSError), self.path.open("ab") as file:
                file.write(data)
                self._size += len(data)

    def lines(self, last: int = LINES_IN_MEMORY, since: float = 0) -> list[Line]:
        with self._lock:
            newest = list(self._ring)[-last:]
        return [line for line in newest if line.at >= since]


class LogBook:
    """All logs of the laptop by group name such as `lambda/<function>` or `batch/<job definition>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logs: OrderedDict[str, Log] = OrderedDict()
        self._lock = threading.Lock()

    def log(self, group: str) -> Log:
        with self._lock:
            log = self._logs.get(group)
            if log is None:
                path = self._folder / (re.sub(r"[^A-Za-z0-9_./-]", "_", group).replace("..", "_") + ".log")
                path.parent.mkdir(parents=True, exist_ok=True)
                log = self._logs[group] = Log(path)
                if len(self._logs) > MOST_GROUPS:
                    self._logs.popitem(last=False)
            return log

    def groups(self) -> list[str]:
        with self._lock:
            return sorted(self._logs)


Reader = Callable[[str], None]


class _Stream:
    def __init__(self, process: subprocess.Popen[bytes], on_line: Reader, on_end: Callable[[], None]) -> None:
        self.process, self.on_line, self.on_end = process, on_line, on_end
        self.rest = b""

    def feed(self, data: bytes) -> None:
        # awslambdaric ends the lines of one record with "\r", so that CloudWatch keeps them together.
        *whole, self.rest = (self.rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if len(self.rest) > _LONGEST_LINE:
            whole.append(self.rest)
            self.rest = b""
        for line in whole:
            self.on_line(line.decode(errors="replace"))

    def end(self) -> None:
        if self.rest:
            self.on_line(self.rest.decode(errors="replace"))
            self.rest = b""
        self.on_end()


class LogPump:
    """One thread that reads the output of all children, line by line."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._new: deque[_Stream] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="laptop-logs", daemon=True)
        self._thread.start()

    def attach(self, process: subprocess.Popen[bytes], on_line: Reader, on_end: Callable[[], None]) -> None:
        """Reads the child's output until it closes; `on_end` is called from the pump's thread and must be quick."""
        self._new.append(_Stream(process, on_line, on_end))
        self._nudge()

    def stop(self) -> None:
        self._stopping = True
        self._nudge()
        self._thread.join(timeout=10)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b".")

    def _run(self) -> None:
        while not self._stopping:
            while self._new:
                stream = self._new.popleft()
                assert stream.process.stdout is not None
                self._selector.register(stream.process.stdout.fileno(), selectors.EVENT_READ, stream)
            for key, _ in self._selector.select():
                if key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake_read, 4096)
                else:
                    self._read(key.fd, key.data)

    def _read(self, descriptor: int, stream: _Stream) -> None:
        try:
            data = os.read(descriptor, 65_536)
        except OSError:
            data = b""
        if data:
            stream.feed(data)
            return
        self._selector.unregister(descriptor)
        if stream.process.stdout:
            stream.process.stdout.close()
        stream.end()
