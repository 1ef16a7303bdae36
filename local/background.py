"""Work off the caller's thread, now or after a delay: deliveries, retries, asynchronous invocations."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

log = logging.getLogger("biotheca.laptop")

Work = Callable[..., Any]


class Background:
    """A small pool of threads with a timer. Threads appear when there is work; `stop` drops what waits."""

    def __init__(self, name: str, threads: int = 16) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=f"laptop-{name}")
        self._name = name
        self._waiting: list[tuple[float, int, Work, tuple[Any, ...]]] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._timer: threading.Thread | None = None
        self._stopping = False
        self._busy = 0

    def soon(self, work: Work, *arguments: Any, delay_s: float = 0) -> None:
        """Runs `work(*arguments)`; what it raises is logged, never seen by the caller."""
        with self._wake:
            if self._stopping:
                return
            self._busy += 1
            if delay_s <= 0:
                self._pool.submit(self._run, work, arguments)
                return
            heapq.heappush(self._waiting, (time.monotonic() + delay_s, next(self._numbers), work, arguments))
            if self._timer is None:
                self._timer = threading.Thread(target=self._tick, name=f"laptop-{self._name}-timer", daemon=True)
                self._timer.start()
            self._wake.notify_all()

    @property
    def pending(self) -> int:
        """How many pieces of work wait or run."""
        return self._busy

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._waiting.clear()
            self._wake.notify_all()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._timer:
            self._timer.join(timeout=5)

    def _run(self, work: Work, arguments: tuple[Any, ...]) -> None:
        try:
            work(*arguments)
        except Exception:
            if not self._stopping:
                log.exception("background work failed", extra={"work": getattr(work, "__qualname__", str(work))})
        finally:
            with self._wake:
                self._busy -= 1

    def _tick(self) -> None:
        with self._wake:
            while not self._stopping:
                now = time.monotonic()
                while self._waiting and self._waiting[0][0] <= now:
                    _, _, work, arguments = heapq.heappop(self._waiting)
                    self._pool.submit(self._run, work, arguments)
                self._wake.wait(self._waiting[0][0] - now if self._waiting else None)
