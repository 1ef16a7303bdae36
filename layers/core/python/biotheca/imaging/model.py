"""What reading needs to know of a packed series, and why an answer is not given."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from biotheca.errors import BiothecaError, NotFound

ARCHIVE, METADATA, INDEX, PREVIEWS = ".zip", "_metadata.json.gz", "_index.json.gz", "_previews.zip"
STRIP = "strip"  # of previews: the pictures of a series side by side
FORM = 1

Range = tuple[int, int]  # first byte of the archive, how many


class NotOffered(BiothecaError):
    """None of the media types that the caller takes can be made of what is there (406)."""

    rule = "imaging.not_acceptable"


class TooBroad(BiothecaError):
    """A search that would look at more than one call may (413)."""

    rule = "imaging.too_broad"


class TooMuch(BiothecaError):
    """More bytes than an answer may have, linked or not (413)."""

    rule = "imaging.too_much"


class NoSuchImage(NotFound):
    """The series has no such instance, frame or picture."""


@dataclass(frozen=True)
class Instance:
    """One object of a packed series. `at`, `size_bytes`: its file's bytes in the archive, uncompressed there.

    `frame_bytes`: of native pixels, one frame's; they begin at `pixels_at`. `parts`: of encapsulated pixels the ranges
    of each frame's fragments, to be joined. `shown`: how stored values become grey or colour (PS3.3 C.7.6.3, C.11).
    """

    uid: str
    sop_class: str
    syntax: str
    at: int
    size_bytes: int
    number: int | None = None
    rows: int = 0
    columns: int = 0
    bits: int = 0
    frames: int = 0
    pixels_at: int = 0
    frame_bytes: int = 0
    parts: tuple[tuple[Range, ...], ...] = ()
    shown: dict[str, Any] = field(default_factory=dict)

    def frame(self, number: int) -> tuple[Range, ...]:
        """The ranges of a frame, counted from 1. NoSuchImage if there is none, or its bytes are not apart."""
        if not 1 <= number <= self.frames or not (self.parts or self.frame_bytes):
            raise NoSuchImage(f"Instance {self.uid} has no frame {number} that can be read alone.")
        if self.parts:
            return self.parts[number - 1]
        return ((self.pixels_at + (number - 1) * self.frame_bytes, self.frame_bytes),)


@dataclass(frozen=True)
class Index:
    """A packed series: its instances in the order of the archive, and the ranges of its pictures in the previews."""

    study: str
    series: str
    instances: tuple[Instance, ...]
    previews: dict[str, Range] = field(default_factory=dict)

    def instance(self, uid: str) -> Instance:
        """The instance of that UID; NoSuchImage if it is not in the series."""
        found = next((one for one in self.instances if one.uid == uid), None)
        if found is None:
            raise NoSuchImage(f"Series {self.series} has no instance {uid[:64]!r}.")
        return found

    def as_dict(self) -> dict[str, Any]:
        """As JSON; what is empty left out of the instances."""
        told = [{name: value for name, value in asdict(one).items() if value} for one in self.instances]
        return {"form": FORM, "study": self.study, "series": self.series, "instances": told, "previews": self.previews}


def index_of(document: dict[str, Any]) -> Index:
    """What `as_dict` wrote."""
    instances = tuple(
        Instance(**one | {"at": one.get("at", 0), "parts": _ranges(one.get("parts", ()))})
        for one in document["instances"]
    )
    previews = {name: (at, size) for name, (at, size) in document["previews"].items()}
    return Index(document["study"], document["series"], instances, previews)


def _ranges(parts: Any) -> tuple[tuple[Range, ...], ...]:
    return tuple(tuple((at, size) for at, size in one) for one in parts)
