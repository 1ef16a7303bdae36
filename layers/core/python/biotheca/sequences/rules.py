"""Which files are wanted, under which key, in what parts; what follows a fault; when a copy is proved. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from biotheca import clock
from biotheca.sequences.capacity import COPY_LIMIT_BYTES, COPY_PART_BYTES
from biotheca.sequences.model import (
    DENIED,
    CopyFault,
    Level,
    Place,
    Priority,
    SequenceFile,
    SourceBusy,
    SourceChanged,
    SourceRefused,
    SourceVanished,
    State,
    WrongBytes,
)

MEBIBYTE = 1024**2
SMALLEST_PART_BYTES = 64 * MEBIBYTE
PARTS_AIMED_AT = 9_900  # leaves room below S3's 10,000
LINK_VALID_S = 900
LONGEST_PATIENCE_S = 86_400  # of what a host may ask for

__all__ = ["COPY_LIMIT_BYTES", "COPY_PART_BYTES", "Policy"]


@dataclass(frozen=True)
class Policy:
    """The words of `policy` in catalog/sequences.yaml."""

    mode: str
    rule: dict[str, list[str]]
    least_level: Level
    most_copying: int
    lease_s: int
    most_attempts: int
    first_pause_s: int
    longest_pause_s: int
    bytes_per_day: int
    micro_usd_per_day: int
    job_above_bytes: int

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Policy:
        """From the catalog; ValueError for a word that the archive does not know."""
        if words["mode"] not in ("reference", "request", "rule", "all"):
            raise ValueError(f"policy.mode is {words['mode']!r}; it is one of reference, request, rule, all")
        return cls(
            mode=words["mode"],
            rule={key: [str(v) for v in values] for key, values in words["rule"].items()},
            least_level=Level[words["least_level"]],
            most_copying=words["most_copying"],
            lease_s=words["lease_s"],
            most_attempts=words["most_attempts"],
            first_pause_s=words["first_pause_s"],
            longest_pause_s=words["longest_pause_s"],
            bytes_per_day=words["bytes_per_day"],
            micro_usd_per_day=round(words["dollars_per_day"] * 1_000_000),
            job_above_bytes=words["job_above_bytes"],
        )


def wanted(policy: Policy, facts: Mapping[str, Any], is_new: bool) -> Priority | None:
    """Whether policy alone wants a run copied, and how urgently. `facts`: its organism, taxon_id, study, project.

    A suppressed run keeps what was copied and brings nothing new; neither does one that nobody may have.
    """
    if policy.mode not in ("rule", "all") or facts.get("status", "live") != "live":
        return None
    if policy.mode == "rule":
        named = {"organisms": "organism", "taxa": "taxon_id", "studies": "study", "projects": "project"}
        if not any(str(facts.get(fact, "")) in policy.rule.get(words, []) for words, fact in named.items()):
            return None
    return Priority.NEW if is_new else Priority.BACKLOG


def may_be_copied(row: SequenceFile, status: str) -> bool:
    """Whether the bytes may be taken at all: nothing controlled, nothing withdrawn."""
    return row.cluster.lower() == "public" and status not in DENIED


def same_file(old: SequenceFile, new: SequenceFile) -> bool:
    """Whether two descriptions are of the same bytes: what was copied under one serves the other."""
    return (old.size_bytes, old.md5) == (new.size_bytes, new.md5)


def key_of(row: SequenceFile, etag: str) -> str:
    """Where the copy lies: the same content always at the same key, another content never.

    >>> key_of(SequenceFile("SRR000001", "a.sra", md5="0" * 32), "e")
    'files/SRR000/SRR000001/000000000000/a.sra'
    """
    identity = row.md5 or hashlib.sha256(f"{etag}|{row.size_bytes}".encode()).hexdigest()
    return f"files/{row.run[:6]}/{row.run}/{identity[:12]}/{row.name}"


def part_size_bytes(size_bytes: int, smallest: int = SMALLEST_PART_BYTES) -> int:
    """Bytes of each part but the last: at least `smallest`, whole MiB, at most about 9,900 parts.

    >>> math.ceil(50 * 10**12 / part_size_bytes(50 * 10**12)) <= 10_000
    True
    """
    return max(smallest, math.ceil(math.ceil(size_bytes / PARTS_AIMED_AT) / MEBIBYTE) * MEBIBYTE)


def ranges(size_bytes: int, step: int) -> list[tuple[int, int, int]]:
    """(number, first byte, last byte) of every part.

    >>> ranges(10, 4)
    [(1, 0, 3), (2, 4, 7), (3, 8, 9)]
    """
    starts = range(0, size_bytes, step)
    return [(number, start, min(start + step, size_bytes) - 1) for number, start in enumerate(starts, 1)]


def machine_of(policy: Policy, row: SequenceFile, place: Place) -> str:
    """What copies a file: `job` for what S3 copies by itself and is large, else `slice` after `slice` of a function.

    Jobs run where no way leads out of AWS; a function reaches other hosts, a quarter of an hour at a time.
    """
    return "job" if place.kind == "s3" and (row.size_bytes or 0) > policy.job_above_bytes else "slice"


def machine_of_proof(policy: Policy, row: SequenceFile) -> str:
    """What proves a copy: `job` where a whole large object must be read again, else `function`."""
    again = row.md5 is not None and row.streamed_md5 is None
    return "job" if again and (row.source_size_bytes or row.size_bytes or 0) > policy.job_above_bytes else "function"


def pause_s(policy: Policy, attempt: int) -> int:
    """Seconds before the next try after `attempt` of them, doubled each time up to the longest."""
    return int(min(policy.longest_pause_s, policy.first_pause_s * 2 ** min(max(0, attempt - 1), 20)))


_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None}
_NO_UPLOAD: dict[str, Any] = {"upload_id": None, "part_size_bytes": None, "copied_bytes": 0}
# What was seen of a source; forgotten with it.
_NO_SOURCE: dict[str, Any] = {
    "source_etag": None,
    "source_crc64nvme": None,
    "source_size_bytes": None,
    "source_url": None,
    "streamed_md5": None,
    "key": None,
    "version_id": None,
    **_NO_UPLOAD,
}


def from_source(row: SequenceFile, url: str) -> SequenceFile:
    """The row as one that is copied from an address. Parts of another source are forgotten: nothing is ever mixed."""
    forgotten = _NO_SOURCE if row.source_url not in (None, url) else {}
    return replace(row, **{**forgotten, "source_url": url})


def after_fault(row: SequenceFile, fault: Exception, policy: Policy, now: datetime, others: bool) -> SequenceFile:
    """The row after a worker met a fault. `others`: whether another source is left when this one is given up.

    Patience for what passes, a new start for what changed, another source for what is wrong here, and an end with a
    named reason when there is none.
    """
    rule = fault.rule if isinstance(fault, CopyFault) else "sequences.given_up"
    said: dict[str, Any] = {"error_rule": rule, "error": str(fault)[:500], **_NO_LEASE}
    if isinstance(fault, SourceBusy):
        wait = max(min(fault.retry_after_s, LONGEST_PATIENCE_S), pause_s(policy, row.busy + 1))
        later = clock.stamp(now + timedelta(seconds=wait))
        return row.to(State.REQUESTED, **said, busy=row.busy + 1, not_before=later)
    if isinstance(fault, WrongBytes | SourceVanished | SourceRefused):
        exhausted = (*row.exhausted, row.source_url) if row.source_url else row.exhausted
        if others:
            return row.to(State.REQUESTED, **said, **_NO_SOURCE, exhausted=exhausted, not_before=clock.stamp(now))
        end = State.GONE if isinstance(fault, SourceVanished) else State.QUARANTINED
        return row.to(end, **said, **_NO_SOURCE, exhausted=exhausted, not_before=None)
    attempt = row.attempt + 1
    if attempt >= policy.most_attempts:
        said["error_rule"] = "sequences.given_up"
        return row.to(State.QUARANTINED, **said, **_NO_SOURCE, attempt=attempt, not_before=None)
    later = clock.stamp(now + timedelta(seconds=pause_s(policy, attempt)))
    forgotten = _NO_SOURCE if isinstance(fault, SourceChanged) else {}
    return row.to(State.REQUESTED, **said, **forgotten, attempt=attempt, not_before=later)


def requested(row: SequenceFile, priority: Priority, now: datetime, by: str | None) -> SequenceFile:
    """The row as one that waits; one that is on its way or here already only moves forward in the queue."""
    if row.state is State.REQUESTED and row.priority > priority:
        return row.to(State.REQUESTED, priority=int(priority), requested_by=by or row.requested_by)
    vanished = row.state is State.GONE and not row.was
    if row.state not in (State.REFERENCED, State.QUARANTINED) and not (vanished and by):
        return row
    return row.to(
        State.REQUESTED,
        priority=int(priority),
        requested_at=clock.stamp(now),
        requested_by=by,
        attempt=0,
        busy=0,
        not_before=None,
        exhausted=(),
        error_rule=None,
        error=None,
        **_NO_SOURCE,
    )


def under_policy(row: SequenceFile, status: str, urgent: Priority | None, now: datetime) -> SequenceFile:
    """The row as policy wants it: a reference waits if its run is wanted (`wanted`) and it may be copied."""
    if urgent is None or row.state is not State.REFERENCED or not may_be_copied(row, status):
        return row
    return requested(row, urgent, now, None)


def under_status(row: SequenceFile, status: str) -> SequenceFile:
    """The row after the run's status is known: a tombstone, the row as it was before one, or itself.

    Of what was copied the tombstone keeps the place: withdrawn is removed from access, not deleted.
    """
    if status in DENIED and not (row.state is State.GONE and row.was):
        why = f"The run is {status}."
        kept = row.state.value if row.state is not State.GONE else State.REFERENCED.value
        return row.to(State.GONE, was=kept, error_rule="sequences.withdrawn", error=why, not_before=None, **_NO_LEASE)
    if status not in DENIED and row.state is State.GONE and row.was:
        back = State(row.was) if row.was in (State.VERIFIED, State.ARCHIVED) else State.REFERENCED
        cleared = {} if back is not State.REFERENCED else _NO_SOURCE
        return row.to(back, was=None, error_rule=None, error=None, exhausted=(), **cleared)
    return row


def may_be_forgotten(row: SequenceFile) -> bool:
    """Whether a row that the run's newer metadata leave out holds nothing worth keeping: no bytes, no withdrawal."""
    return row.state in (State.REFERENCED, State.REQUESTED, State.QUARANTINED) or (
        row.state is State.GONE and not row.was
    )


def redescribed(old: SequenceFile, new: SequenceFile) -> SequenceFile:
    """The row with a newer description. Other bytes are another file: a reference again, its reasons forgotten."""
    told: dict[str, Any] = {
        "size_bytes": new.size_bytes,
        "md5": new.md5,
        "md5_from": new.md5_from,
        "semantic_name": new.semantic_name,
        "cluster": new.cluster,
        "alternatives": new.alternatives,
    }
    if same_file(old, new):
        vanished = old.state is State.GONE and not old.was and new.alternatives != old.alternatives
        if vanished:  # the metadata names new addresses
            return old.to(State.REFERENCED, **told, exhausted=(), error_rule=None, error=None)
        return old.to(old.state, **told)
    if old.state is State.GONE and old.was:
        return old.to(State.GONE, **told, **_NO_SOURCE, was=State.REFERENCED.value)
    fresh = {**told, **_NO_SOURCE, **_NO_LEASE, "exhausted": (), "error_rule": None, "error": None}
    return old.to(
        State.REFERENCED, **fresh, level=None, crc64nvme=None, verified_at=None, not_before=None, attempt=0, busy=0
    )


def proved(row: SequenceFile, held: Mapping[str, Any], found_md5: str | None, siblings: Mapping[str, str]) -> Level:
    """The best level at which the copy is equal to its source. WrongBytes if anything that can be compared differs.

    `held`: size_bytes and crc64nvme of our object. `found_md5`: of its bytes, or None if nothing is expected.
    `siblings`: MD5 -> name of the run's other files, to tell an exchange of files from a mere spoiling.
    """
    expected = row.source_size_bytes if row.source_size_bytes is not None else row.size_bytes
    if held["size_bytes"] != expected or (row.size_bytes is not None and held["size_bytes"] != row.size_bytes):
        said = row.size_bytes if row.size_bytes is not None else expected
        raise WrongBytes("sequences.wrong_size", f"The copy has {held['size_bytes']} bytes, expected {said}.")
    level = Level.L0
    if row.source_crc64nvme and held.get("crc64nvme"):
        if row.source_crc64nvme != held["crc64nvme"]:
            raise WrongBytes(
                "sequences.wrong_checksum",
                f"CRC64NVME of the copy is {held['crc64nvme']}, of the source {row.source_crc64nvme}.",
            )
        level = Level.L1
    elif not row.md5 and not row.source_etag:
        raise WrongBytes(
            "sequences.unverifiable", f"Nothing bound the parts of {row.name!r} to one and the same object."
        )
    if row.md5:
        if found_md5 != row.md5:
            raise wrong_md5(row, found_md5, siblings)
        level = Level.L2
    return level


def wrong_md5(row: SequenceFile, found: str | None, siblings: Mapping[str, str]) -> WrongBytes:
    """The fault of bytes with another MD5; named an exchange if the digest is another file's of the run."""
    if other := siblings.get(found or ""):
        words = f"The bytes at the source of {row.name!r} have the MD5 of {other!r}."
        return WrongBytes("sequences.swapped", words)
    return WrongBytes("sequences.wrong_md5", f"MD5 of the bytes is {found}, expected {row.md5} (from {row.md5_from}).")
