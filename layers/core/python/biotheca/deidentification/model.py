"""Words of de-identification: options, what becomes of a file, and why one is set aside."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum

MOST_TOLD = 64  # sightings of text that an entry names; all are counted


class Reason(StrEnum):
    """Why a file is in quarantine. Stable; docs/deidentification.md says what each asks for."""

    NOT_DICOM = "not_dicom"
    DAMAGED = "damaged"
    PREAMBLE = "preamble"
    TRAILING = "trailing_data"
    UNKNOWN_SYNTAX = "unknown_syntax"
    UNKNOWN_SOP = "unknown_sop"
    DICOMDIR = "dicomdir"
    RAW_DATA = "raw_data"
    ENCAPSULATED_DOCUMENT = "encapsulated_document"
    DECLARED_SIZE = "declared_size"
    DUPLICATE_UID = "duplicate_uid"
    MIXED_PATIENTS = "mixed_patients"
    PIXEL_TEXT = "pixel_text_confirmed"
    PIXEL_UNREAD = "pixel_risk_unread"
    BURNED_IN = "burned_in_yes"
    VERIFY_LEAK = "verify_leak"
    VERIFY_VALUE = "verify_value_changed"
    CONFORMANCE = "new_conformance_error"
    LINK = "link"
    UNREADABLE = "unreadable"
    FAULT = "engine_fault"


PIXEL_REASONS = frozenset({Reason.PIXEL_TEXT, Reason.BURNED_IN})  # those that a curator can have blanked


class SetAside(Exception):
    """A file that is not released, with a reason and a sentence that holds no value of it."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True)
class Options:
    """What is retained and cleaned besides the Basic Profile, as columns of Table E.1-1; and the private rule.

    `private`: `safe` (the standard's list) or `numeric` (the seed's: purely numeric private values stay. It leaks: a
    record number kept as a number passes it. For comparison only).
    """

    columns: tuple[str, ...] = (
        "device",
        "patient",
        "modified_dates",
        "descriptors",
        "structured_content",
        "graphics",
        "safe_private",
    )
    private: str = "safe"


@dataclass
class Outcome:
    """What the engine made of one file.

    `actions`: elements of the first level by letter; `removed`: spans of text by kind; `texts`: descriptors as they are
    now, for the curator's list. `patient` to `instance` are the file's own values: to join files by, not to report.
    """

    data: bytes
    patient: bytes
    study: bytes
    series: bytes
    instance: bytes
    sop_class: str
    actions: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    private_kept: int = 0
    private_dropped: int = 0
    texts: set[tuple[int, str]] = field(default_factory=set)


class Tier(StrEnum):
    """What is done with an object's frames: nothing (there are none), some read and all screened, or all read."""

    NO_PIXELS = "no_pixels"
    SAMPLED = "sampled"
    EVERY_FRAME = "every_frame"


@dataclass(frozen=True)
class Sighting:
    """Confirmed text in a frame (from 0): its box (left, top, right, bottom), confidence, a keyed mark of the text."""

    frame: int
    box: tuple[int, int, int, int]
    confidence: float
    mark: str


@dataclass(frozen=True)
class Verdict:
    """What became of the pixels of an object. `reason` is None where nothing was found in what was looked at.

    `frames` are those of the object, `screened` those that the screen saw, `read` those that were read; `words` is a
    sentence without a value of the file.
    """

    tier: Tier
    engine: str = ""
    frames: int = 0
    screened: int = 0
    read: int = 0
    sightings: tuple[Sighting, ...] = ()
    reason: Reason | None = None
    words: str = ""

    @property
    def passed(self) -> bool:
        """Whether the stage ran and found nothing, so that PS3.15's Clean Pixel Data may be claimed."""
        return self.reason is None and self.read + self.screened > 0

    def line(self) -> dict[str, object]:
        """As JSON: at most 64 sightings, `found` counts all."""
        told = [asdict(one) | {"confidence": round(one.confidence, 2)} for one in self.sightings[:MOST_TOLD]]
        line = {"tier": self.tier.value, "engine": self.engine, "frames": self.frames, "screened": self.screened}
        return {**line, "read": self.read, "found": len(self.sightings), "boxes": told}


@dataclass(frozen=True)
class Entry:
    """What became of one input; the line of the report. No value, no name of a file: `mark` is keyed.

    `outcome`: released, quarantined, or copy (the same bytes as an input that was released). `place` is where a
    released file lies, below the output folder. `checks`: those of the verifier that it passed. `pixels`:
    the verdict on text in them. `face_risk`: a head, for controlled access. `blanked`: boxes blanked for a curator.
    """

    mark: str
    outcome: str
    size_bytes: int
    sha256: str
    reason: Reason | None = None
    words: str = ""
    place: str = ""
    result_sha256: str = ""
    sop_class: str = ""
    patient: str = ""
    actions: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    private: dict[str, int] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    pixels: dict[str, object] = field(default_factory=dict)
    face_risk: bool = False
    blanked: int = 0

    def line(self) -> dict[str, object]:
        """As JSON, what is empty left out."""
        return {name: value for name, value in asdict(self).items() if value}
