"""Who is in an object: the patient it is of, and all names and numbers by which its header identifies people. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.charset import convert_encodings, decode_bytes

from biotheca.deidentification.rules import identifying, known_vr
from biotheca.deidentification.text import Identifiers
from biotheca.formats.dicom import Element, Form, elements, items

_FACTS = {
    0x00080005: "charset",
    0x00080016: "sop_class",
    0x00080018: "instance",
    0x0020000D: "study",
    0x0020000E: "series",
    0x00200013: "number",
    0x00100020: "patient_id",
    0x00100010: "patient_name",
    0x00100030: "birth_date",
}


@dataclass(frozen=True)
class Stated:
    """What an object states of itself, as bytes without padding, and the values that identify."""

    facts: dict[str, bytes]
    names: tuple[bytes, ...]
    places: tuple[bytes, ...]
    numbers: tuple[bytes, ...]

    @property
    def patient(self) -> bytes:
        """What is one patient: the record number; where it is missing name and birth date; else the study."""
        facts = self.facts
        if number := facts.get("patient_id"):
            return b"id\0" + number
        if name := facts.get("patient_name"):
            return b"name\0" + name + b"\0" + facts.get("birth_date", b"")
        return b"study\0" + facts.get("study", b"")


def stated(data: bytes | memoryview, top: Iterable[Element], form: Form) -> Stated:
    """One walk over an object's elements, into sequences, not into private ones."""
    facts: dict[str, bytes] = {}
    found = Found([], [], [])
    for element in top:
        if name := _FACTS.get(element.tag):
            facts[name] = bytes(data[element.value : element.stop]).strip(b" \0")
    _gather(data, top, form, found, 0)
    return Stated(facts, *map(tuple, found))


class Found(NamedTuple):
    """What a walk has gathered: names of persons, names of places, numbers."""

    names: list[bytes]
    places: list[bytes]
    numbers: list[bytes]


def _gather(data: bytes | memoryview, level: Iterable[Element], form: Form, found: Found, depth: int) -> None:
    places_at, numbers_at = identifying()
    for element in level:
        tag, vr = element.tag, element.vr
        if vr == b"UN":
            vr = known_vr(tag, vr)
        if vr == b"PN":
            found.names.append(bytes(data[element.value : element.stop]))
        elif tag in places_at:
            found.places.append(bytes(data[element.value : element.stop]))
        elif tag in numbers_at:
            found.numbers.append(bytes(data[element.value : element.stop]))
        elif vr == b"SQ" and not tag >> 16 & 1:
            inner = form if element.vr != b"UN" else Form(explicit=False, little=True)
            for begin, stop in items(data, element, form):
                _gather(data, elements(data, begin, stop, inner, depth + 1), inner, found, depth + 1)


def identifiers(known: Stated) -> Identifiers:
    """The names and numbers as words to look for, by the object's character sets and by those often left unsaid."""
    encodings = encodings_of(known.facts.get("charset", b""))
    names, places, numbers = (
        [text for value in values for text in _decodings(value, encodings)]
        for values in (known.names, known.places, known.numbers)
    )
    return Identifiers(names, numbers, places)


def encodings_of(charset: bytes) -> list[str]:
    """Python's names of the character sets of (0008,0005); Latin-1 for what is unknown."""
    words = [word.strip() for word in charset.decode("ascii", "replace").split("\\")]
    try:
        return list(convert_encodings(words if len(words) > 1 else words[0]))
    except (LookupError, ValueError):
        return ["iso8859"]


def decoded(value: bytes, encodings: list[str]) -> str:
    """A text value; what cannot be decoded becomes U+FFFD."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").rstrip("\0 ")
    return decode_bytes(value, encodings, set()).rstrip("\0 ")


def _decodings(value: bytes, encodings: list[str]) -> list[str]:
    value = value.strip(b" \0")
    if not value:
        return []
    found = [decoded(value, encodings), *guesses(value)]
    return [part for text in found for part in text.split("\\")]


def guesses(value: bytes) -> list[str]:
    """What a value says in the sets that it may be written in unsaid; a wrong declaration is common."""
    found = []
    for guess in ("utf-8", "gb18030") if not value.isascii() else ():
        try:
            found.append(value.decode(guess))
        except UnicodeDecodeError:
            continue
    return found
