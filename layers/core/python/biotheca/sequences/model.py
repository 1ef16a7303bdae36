"""What the mirror knows of one sequence file, the states it goes through, and what can go wrong with its bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from enum import IntEnum, StrEnum
from typing import Any

from biotheca.errors import BiothecaError, Conflict, SystemFault


class State(StrEnum):
    """Where the bytes of a file are."""

    REFERENCED = "REFERENCED"  # at its source only
    REQUESTED = "REQUESTED"  # waits for a worker
    COPYING = "COPYING"  # a worker has it, until its lease ends
    COPIED = "COPIED"  # an object of ours, not proved yet
    VERIFIED = "VERIFIED"  # proved; served from here
    ARCHIVED = "ARCHIVED"  # proved, in a class of storage that must be thawed
    GONE = "GONE"  # withdrawn, or at no source any more: a tombstone
    QUARANTINED = "QUARANTINED"  # no copy could be proved; a person looks


TRANSITIONS: dict[State, frozenset[State]] = {
    State.REFERENCED: frozenset({State.REQUESTED, State.GONE}),
    State.REQUESTED: frozenset({State.COPYING, State.REFERENCED, State.QUARANTINED, State.GONE}),
    State.COPYING: frozenset({State.COPIED, State.REQUESTED, State.REFERENCED, State.QUARANTINED, State.GONE}),
    State.COPIED: frozenset({State.VERIFIED, State.REQUESTED, State.REFERENCED, State.QUARANTINED, State.GONE}),
    State.VERIFIED: frozenset({State.ARCHIVED, State.REFERENCED, State.QUARANTINED, State.GONE}),
    State.ARCHIVED: frozenset({State.VERIFIED, State.REFERENCED, State.QUARANTINED, State.GONE}),
    State.GONE: frozenset({State.REFERENCED, State.REQUESTED, State.VERIFIED, State.ARCHIVED}),
    State.QUARANTINED: frozenset({State.REQUESTED, State.REFERENCED, State.GONE}),
}
IN_WORK = frozenset({State.COPYING, State.COPIED})
SERVED = frozenset({State.VERIFIED})
# Statuses of a run whose files nobody may have: withdrawn for good, or back in its owner's hands.
DENIED = frozenset({"withdrawn", "unpublished"})


class Priority(IntEnum):
    """Who waits in front of whom."""

    ASKED = 0  # somebody asked for this run
    NEW = 1  # new and live, wanted by policy
    BACKLOG = 2  # wanted by policy, here for long


class Level(IntEnum):
    """How well a copy was compared with its source."""

    L0 = 0  # size, and the source's ETag from first to last byte
    L1 = 1  # CRC64NVME of the whole object at both ends
    L2 = 2  # MD5 of the bytes, as the file's metadata says


@dataclass(frozen=True)
class Place:
    """One address of a file. `kind` is s3 (bucket, key) or https; `host` is what the pace is kept for."""

    kind: str
    url: str
    org: str
    host: str
    bucket: str = ""
    key: str = ""
    region: str = ""


@dataclass(frozen=True)
class SequenceFile:
    """The state row of (run, name). Moments are ISO 8601 in UTC, sizes bytes, digests hexadecimal.

    `alternatives`: rows of url, org, access_type, free_egress, as the run's metadata gives them. `md5_from`: where the
    expected MD5 came from; NCBI's SRA_Accessions is never such a place, for its Md5sum is not the file's.
    `streamed_md5`: of bytes that passed from first to last through one worker, each part bound to its SHA-256.
    `version` grows with each write: whoever holds an older one has lost the file.
    """

    run: str
    name: str
    state: State = State.REFERENCED
    size_bytes: int | None = None
    md5: str | None = None
    md5_from: str | None = None
    semantic_name: str = ""
    cluster: str = "public"
    alternatives: tuple[dict[str, str], ...] = ()
    priority: int = Priority.BACKLOG
    requested_at: str | None = None
    requested_by: str | None = None
    attempt: int = 0
    busy: int = 0
    not_before: str | None = None
    lease_owner: str | None = None
    lease_until: str | None = None
    source_url: str | None = None
    source_etag: str | None = None
    source_crc64nvme: str | None = None
    source_size_bytes: int | None = None
    exhausted: tuple[str, ...] = ()
    upload_id: str | None = None
    part_size_bytes: int | None = None
    copied_bytes: int = 0
    key: str | None = None
    version_id: str | None = None
    streamed_md5: str | None = None
    crc64nvme: str | None = None
    level: str | None = None
    verified_at: str | None = None
    error_rule: str | None = None
    error: str | None = None
    was: str | None = None
    updated_at: str = ""
    version: int = 0

    def to(self, state: State, **changes: Any) -> SequenceFile:
        """The row in another state (or the same); TransitionRefused if the table does not allow it."""
        if state is not self.state and state not in TRANSITIONS[self.state]:
            raise TransitionRefused(self, state)
        return replace(self, state=state, **changes)

    def as_dict(self) -> dict[str, Any]:
        """All fields that hold something, as plain values."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "", ())}

    @classmethod
    def of(cls, item: dict[str, Any]) -> SequenceFile:
        """The row that `as_dict` wrote; keys that are none of ours are left out."""
        known = {f.name for f in fields(cls)}
        given = {name: value for name, value in item.items() if name in known}
        for name in ("alternatives", "exhausted"):
            given[name] = tuple(given.get(name, ()))
        return cls(**{**given, "state": State(given.get("state", State.REFERENCED))})


@dataclass(frozen=True)
class Run:
    """What of a run decides over its files. `batch` is of the metadata that said so; an older one changes nothing."""

    run: str
    status: str = "live"
    batch: int = 0
    files: int = 0


class NoSuchFiles(BiothecaError):
    """The mirror knows no such run, or it has no files."""

    rule = "general.not_found"


class FilesWithdrawn(BiothecaError):
    """The run was withdrawn: its files are not given out, and its numbers are kept."""

    rule = "sequences.withdrawn"


class NotCopied(Conflict):
    """The policy does not allow the copy, or the run's files may not be copied."""

    rule = "sequences.not_allowed"


class TransitionRefused(SystemFault):
    """A state may not follow the one before; a fault of the program."""

    def __init__(self, row: SequenceFile, state: State) -> None:
        super().__init__(f"file {row.name!r} of {row.run} is {row.state}; {state} may not follow")


class LeaseLost(SystemFault):
    """Somebody else changed the row since: the worker must leave the file alone."""


class CopyFault(SystemFault):
    """Something happened to a copy that the rules know how to go on from (rules.after_fault)."""

    rule = "sequences.given_up"


class SourceFailed(CopyFault):
    """The source broke off, answered nonsense or not at all; it may be well later."""


class SourceBusy(CopyFault):
    """The source asks for patience (429, 503, SlowDown)."""

    def __init__(self, message: str, host: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.host = host
        self.retry_after_s = retry_after_s


class SourceChanged(CopyFault):
    """Another object stands at the source than when the copy began; what was copied is thrown away."""


class SourceVanished(CopyFault):
    """The source has no such object (any more)."""

    rule = "sequences.vanished"


class SourceRefused(CopyFault):
    """The source leads to an address that is not on the list, or that is private."""

    rule = "sequences.source_refused"


class WrongBytes(CopyFault):
    """The bytes are not those of the metadata; `rule` says how that was seen."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
