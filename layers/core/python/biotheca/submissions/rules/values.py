"""Whether one value is of its field's kind."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from biotheca import catalog
from biotheca.catalog import Field
from biotheca.errors import Finding
from biotheca.submissions.rules.finding import finding, is_empty, listed

MISSING = catalog.missing_terms()
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(/\S*)?")
_LAT_LON = re.compile(r"(\d{1,2}(?:\.\d{1,8})?) ([NS]) (\d{1,3}(?:\.\d{1,8})?) ([EW])")
# Neither XML 1.0 nor a terminal can carry these; lone surrogates are no text at all.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
LONGEST_URL = 2000


def expected_of(spec: Field) -> str:
    """What a field takes, in a few words."""
    words = _EXPECTED.get(spec.kind, spec.kind)
    if spec.vocabulary:
        words = "one of " + listed(catalog.vocabulary(spec.vocabulary))
    elif spec.kind == "reference":
        words = f"the alias of a {spec.to} in this document, or the accession of one that you may use"
    elif spec.kind in ("integer", "decimal") and (spec.min is not None or spec.max is not None):
        words += f" from {_plain(spec.min)} to {_plain(spec.max)}" + (f" {spec.unit}" if spec.unit else "")
    elif spec.pattern:
        words = f"like {spec.example}"
    return words + (" or a missing-value term" if spec.missing else "")


_EXPECTED = {
    "taxon": "an NCBI taxonomy id",
    "date": "YYYY[-MM[-DD]]",
    "integer": "a whole number",
    "decimal": "a number",
    "url": "an http or https address",
    "lat_lon": "like 39.90 N 116.40 E",
    "country": "a country or sea of the INSDC list, then a colon and the place, like China: Beijing",
    "items": "a list of objects",
}


def _plain(number: float | None) -> str:
    return "any" if number is None else f"{number:g}" if number < 1e6 else f"{number:.0f}"


def parse_lat_lon(text: str) -> tuple[float, float] | None:
    """Degrees north and east, or None if the text is no place on Earth.

    >>> parse_lat_lon("39.90 N 116.40 W")
    (39.9, -116.4)
    """
    match = _LAT_LON.fullmatch(text)
    if not match:
        return None
    north, east = float(match[1]), float(match[3])
    if north > 90 or east > 180:
        return None
    return (north if match[2] == "N" else -north, east if match[4] == "E" else -east)


def is_date(text: str) -> bool:
    """Whether a text is YYYY[-MM[-DD]] of the calendar, or two of them with a slash between, first the earlier."""
    parts = text.split("/")
    if len(parts) > 2 or not all(_is_day(part) for part in parts):
        return False
    return parts == sorted(parts)


def _is_day(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text + "-01-01"[(len(text) - 4) :] if len(text) < 10 else text)
    except ValueError:
        return False
    return True


def country_of(text: str) -> str:
    """The country or sea in front of the colon."""
    return text.split(":", 1)[0].strip()


def check_value(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    """Findings of one value, which is not empty. References are looked at in references."""
    if spec.multiple:
        yield from _check_list(spec, value, where, entry)
    elif spec.missing and isinstance(value, str) and value in MISSING:
        return
    elif spec.kind != "reference":
        yield from _CHECKS[spec.kind](spec, value, where, entry)


def _check_list(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield finding(
            "general.body", where, "A list of values was expected.", value, f"a list; each {expected_of(spec)}"
        )
        return
    for number, one in enumerate(value):
        yield from _CHECKS[spec.kind](spec, one, f"{where}/{number}", entry)


@lru_cache(maxsize=4096)
def _closest(vocabulary: str, value: str) -> str | None:
    """The term that was probably meant."""
    folded = {term.casefold(): term for term in catalog.vocabulary(vocabulary)}
    close = difflib.get_close_matches(value.casefold()[:100], folded, n=1, cutoff=0.75)
    return folded[close[0]] if close else None


def _check_choice(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    name = spec.vocabulary or ""
    if not isinstance(value, str) or value not in catalog.vocabulary(name):
        meant = _closest(name, value) if isinstance(value, str) else None
        expected = meant or expected_of(spec)
        yield finding("metadata.choice", where, f"{value!r} is not a term of {name}.", value, expected)
        return
    narrowed = catalog.terms_within(name).get(str(entry.get(spec.within))) if spec.within else None
    if narrowed is not None and value not in narrowed:
        message = f"{value!r} is not a {spec.name.replace('_', ' ')} of {entry[spec.within or '']}."
        yield finding("metadata.choice_within", where, message, value, "one of " + listed(narrowed, 40))


def _check_integer(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    low, high = (1, 2**31) if spec.kind == "taxon" else (spec.min, spec.max)
    expected = f"a whole number from {_plain(low)} to {_plain(high)}"
    if isinstance(value, bool) or not isinstance(value, int):
        yield finding("metadata.number", where, f"{value!r} is not a whole number.", value, expected)
    elif (low is not None and value < low) or (high is not None and value > high):
        yield finding("metadata.number", where, f"{value} is out of range.", value, expected)


def _check_decimal(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        yield finding("metadata.number", where, f"{value!r} is not a number.", value, expected_of(spec))
    elif (spec.min is not None and value < spec.min) or (spec.max is not None and value > spec.max):
        yield finding("metadata.number", where, f"{value} is out of range.", value, expected_of(spec))


def _check_date(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, str) or not is_date(value):
        yield finding("metadata.date", where, f"{value!r} is not a date.", value, expected_of(spec))


def _check_url(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, str) or not _URL.fullmatch(value) or len(value) > LONGEST_URL:
        yield finding("metadata.url", where, f"{str(value)[:80]!r} is not a web address.", value, expected_of(spec))


def _check_lat_lon(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, str) or parse_lat_lon(value) is None:
        yield finding("metadata.lat_lon", where, f"{str(value)[:80]!r} is no place on Earth.", value, expected_of(spec))


def _check_country(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, str) or country_of(value) not in catalog.country_boxes():
        meant = _closest("country", country_of(value)) if isinstance(value, str) else None
        message = f"{str(value)[:80]!r} does not begin with a country or sea of the INSDC list."
        yield finding("metadata.country", where, message, value, meant or expected_of(spec))
    else:
        yield from _check_text(spec, value, where, entry)


def _check_text(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield finding("general.body", where, "A text was expected.", value, "text")
    elif CONTROL.search(value):
        yield finding(
            "metadata.characters", where, "The text holds a control character.", repr(value), "printable text"
        )
    elif (spec.min and len(value.strip()) < spec.min) or (spec.max and len(value) > spec.max):
        expected = f"{_plain(spec.min or 1)} to {_plain(spec.max) if spec.max else 'any number of'} characters"
        yield finding("metadata.length", where, f"The text has {len(value)} characters.", value, expected)
    elif spec.pattern and not re.fullmatch(spec.pattern, value):
        message = f"{value[:80]!r} is not of the form expected."
        yield finding("metadata.form", where, message, value, expected_of(spec))


def _check_items(spec: Field, value: Any, where: str, entry: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        yield finding("general.body", where, "A list of objects was expected.", value, expected_of(spec))
        return
    if spec.max and len(value) > spec.max:
        yield finding(
            "metadata.number", where, f"The list has {len(value)} entries.", len(value), f"at most {spec.max:g}"
        )
    for number, item in enumerate(value):
        place = f"{where}/{number}"
        for name in sorted(set(map(str, item)) - set(spec.fields)):
            message = f"An entry of {spec.name} has no field {name[:80]!r}."
            yield finding("metadata.unknown_field", f"{place}/{name}", message, name, ", ".join(spec.fields))
        for inner in spec.fields.values():
            if not is_empty(item.get(inner.name)):
                yield from check_value(inner, item[inner.name], f"{place}/{inner.name}", item)
            elif inner.required:
                message = f"The {inner.name.replace('_', ' ')} is missing."
                yield finding("metadata.required", f"{place}/{inner.name}", message, expected=expected_of(inner))


_CHECKS = {
    "text": _check_text,
    "choice": _check_choice,
    "integer": _check_integer,
    "decimal": _check_decimal,
    "taxon": _check_integer,
    "date": _check_date,
    "url": _check_url,
    "lat_lon": _check_lat_lon,
    "country": _check_country,
    "items": _check_items,
}
