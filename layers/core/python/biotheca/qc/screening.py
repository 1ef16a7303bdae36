"""The screen for human reads: marker reads of an even sample of a file, and what share of human reads they tell of.

A read is a marker read if it holds several words of Alu repeats, which primates alone have. The words, the sample and
the threshold are data: catalog/screening.yaml. What becomes of a flagged run: runs.
"""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from biotheca import catalog
from biotheca.formats import native
from biotheca.qc.sampling import EvenSample

_COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


def policy() -> dict[str, Any]:
    """The row `human_reads` of catalog/screening.yaml."""
    rows: dict[str, Any] = catalog.screening()["human_reads"]
    return rows


@cache
def marker_words() -> frozenset[bytes]:
    """Words of the marker sequences, both strands, without those that resemble what other animals have."""
    row = policy()
    size, distance = row["word_bases"], row["distance"]
    avoided = set().union(*(_words(text.encode(), size) for text in row["avoid"].values()))
    words = set().union(*(_words(text.encode(), size) for text in row["markers"].values()))
    # Words with so few differing letters share one of distance + 1 parts whole, so only such pairs are compared.
    alike: dict[tuple[int, bytes], list[bytes]] = {}
    for other in avoided:
        for part in _parts(other, distance + 1):
            alike.setdefault(part, []).append(other)
    near = {
        word
        for word in words
        for part in _parts(word, distance + 1)
        if any(_differ(word, other) <= distance for other in alike.get(part, ()))
    }
    kept = words - near
    return frozenset(kept | {word.translate(_COMPLEMENT)[::-1] for word in kept})


def _words(text: bytes, size: int) -> set[bytes]:
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def _parts(word: bytes, count: int) -> list[tuple[int, bytes]]:
    """The word cut into parts, each with its place.

    >>> _parts(b"ACGTA", 2)
    [(0, b'AC'), (2, b'GTA')]
    """
    ends = [len(word) * k // count for k in range(count + 1)]
    return [(a, word[a:b]) for a, b in itertools.pairwise(ends)]


def _differ(one: bytes, other: bytes) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


@cache
def _compiled_words() -> native.Words | None:
    row = policy()
    return native.Words.of(marker_words(), row["word_bases"], row["step"], row["words_in_read"])


class Screen(EvenSample):
    """Give it the sequences of a file in order."""

    def __init__(self) -> None:
        row = policy()
        super().__init__(row["sample_reads"])
        self._words = marker_words()
        self._size, self._step, self._needed = row["word_bases"], row["step"], row["words_in_read"]
        self._bases = row["read_bases"]
        self._marked = bytearray()  # one byte a sampled read
        self._lengths = array("H")  # bases looked at, of each

    def look(self, sequences: Sequence[bytes], first: int, every: int, count: int) -> None:
        words = _compiled_words()
        if words and isinstance(sequences, native.Sequences):
            self._marked += words.marked(sequences, first, every, count, self._bases)
            lengths = sequences.lengths(first, every, count)
            long = max(lengths) > self._bases
            self._lengths.extend([min(n, self._bases) for n in lengths] if long else lengths)
            return
        for at in range(first, first + count * every, every):
            window = sequences[at][: self._bases]
            self._marked.append(self._is_marker(window))
            self._lengths.append(len(window))

    def thin(self) -> None:
        self._marked, self._lengths = self._marked[::2], self._lengths[::2]

    def kept(self) -> list[bytes]:
        return [bytes(self._marked), self._lengths.tobytes()]

    def keep(self, sample: list[bytes]) -> None:
        self._marked, self._lengths = bytearray(sample[0]), array("H", sample[1])

    def _is_marker(self, window: bytes) -> bool:
        if not window.isupper():
            window = window.upper()
        last, size = len(window) - self._size + 1, self._size
        if self._words.isdisjoint([window[at : at + size] for at in range(0, last, self._step)]):
            return False
        return sum(window[at : at + size] in self._words for at in range(last)) >= self._needed

    def result(self) -> dict[str, int]:
        """Sampled reads, marker reads among them, and the bases that were looked at."""
        return {
            "reads": len(self._marked),
            "marker_reads": self._marked.count(1),
            "bases": sum(self._lengths),
        }


def expected_share(bases: float) -> float:
    """Share of marker reads among human reads of so many bases: a line between (and beyond) measured lengths."""
    points = sorted((float(k), float(v)) for k, v in policy()["expected_share"].items())
    pairs = list(itertools.pairwise(points))
    (x0, y0), (x1, y1) = next((pair for pair in pairs if bases <= pair[1][0]), pairs[-1])
    return max(0.0, y0 + (bases - x0) * (y1 - y0) / (x1 - x0))


@dataclass(frozen=True)
class Estimate:
    """Estimated share of human reads, 0 to 1, with the bounds of 95 % that the count of marker reads allows."""

    share: float
    low: float
    high: float
    marker_reads: int
    reads: int

    @property
    def flagged(self) -> bool:
        """Whether a curator must look at the run."""
        return self.share >= policy()["threshold"] and self.marker_reads >= policy()["least_marker_reads"]


def estimate(screens: Iterable[Mapping[str, int]]) -> Estimate | None:
    """What the screens of a run's files tell together; None if the reads are too few or too short to tell anything."""
    reads = marked = 0
    expected = 0.0  # marker reads, if every read were human
    for one in screens:
        if one["reads"]:
            reads, marked = reads + one["reads"], marked + one["marker_reads"]
            expected += one["reads"] * expected_share(one["bases"] / one["reads"])
    if expected <= 0:
        return None
    share, low, high = (min(1.0, count / expected) for count in (marked, *poisson_bounds(marked)))
    return Estimate(share, low, high, marked, reads)


def poisson_bounds(count: int) -> tuple[float, float]:
    """The 95 % bounds of a Poisson mean (Byar's approximation; Breslow & Day 1987, eq. 2.10).

    >>> [round(bound, 1) for bound in poisson_bounds(10)]
    [4.8, 18.4]
    """
    z = 1.96

    def bound(n: int, sign: int) -> float:
        return n * (1 - 1 / (9 * n) + sign * z / (3 * math.sqrt(n))) ** 3 if n else 0.0

    return bound(count, -1), bound(count + 1, 1)
