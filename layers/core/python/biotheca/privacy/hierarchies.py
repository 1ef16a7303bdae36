"""How values of quasi-identifiers become coarser. A step joins values and never parts what an earlier one joined."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from biotheca import catalog

# What the last step leaves of every value.
NOTHING = "*"
OLDEST = 90
Step = Callable[[str], str]
_AGE = re.compile(r"\s*(\d{1,3})(?:\.\d+)?\s*(?:y|yr|yrs|years?|岁)?\s*", re.IGNORECASE)
_BAND = re.compile(r"\s*(\d{1,3})\s*-\s*(\d{1,3})\s*(?:y|yr|yrs|years?|岁)?\s*", re.IGNORECASE)
_DAY = re.compile(r"\s*(\d{4})(-\d{2})?(-\d{2})?.*", re.DOTALL)


@dataclass(frozen=True)
class Hierarchy:
    """The steps of a column, from the value itself (step 0) to nothing, with a name for each."""

    column: str
    kind: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def height(self) -> int:
        """The number of the last step."""
        return len(self.steps) - 1


def quasi_identifiers(columns: Iterable[str]) -> list[str]:
    """Those of a table's columns that the catalog knows as quasi-identifiers, in the table's order."""
    return [column for column in columns if _plain(column) in _kinds()]


def hierarchy(column: str) -> Hierarchy:
    """The hierarchy of a column; one that the catalog does not know has its values or nothing."""
    kind = _kinds().get(_plain(column), "whole")
    steps = catalog.anonymity()["kinds"][kind]["steps"]
    made: list[Step] = [_same, *(_step(kind, step) for step in steps), _nothing]
    return Hierarchy(column, kind, ("value", *map(str, steps), "nothing"), tuple(made))


@cache
def _kinds() -> dict[str, str]:
    rows = catalog.anonymity()["columns"]
    return {name: row["kind"] for column, row in rows.items() for name in (column, *row["also"])}


def _plain(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip().casefold())


def _step(kind: str, step: Any) -> Step:
    if kind == "age":
        return partial(band, width=int(step))
    if kind == "date":
        return partial(shortened, to=step)
    return country if step == "country" else continent


def _same(value: str) -> str:
    return value


def _nothing(value: str) -> str:
    return NOTHING


def band(value: str, width: int) -> str:
    """The band of an age in years. A text that is no age, and a band that does not fit into one, stay.

    >>> band("34", 5), band("34 years", 10), band("30-34", 10), band("93", 5), band("89", 20), band("adult", 5)
    ('30-34', '30-39', '30-39', '90+', '80-89', 'adult')
    """
    if found := _AGE.fullmatch(value):
        low = high = int(found[1])
    elif found := _BAND.fullmatch(value):
        low, high = int(found[1]), int(found[2])
    else:
        return value
    if low >= OLDEST:
        return f"{OLDEST}+"
    start = low - low % width
    end = min(start + width, OLDEST) - 1
    return f"{start}-{end}" if low <= high <= end else value


def shortened(value: str, to: str) -> str:
    """The month (year-month) or year of an ISO date; a text that begins with no year stays.

    >>> shortened("2026-03-01", "month"), shortened("2026-03-01", "year"), shortened("2026", "month")
    ('2026-03', '2026', '2026')
    """
    found = _DAY.fullmatch(value)
    if not found:
        return value
    return found[1] if to == "year" else found[1] + (found[2] or "")


def country(value: str) -> str:
    """What stands before the colon of INSDC's form `country: region, place`.

    >>> country("China: Beijing, Haidian"), country("China")
    ('China', 'China')
    """
    return value.partition(":")[0].strip()


def continent(value: str) -> str:
    """The continent of the country; a country (sea, text) that has none stays.

    >>> continent("China: Beijing"), continent("Atlantic Ocean")
    ('Asia', 'Atlantic Ocean')
    """
    land = country(value)
    return catalog.continents().get(land, land)
