"""The names of a stream that cannot be read again, on scratch disk, so that they can: some 45 bytes a read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from biotheca.formats import native
from biotheca.formats.names_looks import Looks

_HEAD = struct.Struct("<QI")  # line on which the first record begins, bytes that follow
_HELD_BYTES = 1024 * 1024


class NameLog:
    """What makes the keys of records, block by block. `file` is empty and has no name. OSError passes."""

    def __init__(self, file: IO[bytes], looks: Looks) -> None:
        self._file = file
        self._looks = looks
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, records: native.Records, line: int) -> None:
        """Records that follow one another without a gap, the first of which begins on `line`."""
        lines = self._looks.lines(records)
        self._held += [_HEAD.pack(line, len(lines)), lines]
        self._held_bytes += len(lines)
        if self._held_bytes >= _HELD_BYTES:
            self._write()

    def _write(self) -> None:
        data = memoryview(b"".join(self._held))
        self._held, self._held_bytes = [], 0
        while data:
            data = data[self._file.write(data) :]

    def blocks(self) -> Iterator[tuple[native.Records, int]]:
        """All that was fed, from the start."""
        self._write()
        self._file.seek(0)
        while head := self._read(_HEAD.size):
            line, size = _HEAD.unpack(head)
            yield native.Records.of(self._read(size).split(b"\n")[:-1]), line

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self._file.read(size - len(data))):
            data += more
        return data
