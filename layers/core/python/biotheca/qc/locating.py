"""Where two mates first name different fragments: their digests told in which block of reads, both are read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from biotheca.formats import native
from biotheca.formats.names_key import fragment_of, key_of
from biotheca.formats.names_twin import NAMES_PER_DIGEST
from biotheca.qc.content import Asked, look
from biotheca.qc.mates import Found, Locate

Again = Callable[[], Iterable[bytes]]


class _Block:
    """Keeps the names of one block, and where they stand."""

    def __init__(self, block: int) -> None:
        self._passed = 0
        self._first, self._last = block * NAMES_PER_DIGEST, (block + 1) * NAMES_PER_DIGEST
        self.names: list[tuple[bytes, int]] = []

    @property
    def full(self) -> bool:
        return self._passed >= self._last

    def walk(self) -> native.Walk | None:
        """Nothing: only one block's names are kept."""
        return None

    def add(self, header: bytes, line: int) -> None:
        """The next record's header line, without '@'."""
        if self._first <= self._passed < self._last:
            self.names.append((key_of(header)[0], line))
        self._passed += 1

    def feed(self, records: native.Records, line: int) -> None:
        """The next records."""
        if self._passed + len(records) <= self._first or self.full:
            self._passed += len(records)
            return
        for at, header in enumerate(records.headers()):
            self.add(header, line + 4 * at)

    def chunks(self, whole: Iterable[bytes]) -> Iterator[bytes]:
        """As much of a file as is needed."""
        for chunk in whole:
            if self.full:
                return
            yield chunk


def locator(one: Again, two: Again) -> Locate:
    """How to find the first read of a block whose names differ, in two FASTQ files that can be opened again."""

    def locate(block: int) -> Found | None:
        kept = []
        for again in (one, two):
            names = _Block(block)
            look(names.chunks(again()), "fastq", Asked(names=names))
            kept.append(names.names)
        for at, ((name, line), (other, other_line)) in enumerate(zip(*kept, strict=False)):
            if fragment_of(name) != fragment_of(other):
                words = (text.decode("ascii", "backslashreplace")[:300] for text in (name, other))
                return block * NAMES_PER_DIGEST + at, *words, line, other_line
        return None

    return locate
