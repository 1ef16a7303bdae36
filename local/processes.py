"""Child processes that cannot outlive the laptop. What runs in them: hooks.lambda_worker, hooks.batch_runtime.

Every child is started by one long-living thread, because Linux sends the parent-death signal when
the *thread* that forked ends, and request threads are short. Each child leads its own process group,
so that killing it also ends what it started.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))


class LaptopStops(RuntimeError):
    """Work that was asked for while the laptop shuts down."""


class Children:
    """Starts, knows and ends all child processes of this laptop."""

    def __init__(self) -> None:
        self._wishes: queue.SimpleQueue[tuple[list[str], dict[str, str], str, Future[subprocess.Popen[bytes]]] | None]
        self._wishes = queue.SimpleQueue()
        self._alive: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._spawn_forever, name="laptop-children", daemon=True)
        self._thread.start()

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
        """Starts the command with stdout and stderr on one pipe. Raises LaptopStops, OSError."""
        answer: Future[subprocess.Popen[bytes]] = Future()
        if self._stopping:
            raise LaptopStops("the laptop is stopping")
        self._wishes.put((list(command), dict(environment), str(folder), answer))
        return answer.result(timeout=30)

    def kill(self, process: subprocess.Popen[bytes], signal_number: int = signal.SIGKILL) -> None:
        """Signals the whole group of a child; a child that is gone already is fine."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal_number)

    def reap(self, process: subprocess.Popen[bytes], timeout_s: float | None = None) -> int:
        """Waits for the child's end and forgets it. Returns the exit code, negative for a signal."""
        code = process.wait(timeout_s)
        with self._lock:
            self._alive.pop(process.pid, None)
        return code

    def stop(self) -> None:
        """Ends every child and the spawning thread."""
        self._stopping = True
        self._wishes.put(None)
        self._thread.join(timeout=10)
        with self._lock:
            leftovers = list(self._alive.values())
        for process in leftovers:
            self.kill(process)
        for process in leftovers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.reap(process, timeout_s=5)
            if process.stdout and not process.stdout.closed:
                process.stdout.close()

    def _spawn_forever(self) -> None:
        while (wish := self._wishes.get()) is not None:
            command, environment, folder, answer = wish
            if self._stopping:
                answer.set_exception(LaptopStops("the laptop is stopping"))
                continue
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid()), *command],
                    env=environment,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as fault:
                answer.set_exception(fault)
                continue
            with self._lock:
                self._alive[process.pid] = process
            answer.set_result(process)


def base_environment() -> dict[str, str]:
    """What a child may see of this machine: nothing that names a person, a key or a proxy."""
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return environment | {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUNBUFFERED": "1"}
