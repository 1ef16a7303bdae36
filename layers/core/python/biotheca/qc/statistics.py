"""What the counts of a file's reads say, as the object `statistics` of its report (schema: qc/report.schema.json).

Qualities are Phred values with the file's offset taken off. A percentile is the lowest value that at least so many per
cent of the values do not exceed. Shares are of all bases, 0 to 1. A row of `cycles` is one cycle up to 512, beyond it a
sixteenth of a power of two; its `reads` are those that reach it. N50 is exact up to 512 bases, then to 0.4 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from biotheca.formats import counts
from biotheca.formats.counts import LETTERS, LEVELS, Counts

PERCENTILES = (10, 25, 50, 75, 90)
_QUALITIES = 94
_SHIFT = 31  # from Phred+33 to Phred+64


def statistics(counted: Counts, adapters: Mapping[str, Any]) -> dict[str, Any]:
    """The whole object. `adapters`: see adapters.Adapters.result."""
    table = counted.table
    rows = list(_rows(table))
    letters = {name: sum(row[LEVELS + at] for _, row in rows) for at, name in enumerate(LETTERS)}
    qualities = qualities_of(counted)
    bases, offset = table[counts.BASES], offset_of(qualities)
    shift = offset - 33
    phred = qualities[shift:]  # nothing stands below: else the offset would be 33
    return {
        "reads": table[counts.READS],
        "bases": bases,
        "length_bases": _lengths(table),
        "letters": letters,
        "gc_share": _share(letters["G"] + letters["C"], bases),
        "n_share": _share(letters["N"], bases),
        "q20_share": _share(sum(phred[20:]), bases),
        "q30_share": _share(sum(phred[30:]), bases),
        "quality": {
            "offset": offset,
            "encoding": encoding_of(qualities),
            "lowest": next((q for q, n in enumerate(phred) if n), 0),
            "highest": max((q for q, n in enumerate(phred) if n), default=0),
            "mean": _share(sum(q * n for q, n in enumerate(phred)), bases),
            "histogram": qualities,
        },
        "cycles": _cycles(table, rows, shift),
        "read_quality": _shifted(table[counts.READ_QUALITY : counts.READ_QUALITY + _QUALITIES].tolist(), shift),
        "read_gc": table[counts.READ_GC : counts.READ_GC + 101].tolist(),
        "adapters": adapters,
    }


def qualities_of(counted: Counts) -> list[int]:
    """How many bases have each quality character, the first of which is ASCII 33."""
    rows = list(_rows(counted.table))
    return [sum(row[q] for _, row in rows) for q in range(_QUALITIES)]


def offset_of(qualities: Sequence[int]) -> int:
    """33 or 64, from counts by character, the first of which is ASCII 33.

    Characters below '@' are not there in Phred+64, and none above 'i' was ever written in it. That a file without
    them is Phred+64 is believed only if it goes beyond 'J' (41 in Phred+33): reads of today may have no base below 31.

    >>> offset_of([0] * 40 + [9]), offset_of([0] * 42 + [9]), offset_of([1] + [0] * 41 + [9])
    (33, 64, 33)
    """
    return 33 + _SHIFT if _is_phred_64(qualities) else 33


def _is_phred_64(qualities: Sequence[int]) -> bool:
    return not any(qualities[:_SHIFT]) and any(qualities[42:]) and not any(qualities[73:])


def encoding_of(qualities: Sequence[int]) -> str:
    """The encoding's usual name (Cock et al. 2010). PacBio and nanopore qualities above 41 are Phred+33 as well."""
    if offset_of(qualities) == 33:
        return "Sanger, Illumina 1.8+"
    return "Illumina 1.3 to 1.7 (Phred+64)"


def _rows(table: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """Bin and counts of every row that some read reaches."""
    longest = table[counts.LONGEST]
    for number in range(counts.bin_of(longest - 1) + 1 if longest else 0):
        start = counts.ROWS + number * counts.ROW
        yield number, table[start : start + counts.ROW]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _shifted(values: list[int], shift: int) -> list[int]:
    """A histogram whose values are all so much lower; what would fall below 0 is 0."""
    if not shift:
        return values
    return [sum(values[: shift + 1]), *values[shift + 1 :], *[0] * shift]


def percentiles(histogram: Sequence[int]) -> list[int]:
    """Those of PERCENTILES; 0 of none.

    >>> percentiles([0, 0, 1, 0, 9])
    [2, 4, 4, 4, 4]
    """
    total, seen, found = sum(histogram), 0, []
    waiting = list(PERCENTILES)
    for value, number in enumerate(histogram):
        seen += number
        while total and waiting and 100 * seen >= waiting[0] * total:
            found.append(value)
            waiting.pop(0)
    return found + [0] * len(waiting)


def _cycles(table: Sequence[int], rows: list[tuple[int, Sequence[int]]], shift: int) -> dict[str, list[Any]]:
    shown: dict[str, list[Any]] = {key: [] for key in ("from", "to", "reads", "mean")}
    shown |= {f"p{p}": [] for p in PERCENTILES} | {letter: [] for letter in LETTERS[:5]}
    reaching = _reaching(table)
    for number, row in rows:
        phred = row[shift:_QUALITIES]
        shown["from"].append(counts.start_of(number) + 1)
        shown["to"].append(counts.start_of(number + 1))
        shown["reads"].append(reaching[number])
        shown["mean"].append(_share(sum(q * n for q, n in enumerate(phred)), sum(phred)))
        for percent, value in zip(PERCENTILES, percentiles(phred), strict=True):
            shown[f"p{percent}"].append(value)
        for at, letter in enumerate(LETTERS[:5]):
            shown[letter].append(row[LEVELS + at])
    return shown


def _by_length(table: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(first length, last length, reads) of every bin of lengths that holds reads."""
    empty = table[counts.READS] - sum(table[counts.LENGTHS : counts.LENGTHS + counts.LENGTH_BINS])
    if empty:
        yield 0, 0, empty
    for number in range(counts.LENGTH_BINS):
        if reads := table[counts.LENGTHS + number]:
            yield counts.start_of(number, 256) + 1, counts.start_of(number + 1, 256), reads


def _reaching(table: Sequence[int]) -> list[int]:
    """Reads that reach each row."""
    ending = [0] * (counts.BINS + 1)
    for first, _, reads in _by_length(table):
        if first:
            ending[counts.bin_of(first - 1)] += reads
    for number in range(counts.BINS - 1, -1, -1):
        ending[number] += ending[number + 1]
    return ending


def _lengths(table: Sequence[int]) -> dict[str, Any]:
    by_length = list(_by_length(table))
    rows: dict[tuple[int, int], int] = {}
    for first, _, reads in by_length:
        number = counts.bin_of(first - 1) if first else -1
        row = (counts.start_of(number) + 1, counts.start_of(number + 1)) if first else (0, 0)
        rows[row] = rows.get(row, 0) + reads
    return {
        "min": table[counts.SHORTEST],
        "max": table[counts.LONGEST],
        "mean": _share(table[counts.BASES], table[counts.READS]),
        "n50": _n50(by_length, table[counts.BASES], table[counts.LONGEST]),
        "histogram": [[*row, reads] for row, reads in sorted(rows.items())],
    }


def _n50(by_length: list[tuple[int, int, int]], bases: int, longest: int) -> int:
    """The length that half of all bases lie in reads of at least; of a bin of lengths, its middle is taken."""
    seen = 0.0
    for first, last, reads in reversed(by_length):
        middle = (first + min(last, longest)) / 2
        seen += middle * reads
        if seen >= bases / 2:
            return int(middle)
    return by_length[0][0] if by_length else 0
