"""Local files as the archive sees them: sizes, digests, parts. Nothing here knows HTTP."""

from __future__ import annotations

import base64
import hashlib
import math
import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from biotheca_client.errors import FileDiffers, Refused, Stopped

_READ_BYTES = 1024 * 1024
MOST_PARTS = 10_000  # S3's limit of a multipart upload


class Stop(Protocol):
    """What threads ask whether to go on: an Event or several of them."""

    def is_set(self) -> bool: ...


class AnyOf:
    """Set as soon as any of its events is."""

    def __init__(self, *events: Stop) -> None:
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)


@dataclass(frozen=True)
class Print:
    """What tells at once whether a file changed: size in bytes and time of change in nanoseconds."""

    size_bytes: int
    mtime_ns: int


def print_of(path: Path) -> Print:
    """The print of a file as it is now. Raises FileDiffers if it is gone."""
    try:
        stat = path.stat()
    except OSError as fault:
        raise FileDiffers(
            f"{path} cannot be read: {fault.strerror}.", "Put the file back and run the command again."
        ) from fault
    return Print(stat.st_size, stat.st_mtime_ns)


def must_be_unchanged(path: Path, before: Print) -> None:
    """Raises FileDiffers if the file was touched since `before`."""
    if print_of(path) != before:
        raise FileDiffers(
            f"{path.name} changed while it was being sent.",
            "Wait until nothing writes to it any more, then run the same command again: parts that still fit are kept.",
        )


def md5_of(path: Path, add: Callable[[int], None] = lambda _: None, stop: Stop | None = None) -> str:
    """Hexadecimal MD5 of a whole file; `add` is told of every stretch read."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            if stop and stop.is_set():
                raise Stopped
            digest.update(data)
            add(len(data))
    return digest.hexdigest()


@dataclass(frozen=True)
class Part:
    """One part of a file: number from 1, where it begins, how long it is."""

    number: int
    offset: int
    size_bytes: int


def parts_of(size_bytes: int, part_size_bytes: int) -> list[Part]:
    """The parts of a file. Raises Refused beyond 10,000: such an upload could never be completed.

    >>> [(p.number, p.size_bytes) for p in parts_of(10, 4)]
    [(1, 4), (2, 4), (3, 2)]
    """
    count = math.ceil(size_bytes / part_size_bytes) if part_size_bytes > 0 else 0
    if not 1 <= count <= MOST_PARTS:
        raise Refused(
            f"A file of {size_bytes} bytes in parts of {part_size_bytes} has {count} parts; "
            f"1 to {MOST_PARTS} can be stored.",
            "Nothing was sent. Tell the help desk: the archive must choose larger parts.",
        )
    starts = range(0, size_bytes, part_size_bytes)
    return [Part(n, start, min(part_size_bytes, size_bytes - start)) for n, start in enumerate(starts, 1)]


def sha256_of(path: Path, part: Part, stop: Stop) -> str:
    """Base64 SHA-256 of one part, as S3 writes it. Raises FileDiffers if the file ends too early."""
    digest = hashlib.sha256()
    left = part.size_bytes
    with path.open("rb") as file:
        file.seek(part.offset)
        while left:
            if stop.is_set():
                raise Stopped
            data = file.read(min(_READ_BYTES, left))
            if not data:
                raise FileDiffers(f"{path.name} became shorter while it was read.", "Run the command again.")
            digest.update(data)
            left -= len(data)
    return base64.b64encode(digest.digest()).decode()


class StoppablePipe:
    """A pipe that is read until it ends or somebody stops: then Stopped, however long it says nothing."""

    _WAIT_S = 0.25

    def __init__(self, descriptor: int, stop: Stop) -> None:
        self._descriptor = descriptor
        self._stop = stop

    def __enter__(self) -> StoppablePipe:
        return self

    def __exit__(self, *_: object) -> None:
        """What others gave is not closed here."""

    def read(self, count: int) -> bytes:
        """At most `count` bytes; none at the end."""
        while not self._stop.is_set():
            if select.select([self._descriptor], [], [], self._WAIT_S)[0]:
                return os.read(self._descriptor, count)
        raise Stopped


class PartBody:
    """One part as a body for requests: streamed, counted, stoppable. Knows its length, so nothing is chunked."""

    def __init__(self, path: Path, part: Part, add: Callable[[int], None], stop: Stop) -> None:
        self._file = path.open("rb")
        self._file.seek(part.offset)
        self._left = part.size_bytes
        self._add = add
        self._stop = stop
        self.len = part.size_bytes  # what requests looks for
        self.counted = 0

    def read(self, count: int = -1) -> bytes:
        """At most `count` bytes of the part."""
        if self._stop.is_set():
            raise Stopped
        # http.client asks for 16 KiB at a time; more a call is faster and it copes.
        data = self._file.read(self._left if count < 0 else min(max(count, 256 * 1024), self._left))
        self._left -= len(data)
        self.counted += len(data)
        self._add(len(data))
        return data

    def take_back(self) -> None:
        """Tell the counter that what was sent does not count."""
        self._add(-self.counted)
        self.counted = 0

    def close(self) -> None:
        self._file.close()
