"""What an accession is and how it is written. How numbers are given out: service.

Forms are data (catalog/accessions.yaml); this module knows no prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from string import ascii_uppercase

from biotheca import catalog

# A letter lasts for 999,999 numbers, so that PRJCA999999 is followed by PRJCB000001.
NUMBERS_PER_LETTER = 999_999


class NumbersExhausted(Exception):
    """A lettered prefix has used its last number (after Z)."""


@dataclass(frozen=True)
class Form:
    """One form of number: prefix, minimum width, letter policy (none, optional, roll), numbers per block."""

    kind: str
    prefix: str
    width: int
    title: str
    letter: str = "none"
    shortest: int = 0
    block: int = 1

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the whole of an accession of this form, upper case; group `number`, and `letter` if any."""
        letter = {"none": "", "optional": "(?P<letter>[A-Z])?", "roll": "(?P<letter>[A-Z])"}[self.letter]
        return re.compile(rf"{self.prefix}{letter}(?P<number>\d{{{self.shortest or self.width},}})")

    def write(self, number: int) -> str:
        """The text of the n-th number (1, 2 ...), at least `width` digits.

        >>> Form("gsa.study", "CRA", 6, "").write(7)
        'CRA000007'
        >>> Form("project", "PRJC", 6, "", letter="roll").write(1_000_000)
        'PRJCB000001'
        """
        if number < 1:
            raise ValueError(f"numbers start at 1, not {number!r}")
        if self.letter != "roll":
            return f"{self.prefix}{number:0{self.width}d}"
        letter, rest = divmod(number - 1, NUMBERS_PER_LETTER)
        if letter >= len(ascii_uppercase):
            raise NumbersExhausted(f"{self.prefix}Z{NUMBERS_PER_LETTER} was the last number")
        return f"{self.prefix}{ascii_uppercase[letter]}{rest + 1:0{self.width}d}"


@dataclass(frozen=True)
class Accession:
    """A recognised accession. `own` is false for numbers of other archives; `serial` only for derived forms."""

    text: str
    kind: str
    own: bool
    parent: str | None = None
    serial: str | None = None


@dataclass(frozen=True)
class Derived:
    """Numbers built on another number: kind, kind of the parent, digits of the serial, form that is read."""

    kind: str
    parent: str
    pattern: str
    title: str
    width: int = 2

    def write(self, parent: str, serial: int) -> str:
        """The text of the n-th number (1, 2 ...) under a parent.

        >>> Derived("omix.file", "omix.study", "", "").write("OMIX000012", 3)
        'OMIX000012-03'
        """
        if serial < 1:
            raise ValueError(f"numbers start at 1, not {serial!r}")
        return f"{parent}-{serial:0{self.width}d}"


@cache
def derived() -> dict[str, Derived]:
    """The forms of numbers that are built on others, by kind."""
    return {row["kind"]: Derived(**row) for row in catalog.accession_forms()["derived"]}


@cache
def forms() -> dict[str, Form]:
    """The forms that this archive issues, by kind."""
    return {row["kind"]: Form(**row) for row in catalog.accession_forms()["own"]}


def recognise(text: str) -> Accession | None:
    """The accession that a text is, in any letter case and with blanks around it, or None.

    >>> recognise(" cra000123 ").text
    'CRA000123'
    >>> recognise("OMIX237-64-02").parent
    'OMIX237'
    >>> recognise("hello") is None
    True
    """
    text = text.strip().upper()
    for form in forms().values():
        if form.pattern.fullmatch(text):
            return Accession(text, form.kind, own=True)
    for row in catalog.accession_forms()["derived"]:
        if match := re.fullmatch(row["pattern"], text):
            parent = f"{forms()[row['parent']].prefix}{match['number']}"
            return Accession(text, row["kind"], own=True, parent=parent, serial=match["serial"])
    for row in catalog.accession_forms()["lookup_only"]:
        if re.fullmatch(row["pattern"], text):
            return Accession(text, row["kind"], own=False)
    return None
