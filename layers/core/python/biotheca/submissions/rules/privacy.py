"""What identifies a person, in texts, file names and aliases: numbers, addresses, names. Warnings, masked. Pure.

Names are looked for only where names stand: after words such as "patient" or 姓名, a Chinese name alone in a field, and
written as one word of two in aliases and file names (WangXiaoming). Measured on real records: docs/catalog.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member
from biotheca.errors import Finding
from biotheca.submissions.rules.finding import entries, finding

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
_HAN_ALONE = re.compile(_HAN)
_LATIN_AFTER = re.compile(
    rf"\b(?:{_DATA['name_follows_latin']})\b[.:]? ?(?:is )?:? ?([A-Z][a-z]{{1,15}}(?: [A-Z]\.?)? [A-Z][a-z]{{1,15}})\b"
)
_LATIN_ALONE = re.compile(r"[A-Z][a-z]{1,15},? [A-Z][a-z]{1,15}(?:[ -][A-Za-z][a-z]{1,15})?")
_SURNAMES_LATIN = frozenset(_DATA["surnames_latin"])
_SYLLABLE = f"(?:{'|'.join(_DATA['initials'])})?(?:{'|'.join(_DATA['finals'])})"
_PINYIN = re.compile(rf"(?:^|[^A-Za-z])((?:{'|'.join(_DATA['surnames_latin'])})[-_]?([A-Z][a-z]{{1,10}}))(?![a-z])")
_GIVEN = re.compile(rf"(?:{_SYLLABLE}){{1,2}}", re.IGNORECASE)
_NO_NAMES = frozenset(_DATA["no_given_names"])
_NAMES_ALLOWED = frozenset(_DATA["names_allowed"])


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
    """(rule, masked value) of what identifies a person in a text."""
    if any(c.isdigit() for c in text):
        for match in _CITIZEN.finditer(text):
            if citizen_number_is_valid(match[0]):
                yield "privacy.citizen_number", mask(match[0], 2)
        for pattern in (_MOBILE, _LANDLINE, _ABROAD):
            if phone := pattern.search(text):
                yield "privacy.phone", mask(phone[0], 3)
        if record := _RECORD.search(text):
            yield "privacy.record_number", mask(record[1], 1)
    if "@" in text and (email := _EMAIL.search(text)):
        yield "privacy.email", mask(email[0].split("@")[0], 1) + "@..."
    if names:
        yield from (("privacy.person_name", mask(name, 1)) for name in _names_in(text))


def _names_in(text: str) -> Iterator[str]:
    if not text.isascii():
        for pattern in (_HAN_AFTER, _HAN_BEFORE):
            if match := pattern.search(text):
                yield match[1]
                return
        if _HAN_ALONE.fullmatch(text.strip()):
            yield text.strip()
            return
    if match := _LATIN_AFTER.search(text):
        yield match[1]


def name_in_alias(text: str) -> str | None:
    """A Chinese name in Latin letters inside an alias or a file name (WangXiaoming, Li_Ming), or None."""
    for match in _PINYIN.finditer(text):
        given = match[2]
        if _GIVEN.fullmatch(given) and given.casefold() not in _NO_NAMES:
            return match[1]
    return None


def looks_like_name(text: str) -> bool:
    """Whether a text is as long as a Chinese name and begins like one, or is two words of which one is a surname.

    Of many words of Chinese that is true; only a whole column of such tells of names.

    >>> looks_like_name("欧阳小红"), looks_like_name("Wang Xiaoming"), looks_like_name("Li-4")
    (True, True, False)
    """
    if text.isascii():
        return bool(_LATIN_ALONE.fullmatch(text) and _of_a_surname(text))
    return bool(_HAN_ALONE.fullmatch(text))


def _of_a_surname(text: str) -> bool:
    """Whether the first or the last word is a surname and the others could be a given name in Chinese."""
    words = re.split(r"[ ,]+", text)
    for surname, given in ((words[0], words[1:]), (words[-1], words[:-1])):
        joined = "".join(given).replace("-", "")
        if surname in _SURNAMES_LATIN and joined.casefold() not in _NO_NAMES and _GIVEN.fullmatch(joined):
            return True
    return False


def told(rule: str, masked: str) -> str:
    """The sentence of a finding."""
    return _WORDS[rule].format(masked)


def mask(text: str, shown: int) -> str:
    """The first characters and as many stars as there are others, at most 20."""
    return text[:shown] + "*" * min(20, max(1, len(text) - shown))


def check(member: Member, document: dict[str, Any]) -> Iterator[Finding]:
    """Every finding in every text of a document, one a place and rule."""
    for kind in member.objects:
        for where, entry in entries(document, kind):
            for place, text, names in _texts(entry, where):
                seen: set[str] = set()
                for rule, masked in found_in(text, names):
                    if rule not in seen:
                        seen.add(rule)
                        yield finding(
                            rule, place, _WORDS[rule].format(masked), masked, "nothing that identifies a person"
                        )
            for place, text in _codes(entry, where):
                if name := name_in_alias(text):
                    masked = mask(name, 1)
                    words = _WORDS["privacy.person_name"].format(masked)
                    yield finding("privacy.person_name", place, words, masked, "a code that identifies nobody")


_WORDS = {
    "privacy.citizen_number": "{} looks like an identity number.",
    "privacy.phone": "{} looks like a telephone number.",
    "privacy.email": "{} is an e-mail address.",
    "privacy.record_number": "{} looks like a medical record number.",
    "privacy.person_name": "{} looks like a person's name.",
}


def _texts(value: Any, where: str, names: bool = True) -> Iterator[tuple[str, str, bool]]:
    """(place, text, whether names matter) of every text below a value; web addresses are left out."""
    if isinstance(value, str):
        if not value.startswith(("http://", "https://")):
            yield where, value, names
    elif isinstance(value, int) and not isinstance(value, bool) and value > 10**9:
        yield where, str(value), names
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("md5", "reference_md5", "doi"):
                yield from _texts(inner, f"{where}/{name}", names and name not in _NAMES_ALLOWED)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{where}/{number}", names)


def _codes(entry: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """(place, text) of aliases, names of libraries and isolates, and files."""
    for name in _DATA["codes"]:
        if isinstance(entry.get(name), str):
            yield f"{where}/{name}", entry[name]
    files = entry.get("files")
    for number, file in enumerate(files if isinstance(files, list) else ()):
        if isinstance(file, dict) and isinstance(file.get("name"), str):
            yield f"{where}/files/{number}/name", file["name"]
