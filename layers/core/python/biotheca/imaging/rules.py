"""QIDO-RS: a query string as matching (PS3.18 8.3.4, 10.6; PS3.4 C.2.2.2), rows as DICOM JSON (Annex F). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from biotheca.errors import Finding, Invalid

LARGEST_PAGE, USUAL_PAGE = 1_000, 100
STUDY, SERIES, INSTANCE = "study", "series", "instance"
LEVELS = (STUDY, SERIES, INSTANCE)
_ASCII = re.compile(r"[A-Za-z][A-Za-z0-9]*|[0-9A-Fa-f]{8}")
NOT_FUZZY = "The fuzzymatching parameter is not supported. Only literal matching has been performed."


class Attribute(NamedTuple):
    """An attribute that can be asked for: where its value stands in a row. `usual`: told without being asked."""

    tag: str
    keyword: str
    vr: str
    level: str
    name: str
    usual: bool = True


ATTRIBUTES = (
    Attribute("00080020", "StudyDate", "DA", STUDY, "study_date"),
    Attribute("00080061", "ModalitiesInStudy", "CS", STUDY, "modalities"),
    Attribute("00081030", "StudyDescription", "LO", STUDY, "study_description"),
    Attribute("00100020", "PatientID", "LO", STUDY, "patient"),
    Attribute("00100040", "PatientSex", "CS", STUDY, "sex"),
    Attribute("00101010", "PatientAge", "AS", STUDY, "age"),
    Attribute("0020000D", "StudyInstanceUID", "UI", STUDY, "study_uid"),
    Attribute("00201206", "NumberOfStudyRelatedSeries", "IS", STUDY, "study_series"),
    Attribute("00201208", "NumberOfStudyRelatedInstances", "IS", STUDY, "study_images"),
    Attribute("00080060", "Modality", "CS", SERIES, "modality"),
    Attribute("00080070", "Manufacturer", "LO", SERIES, "manufacturer", False),
    Attribute("0008103E", "SeriesDescription", "LO", SERIES, "series_description"),
    Attribute("00081090", "ManufacturerModelName", "LO", SERIES, "model", False),
    Attribute("00180015", "BodyPartExamined", "CS", SERIES, "body_part", False),
    Attribute("00181030", "ProtocolName", "LO", SERIES, "protocol", False),
    Attribute("0020000E", "SeriesInstanceUID", "UI", SERIES, "series_uid"),
    Attribute("00200011", "SeriesNumber", "IS", SERIES, "number"),
    Attribute("00200060", "Laterality", "CS", SERIES, "laterality", False),
    Attribute("00201209", "NumberOfSeriesRelatedInstances", "IS", SERIES, "images"),
    Attribute("00080016", "SOPClassUID", "UI", INSTANCE, "sop_class"),
    Attribute("00080018", "SOPInstanceUID", "UI", INSTANCE, "uid"),
    Attribute("00200013", "InstanceNumber", "IS", INSTANCE, "instance_number"),
    Attribute("00280008", "NumberOfFrames", "IS", INSTANCE, "frames"),
    Attribute("00280010", "Rows", "US", INSTANCE, "rows"),
    Attribute("00280011", "Columns", "US", INSTANCE, "columns"),
    Attribute("00280100", "BitsAllocated", "US", INSTANCE, "bits"),
)
_BY_NAME = {word.casefold(): one for one in ATTRIBUTES for word in (one.tag, one.keyword)}


@dataclass(frozen=True)
class Query:
    """What is asked for at a level: (attribute, text) that all must match; attributes told besides the usual ones.

    `warnings`: what was asked and is not done, each a sentence.
    """

    level: str
    wanted: tuple[tuple[Attribute, str], ...] = ()
    included: frozenset[str] = frozenset()
    limit: int = USUAL_PAGE
    offset: int = 0
    warnings: tuple[str, ...] = field(default=())

    def asked(self, name: str) -> str | None:
        """The text that an attribute, by its name in a row, must match; None if any will do."""
        return next((text for one, text in self.wanted if one.name == name), None)


def query_of(level: str, parameters: Iterable[tuple[str, str]], path: dict[str, str] | None = None) -> Query:
    """The query of a request. `path`: UIDs that stand in its address, by keyword.

    Attributes that are not kept are left out of account with a warning. Invalid for a parameter that is none, and for
    a limit or offset that is no number.
    """
    wanted: list[tuple[Attribute, str]] = [(_BY_NAME[word.casefold()], text) for word, text in (path or {}).items()]
    included: set[str] = set()
    limit, offset = USUAL_PAGE, 0
    warnings: list[str] = []
    ignored: list[str] = []
    for name, text in parameters:
        if name in ("limit", "offset"):
            number = _number(name, text)
            limit, offset = (min(number, LARGEST_PAGE), offset) if name == "limit" else (limit, number)
        elif name == "fuzzymatching":
            if text.casefold() == "true":
                warnings.append(NOT_FUZZY)
        elif name == "includefield":
            for word in text.split(","):
                if word == "all":
                    included |= {one.tag for one in ATTRIBUTES}
                elif known := _BY_NAME.get(word.casefold()):
                    included.add(known.tag)
                else:
                    _must_be_an_attribute(name, word)
        else:
            known = _BY_NAME.get(name.casefold())
            _must_be_an_attribute(name, name)
            if known is None or LEVELS.index(known.level) > LEVELS.index(level):
                ignored.append(name)
            elif text not in ("", "*"):  # universal matching: it asks for the attribute, not for a value
                wanted.append((known, text))
            else:
                included.add(known.tag)
    if ignored:
        warnings.append(f"The following attributes are not matched here and were ignored: {', '.join(ignored)[:300]}")
    return Query(level, tuple(wanted), frozenset(included), limit, offset, tuple(warnings))


def _must_be_an_attribute(parameter: str, word: str) -> None:
    if not all(_ASCII.fullmatch(piece) for piece in word.split(".")):
        message = f"{word[:60]!r} is neither a keyword nor a tag of DICOM."
        raise Invalid(
            message, [Finding("imaging.query", f"?{parameter[:60]}", message, word[:60], "PatientID, 00100020")]
        )


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        message = f"{name} must be a whole number."
        raise Invalid(message, [Finding("imaging.query", f"?{name}", message, text[:60], "0 or more")])
    return int(text)


def matcher(query: Query) -> Callable[[dict[str, Any]], bool]:
    """Whether a row matches every attribute of its level or above that is asked for."""
    tests = [(one, _test(one, text)) for one, text in query.wanted]

    def matches(row: dict[str, Any], level: str | None = None) -> bool:
        reached = LEVELS.index(level or query.level)
        return all(test(row.get(one.name)) for one, test in tests if LEVELS.index(one.level) <= reached)

    return matches


def at_level(query: Query, level: str) -> Query:
    """The part of a query that a row of a level above can answer."""
    kept = tuple((one, text) for one, text in query.wanted if LEVELS.index(one.level) <= LEVELS.index(level))
    return Query(level, kept)


def _test(one: Attribute, text: str) -> Callable[[Any], bool]:
    if one.vr == "DA":
        return _dates(text)
    if one.vr == "UI":
        uids = frozenset(uid.strip() for uid in re.split(r"[,\\]", text))
        return lambda value: value in uids
    if one.vr in ("IS", "US"):
        return lambda value: value is not None and str(value) == text.strip()
    # Of one value of several, each may match (PS3.4 C.2.2.2.1); case tells only in codes.
    patterns = [_wildcards(word, 0 if one.vr == "CS" else re.IGNORECASE) for word in text.split("\\")]
    return lambda value: any(
        pattern.fullmatch(str(held))
        for held in (value if isinstance(value, list) else [value or ""])
        for pattern in patterns
    )


def _wildcards(text: str, flags: int) -> re.Pattern[str]:
    pieces = {"*": ".*", "?": "."}
    return re.compile("".join(pieces.get(letter, re.escape(letter)) for letter in text.strip()), flags | re.DOTALL)


def _dates(text: str) -> Callable[[Any], bool]:
    first, dash, last = text.partition("-")
    if not all(part == "" or re.fullmatch(r"\d{8}", part) for part in (first, last)) or not (first or last):
        message = "A date is YYYYMMDD, a range YYYYMMDD-YYYYMMDD; one end may be left out."
        raise Invalid(message, [Finding("imaging.query", "?StudyDate", message, text[:60], "20260101-20261231")])
    low, high = first or "0", (last or "9") if dash else first
    return lambda value: bool(value) and low <= str(value) <= high


def dicom_json(row: dict[str, Any], query: Query, base: str) -> dict[str, Any]:
    """A row as an answer of its level: usual attributes, those asked for, where it is retrieved (PS3.18 10.6.3.3)."""
    reached = LEVELS.index(query.level)
    asked = query.included | {one.tag for one, _ in query.wanted}
    told: dict[str, Any] = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00081190": {"vr": "UR", "Value": [_place(row, query.level, base)]},
    }
    for one in ATTRIBUTES:
        if LEVELS.index(one.level) > reached or not (one.usual or one.tag in asked):
            continue
        value = row.get(one.name)
        if value is None and one.tag not in asked and one.vr != "UI":
            continue
        held = value if isinstance(value, list) else [value]
        told[one.tag] = {"vr": one.vr} | ({"Value": held} if value not in (None, "", []) else {})
    return dict(sorted(told.items()))


def _place(row: dict[str, Any], level: str, base: str) -> str:
    place = f"{base}/studies/{row['study_uid']}"
    if level != STUDY:
        place += f"/series/{row['series_uid']}"
    return place + (f"/instances/{row['uid']}" if level == INSTANCE else "")
