"""What a worker works with, and how it gets the bytes of a range: tried again, paced, or cut out of one long answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from biotheca.sequences import rules
from biotheca.sequences.model import Place, SourceFailed
from biotheca.sequences.pace import TokenBucket
from biotheca.sequences.ports import Broken, Bucket, Seen, Web

TRIES_OF_A_PART = 4


@dataclass(frozen=True)
class Means:
    """What a worker works with. `over()`: its time is up. `pause` sleeps. `workers` copy parts inside S3 at once."""

    bucket: Bucket
    web: Web
    pace: Callable[[str], TokenBucket]
    pause: Callable[[float], None]
    over: Callable[[], bool] = lambda: False
    smallest_part_bytes: int = rules.SMALLEST_PART_BYTES
    copy_part_bytes: int = rules.COPY_PART_BYTES
    copy_limit_bytes: int = rules.COPY_LIMIT_BYTES
    workers: int = 8


def range_of(place: Place, seen: Seen, first: int, last: int, means: Means) -> bytes:
    """Bytes of a range, tried a few times; the whole is read if the server knows no ranges."""
    if last < first:
        return b""
    data = tried(lambda: _asked(place, seen, first, last, means), means)
    if data is None:  # asked only for whole objects
        data = b"".join(means.web.whole(place, seen))
    if len(data) != last - first + 1:
        raise SourceFailed(f"{place.url} gave {len(data)} of {last - first + 1} bytes from byte {first}")
    return data


def _asked(place: Place, seen: Seen, first: int, last: int, means: Means) -> bytes | None:
    means.pause(means.pace(place.host).take())
    return means.web.part(place, seen, first, last)


def tried(call: Callable[[], Any], means: Means) -> Any:
    """What breaks off is tried again at once, a few times; a busy host is left alone."""
    for attempt in range(1, TRIES_OF_A_PART):
        try:
            return call()
        except (SourceFailed, Broken):
            means.pause(0.5 * 2**attempt)
    return call()


def pieces_of(size_bytes: int, place: Place, seen: Seen, means: Means) -> Callable[[int, int], bytes]:
    """A function that gives (first, last). Of a server without ranges the one long answer is cut into the parts."""
    stream: _Cut | None = None

    def get(first: int, last: int) -> bytes:
        nonlocal stream
        if stream is None:
            data = tried(lambda: _asked(place, seen, first, last, means), means)
            if data is not None:
                if len(data) != last - first + 1:
                    raise SourceFailed(f"{place.url} gave {len(data)} of {last - first + 1} bytes from byte {first}")
                return bytes(data)
            stream = _Cut(means.web.whole(place, seen), place.url, size_bytes)
        return stream.bytes_from(first, last)

    return get


class _Cut:
    """Ranges, in ascending order, out of one stream from byte 0 on. What lies between is read and dropped."""

    def __init__(self, stream: Iterator[bytes], url: str, size_bytes: int) -> None:
        self._stream, self._url, self._at, self._rest, self._size = stream, url, 0, b"", size_bytes

    def bytes_from(self, first: int, last: int) -> bytes:
        got = bytearray()
        while self._at + len(self._rest) <= last:
            piece = next(self._stream, None)
            if piece is None:
                raise SourceFailed(f"{self._url} ended at byte {self._at + len(self._rest)}, before byte {last}")
            self._keep(first, got)
            self._rest += piece
        self._keep(first, got, last)
        if last == self._size - 1 and (self._rest or next(self._stream, None)):
            raise SourceFailed(f"{self._url} goes on behind byte {last}, where it should end")
        return bytes(got)

    def _keep(self, first: int, got: bytearray, last: int | None = None) -> None:
        end = len(self._rest) if last is None else last + 1 - self._at
        got += self._rest[max(0, first - self._at) : end]
        self._at, self._rest = self._at + end, self._rest[end:]
