"""Read released images by their UIDs (WADO-RS, PS3.18 10.4): ranges of packed series, and what the job wrote beside.

The one way to any byte is publication.service.permitted; unknown and forbidden are both a kind of NotFound.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from biotheca.accounts.model import Person
from biotheca.errors import NotFound
from biotheca.imaging import media, rendering
from biotheca.imaging.model import (
    ARCHIVE,
    INDEX,
    METADATA,
    PREVIEWS,
    STRIP,
    Index,
    Instance,
    NoSuchImage,
    NotOffered,
    Range,
    TooMuch,
)
from biotheca.imaging.store import PackedSeries, SeriesIndex
from biotheca.publication import rules
from biotheca.publication.access import Grants, class_in
from biotheca.publication.model import Record
from biotheca.publication.sensitivity import EVERYBODY
from biotheca.publication.service import permitted
from biotheca.publication.store import RecordStore
from biotheca.uploads.rules import CONTROLLED_LINK_VALID_S, DOWNLOAD_LINK_VALID_S

MOST_ANSWERED_BYTES = 4_400_000  # a function answers 6 MB, and bytes go in base64
MOST_LINKED_BYTES = 128 * 1024**2  # of an answer that is made once and linked to
MOST_FRAMES = 200  # of one call
_LINE_END = b",\n"  # between the instances of a document (deidentification.levels); no text of JSON has one in it


@dataclass(frozen=True)
class Answer:
    """Bytes, or a link to them. `encoding`: gzip, if they are compressed."""

    content_type: str
    body: bytes = b""
    link: str = ""
    encoding: str = ""


@dataclass(frozen=True)
class Opened:
    """A packed series that the reader may have now: its record, its files by what they are, its index."""

    record: Record
    files: dict[str, dict[str, Any]]
    index: Index
    link_valid_s: int


def opened(
    records: RecordStore, packed: PackedSeries, person: Person | None, accession: str, grants: Grants | None = None
) -> Opened:
    """A series by its accession. Raises as `permitted` does."""
    record, archive = permitted(records, person, accession, accession + ARCHIVE, grants)
    files = {
        suffix: file
        for file in record.files
        for suffix in (METADATA, INDEX, PREVIEWS)
        if file["name"] == accession + suffix
    }
    if INDEX not in files:
        raise NotFound(f"{accession} was released before its instances could be read one by one.")
    for_all = class_in(records, record, archive).access == EVERYBODY
    valid_s = DOWNLOAD_LINK_VALID_S if for_all else CONTROLLED_LINK_VALID_S
    return Opened(record, files | {ARCHIVE: archive}, packed.index(files[INDEX]), valid_s)


def series_of(
    records: RecordStore,
    packed: PackedSeries,
    person: Person | None,
    study_uid: str,
    series_uid: str,
    grants: Grants | None = None,
) -> Opened:
    """A series by its UIDs. NotFound if there is none in that study that the person may see."""
    for row in records.named(rules.uid_name(series_uid), 10)[0]:
        record = records.get(row["accession"])
        above = [records.get(accession) for names in record.links.values() for accession in names] if record else []
        if record and any(one and one.attributes.get("study_uid") == study_uid for one in above):
            return opened(records, packed, person, record.accession, grants)
    raise NotFound(f"There is no public series {series_uid[:64]!r} in study {study_uid[:64]!r}.")


def study_of(
    index: SeriesIndex,
    records: RecordStore,
    packed: PackedSeries,
    person: Person | None,
    study_uid: str,
    grants: Grants | None = None,
) -> list[Opened]:
    """All released series of a study. NotFound if there is none; raises if one of them may not be had."""
    rows = [row for row in index.of(study_uid) if row["study_uid"] == study_uid]
    if not rows:
        raise NotFound(f"There is no public study {study_uid[:64]!r}.")
    return [opened(records, packed, person, row["accession"], grants) for row in rows]


# --- what is retrieved ---


def objects(packed: PackedSeries, of: list[Opened], accept: str | None, base: str, uid: str | None = None) -> Answer:
    """The instances of series, or one of them, as multipart/related; one also as application/dicom alone.

    A whole series as application/zip is a link to the packed series, however large. TooMuch above 128 MiB otherwise.
    """
    wanted = [(one, each) for one in of for each in ([one.index.instance(uid)] if uid else one.index.instances)]
    offers = [(media.DICOM, True)] + ([(media.DICOM, False)] if uid else [])
    if uid is None and len(of) == 1:
        offers.append((media.ZIP, False))
    asked = media.accepted(accept)
    if (media.ZIP, False) in offers and any(one.kind == media.ZIP for one in asked[:1]):
        return Answer(media.ZIP, link=packed.link(of[0].files[ARCHIVE], of[0].link_valid_s))
    sent = media.chosen(accept, offers, frozenset(each.syntax for _, each in wanted))
    whole = [(one, (each.at, each.size_bytes)) for one, each in wanted]
    if not sent.multipart:
        ((one, place),) = whole
        return _bytes(
            packed, one, media.DICOM, place[1], lambda: packed.read(one.files[ARCHIVE], [place])[0], uid or ""
        )
    parts = [(each.syntax, each.size_bytes, _address(base, one, each)) for one, each in wanted]
    made = media.multipart(media.DICOM, parts)
    return _bytes(
        packed, of[0], made.content_type, made.size_bytes, lambda: made.body(_read(packed, whole)), made.boundary
    )


def frames(packed: PackedSeries, of: Opened, uid: str, numbers: list[int], accept: str | None, base: str) -> Answer:
    """Frames of an instance, counted from 1, as they are stored: application/octet-stream, or the compressed type."""
    if len(numbers) > MOST_FRAMES:
        raise TooMuch(f"{len(numbers)} frames were asked for; one call gives {MOST_FRAMES} at most.")
    one = of.index.instance(uid)
    ranges = [one.frame(number) for number in numbers]
    kind = media.of_frames(one.syntax, bool(one.parts))
    offers = [(kind, True)] + ([(kind, False)] if len(numbers) == 1 else [])
    sent = media.chosen(accept, offers, frozenset({one.syntax}))
    flat = [place for each in ranges for place in each]

    def read() -> list[bytes]:
        pieces = iter(packed.read(of.files[ARCHIVE], flat))
        return [b"".join(next(pieces) for _ in each) for each in ranges]

    sizes = [sum(size for _, size in each) for each in ranges]
    name = f"{uid}/{','.join(map(str, numbers))}"
    if not sent.multipart:
        return _bytes(packed, of, kind, sizes[0], lambda: read()[0], name)
    places = [f"{_address(base, of, one)}/frames/{number}" for number in numbers]
    made = media.multipart(kind, [(one.syntax, size, place) for size, place in zip(sizes, places, strict=True)])
    return _bytes(packed, of, made.content_type, made.size_bytes, lambda: made.body(read()), name + made.boundary)


def rendered(
    packed: PackedSeries, of: Opened, uid: str, number: int, accept: str | None, window: str | None = None
) -> Answer:
    """A frame as a picture: PNG of what is stored as it is, JPEG of what is stored as JPEG; no other is decoded here.

    `window`: "centre,width[,function]", in place of the header's. NotOffered for what must be decoded.
    """
    one = of.index.instance(uid)
    ranges = one.frame(number)
    if one.parts:
        if media.of_frames(one.syntax, True) != media.JPEG or one.syntax not in rendering.SHOWN_AS_IT_IS or window:
            raise NotOffered(f"Pixels in {one.syntax} are not decoded here; take the frame, or the thumbnail.")
        media.chosen(accept, [(media.JPEG, False)])
        body = b"".join(packed.read(of.files[ARCHIVE], list(ranges)))
        return _bytes(packed, of, media.JPEG, len(body), lambda: body, f"{uid}/{number}/rendered")
    media.chosen(accept, [(media.PNG, False)])
    picture = rendering.png(packed.read(of.files[ARCHIVE], list(ranges))[0], one, rendering.window_of(window))
    key = f"{uid}/{number}/rendered/{window or ''}"
    return _bytes(packed, of, media.PNG, len(picture), lambda: picture, key)


def picture(packed: PackedSeries, of: Opened, name: str = STRIP) -> Answer:
    """A small picture that the job made, PNG: the strip of the series, or that of an instance by its UID."""
    place = of.index.previews.get(name)
    if place is None or PREVIEWS not in of.files:
        raise NoSuchImage(f"{of.record.accession} has no such picture.")
    return Answer(media.PNG, packed.read(of.files[PREVIEWS], [place])[0])


def middle(of: Opened) -> str:
    """The UID of the instance in the middle of a series that has a picture; NoSuchImage if none has."""
    ordered = sorted(of.index.instances, key=lambda each: (each.number is None, each.number or 0, each.uid))
    drawn = [each.uid for each in ordered if each.uid in of.index.previews]
    if not drawn:
        raise NoSuchImage(f"{of.record.accession} has no such picture.")
    return drawn[len(drawn) // 2]


def metadata(packed: PackedSeries, of: list[Opened], compressed: bool, uid: str | None = None) -> Answer:
    """DICOM JSON of all instances, or of one: the documents that were made with the series; `compressed` by gzip."""
    documents = [packed.whole(one.files[METADATA]) for one in of]
    if uid:
        of[0].index.instance(uid)
        lines = gzip.decompress(documents[0])[1:-1].split(_LINE_END)
        mine = next(line for line in lines if uid.encode() in line and json.loads(line)["00080018"]["Value"] == [uid])
        document = gzip.compress(b"[" + mine + b"]", 1, mtime=0)
    elif len(documents) == 1:
        (document,) = documents
    else:
        inner = [gzip.decompress(one).strip()[1:-1] for one in documents]
        document = gzip.compress(b"[" + b",".join(one for one in inner if one) + b"]", 6, mtime=0)
    body = document if compressed else gzip.decompress(document)
    encoding = "gzip" if compressed else ""
    digest = hashlib.sha256(document).hexdigest()
    return _bytes(packed, of[0], media.DICOM_JSON, len(body), lambda: body, f"metadata/{digest}/{encoding}", encoding)


def _address(base: str, of: Opened, one: Instance) -> str:
    return f"{base}/studies/{of.index.study}/series/{of.index.series}/instances/{one.uid}"


def _read(packed: PackedSeries, wanted: list[tuple[Opened, Range]]) -> list[bytes]:
    """The bytes of ranges of several series, in their order."""
    by_series: dict[str, tuple[Opened, list[Range]]] = {}
    for one, place in wanted:
        by_series.setdefault(one.record.accession, (one, []))[1].append(place)
    found = {name: iter(packed.read(one.files[ARCHIVE], places)) for name, (one, places) in by_series.items()}
    return [next(found[one.record.accession]) for one, _ in wanted]


def _bytes(
    packed: PackedSeries,
    of: Opened,
    content_type: str,
    size_bytes: int,
    make: Callable[[], bytes],
    name: str,
    encoding: str = "",
) -> Answer:
    """The bytes themselves, or a link if they are more than the gateway lets through."""
    if size_bytes <= MOST_ANSWERED_BYTES:
        return Answer(content_type, make(), encoding=encoding)
    if size_bytes > MOST_LINKED_BYTES:
        raise TooMuch(
            f"That would be {size_bytes:,} bytes; an answer has {MOST_LINKED_BYTES:,} at most. "
            "Ask for a series as application/zip, or for instances or frames one by one."
        )
    link = packed.linked(of.files[ARCHIVE], name, make, content_type, of.link_valid_s, encoding)
    return Answer(content_type, link=link, encoding=encoding)
