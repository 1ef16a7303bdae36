"""What is counted of reads: lengths, letters and qualities by cycle. All are sums, so states of parts add up.

One table of 64-bit numbers, which the kernel (native/counts.h, the same places) and the Python here both add to:

    READS, BASES, SHORTEST, LONGEST
    LENGTHS + bin           reads by their last cycle, in finer bins than those of the rows; empty reads have none
    READ_QUALITY + q        reads whose mean Phred, rounded down, is q
    READ_GC + percent       reads whose share of G and C, rounded down, is so many percent
    ROWS + bin * ROW        one row a cycle: 96 counts by Phred, then A, C, G, T, N, other

Cycles (from 0) have bins of their own up to 511; further ones share a bin by sixteenths of a power of two (by 256ths
for lengths), as reads of nanopores have millions of cycles. Case is no matter; U is counted as T, '.' as N. Phred is
clamped to 0..93.
"""

from __future__ import annotations

import base64
import zlib
from array import array
from collections.abc import Iterator, Sequence

from biotheca.formats import native

SINGLE, BINS, LENGTH_BINS, LEVELS = 512, 768, 4360, 96
ROW = LEVELS + 8
READS, BASES, SHORTEST, LONGEST, LENGTHS = 0, 1, 2, 3, 16
READ_QUALITY = LENGTHS + LENGTH_BINS
READ_GC = READ_QUALITY + LEVELS
ROWS = READ_GC + 104
COUNTS = ROWS + BINS * ROW
LETTERS = ("A", "C", "G", "T", "N", "other")

_ROW_OF_LETTER = range(LEVELS, LEVELS + len(LETTERS))
_HIGHEST = 93
_CODES = bytes({"A": 0, "C": 1, "G": 2, "T": 3, "U": 3, "N": 4, ".": 4}.get(chr(k).upper(), 5) for k in range(256))
_PHRED = bytes(min(max(k - 33, 0), _HIGHEST) for k in range(256))
_WAITING_READS, _WAITING_BASES = 1024, 2**20
_FEW_READS = 8  # fewer reads of one length are not worth being cut into columns


def bin_of(at: int, parts: int = 16) -> int:
    """The bin of a cycle counted from 0, where a power of two has so many parts (16 in rows, 256 in lengths).

    >>> bin_of(511), bin_of(512), bin_of(543), bin_of(544), bin_of(1024), bin_of(515, 256)
    (511, 512, 512, 513, 528, 513)
    """
    if at < SINGLE:
        return at
    bits = parts.bit_length() - 1
    power = at.bit_length() - 1
    last = (BINS if parts == 16 else LENGTH_BINS) - 1
    return min(SINGLE + (power - 9) * parts + ((at >> (power - bits)) & (parts - 1)), last)


def start_of(bin_number: int, parts: int = 16) -> int:
    """The first cycle (from 0) of a bin.

    >>> start_of(511), start_of(512), start_of(513), start_of(528), start_of(513, 256)
    (511, 512, 544, 1024, 514)
    """
    if bin_number < SINGLE:
        return bin_number
    power, part = divmod(bin_number - SINGLE, parts)
    return (parts + part) * SINGLE // parts << power


class Counts:
    """The table, and the ways to add to it: an array of COUNTS unsigned 64-bit numbers."""

    def __init__(self, engine: str = native.PYTHON) -> None:
        self._raw = array("Q", bytes(8 * COUNTS))  # to be read through `table`: some reads may still be waiting
        self._few = native.Few() if engine != native.PYTHON else None
        self._engine = engine
        self._waiting: tuple[list[bytes], list[bytes]] = ([], [])
        self._waiting_bases = 0

    @property
    def table(self) -> array[int]:
        """All that was counted."""
        if self._waiting[0]:
            self._take_waiting()
        if self._few:
            self._few.flush(self._raw)
        return self._raw

    @property
    def by_kernel(self) -> tuple[native.Few, array[int]] | None:
        """Where native.scan counts."""
        return (self._few, self._raw) if self._few else None

    def add(self, sequences: Sequence[bytes], qualities: Sequence[bytes]) -> None:
        """Reads and their qualities, each as long as its read."""
        # One by one they would each cost what hundreds do.
        self._waiting[0].extend(sequences)
        self._waiting[1].extend(qualities)
        self._waiting_bases += sum(map(len, sequences))
        if len(self._waiting[0]) >= _WAITING_READS or self._waiting_bases >= _WAITING_BASES:
            self._take_waiting()

    def _take_waiting(self) -> None:
        sequences, qualities = self._waiting
        self._waiting, self._waiting_bases = ([], []), 0
        if self._engine != native.PYTHON:
            native.count(self._engine, self._raw, sequences, qualities)
            return
        by_length: dict[int, list[int]] = {}
        for at, bases in enumerate(sequences):
            by_length.setdefault(len(bases), []).append(at)
        for length, places in by_length.items():
            self._add_alike(length, [sequences[k] for k in places], [qualities[k] for k in places])

    def merge(self, other: Counts) -> None:
        """Add what was counted elsewhere."""
        if not other.table[READS]:
            return
        both = [table[SHORTEST] for table in (self.table, other.table) if table[READS]]
        longest = max(self.table[LONGEST], other.table[LONGEST])
        self._raw = array("Q", map(int.__add__, self.table, other.table))
        self._raw[SHORTEST], self._raw[LONGEST] = min(both), longest

    def saved(self) -> str:
        """As text of some kilobytes; `load` takes it back."""
        return base64.b85encode(zlib.compress(self.table.tobytes(), 1)).decode("ascii")

    def load(self, saved: str) -> None:
        """Take the place of what was counted so far. Raises ValueError if `saved` is no such text."""
        table = array("Q", zlib.decompress(base64.b85decode(saved)))
        if len(table) != COUNTS:
            raise ValueError(f"a table has {COUNTS} numbers, not {len(table)}")
        self._raw, self._waiting = table, ([], [])
        self._few = native.Few() if self._few else None

    def _add_alike(self, length: int, sequences: list[bytes], qualities: list[bytes]) -> None:
        """Reads that are all of one length."""
        table, count = self._raw, len(sequences)
        table[SHORTEST] = min(table[SHORTEST], length) if table[READS] else length
        table[LONGEST] = max(table[LONGEST], length)
        table[READS] += count
        table[BASES] += count * length
        if not length:
            return
        table[LENGTHS + bin_of(length - 1, 256)] += count
        letters = [s.translate(_CODES) for s in sequences]
        levels = [q.translate(_PHRED) for q in qualities]
        for codes, phred in zip(letters, levels, strict=True):
            table[READ_GC + (codes.count(1) + codes.count(2)) * 100 // length] += 1
            table[READ_QUALITY + sum(phred) // length] += 1
        if count < _FEW_READS:
            for codes, phred in zip(letters, levels, strict=True):
                self._add_cycles(length, codes, phred, 0)
        else:
            self._add_cycles(length, b"".join(letters), b"".join(levels), length)

    def _add_cycles(self, length: int, letters: bytes, levels: bytes, step: int) -> None:
        """Reads of one length, joined; with a step of 0 a single read."""
        present = sorted(set(levels))
        for row, first, last in _stretches(length):
            codes, phred = (
                (letters[first:last], levels[first:last])
                if not step
                else (b"".join(text[at::step] for at in range(first, last)) for text in (letters, levels))
            )
            if len(codes) == 1:
                self._raw[row + LEVELS + codes[0]] += 1
                self._raw[row + phred[0]] += 1
                continue
            for code, place in enumerate(_ROW_OF_LETTER):
                self._raw[row + place] += codes.count(code)
            for level in present:
                self._raw[row + level] += phred.count(level)


def _stretches(length: int) -> Iterator[tuple[int, int, int]]:
    """Where each row that a read of `length` reaches begins in the table, and its cycles (from 0, end excluded)."""
    for at in range(min(length, SINGLE)):
        yield ROWS + at * ROW, at, at + 1
    at = SINGLE
    while at < length:
        number = bin_of(at)
        end = min(start_of(number + 1), length) if number < BINS - 1 else length
        yield ROWS + number * ROW, at, end
        at = end
