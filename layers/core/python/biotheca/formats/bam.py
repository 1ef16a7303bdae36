"""BAM (SAM specification 4): header, then records one behind the other. One record by the book: see bam_records.

Where the kernel is compiled it passes records that are plainly sound; the first that is not is examined here, then the
kernel goes on. So findings do not depend on the engine. A record is told by its number, counted from 1.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Sequence

from biotheca.formats import native
from biotheca.formats.bam_records import (
    FAILED,
    FIXED_BYTES,
    UNMAPPED,
    Record,
    References,
    examine,
    natural_key,
    take_apart,
)
from biotheca.formats.containers import content_of
from biotheca.formats.counts import Counts
from biotheca.formats.defects import Fed, Tally
from biotheca.formats.fastq import TakesNames
from biotheca.formats.sam_header import SamHeader

BLOCK_BYTES = 2 * 1024 * 1024
MAX_RECORD_BYTES = 256 * 1024 * 1024  # signal and move tables of the longest nanopore reads stay below a third of it
MAX_HEADER_BYTES = 64 * 1024 * 1024  # of its text; a million references need some 40 MiB
MAX_REFERENCES = 16 * 1024 * 1024
COORDINATE, LEXICAL, NATURAL = 1, 2, 4  # bits of orders, as in native/bam.h
WARNINGS = frozenset({"bam_flags", "bam_no_bases", "bam_next_position"})  # codes that leave a file sound
_WALK_RECORDS = 4  # examined before the kernel is asked again; doubled each time within a block
_LARGE_BYTES = 64 * 1024  # a piece of so many bytes is not worth a copy
_NOTHING = (-1, -1, b"")


class _More(Exception):
    """The header goes on beyond the bytes that are there."""


class BamCheck(Fed, Tally):
    """Feed it unpacked bytes, then `finish`. `reads` and `bases` count primary records, `lines` all records.

    `failed` and `unmapped` count primary records with these flags; `without_qualities` those that have none.
    `screen` is given the sequences of primary records, `names` their names (see
    Record.header; with the number of the primary record for a line), both in order. `counts` tells of them as
    the sequencer gave them; a base without a quality is counted as Phred 0.
    """

    unit = "record"
    counts: Counts

    def __init__(
        self,
        keep: int = 100,
        block_bytes: int = BLOCK_BYTES,
        screen: Callable[[Sequence[bytes]], None] | None = None,
        names: TakesNames | None = None,
        engine: str | None = None,
        max_record_bytes: int = MAX_RECORD_BYTES,
    ) -> None:
        super().__init__(keep)
        self.engine = engine or native.engines()[0]
        self._screen, self._names = screen, names
        self.counts = Counts(self.engine)
        self._block_bytes, self._max_record_bytes = block_bytes, max_record_bytes
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._needed_bytes = 12  # nothing can be said of fewer
        self._in_header = True
        self._order = 0
        self._previous: tuple[int, int, bytes] = _NOTHING
        self._lengths = self._groups = b""
        self._references = References()
        self.header = SamHeader(b"")
        self.lines = 0
        self.failed = self.unmapped = self.without_qualities = 0

    def feed(self, piece: bytes) -> None:
        """The next unpacked bytes, cut anywhere."""
        if self.stopped:
            return
        missing = max(self._needed_bytes, 4) - self._held_bytes
        if len(piece) >= max(_LARGE_BYTES, missing) and not self._in_header:
            self._feed_large(piece)
            return
        self._held.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes >= max(self._block_bytes, self._needed_bytes):
            self._work()

    def _feed_large(self, piece: bytes) -> None:
        """Pass records where they lie. Only the one that began before the piece is copied, and what its end cuts."""
        held, at = b"".join(self._held), 0
        while held and not self.stopped:
            more = piece[at : at + max(max(self._needed_bytes, 4) - len(held), 0)]
            at += len(more)
            held += more
            held = held[self._records(held, 0) :]
        if not self.stopped:
            held = piece[self._records(piece, at) :]
        self._held, self._held_bytes = [held], len(held)

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before: what is cut then is no finding of its own."""
        if self.stopped:
            return
        self._work(last=True)
        if self.stopped or not whole:
            return
        if self._in_header:
            self.stop("bam_header_cut", 0)
        elif self._held_bytes:
            self.add("bam_record_cut", self.lines + 1, there=self._held_bytes)
        elif not self.lines:
            self.add("no_reads", 0)

    def forget(self) -> None:
        super().forget()
        self.counts = Counts(self.engine)

    def _work(self, last: bool = False) -> None:
        text = b"".join(self._held)
        self._held.clear()
        at = 0
        try:
            if self._in_header:
                at = self._read_header(text, last)
            if not self._in_header and not self.stopped:
                at = self._records(text, at)
        except _More as more:
            self._needed_bytes = int(more.args[0])
            if self._needed_bytes > 4 * MAX_HEADER_BYTES:
                self.stop("bam_header", 0, reason=f"it is longer than {2 * MAX_HEADER_BYTES} bytes")
        rest = b"" if self.stopped else text[at:]
        self._held, self._held_bytes = [rest], len(rest)

    # The header: "BAM\1", the text's length and the text, the number of references, and each of them.

    def _read_header(self, text: bytes, last: bool) -> int:
        """Where the first record begins. Raises _More."""
        if not b"BAM\1".startswith(text[:4]) or (last and 0 < len(text) < 4):
            self.stop("content_is_other", 0, content=content_of(text[:512]) or "something unknown", format="BAM")
            return 0
        (size,) = self._numbers(text, 4)
        if not 0 <= size <= MAX_HEADER_BYTES:
            self.stop("bam_header", 0, reason=f"its text has {size} bytes")
            return 0
        (count,) = self._numbers(text, 8 + size)
        if not 0 <= count <= MAX_REFERENCES:
            self.stop("bam_header", 0, reason=f"it lists {count} references")
            return 0
        at = 12 + size
        listed: list[tuple[str, int]] = []
        for _ in range(count):
            (name_n,) = self._numbers(text, at)
            if not 2 <= name_n <= 4096:
                self.stop(
                    "bam_header", 0, reason=f"the name of reference {len(listed) + 1} has {name_n - 1} characters"
                )
                return 0
            (length,) = self._numbers(text, at + 4 + name_n)
            name = text[at + 4 : at + 4 + name_n]
            if length < 0 or name[-1:] != b"\0":
                self.stop("bam_header", 0, reason=f"reference {len(listed) + 1} has no length or no end of its name")
                return 0
            listed.append((name[:-1].decode("utf-8", "replace"), length))
            at += 8 + name_n
        self._in_header = False
        self._take_header(text[8 : 8 + size], listed)
        return at

    @staticmethod
    def _numbers(text: bytes, at: int) -> tuple[int]:
        if at + 4 > len(text):
            raise _More(max(2 * len(text), at + 4))
        number: tuple[int] = struct.unpack_from("<i", text, at)
        return number

    def _take_header(self, text: bytes, listed: list[tuple[str, int]]) -> None:
        self.header = SamHeader(text)
        for code, line, facts in self.header.wrong:
            self.add(code, line, "header line", **facts)
        told = self.header.references
        if told and told != listed:
            first = next(
                (k for k, pair in enumerate(zip(told, listed, strict=False)) if pair[0] != pair[1]),
                min(len(told), len(listed)),
            )
            self.add("sam_references", 0, told=len(told), listed=len(listed), first=first + 1)
        claimed = {"coordinate": COORDINATE, "queryname": LEXICAL | NATURAL}.get(self.header.order, 0)
        sub = {"natural": NATURAL, "lexicographical": LEXICAL}.get(self.header.sub_order, claimed)
        self._order = claimed & sub or claimed
        self._references = References(
            tuple(length for _, length in listed), frozenset(group.encode() for group in self.header.groups)
        )
        self._lengths = array("I", self._references.lengths).tobytes()
        self._groups = b"".join(sorted(group + b"\0" for group in self._references.groups if group))

    # Records.

    def _records(self, text: bytes, at: int) -> int:
        """Pass all whole records from `at` on; where the first that is not whole begins."""
        walk = _WALK_RECORDS
        while not self.stopped:
            if self.engine != native.PYTHON and len(text) < 2**31 - 1:
                at = self._by_kernel(text, at)
            for _ in range(walk):
                size = self._size_at(text, at)
                if not size or self.stopped:
                    return at
                self._record(text[at + 4 : at + 4 + size])
                at += 4 + size
            walk *= 2
        return at

    def _size_at(self, text: bytes, at: int) -> int:
        """The size of the record at `at`, 0 if it is not whole."""
        if len(text) - at < 4:
            self._needed_bytes = 0
            return 0
        (size,) = struct.unpack_from("<I", text, at)
        if not FIXED_BYTES <= size <= self._max_record_bytes:
            self.stop("bam_record_size", self.lines + 1, value=size, limit_bytes=self._max_record_bytes)
            return 0
        self._needed_bytes = 4 + size
        return size if len(text) - at - 4 >= size else 0

    def _by_kernel(self, text: bytes, at: int) -> int:
        assert self.counts.by_kernel
        header = (self._lengths, self._groups)
        passed = native.scan_bam(self.engine, text, at, *header, self._previous, self._order, self.counts.by_kernel)
        if not passed.count:
            return at
        self._order = passed.order
        self.lines += passed.count
        self.reads += passed.reads
        self.bases += passed.bases
        self.failed += passed.failed
        self.unmapped += passed.unmapped
        self.without_qualities += passed.without_qualities
        (size,) = struct.unpack_from("<I", text, passed.last)
        last = take_apart(text[passed.last + 4 : passed.last + 4 + size])
        self._previous = (last.reference, last.position, last.name[:-1])
        if self._names and passed.reads:
            self._names.feed(passed.records, self.reads - passed.reads + 1)
        if self._screen and passed.reads:
            self._screen(passed.records.sequences)
        return passed.end

    def _record(self, data: bytes) -> None:
        """Examine one record."""
        record = take_apart(data)
        name = record.name.split(b"\0")[0]
        self.lines += 1
        for code, facts in examine(record, self._references):
            told = self.warn if code in WARNINGS else self.add
            told(code, self.lines, read=name or b"*", **facts)
        if not record.whole:
            return
        self._keep_order(record, name)
        if record.primary:
            self.reads += 1
            self.bases += record.length
            self.failed += bool(record.flags & FAILED)
            self.unmapped += bool(record.flags & UNMAPPED)
            self.without_qualities += set(record.quality) in ({255}, set())
            self._take_read(record)

    def _take_read(self, record: Record) -> None:
        sequence = record.sequence()
        self.counts.add([sequence], [record.qualities()])
        if self._names:
            self._names.add(record.header, self.reads)
        if self._screen:
            self._screen([sequence])

    def _keep_order(self, record: Record, name: bytes) -> None:
        before, self._previous = self._previous, (record.reference, record.position, name)
        if not before[2] or not self._order:
            return
        if (
            self._order & COORDINATE
            and (before[0] if before[0] >= 0 else 2**31, before[1] if before[0] >= 0 else 0) > record.place
        ):
            self.add("bam_order", self.lines, read=name, order="coordinate", before=before[2])
        if self._order & LEXICAL and before[2] > name:
            self._order &= ~LEXICAL
            self._broken_by(name, before[2])
        if self._order & NATURAL and natural_key(before[2]) > natural_key(name):
            self._order &= ~NATURAL
            self._broken_by(name, before[2])

    def _broken_by(self, name: bytes, before: bytes) -> None:
        """Told once: behind it nothing is known of the order by name."""
        if not self._order:
            self.add("bam_order", self.lines, read=name, order="queryname", before=before)
