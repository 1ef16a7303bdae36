"""The statistics of reads, computed the slow and plain way: the oracle of the file check's own, and data for reports.

Definitions. Qualities are Phred values, the offset taken off. A percentile is the lowest value that at least so many
per cent of the values do not exceed. A row of `cycles` holds one cycle up to 512, beyond it a sixteenth of the power
of two that it lies in; `reads` of a row are those that reach it, its letters and qualities all that lie in it.
Shares of G and C and of N are of all bases. Letters of either case count alike; U counts as T and '.' as N.
Empty reads have no quality and no GC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

SINGLE_CYCLES = 512
PERCENTILES = (10, 25, 50, 75, 90)
LETTERS = "ACGTN"
ADAPTERS = {
    "Illumina Universal Adapter": "AGATCGGAAGAG",
    "Illumina Small RNA 3' Adapter": "TGGAATTCTCGG",
    "Illumina Small RNA 5' Adapter": "GATCGTCGGACT",
    "Nextera Transposase Sequence": "CTGTCTCTTATA",
    "PolyA": "AAAAAAAAAAAA",
    "PolyG": "GGGGGGGGGGGG",
}

Reads = Sequence[tuple[str, str]]


def row_of(cycle: int) -> tuple[int, int]:
    """First and last cycle (from 1) of the row that a cycle lies in.

    >>> row_of(512), row_of(513), row_of(1024), row_of(1025)
    ((512, 512), (513, 544), (993, 1024), (1025, 1088))
    """
    if cycle <= SINGLE_CYCLES:
        return cycle, cycle
    lower = SINGLE_CYCLES
    while cycle > 2 * lower:
        lower *= 2
    width = lower // 16
    start = lower + (cycle - 1 - lower) // width * width
    return start + 1, start + width


def rows_to(longest: int) -> list[tuple[int, int]]:
    """The rows of cycles of a file whose longest read has so many bases."""
    rows, cycle = [], 1
    while cycle <= longest:
        rows.append(row_of(cycle))
        cycle = rows[-1][1] + 1
    return rows


def statistics(reads: Reads, offset: int | None = None, adapters: dict[str, str] = ADAPTERS) -> dict[str, Any]:
    """The object `statistics` of a report, of reads given as (sequence, quality), both as they stand in the file."""
    written = reads  # adapters are looked for in the letters as they stand: none has a U
    reads = [(s.upper().replace("U", "T").replace(".", "N"), q) for s, q in reads]
    characters = Counter("".join(quality for _, quality in reads))
    if offset is None:
        offset = 64 if characters and min(characters) >= "@" and "J" < max(characters) <= "i" else 33
    letters = Counter("".join(sequence for sequence, _ in reads).upper())
    bases = letters.total()
    values = Counter({ord(c) - offset: n for c, n in characters.items()})
    return {
        "reads": len(reads),
        "bases": bases,
        "length_bases": _lengths([len(sequence) for sequence, _ in reads]),
        "letters": {c: letters[c] for c in LETTERS} | {"other": bases - sum(letters[c] for c in LETTERS)},
        "gc_share": _share(letters["G"] + letters["C"], bases),
        "n_share": _share(letters["N"], bases),
        "q20_share": _share(sum(n for q, n in values.items() if q >= 20), bases),
        "q30_share": _share(sum(n for q, n in values.items() if q >= 30), bases),
        "quality": {
            "offset": offset,
            "encoding": "Sanger, Illumina 1.8+" if offset == 33 else "Illumina 1.3 to 1.7 (Phred+64)",
            "lowest": min(values, default=0),
            "highest": max(values, default=0),
            "mean": _share(sum(q * n for q, n in values.items()), bases),
            "histogram": [characters[chr(33 + at)] for at in range(94)],
        },
        "cycles": _cycles(reads, offset),
        "read_quality": _histogram([_sum(q, offset) // len(q) for _, q in reads if q], 94),
        "read_gc": _histogram([100 * _gc(s) // len(s) for s, _ in reads if s], 101),
        "adapters": _adapters(written, adapters),
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _sum(quality: str, offset: int) -> int:
    return sum(ord(c) - offset for c in quality)


def _gc(sequence: str) -> int:
    return sum(c in "GCgc" for c in sequence)


def _histogram(values: list[int], size: int) -> list[int]:
    counts = Counter(max(0, value) for value in values)
    return [counts[at] for at in range(size)]


def percentile(counts: Counter[int], percent: int) -> int:
    """The lowest value that at least so many per cent of the values do not exceed; 0 of none.

    >>> percentile(Counter({2: 1, 40: 9}), 10), percentile(Counter({2: 1, 40: 9}), 11)
    (2, 40)
    """
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if 100 * seen >= percent * counts.total():
            return value
    return 0


def _lengths(lengths: list[int]) -> dict[str, Any]:
    rows = Counter(row_of(n) if n else (0, 0) for n in lengths)
    half, seen, n50 = sum(lengths) / 2, 0, 0
    for length in sorted(lengths, reverse=True):
        seen += length
        if seen >= half:
            n50 = length
            break
    return {
        "min": min(lengths, default=0),
        "max": max(lengths, default=0),
        "mean": _share(sum(lengths), len(lengths)),
        "n50": n50,
        "histogram": [[*row, rows[row]] for row in sorted(rows)],
    }


def _cycles(reads: Reads, offset: int) -> dict[str, list[Any]]:
    rows = rows_to(max((len(sequence) for sequence, _ in reads), default=0))
    table: dict[str, list[Any]] = {"from": [a for a, _ in rows], "to": [b for _, b in rows]}
    table["reads"] = [sum(len(sequence) >= a for sequence, _ in reads) for a, _ in rows]
    found = [Counter(ord(c) - offset for _, quality in reads for c in quality[a - 1 : b]) for a, b in rows]
    table["mean"] = [_share(sum(q * n for q, n in counts.items()), counts.total()) for counts in found]
    for percent in PERCENTILES:
        table[f"p{percent}"] = [percentile(counts, percent) for counts in found]
    for letter in LETTERS:
        table[letter] = [sum(s[a - 1 : b].upper().count(letter) for s, _ in reads) for a, b in rows]
    return table


def _adapters(reads: Reads, adapters: dict[str, str]) -> dict[str, Any]:
    rows = rows_to(max((len(sequence) for sequence, _ in reads), default=0))
    found = []
    for name, sequence in adapters.items():
        begins = [at + 1 for s, _ in reads if (at := s.upper().find(sequence)) >= 0]
        if begins:
            shares = [_share(sum(at <= last for at in begins), len(reads)) for _, last in rows]
            count = {"reads": len(begins), "share": _share(len(begins), len(reads))}
            found.append({"name": name, "sequence": sequence, **count, "cumulative": shares})
    return {"sampled_reads": len(reads), "found": found}
