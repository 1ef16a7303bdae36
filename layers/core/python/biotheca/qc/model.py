"""What a file check says: the report and its verdict. How it is reached: see rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from biotheca.errors import Finding, SystemFault

REPORT_VERSION = 3


class Verdict(StrEnum):
    SOUND = "sound"
    UNSOUND = "unsound"


class NoSuchCheck(SystemFault):
    """A file was sent to the check with a format that the check does not know: a fault of the caller, not the data."""


class NoScratch(SystemFault):
    """The folder for scratch files is full or cannot be written: nothing can be said of the file yet."""


class SourceChanged(SystemFault):
    """The file was another one when it was read for the second time."""


@dataclass(frozen=True)
class Report:
    """Everything one pass over a file found. Sizes in bytes; digests in lower-case hexadecimal, of the stored bytes.

    `statistics` tell of reads (statistics), None where the format has none.
    `names` and `duplicates` (see duplicates) are None for formats without reads' names.
    `screen` counts sampled reads, marker reads among them and bases looked at (screening).
    `findings` are the first hundred, `findings_total` counts all, `counted` by rule (rows of rule, severity, count).
    `container` is None for an empty file.
    Two reports are equal if they say the same, however long the passes took.
    """

    key: str
    size_bytes: int
    md5: str
    sha256: str
    format: str
    container: str | None
    reads: int
    bases: int
    findings: tuple[Finding, ...]
    findings_total: int
    counted: tuple[dict[str, Any], ...] = ()
    screen: dict[str, int] = field(default_factory=dict)
    statistics: dict[str, Any] | None = None
    names: dict[str, Any] | None = None
    duplicates: dict[str, Any] | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def verdict(self) -> Verdict:
        """Unsound if any finding is an error; warnings alone leave a file sound."""
        # An error can hide beyond the hundred kept: see the counts.
        errors = any(row["severity"] == "error" for row in self.counted)
        return Verdict.UNSOUND if errors else Verdict.SOUND

    def as_dict(self) -> dict[str, Any]:
        """The JSON document that the archive keeps beside the file."""
        return {
            "version": REPORT_VERSION,
            "key": self.key,
            "size_bytes": self.size_bytes,
            "md5": self.md5,
            "sha256": self.sha256,
            "format": self.format,
            "container": self.container,
            "reads": self.reads,
            "bases": self.bases,
            "screen": self.screen,
            "statistics": self.statistics,
            "names": self.names,
            "duplicates": self.duplicates,
            "verdict": str(self.verdict),
            "findings": [f.as_dict() for f in self.findings],
            "findings_total": self.findings_total,
            "counted": list(self.counted),
            "seconds": round(self.seconds, 3),
        }
