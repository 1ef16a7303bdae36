"""Find released series: by DICOM attributes (QIDO-RS) and by facets. What is read of them: reading.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid, NotFound
from biotheca.imaging import reading
from biotheca.imaging.model import TooBroad
from biotheca.imaging.rows import FACETS, counted, facet_of, fits, spelled
from biotheca.imaging.rules import INSTANCE, SERIES, STUDY, Query, at_level, dicom_json, matcher
from biotheca.imaging.store import PackedSeries, SeriesIndex
from biotheca.publication.access import Grants
from biotheca.publication.store import RecordStore

MOST_LOOKED_AT = 20_000  # rows of one call
MOST_OPENED = 50  # series whose instances one call lists
_EXACT = {"modality", "manufacturer", "sex"}  # facets that attributes of DICOM ask for as they are counted


def choices(given: dict[str, str]) -> dict[str, str]:
    """The facets that a query string chooses values of; Invalid for a value that is too long."""
    wanted = {name: spelled(name, given[name]) for name in ("collection", *FACETS) if given.get(name)}
    for name, value in wanted.items():
        if len(value) > 300:
            raise Invalid(f"{name} is too long.", [Finding("imaging.query", f"?{name}", "At most 300 characters.")])
    return wanted


def facets(index: SeriesIndex, wanted: dict[str, str]) -> dict[str, Any]:
    """Series and images by value of each facet, exact; see rows.counted."""
    return counted(index.cubes(), wanted)


def browse(
    index: SeriesIndex, wanted: dict[str, str], limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of series that have the chosen values, by collection and accession; the cursor of the next or None.

    A page may be shorter than `limit` where many rows had to be looked at; the list ends where there is no cursor.
    """
    begun, _, after = (cursor or "").partition("/")
    hits: list[dict[str, Any]] = []
    looked = 0
    for collection, cells in sorted(index.cubes().items()):
        if collection < begun or wanted.get("collection") not in (None, collection):
            continue
        if not any(fits(cell, wanted) for cell in cells):
            continue
        for row in index.rows(collection, after if collection == begun else None):
            looked += 1
            if all(facet_of(row, name) == value for name, value in wanted.items()):
                hits.append(row)
            if len(hits) == limit or looked == MOST_LOOKED_AT:
                return hits, f"{collection}/{row['accession']}"
    return hits, None


def search(
    index: SeriesIndex,
    packed: PackedSeries,
    records: RecordStore,
    person: Person | None,
    query: Query,
    base: str,
    grants: Grants | None = None,
) -> list[dict[str, Any]]:
    """A page of studies, series or instances as DICOM JSON. TooBroad if too much would have to be looked at.

    Instances are listed of series only whose files the reader may have now.
    """
    found = _at(index, packed, records, person, query, grants)
    hits = []
    for place, row in enumerate(found):
        if place >= query.offset + query.limit:
            break
        if place >= query.offset:
            hits.append(dicom_json(row, query, base))
    return hits


def _at(
    index: SeriesIndex,
    packed: PackedSeries,
    records: RecordStore,
    person: Person | None,
    query: Query,
    grants: Grants | None,
) -> Iterator[dict[str, Any]]:
    if query.limit == 0:
        return
    if query.level == STUDY:
        seen = set()
        for row in _series(index, query):
            if row["study_uid"] not in seen:
                seen.add(row["study_uid"])
                yield row
        return
    if query.level == SERIES:
        yield from _series(index, query)
        return
    matches = matcher(query)
    for opened, row in enumerate(_series(index, at_level(query, SERIES))):
        if opened == MOST_OPENED:
            raise TooBroad(f"Instances of more than {MOST_OPENED} series would have to be read: name study or series.")
        yield from (one for one in _instances(packed, records, person, row, grants) if matches(one))


def _series(index: SeriesIndex, query: Query) -> Iterator[dict[str, Any]]:
    """The rows that match at the level of series, or of studies, and above."""
    matches = matcher(query if query.level != INSTANCE else at_level(query, SERIES))
    for looked, row in enumerate(_candidates(index, query)):
        if looked == MOST_LOOKED_AT:
            message = (
                f"More than {MOST_LOOKED_AT} series would have to be looked at: name a UID, a person or a collection."
            )
            raise TooBroad(message)
        if matches(row):
            yield row


def _candidates(index: SeriesIndex, query: Query) -> Iterator[dict[str, Any]]:
    """Rows among which those that match are: by UID, by pseudonym, else the collections whose cells may match."""
    for name in ("series_uid", "study_uid"):
        if text := query.asked(name):
            uids = dict.fromkeys(uid.strip() for uid in text.replace("\\", ",").split(","))
            yield from (row for uid in uids for row in index.of(uid) if row.get(name) == uid)
            return
    if (text := query.asked("patient")) and not set(text) & set("*?\\"):
        yield from (row for row in index.of(text) if row.get("patient") == text)
        return
    tests = [pair for pair in query.wanted if pair[0].name in _EXACT]
    may = matcher(Query(SERIES, tuple(tests)))
    for collection, cells in sorted(index.cubes().items()):
        if any(may(dict(zip(FACETS, cell, strict=False))) for cell in cells):
            yield from index.rows(collection)


def _instances(
    packed: PackedSeries, records: RecordStore, person: Person | None, row: dict[str, Any], grants: Grants | None
) -> Iterator[dict[str, Any]]:
    try:
        opened = reading.opened(records, packed, person, row["accession"], grants)
    except NotFound:  # controlled, or gone since: to this reader it has none
        return
    for one in sorted(opened.index.instances, key=lambda each: (each.number is None, each.number or 0, each.uid)):
        told = {"uid": one.uid, "sop_class": one.sop_class, "instance_number": one.number, "bits": one.bits or None}
        told |= {"rows": one.rows or None, "columns": one.columns or None, "frames": one.frames or None}
        yield row | told
