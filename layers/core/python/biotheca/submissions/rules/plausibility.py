"""What a curator would ask about: columns that count, copies, coordinates elsewhere. Warnings only; pure.

Which fields, words and thresholds: catalog/plausibility.yaml. One finding for a column, not one a row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.rules import counting
from biotheca.submissions.rules.finding import entries, finding
from biotheca.submissions.rules.values import country_of, parse_lat_lon
from biotheca.taxonomy.model import Taxon


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _kind(member: Member, place: str) -> tuple[ObjectType | None, str]:
    """The object type and the field of a `type.field`; None if the member has no such type or field."""
    name, field = place.split(".")
    kind = next((k for k in member.objects if k.type == name and field in k.fields), None)
    return kind, field


def _texts(member: Member, document: dict[str, Any], place: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where, text, entry) of a `type.field` wherever it holds a text."""
    kind, field = _kind(member, place)
    for where, entry in entries(document, kind) if kind else ():
        if isinstance(entry.get(field), str) and entry[field].strip():
            yield f"{where}/{field}", entry[field], entry


def check(member: Member, document: dict[str, Any], taxa: Mapping[int, Taxon], today: date | None) -> Iterator[Finding]:
    """Every warning. `today` is needed for dates in the future only."""
    settings = catalog.plausibility()
    for kind in member.objects:
        if kind.many:
            yield from _count_up(kind, document, settings["drag_fill"])
            yield from _titles_equal(kind, document, settings["titles_equal"]["least_rows"])
        yield from _organism_type(kind, document, taxa)
        if today:
            yield from _future(kind, document, today)
    yield from _alike(member, document, settings["alike_texts"])
    yield from _copied(member, document, settings["copied"])
    yield from _counts(member, document, settings["counts"])
    yield from _coordinates(member, document, settings["coordinates"])
    yield from _single_cell(member, document, settings["single_cell"])
    yield from _address_only(member, document, settings["address_only"])


def _count_up(kind: ObjectType, document: dict[str, Any], settings: dict[str, Any]) -> Iterator[Finding]:
    rows = list(entries(document, kind))
    if len(rows) < settings["least_rows"]:
        return
    for name in kind.fields:
        if name in settings["may_count"] or kind.fields[name].kind in ("reference", "choice", "items", "url"):
            continue
        column = [entry.get(name) for _, entry in rows]
        if span := counting.longest_run(column, settings["least_rows"]):
            first, last = span
            message = f"{name.replace('_', ' ')} counts up over {last - first + 1} rows, from {column[first]!r:.80} on."
            where = f"{rows[first][0]}/{name}"
            yield finding("plausibility.drag_fill", where, message, column[first], "real values", rows=last - first + 1)


def _titles_equal(kind: ObjectType, document: dict[str, Any], least: int) -> Iterator[Finding]:
    titles = [str(entry.get("title", "")).strip().casefold() for _, entry in entries(document, kind)]
    if len(titles) >= least and len(set(titles)) == 1 and titles[0]:
        message = f"All {len(titles)} {kind.type} objects are titled {titles[0][:80]!r}."
        yield finding("plausibility.titles_equal", f"/{kind.section}", message, titles[0], "titles that differ")


def _words(text: str) -> str:
    """A text as it is compared: words of letters, numbers aside."""
    return " ".join(re.findall(r"[^\W\d_]+", text.casefold()))


def _alike(member: Member, document: dict[str, Any], settings: dict[str, Any]) -> Iterator[Finding]:
    for place in settings["fields"]:
        rows = [(where, _words(text)) for where, text, _ in _texts(member, document, place)]
        often = Counter(text for _, text in rows if len(text) >= settings["least_letters"])
        for text, count in often.items():
            if count >= settings["least_rows"]:
                where = next(where for where, other in rows if other == text)
                message = f"{count} objects have this {place.split('.')[1]}, numbers aside: {text[:80]!r}."
                yield finding("plausibility.alike_texts", where, message, text, "a description of each", rows=count)


def _shingles(text: str) -> set[str]:
    words = _words(text).split()
    return {" ".join(words[n : n + 4]) for n in range(max(1, len(words) - 3))}


def _copied(member: Member, document: dict[str, Any], settings: dict[str, Any]) -> Iterator[Finding]:
    sources = [_shingles(text) for place in settings["from"] for _, text, _ in _texts(member, document, place)]
    seen: dict[str, bool] = {}
    for place in settings["to"]:
        for where, text, _ in _texts(member, document, place):
            if len(text) >= settings["least_letters"] and text not in seen:
                mine = _shingles(text)
                seen[text] = any(len(mine & other) >= settings["likeness"] * len(mine) for other in sources)
                if seen[text]:
                    message = "The text is taken from the description of the project or study."
                    yield finding("plausibility.copied", where, message, text, "what is special to this object")


def _counts(member: Member, document: dict[str, Any], settings: dict[str, Any]) -> Iterator[Finding]:
    for name, words in settings["words"].items():
        kind = next((k for k in member.objects if k.type == name), None)
        there = sum(1 for _ in entries(document, kind)) if kind else 0
        pattern = _pattern(rf"(?<![A-Za-z0-9_.,-])(\d{{1,6}}) ?(?:[a-z]+ )?(?:{words})")
        for place in settings["in"] if there else ():
            for where, text, _ in _texts(member, document, place):
                said = {int(n) for n in pattern.findall(text)}
                if said and there not in said and sum(said) != there:
                    stated = " and ".join(map(str, sorted(said)))
                    message = f"The text speaks of {stated} {name}(s); there are {there}."
                    yield finding("plausibility.counts", where, message, stated, str(there))


def _coordinates(member: Member, document: dict[str, Any], settings: dict[str, Any]) -> Iterator[Finding]:
    kind, country_field = _kind(member, settings["country"])
    for where, text, entry in _texts(member, document, settings["point"]) if kind else ():
        point, country = parse_lat_lon(text), country_of(str(entry.get(country_field, "")))
        boxes = catalog.country_boxes().get(country)
        if point is None or not boxes or _inside(point, boxes, settings["tolerance_degrees"]):
            continue
        meant = next((w for w, p in _mistakes(point) if _inside(p, boxes, settings["tolerance_degrees"])), None)
        message = f"{text} lies outside {country}" + (f"; {meant}?" if meant else ".")
        yield finding("plausibility.coordinates", where, message, text, f"a place in {country}")


def _mistakes(point: tuple[float, float]) -> list[tuple[str, tuple[float, float]]]:
    """What people get wrong, and the point that was meant then."""
    north, east = point
    return [
        ("are latitude and longitude swapped", (east, north)),
        ("is it the other side of the equator", (-north, east)),
        ("is it east instead of west, or west instead of east", (north, -east)),
    ]


def _inside(point: tuple[float, float], boxes: Any, tolerance: float) -> bool:
    north, east = point
    return any(
        s - tolerance <= north <= n + tolerance and w - tolerance <= east <= e + tolerance for s, w, n, e in boxes
    )


def _organism_type(kind: ObjectType, document: dict[str, Any], taxa: Mapping[int, Taxon]) -> Iterator[Finding]:
    taxon_field = next((name for name, spec in kind.fields.items() if spec.kind == "taxon"), None)
    for where, entry in entries(document, kind) if taxon_field and kind.packages else ():
        package, number = kind.package(entry), entry.get(taxon_field or "")
        taxon = taxa.get(number) if isinstance(number, int) else None
        if package is None or taxon is None:
            continue
        inside = not package.within or any(taxon.within(above) for above in package.within)
        if not inside or any(taxon.within(above) for above in package.outside):
            message = f"{taxon.name} does not go with the {kind.type} type {package.id}."
            yield finding(
                "plausibility.organism_type", f"{where}/{kind.package_field}", message, package.id, "another type"
            )


def _future(kind: ObjectType, document: dict[str, Any], today: date) -> Iterator[Finding]:
    names = [name for name, spec in kind.fields.items() if spec.kind == "date"]
    for where, entry in entries(document, kind) if names else ():
        for name in names:
            value = entry.get(name)
            if isinstance(value, str) and value[:4].isdigit():
                last = value.split("/")[-1]
                if last > today.isoformat()[: len(last)]:
                    message = f"{value} is after today ({today})."
                    yield finding("plausibility.future_date", f"{where}/{name}", message, value, f"up to {today}")


def _single_cell(member: Member, document: dict[str, Any], settings: dict[str, Any]) -> Iterator[Finding]:
    kind, field = _kind(member, settings["field"])
    told: set[str] = set()
    for place in settings["texts"] if kind else ():
        for where, text, entry in _texts(member, document, place):
            own = where.rsplit("/", 1)[0]
            source = entry.get(field)
            match = _pattern(settings["pattern"]).search(text)
            if match and isinstance(source, str) and settings["needs"] not in source and own not in told:
                told.add(own)
                message = f"{match[0]!r} stands in the text, but {field.replace('_', ' ')} is {source}."
                yield finding("plausibility.single_cell", f"{own}/{field}", message, source, f"... {settings['needs']}")


def _address_only(member: Member, document: dict[str, Any], settings: dict[str, Any]) -> Iterator[Finding]:
    for place in settings["fields"]:
        for where, text, _ in _texts(member, document, place):
            is_address = _pattern(settings["address"]).search(text)
            if is_address and not _pattern(settings["institution"]).search(text):
                yield finding(
                    "plausibility.address_only", where, "This is an address and no institution.", text, "a name"
                )
