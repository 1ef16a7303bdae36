"""How often sequencing adapters are read into, by cycle, on an even sample of a file's reads.

Exact matches of 12 bases, as FastQC's module "Adapter Content" counts them; the words are the published starts of the
adapters (Illumina's document 1000000002694), and runs of A and of G, which two-colour chemistry reads out of nothing.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

from biotheca.formats import counts, native
from biotheca.qc.sampling import EvenSample

ADAPTERS = {
    "Illumina Universal Adapter": b"AGATCGGAAGAG",
    "Illumina Small RNA 3' Adapter": b"TGGAATTCTCGG",
    "Illumina Small RNA 5' Adapter": b"GATCGTCGGACT",
    "Nextera Transposase Sequence": b"CTGTCTCTTATA",
    "PolyA": b"AAAAAAAAAAAA",
    "PolyG": b"GGGGGGGGGGGG",
}
SAMPLE_READS = 50_000

_WORDS = list(ADAPTERS.values())


class Adapters(EvenSample):
    """The sample: where each adapter first begins in each of its reads."""

    def __init__(self, most: int = SAMPLE_READS) -> None:
        super().__init__(most)
        self._begins: list[list[int]] = [[] for _ in _WORDS]  # -1: nowhere

    def look(self, sequences: Sequence[bytes], first: int, every: int, count: int) -> None:
        if isinstance(sequences, native.Sequences):
            found = sequences.first_places(_WORDS, first, every, count)
        else:
            chosen = [sequences[at].upper() for at in range(first, first + count * every, every)]
            found = [[bases.find(word) for bases in chosen] for word in _WORDS]
        for begins, more in zip(self._begins, found, strict=True):
            begins += more

    def thin(self) -> None:
        self._begins = [begins[::2] for begins in self._begins]

    def kept(self) -> list[bytes]:
        return [array("i", begins).tobytes() for begins in self._begins]

    def keep(self, sample: list[bytes]) -> None:
        self._begins = [array("i", begins).tolist() for begins in sample]

    def result(self, longest: int) -> dict[str, Any]:
        """`adapters` of the statistics, with a cumulative share for each row of cycles up to the longest read."""
        reads = len(self._begins[0])
        rows = counts.bin_of(longest - 1) + 1 if longest else 0
        found = []
        for name, begins in zip(ADAPTERS, self._begins, strict=True):
            by_row = Counter(counts.bin_of(at) for at in begins if at >= 0)
            if by_row:
                count = {"reads": by_row.total(), "share": by_row.total() / reads}
                shares = _cumulative([by_row[row] for row in range(rows)], reads)
                found.append({"name": name, "sequence": ADAPTERS[name].decode(), **count, "cumulative": shares})
        return {"sampled_reads": reads, "found": found}


def _cumulative(by_row: list[int], reads: int) -> list[float]:
    """
    >>> _cumulative([0, 1, 1], 4)
    [0.0, 0.25, 0.5]
    """
    seen, shares = 0, []
    for number in by_row:
        seen += number
        shares.append(seen / reads)
    return shares
