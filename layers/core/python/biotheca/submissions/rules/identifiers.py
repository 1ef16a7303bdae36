"""Numbers, addresses and names that identify a person, found in a text and masked. Pure; knows no document.

Names are looked for only where names stand: after words such as "patient" or 姓名, or a Chinese name alone in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from biotheca import catalog

_CITIZEN = re.compile(r"(?<![0-9A-Za-z])[1-8]\d{5}(?:19|20)\d{2}\d{2}\d{2}\d{3}[0-9Xx](?![0-9A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z.])")
_LANDLINE = re.compile(r"(?<![0-9A-Za-z.-])(?:\+86[- ]?)?0\d{2,3}[- ]\d{7,8}(?![0-9A-Za-z.-])")
_ABROAD = re.compile(r"(?<![0-9A-Za-z])\+\d{1,3}[- ]\(?\d{1,4}\)?(?:[- ]\d{2,4}){2,4}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_DATA = catalog.privacy()
_RECORD = re.compile(
    rf"(?:{_DATA['record_numbers']})[^0-9A-Za-z\n]{{0,6}}(?:no\.? ?|number ?|is )?([A-Za-z]{{0,3}}\d{{5,12}})\b",
    re.IGNORECASE,
)
_HAN = rf"(?:{'|'.join(_DATA['surnames_han_of_two'])}|[{_DATA['surnames_han']}])[\u4e00-\u9fff]{{1,2}}"
_HAN_AFTER = re.compile(rf"(?:{_DATA['name_follows']})[:：为是\s]{{0,3}}({_HAN})(?![\u4e00-\u9fff]{{2}})")
_HAN_BEFORE = re.compile(rf"({_HAN})(?:{_DATA['name_precedes']})")
HAN_NAME = re.compile(_HAN)
_LATIN_AFTER = re.compile(
    rf"\b(?:{_DATA['name_follows_latin']})\b[.:]? ?(?:is )?:? ?([A-Z][a-z]{{1,15}}(?: [A-Z]\.?)? [A-Z][a-z]{{1,15}})\b"
)


def citizen_number_is_valid(text: str) -> bool:
    """Whether 18 characters are a citizen number: a day of the calendar, and the check digit (GB 11643, MOD 11-2).

    >>> citizen_number_is_valid("11010519491231002X")
    True
    """
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return born.year >= 1900 and "10X98765432"[total % 11] == text[17].upper()


def found_in(text: str, names: bool = True) -> Iterator[tuple[str, str]]:
    """(rule, masked value) of what identifies a person in a text: each citizen number, the first of each other kind."""
    once: set[str] = set()
    for rule, _, masked in _spans(text, names):
        if rule == "privacy.citizen_number" or rule not in once:
            once.add(rule)
            yield rule, masked


def without_identifiers(text: str) -> str:
    """The text with every number, address and name that `found_in` can see masked: for what is shown or logged.

    >>> without_identifiers("'MRN 80041723' is not a term of platform.")
    "'MRN 8*******' is not a term of platform."
    """
    begun = len(text)
    for (start, end), masked in sorted(((span, masked) for _, span, masked in _spans(text, names=True)), reverse=True):
        if end <= begun:  # one number can look like two kinds
            text, begun = text[:start] + masked + text[end:], start
    return text


def _spans(text: str, names: bool) -> Iterator[tuple[str, tuple[int, int], str]]:
    """(rule, place in the text, masked value); places of one rule never overlap."""
    if any(c.isdigit() for c in text):
        for match in _CITIZEN.finditer(text):
            if citizen_number_is_valid(match[0]):
                yield "privacy.citizen_number", match.span(), mask(match[0], 2)
        for pattern in (_MOBILE, _LANDLINE, _ABROAD):
            for match in pattern.finditer(text):
                yield "privacy.phone", match.span(), mask(match[0], 3)
        for match in _RECORD.finditer(text):
            yield "privacy.record_number", match.span(1), mask(match[1], 1)
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield "privacy.email", match.span(), mask(match[0].split("@")[0], 1) + "@..."
    if names:
        yield from (("privacy.person_name", span, mask(text[slice(*span)], 1)) for span in _names_in(text))


def _names_in(text: str) -> Iterator[tuple[int, int]]:
    if not text.isascii():
        for pattern in (_HAN_AFTER, _HAN_BEFORE):
            if match := pattern.search(text):
                yield match.span(1)
                return
        if HAN_NAME.fullmatch(text.strip()):
            start = text.index(text.strip())
            yield start, start + len(text.strip())
            return
    if match := _LATIN_AFTER.search(text):
        yield match.span(1)


def mask(text: str, shown: int) -> str:
    """The first characters and as many stars as there are others, at most 20."""
    return text[:shown] + "*" * min(20, max(1, len(text) - shown))
