"""The beginning and the end of a stream, for formats whose parts are found by offset. What lies between is not kept."""

from __future__ import annotations

HEAD_BYTES = TAIL_BYTES = 16 * 1024 * 1024


class Ends:
    """Feed it all pieces; `at` then gives bytes by their place in the file. Memory: head and twice the tail."""

    def __init__(self, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES) -> None:
        self._head_bytes, self._tail_bytes = head_bytes, tail_bytes
        self._head, self._tail = bytearray(), bytearray()
        self.size_bytes = 0

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file."""
        self.size_bytes += len(piece)
        room = self._head_bytes - len(self._head)
        if room > 0:
            self._head += piece[:room]
        self._tail += piece
        if len(self._tail) > 2 * self._tail_bytes:
            del self._tail[: -self._tail_bytes]

    def at(self, offset: int, count: int) -> bytes | None:
        """`count` bytes from the offset on, fewer at the end of the file; None if they lie where nothing was kept.

        >>> ends = Ends(4, 4)
        >>> ends.feed(b"0123456789abcdef")
        >>> ends.at(1, 2), ends.at(14, 9), ends.at(6, 2)
        (b'12', b'ef', None)
        """
        end = min(offset + count, self.size_bytes)
        if not 0 <= offset <= end:
            return b""
        if end <= len(self._head):
            return bytes(self._head[offset:end])
        begins = self.size_bytes - len(self._tail)
        return bytes(self._tail[offset - begins : end - begins]) if offset >= begins else None
