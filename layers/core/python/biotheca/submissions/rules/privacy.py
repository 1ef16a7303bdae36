"""What identifies a person, in texts, file names and aliases of a document. Warnings, masked. Pure.

Names are looked for only where names stand (identifiers.py), and written as one word of two in aliases and file names
(WangXiaoming). Measured on real records: docs/catalog.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member
from biotheca.errors import Finding
from biotheca.submissions.rules.finding import entries, finding
from biotheca.submissions.rules.identifiers import HAN_NAME, found_in, mask

_DATA = catalog.privacy()
_LATIN_ALONE = re.compile(r"[A-Z][a-z]{1,15},? [A-Z][a-z]{1,15}(?:[ -][A-Za-z][a-z]{1,15})?")
_SURNAMES_LATIN = frozenset(_DATA["surnames_latin"])
_SYLLABLE = f"(?:{'|'.join(_DATA['initials'])})?(?:{'|'.join(_DATA['finals'])})"
_PINYIN = re.compile(rf"(?:^|[^A-Za-z])((?:{'|'.join(_DATA['surnames_latin'])})[-_]?([A-Z][a-z]{{1,10}}))(?![a-z])")
_GIVEN = re.compile(rf"(?:{_SYLLABLE}){{1,2}}", re.IGNORECASE)
_NO_NAMES = frozenset(_DATA["no_given_names"])
_NAMES_ALLOWED = frozenset(_DATA["names_allowed"])


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
    return bool(HAN_NAME.fullmatch(text))


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
