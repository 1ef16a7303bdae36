"""A stream of bytes that can be taken piecewise and given back. The ground under every decoder.

Input is cut into slices at fixed offsets, whatever the chunks were: a decoder that meets damage
then always loses the same bytes, so a report never depends on how the network cut the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

SLICE_BYTES = 1024 * 1024


def aligned(chunks: Iterable[bytes], slice_bytes: int = SLICE_BYTES) -> Iterator[bytes]:
    """The same bytes in slices of exactly `slice_bytes`, the last one shorter.

    >>> list(aligned([b"ab", b"", b"cdefg"], 3))
    [b'abc', b'def', b'g']
    """
    pending = bytearray()
    for chunk in chunks:
        if not pending and len(chunk) == slice_bytes:
            yield chunk
            continue
        view = memoryview(chunk)
        while len(view):
            part = view[: slice_bytes - len(pending)]
            view = view[len(part) :]
            if not pending and len(part) == slice_bytes:
                yield bytes(part)
                continue
            pending += part
            if len(pending) == slice_bytes:
                yield bytes(pending)
                pending.clear()
    if pending:
        yield bytes(pending)


class Source:
    """A cursor over the slices. `offset` is the number of bytes handed out and not given back."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._slices = aligned(chunks)
        self._buffer = b""
        self._at = 0
        self.offset = 0

    def some(self) -> bytes:
        """The bytes at hand, at most one slice; empty at the end of the stream."""
        if self._at >= len(self._buffer):
            self._buffer, self._at = next(self._slices, b""), 0
        data = self._buffer[self._at :] if self._at else self._buffer
        self._at = len(self._buffer)
        self.offset += len(data)
        return data

    def take(self, count: int) -> bytes:
        """Exactly `count` bytes, or fewer if the stream ends before."""
        data = self._buffer[self._at : self._at + count]
        self._at += len(data)
        while len(data) < count:
            self._buffer, self._at = next(self._slices, b""), 0
            if not self._buffer:
                break
            more = self._buffer[: count - len(data)]
            self._at = len(more)
            data += more
        self.offset += len(data)
        return data

    def give_back(self, data: bytes) -> None:
        """Undo the taking of `data`, which must be the last bytes handed out."""
        if len(data) <= self._at:
            self._at -= len(data)
        else:
            self._buffer, self._at = data + self._buffer[self._at :], 0
        self.offset -= len(data)

    def peek(self, count: int) -> bytes:
        """Like `take`, without moving on."""
        data = self.take(count)
        self.give_back(data)
        return data
