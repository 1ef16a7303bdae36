"""FASTQ by whole blocks in C, where it was compiled (see build); what it does not pass is examined by fastq.

An *engine* is a way of looking at bytes: AVX-512, AVX2, SSE2, C, or Python, which is always there. All find the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

try:
    from biotheca.formats.native import _kernel as _built
except ImportError:  # no compiler when this was installed, or the build is for another processor
    _built = None  # type: ignore[assignment]

PYTHON = "Python"
MAX_BLOCK_BYTES = 2**32 - 2  # places in a block are kept as 32-bit numbers

_SPAN_NUMBERS = 4  # start and length of the header line without '@', then of the sequence


def engines() -> list[str]:
    """All that run here, the fastest first.

    >>> engines()[-1]
    'Python'
    """
    return [*(_built.engines() if _built else ()), PYTHON]


def has_kernel() -> bool:
    """Whether something was compiled here."""
    return _built is not None


def kernel() -> Any:
    """The compiled module itself; only if has_kernel()."""
    return _built


def murmur(text: bytes) -> tuple[int, int]:
    """Both halves of MurmurHash3 x64-128, seed 0."""
    assert _built is not None
    return _built.murmur(text)


def bgzf_blocks(stored: bytes, most: int) -> tuple[int, int, int, int]:
    """Whole blocks of BGZF that `stored` begins with, which claim to hold no more than `most` bytes together.

    Where they end, how many, what they claim to hold in all, and the last of them.
    """
    assert _built is not None
    return _built.bgzf_blocks(stored, most)


def bgzf_unpack(stored: bytes, decoded_bytes: int) -> bytes | None:
    """What blocks hold that begin and end with `stored`; None if anything is in doubt. The lock is let go meanwhile."""
    assert _built is not None
    return _built.bgzf_unpack(stored, decoded_bytes)


@dataclass(frozen=True)
class Records:
    """Sound records of a block, in order. `spans` holds four 32-bit numbers a record, in the machine's byte order:
    start and length in `text` of its header line without '@', start and length of its sequence.

    `hashes` of their names (formats.names) are known if the names were walked while they were scanned; empty if
    nobody wanted them."""

    text: bytes
    spans: bytes
    hashes: bytes | None = None

    def __len__(self) -> int:
        return len(self.spans) // (4 * _SPAN_NUMBERS)

    @classmethod
    def of(cls, headers: Sequence[bytes]) -> Records:
        """Records of which nothing but the header lines is known; their sequences are empty."""
        spans, at = array("I"), 0
        for header in headers:
            spans.extend((at, len(header), 0, 0))
            at += len(header)
        return cls(b"".join(headers), spans.tobytes())

    @property
    def sequences(self) -> Sequences:
        """Their bases."""
        return Sequences(self.text, self.spans)

    def header(self, at: int) -> bytes:
        """The header line of one, without '@'."""
        start, length = memoryview(self.spans).cast("I")[_SPAN_NUMBERS * at : _SPAN_NUMBERS * at + 2]
        return self.text[start : start + length]

    def headers(self) -> list[bytes]:
        """Their header lines without '@'; copies."""
        numbers = memoryview(self.spans).cast("I")
        starts, lengths = numbers[::_SPAN_NUMBERS].tolist(), numbers[1::_SPAN_NUMBERS].tolist()
        return [self.text[start : start + length] for start, length in zip(starts, lengths, strict=True)]


class Sequences(Sequence[bytes]):
    """The sequences of a block's sound records, in order. None is copied before it is asked for."""

    def __init__(self, text: bytes, spans: bytes) -> None:
        self.text = text
        self.spans = spans
        self._numbers = memoryview(spans).cast("I")

    def __len__(self) -> int:
        return len(self._numbers) // _SPAN_NUMBERS

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self[k] for k in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        start, length = self._numbers[_SPAN_NUMBERS * at + 2], self._numbers[_SPAN_NUMBERS * at + 3]
        return self.text[start : start + length]

    def first_places(self, words: Sequence[bytes], first: int, every: int, count: int) -> list[list[int]]:
        """Where each word (of A, C, G, T; one size) first begins in sequences chosen as in `lengths`; -1: nowhere."""
        assert _built is not None
        told = _built.first_places(self.text, self.spans, b"".join(words), len(words[0]), first, every, count)
        numbers = memoryview(told).cast("i").tolist()
        return [numbers[at :: len(words)] for at in range(len(words))]

    def lengths(self, first: int, every: int, count: int) -> list[int]:
        """Lengths of `count` sequences from `first` on, each `every`-th."""
        return self._numbers[_SPAN_NUMBERS * first + 3 :: _SPAN_NUMBERS * every].tolist()[:count]


def count(engine: str, table: array[int], sequences: Sequence[bytes], qualities: Sequence[bytes]) -> None:
    """Add reads to a table of counts (formats.counts). Each has as many qualities as bases."""
    assert _built is not None
    _built.count(table, b"".join(sequences), b"".join(qualities), array("I", map(len, sequences)), engine)


class Few:
    """What `scan` has counted and not yet added to a table: to add each block for itself would cost as much again."""

    def __init__(self) -> None:
        assert _built is not None
        self.state = _built.few()

    def flush(self, table: array[int]) -> None:
        """Add all to the table, always the same one."""
        assert _built is not None
        _built.flush(self.state, table)


Walk = tuple[Any, Any, bool]  # states of facts and of a window, or None, and whether hashes are wanted (names_looks)


def scan(
    engine: str, text: bytes, start: int, counted: tuple[Few, array[int]] | None = None, names: Walk | None = None
) -> tuple[int, int, int, Records]:
    """Pass over sound records from `start`, which must begin one: (where it ended, reads, bases, the records).

    What passes is `counted` (formats.counts), and the names are walked.

    It ends at the first record that is not whole, or not plainly sound; which of both is not told.
    """
    assert _built is not None
    few, table = (counted[0].state, counted[1]) if counted else (None, None)
    end, reads, bases, spans, hashes = _built.scan(text, start, few, table, names, engine)
    return end, reads, bases, Records(text, spans, hashes if names else None)


@dataclass(frozen=True)
class Words:
    """Words of A, C, G and T, all of `size_bases`, to be looked up in sequences of either case.

    A sequence is marked if one of the words begins at a multiple of `step`, and at least `needed` stand anywhere in it.
    """

    table: bytes
    size_bases: int
    step: int
    needed: int

    @classmethod
    def of(cls, words: Iterable[bytes], size_bases: int, step: int, needed: int) -> Words | None:
        """None if nothing was compiled, or the words are no such words."""
        if _built is None or not 0 < size_bases < 32 or needed < 1:
            return None
        try:
            return cls(_built.words(b"".join(words), size_bases), size_bases, step, needed)
        except ValueError:
            return None

    def marked(self, sequences: Sequences, first: int, every: int, count: int, longest: int) -> bytes:
        """One byte for each of `count` sequences from `first` on, each `every`-th; `longest` bases of it are read."""
        assert _built is not None
        place = (first, every, count, longest)
        return _built.mark(sequences.text, sequences.spans, self.table, *place, self.size_bases, self.step, self.needed)


@dataclass(frozen=True)
class Alignments:
    """Sound alignment records that the kernel passed. `order` has a bit for each order that still holds (see bam).

    `last` is where the last of them begins. `reads` are the primary ones, `failed`, `unmapped` and `without_qualities`
    count among them; `records` holds their names and bases, as the sequencer gave them.
    """

    end: int
    last: int
    order: int
    count: int
    reads: int
    bases: int
    failed: int
    unmapped: int
    without_qualities: int
    records: Records


def scan_bam(
    engine: str,
    text: bytes,
    start: int,
    lengths: bytes,
    groups: bytes,
    previous: tuple[int, int, bytes],
    order: int,
    counted: tuple[Few, array[int]],
) -> Alignments:
    """Pass over sound records of BAM from `start`, which must begin one, up to the first that is not plainly sound.

    `lengths` of the references are 32-bit numbers in the machine's byte order; each of `groups` ends with NUL.
    `previous` is reference, position and name of the record before; the name is empty if there is none. Primary reads
    are `counted` (formats.counts).
    """
    assert _built is not None
    reference, position, name = previous
    name = name + b"\0" if name else b""
    few, table = counted
    passed = _built.bam(text, start, lengths, groups, reference, position, name, order, few.state, table, engine)
    return Alignments(*passed[:9], Records(*passed[9:]))
