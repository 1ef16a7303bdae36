"""The plots of a report: what people know from FastQC and fastp, each a pure function of a file's statistics.

Each gives an SVG picture; `name` is unique in its page. Rows of cycles beyond 120 are drawn in groups: means of their
rows, weighted by reads, as FastQC draws them. The numbers beside the pictures are those drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from biotheca.qc.report_axes import Frame, brief, number, percent

MOST_COLUMNS = 120
QUALITY_VALUES = ("mean", "p10", "p25", "p50", "p75", "p90")
LETTERS = ("A", "C", "G", "T", "N")
_GOOD, _FAIR = 28, 20  # Phred: above the first is good, below the second poor (FastQC's bands)


def grouped(cycles: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of cycles, at most 120: from, to, reads, mean and percentiles (Phred), share of each letter."""
    count = len(cycles["from"])
    size = max(1, math.ceil(count / MOST_COLUMNS))
    return [_group(cycles, range(at, min(at + size, count))) for at in range(0, count, size)]


def _group(cycles: Mapping[str, Any], rows: range) -> dict[str, Any]:
    weight = sum(cycles["reads"][at] for at in rows)
    letters = {letter: sum(cycles[letter][at] for at in rows) for letter in LETTERS}
    total = sum(letters.values())
    means = {key: sum(cycles[key][at] * cycles["reads"][at] for at in rows) / max(weight, 1) for key in QUALITY_VALUES}
    shares = {letter: count / total if total else 0.0 for letter, count in letters.items()}
    ends = {"from": cycles["from"][rows[0]], "to": cycles["to"][rows[-1]], "reads": cycles["reads"][rows[0]]}
    return ends | means | shares


def cycle_label(row: Mapping[str, Any]) -> str:
    """The cycles of a row.

    >>> cycle_label({"from": 1, "to": 1}), cycle_label({"from": 513, "to": 544})
    ('1', '513-544')
    """
    return str(row["from"]) if row["from"] == row["to"] else f"{row['from']}-{row['to']}"


def _below(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [brief(row["from"]) if row["from"] >= 10_000 else str(row["from"]) for row in rows]


def quality(rows: Sequence[Mapping[str, Any]], title: str, name: str) -> str:
    """Boxes from the quarter to the three-quarter values, whiskers from tenth to ninth, median and mean, over bands."""
    frame = Frame(len(rows), max([42.0, *(row["p90"] for row in rows)]), "")
    for low, high, kind in ((0, _FAIR, "poor"), (_FAIR, _GOOD, "fair"), (_GOOD, frame.highest, "good")):
        frame.band(low, high, kind)
    half = max(frame.column_width * 0.4, 0.5)
    whiskers, boxes, medians = [], [], []
    for at, row in enumerate(rows):
        x, y = frame.x(at), {key: frame.y(row[key]) for key in QUALITY_VALUES}
        whiskers.append(f"M{x} {y['p10']}V{y['p90']}")
        boxes.append(f"M{x - half:.1f} {y['p25']}V{y['p75']}h{2 * half:.1f}V{y['p25']}z")
        medians.append(f"M{x - half:.1f} {y['p50']}h{2 * half:.1f}")
    for drawn, kind in ((whiskers, "whisker"), (boxes, "box"), (medians, "median")):
        frame.path("".join(drawn), kind)
    frame.line([row["mean"] for row in rows], "mean")
    worst = min(rows, key=lambda row: row["mean"], default=None)
    told = (
        "No cycles." if worst is None else f"Lowest mean Phred {number(worst['mean'])} at cycle {cycle_label(worst)}."
    )
    return frame.svg(title, told, _below(rows), "cycle 循环", name)


def letters(rows: Sequence[Mapping[str, Any]], title: str, name: str, which: Sequence[str] = LETTERS[:4]) -> str:
    """The share of each letter by cycle."""
    highest = max([0.01, *(row[letter] for row in rows for letter in which)])
    frame = Frame(len(rows), 100 * min(1.0, highest * 1.05), "%")
    for letter in which:
        frame.line([100 * row[letter] for row in rows], f"letter-{letter}")
    ranges = [(letter, [row[letter] for row in rows] or [0.0]) for letter in which]
    told = "; ".join(f"{letter}: {percent(min(found))} to {percent(max(found))}" for letter, found in ranges)
    return frame.svg(title, told, _below(rows), "cycle 循环", name)


def histogram(counts: Sequence[int], title: str, name: str, below: str) -> str:
    """Bars of counts by value, from the first that occurs to the last."""
    used = [at for at, count in enumerate(counts) if count] or [0]
    first, last = max(0, used[0] - 1), min(len(counts) - 1, used[-1] + 1)
    shown = counts[first : last + 1]
    frame = Frame(len(shown), max([1, *shown]), "")
    frame.bars(shown, "bar")
    top = max(range(len(counts)), key=counts.__getitem__, default=0)
    return frame.svg(title, f"Most reads at {top}.", [str(at) for at in range(first, last + 1)], below, name)


def normal_of(counts: Sequence[int]) -> list[float]:
    """The normal curve that reads of one genome would follow: around the mode, as wide as the reads are (FastQC)."""
    total = sum(counts)
    if total < 2:
        return []
    highest = max(counts)
    top = [at for at, count in enumerate(counts) if count > 0.9 * highest]
    mode = sum(top) / len(top)
    variance = sum(count * (at - mode) ** 2 for at, count in enumerate(counts)) / (total - 1)
    width = max(math.sqrt(variance), 0.5)
    curve = [math.exp(-((at - mode) ** 2) / (2 * width**2)) for at in range(len(counts))]
    return [total * value / sum(curve) for value in curve]


def gc(counts: Sequence[int], title: str, name: str) -> str:
    """Reads by per cent GC, over the normal curve of one genome."""
    expected = normal_of(counts)
    frame = Frame(len(counts), max([1, *counts, *expected]), "")
    frame.bars(counts, "bar")
    frame.line(expected, "expected")
    total = sum(counts)
    mean = sum(at * count for at, count in enumerate(counts)) / total if total else 0.0
    return frame.svg(title, f"Mean of the reads {number(round(mean, 2))} % GC.", _percents(counts), "% GC", name)


def _percents(counts: Sequence[int]) -> list[str]:
    return [str(at) for at in range(len(counts))]


def lengths(rows: Sequence[Sequence[int]], title: str, name: str) -> str:
    """Bars of reads by length; neighbouring rows are added up where there are more than 120."""
    size = max(1, math.ceil(len(rows) / MOST_COLUMNS))
    groups = [rows[at : at + size] for at in range(0, len(rows), size)]
    margin = max(0, 9 - len(groups)) // 2  # a single length is a bar in the middle, not a wall
    counts = [0] * margin + [sum(row[2] for row in group) for group in groups] + [0] * margin
    frame = Frame(len(counts), max([1, *counts]), "")
    frame.bars(counts, "bar")
    shown = [brief(group[0][0]) if group[0][0] >= 10_000 else str(group[0][0]) for group in groups]
    labels = [""] * margin + shown + [""] * margin
    told = f"From {rows[0][0]:,} to {rows[-1][1]:,} bases." if rows else "No reads."
    return frame.svg(title, told, labels, "bases 碱基数", name)


def adapters(found: Sequence[Mapping[str, Any]], cycles: Mapping[str, Any], shown: int, title: str, name: str) -> str:
    """The share of reads in which an adapter begins at a cycle or before; the first `shown` of those found."""
    size = max(1, math.ceil(len(cycles["from"]) / MOST_COLUMNS))
    kept = found[:shown]
    highest = max([0.05, *(share for row in kept for share in row["cumulative"])])
    frame = Frame(len(range(0, len(cycles["from"]), size)), 100 * highest, "%")
    for at, row in enumerate(kept):
        last = list(row["cumulative"][size - 1 :: size])
        if len(row["cumulative"]) % size:
            last.append(row["cumulative"][-1])
        frame.line([100 * share for share in last], f"series-{at % 6}")
    told = "; ".join(f"{row['name']}: {percent(row['share'])}" for row in kept) or "None of the known adapters found."
    labels = [brief(n) if n >= 10_000 else str(n) for n in cycles["from"][::size]]
    return frame.svg(title, told, labels, "cycle 循环", name)
