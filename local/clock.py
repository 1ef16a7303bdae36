"""The laptop's clock, which can be set and advanced. Workers read the same file through biotheca.clock.

Only an offset in seconds is kept: time goes on by itself.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SettableClock:
    """An offset file and those who want to hear when it changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def offset(self) -> timedelta:
        try:
            return timedelta(seconds=float(self.path.read_text() or 0))
        except (FileNotFoundError, ValueError):
            return timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def set(self, moment: datetime) -> None:
        """From now on it is `moment` (aware)."""
        self._write(moment.astimezone(UTC) - datetime.now(UTC))

    def advance(self, by: timedelta) -> None:
        self._write(self.offset + by)

    def reset(self) -> None:
        """Back to the machine's time."""
        self._write(timedelta(0))

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def _write(self, offset: timedelta) -> None:
        with self._lock:
            # Renamed into place: a worker that reads meanwhile sees the old or the new, never half.
            beside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            beside.write_text(repr(offset.total_seconds()))
            beside.replace(self.path)
        for listener in self._listeners:
            with contextlib.suppress(Exception):
                listener()
