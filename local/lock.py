"""One laptop per state folder: a lock file that names the process and its addresses.

The operating system holds the lock, not the file's content: what a dead process left behind, or a
process number that something else has now, hinders nobody.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Running:
    """The laptop that holds a lock. Addresses are empty while it starts."""

    pid: int
    endpoint_url: str = ""
    front_url: str = ""


class AlreadyRunning(RuntimeError):
    """Somebody else holds the lock."""

    def __init__(self, who: Running) -> None:
        where = f" at {who.front_url} (AWS APIs at {who.endpoint_url})" if who.front_url else ", still starting"
        super().__init__(f"A laptop cloud is running already{where}, process {who.pid}.")
        self.who = who


class Lock:
    """`with Lock(state_dir) as lock: ... lock.tell(Running(...))`."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "laptop.lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> Lock:
        """Raises AlreadyRunning."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = _read(file)
            file.close()
            raise AlreadyRunning(who) from None
        self._file = file
        self.tell(Running(os.getpid()))
        return self

    def tell(self, who: Running) -> None:
        """Writes the addresses for those who look."""
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(asdict(who)))
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.seek(0)
            self._file.truncate()
            self._file.close()
            self._file = None


def running(state_dir: Path) -> Running | None:
    """Who runs in this folder, if anybody does."""
    try:
        file = (state_dir / "laptop.lock").open("r+")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(file)
        return None


def _read(file: IO[str]) -> Running:
    file.seek(0)
    try:
        return Running(**json.load(file))
    except (ValueError, TypeError):
        return Running(0)
