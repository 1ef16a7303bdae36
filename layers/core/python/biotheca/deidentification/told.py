"""What a dataset states of people, days and UIDs on all its levels, as pydicom reads it: for the verifier. Pure.

Nothing of the engine's own reading (people.py) is used here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue


def tags_of(keywords: str) -> frozenset[int]:
    """Tags of attributes by their keywords."""
    return frozenset(tag for keyword in keywords.split() if (tag := tag_for_keyword(keyword)) is not None)


PIXELS = 0x7FE00010
_REMEMBERED_BYTES, _MOST_REMEMBERED = 4096, 1024
_WALKED = frozenset(["PN", "UI", "DA", "DT", "SQ"])
_BIRTH = tag_for_keyword("PatientBirthDate")
# Besides names of persons: what says who, where, by which number (keywords of PS3.6).
_PLACES = tags_of(
    "InstitutionName InstitutionAddress InstitutionalDepartmentName ReferringPhysicianAddress PatientAddress"
    " RequestingService"
)
_NUMBERS = tags_of(
    "PatientID OtherPatientIDs AccessionNumber AdmissionID PatientTelephoneNumbers ReferringPhysicianTelephoneNumbers"
    " IssuerOfPatientID InsurancePlanIdentification MedicalRecordLocator FillerOrderNumberImagingServiceRequest"
    " PlacerOrderNumberImagingServiceRequest"
)
_STATED = _PLACES | _NUMBERS
# Words that stand in names of institutions and of test patients, and say nothing by themselves.
_NOT_NAMES = {
    *("hospital", "clinic", "center", "centre", "university", "institute", "general", "medical", "imaging", "health"),
    *("radiology", "department", "care", "saint", "anonymous", "anon", "unknown", "none", "patient", "male", "female"),
    *(
        "brain",
        "head",
        "chest",
        "phantom",
        "test",
        "demo",
        "doctor",
        "street",
        "road",
        "north",
        "south",
        "east",
        "west",
    ),
    *("city", "county", "regional", "community", "memorial", "children", "womens", "service"),
    *("name", "text", "last", "first", "enter", "given", "family"),
}


@dataclass
class Told:
    """What a dataset states on all its levels: names and numbers folded, days as (year, month, day), UIDs by tag."""

    words: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    days: dict[tuple[int, ...], tuple[int, int, int]] = field(default_factory=dict)
    uids: list[tuple[int, str]] = field(default_factory=list)


def told(dataset: Dataset) -> Told:
    """One walk over all levels, private attributes and pixels left out. Only what is wanted is decoded."""
    found = Told()
    _walk(dataset, (), found)
    found.words -= _NOT_NAMES
    found.numbers = {n for n in found.numbers if len(set(n)) > 1}
    return found


_seen: dict[tuple[object, ...], Told] = {}  # sequences by their bytes: slices of a series repeat them


def _walk(dataset: Dataset, path: tuple[int, ...], found: Told) -> None:
    for tag, raw in dataset.items():
        number = int(tag)
        if number >> 16 & 1 or number == PIXELS:
            continue
        vr = raw.VR if raw.VR and raw.VR != "UN" else vr_of(number)
        if vr not in _WALKED and number not in _STATED:
            continue
        if vr == "SQ":
            _sequence(dataset, tag, raw, path, found)
            continue
        text = raw.value if isinstance(raw, RawDataElement) else None
        value: object
        if isinstance(text, bytes) and text.isascii() and b"\x1b" not in text:
            # What needs no character set needs no element to be built.
            value = [part.strip(" \0") for part in text.decode("ascii").split("\\")]
        else:
            try:
                value = dataset[tag].value
            except (ValueError, TypeError, NotImplementedError, AttributeError):
                continue
        if vr == "UI":
            found.uids += [(number, str(uid)) for uid in _many(value) if uid]
        elif vr in ("DA", "DT"):
            for place, one in enumerate(_many(value)):
                if day := _day(one):
                    found.days[*path, number, place] = day
                if number == _BIRTH and one:
                    found.numbers.add(str(one))
        else:
            _state(number, vr, value, found)


def _sequence(dataset: Dataset, tag: Any, raw: Any, path: tuple[int, ...], found: Told) -> None:
    inside, key = None, None
    if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) and len(raw.value) <= _REMEMBERED_BYTES:
        charset = dataset.get_item(0x00080005)
        key = (int(tag), raw.value, raw.is_implicit_VR, raw.is_little_endian, str(charset and charset.value))
        inside = _seen.get(key)
    if inside is None:
        inside = Told()
        try:
            items = dataset[tag].value
        except (ValueError, TypeError, NotImplementedError, AttributeError):
            return
        for place, item in enumerate(items or ()):
            _walk(item, (int(tag), place), inside)
        if key and len(_seen) < _MOST_REMEMBERED:
            _seen[key] = inside
    found.words |= inside.words
    found.numbers |= inside.numbers
    found.days |= {(*path, *place): day for place, day in inside.days.items()}
    found.uids += inside.uids


def _state(number: int, vr: str, value: object, found: Told) -> None:
    if vr == "PN":
        for name in _many(value):
            found.words |= _words_of(str(name))
    elif number in _PLACES:
        found.words |= {w for w in _tokens(str(value)) if len(w) > 4 and f" {w.removesuffix('s')}" not in _terms()}
    elif number in _NUMBERS:
        texts = [str(v) for v in _many(value)]
        found.numbers |= {n for text in texts if len(n := re.sub(r"[\W_]+", "", text).lower()) > 4}
        found.numbers |= {n for text in texts if len(n := re.sub(r"\D", "", text)) > 5}


def _words_of(name: str) -> set[str]:
    found = set()
    for group in name.split("="):
        parts = [p for p in re.split(r"[\^\s,]+", group) if p]
        found |= {w for part in parts for w in _tokens(part) if len(w) > 3 or (not w.isascii() and len(w) > 1)}
        joined = "".join(parts)
        if not joined.isascii() and 1 < len(joined) < 8:
            found.add(joined.lower())
    return found


def _tokens(text: str) -> list[str]:
    return [w for w in re.split(r"[\W_]+", text.lower()) if w and not w.isdigit()]


def _day(value: object) -> tuple[int, int, int] | None:
    text = str(value or "")
    digits = text[:10].replace(".", "") if text[4:5] == "." else text[:8]
    if len(digits) != 8 or not digits.isdigit():
        return None
    try:
        date(day := int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return day, int(digits[4:6]), int(digits[6:])


def _many(value: object) -> list[object]:
    return list(value) if isinstance(value, (MultiValue, list)) else [value] if value else []


@cache
def _terms() -> str:
    """Words of the names of attributes, a blank before each: in a department's name they are its trade."""
    return " " + " ".join(sorted({word for row in DicomDictionary.values() for word in _tokens(row[2])}))


@cache
def vr_of(tag: int) -> str:
    """The value representation of the dictionary, UN if it has none."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"
