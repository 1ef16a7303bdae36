"""Header lines that are told one by one, gathered to records, so that each costs little."""

from __future__ import annotations

from abc import ABC, abstractmethod

from biotheca.formats import native

_HEADERS_HELD = 4_096


class Batches(ABC):
    """Takes names as a reader tells them (fastq.TakesNames), and is asked to `take` records only.

    `stride`: lines from one record to the next, 1 where reads are counted in place of lines.
    """

    def __init__(self, stride: int) -> None:
        self._stride = stride
        self._headers: list[bytes] = []
        self._line = 0

    def add(self, header: bytes, line: int) -> None:
        """The next record's header line, without '@'."""
        follows = self._line + self._stride * len(self._headers)
        if self._headers and (line != follows or len(self._headers) >= _HEADERS_HELD):
            self.flush()
        if not self._headers:
            self._line = line
        self._headers.append(header)

    def walk(self) -> native.Walk | None:
        """What a scan of the next records may walk itself; nothing, where each name is to be looked at."""
        return None

    def feed(self, records: native.Records, line: int) -> None:
        """The next records of the file, which follow one another without a gap from `line` on."""
        self.flush()
        self.take(records, line)

    def flush(self) -> None:
        """Take what was gathered."""
        if self._headers:
            headers, self._headers = self._headers, []
            self.take(native.Records.of(headers), self._line)

    @abstractmethod
    def take(self, records: native.Records, line: int) -> None:
        """Records that follow one another, the first of which begins on `line`."""
