"""What the mirror is made of: kinds of feeds, what parsing a file gave, and the faults of a feed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from biotheca.errors import BiothecaError, Conflict


class Kind(StrEnum):
    """What a file of a feed holds."""

    SRA_PACKAGE = "sra_package"  # EXPERIMENT_PACKAGE_SET, as E-utilities give it
    SRA_SET = "sra_set"  # STUDY_SET, SAMPLE_SET, EXPERIMENT_SET, RUN_SET ..., or a tar archive of such
    BIOPROJECT = "bioproject"  # PackageSet
    BIOSAMPLE = "biosample"  # BioSampleSet
    ACCESSIONS = "accessions"  # SRA_Accessions.tab


class Status(StrEnum):
    """INSDC's states of an object, and `replaced`, which its row tells by ReplacedBy."""

    LIVE = "live"
    SUPPRESSED = "suppressed"  # out of search, still served by accession
    WITHDRAWN = "withdrawn"  # out of all public access; a tombstone stays
    UNPUBLISHED = "unpublished"
    REPLACED = "replaced"


class FeedIsUnreadable(BiothecaError):
    """A file of a feed is not what its kind says; nothing of it is used."""

    rule = "mirror.unreadable"


class FeedIsTruncated(FeedIsUnreadable):
    """A file of a feed ends before its end: cut XML, cut gzip, fewer bytes than announced."""

    rule = "mirror.truncated"


class FeedIsShort(BiothecaError):
    """A full feed holds far fewer rows than the day before: it is refused whole, so that nothing is deleted by it."""

    rule = "mirror.short_feed"


@dataclass(frozen=True)
class Limits:
    """What a whole feed may lose in a day. Beside the share a small number is always allowed, for small mirrors."""

    lost_share: float = 0.001
    lost_rows: int = 100

    def check(self, before: int, lost: int, feed: str) -> None:
        """Raises FeedIsShort if more is lost than that."""
        if lost > max(self.lost_rows, before * self.lost_share):
            raise FeedIsShort(
                f"{feed} lacks {lost:,} of {before:,} records that it had; at most {self.lost_share:.1%} or "
                f"{self.lost_rows:,} may leave in a day. Nothing was changed. If it is true, raise the limits in "
                "catalog/mirror.yaml and run the day again."
            )


class SchemaHasChanged(FeedIsUnreadable):
    """A feed has other columns or another root than the one that is known."""

    rule = "mirror.schema_changed"


class NoSuchSource(BiothecaError):
    """No source of the catalog has such an address or gives such a record."""

    rule = "mirror.no_source"


class SourceIsBusy(BiothecaError):
    """A source refused or did not answer as often as it was asked; nothing was changed."""

    rule = "mirror.source_busy"


class DayIsOver(Conflict):
    """A later day is in the lake already: an earlier one cannot be put under it."""

    rule = "mirror.day_over"


@dataclass(frozen=True)
class Quarantined:
    """One record that could not be read, with its place and reason. Its bytes are kept beside the tables."""

    kind: str
    accession: str  # "" where none could be read
    offset: int  # of its first byte in the unpacked file
    reason: str
    record: bytes

    def as_row(self) -> dict[str, Any]:
        """As it stands in quarantine.jsonl: the first 64 KiB of the record."""
        text = self.record[: 64 * 1024].decode("utf-8", "backslashreplace")
        return {
            "kind": self.kind,
            "accession": self.accession,
            "offset": self.offset,
            "reason": self.reason,
            "record": text,
        }


@dataclass
class Parsed:
    """What one file gave. `records` counts what the file is made of: packages, rows, or elements of sets."""

    kind: Kind
    records: int = 0
    quarantined: int = 0
    careful: int = 0  # records that the fast reader passed on
    rows: Counter[str] = field(default_factory=Counter)  # by entity
    casts: Counter[str] = field(default_factory=Counter)  # values that are no number, by entity.column
    complete: bool = True  # False: the file ends before its end
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As the command prints it, in one JSON line."""
        return {
            "kind": str(self.kind),
            "records": self.records,
            "quarantined": self.quarantined,
            "seconds": round(self.seconds, 3),
            "complete": self.complete,
            "careful": self.careful,
            "rows": dict(sorted(self.rows.items())),
            "casts": dict(sorted(self.casts.items())),
        }
