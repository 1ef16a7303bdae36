"""Whether a column of values counts from row to row, as a spreadsheet does when a cell is dragged down. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _key(value: Any) -> tuple[str, float] | None:
    """(what stays, what may count) of a value; None if nothing in it can count."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return ("number", float(value))
    if not isinstance(value, str):
        return None
    if _DAY.fullmatch(value):
        try:
            return ("day", float(date.fromisoformat(value).toordinal()))
        except ValueError:
            return None
    if match := _MONTH.fullmatch(value):
        return ("month", float(int(match[1]) * 12 + int(match[2])))
    numbers = list(_NUMBER.finditer(value))
    if not numbers or len(value) > 2000:
        return None
    last = numbers[-1]  # a dragged cell counts its last number
    return (value[: last.start()] + "#" + value[last.end() :], float(last[0]))


def longest_run(column: list[Any], least: int) -> tuple[int, int] | None:
    """(first, last) row of the longest stretch that goes up or down by one same step of 1, at least so many rows.

    >>> longest_run(["2026-03-30", "2026-03-31", "2026-04-01", "x"], 3)
    (0, 2)
    >>> longest_run(["leaf 1", "leaf 2", "root 3"], 3) is None
    True
    """
    keys = [_key(value) for value in column]
    best: tuple[int, int] | None = None
    start, step = 0, 0.0
    for row in range(1, len(keys) + 1):
        here, before = keys[row] if row < len(keys) else None, keys[row - 1]
        now = _step(before, here)
        if now is None or (row - start > 1 and now != step):
            if row - start >= max(least, (best[1] - best[0] + 2) if best else 0):
                best = (start, row - 1)
            start = row if now is None else row - 1
        if now is not None:
            step = now
    return best


def _step(before: tuple[str, float] | None, here: tuple[str, float] | None) -> float | None:
    if before is None or here is None or before[0] != here[0]:
        return None
    step = round(here[1] - before[1], 6)
    return step if abs(step) == 1 else None
