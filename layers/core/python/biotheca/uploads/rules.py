"""How a file is cut into parts, what a part request must look like, which S3 event is newer. Pure."""

from __future__ import annotations

import math
import re

from biotheca.errors import BiothecaError, Finding

MEBIBYTE = 1024**2
SMALLEST_PART_BYTES = 64 * MEBIBYTE
LARGEST_PART_BYTES = 5 * 1024**3
MOST_PARTS = 10_000
PARTS_AIMED_AT = 9_900  # leaves room below S3's 10,000
LARGEST_FILE_BYTES = MOST_PARTS * LARGEST_PART_BYTES
LINKS_PER_CALL = 100
PART_LINK_VALID_S = 3600
DOWNLOAD_LINK_VALID_S = 900
CONTROLLED_LINK_VALID_S = 60  # a download that has begun goes on; what begins later asks anew

IDLE_DAYS = 7  # an upload without news for so long is given up
TOUCH_S = 3600  # how exactly the last news of an upload is known
FILES_PER_CALL = 100
COPIES_PER_CALL = 300  # parts of an earlier upload that one completion takes over; a call may last 29 s
CREDENTIALS_VALID_S = 3600  # AWS ends the session of a role that was assumed by a role after an hour

_SHA256 = re.compile(r"[A-Za-z0-9+/]{43}=")


class PartRefused(BiothecaError):
    """A part that does not fit its upload."""

    rule = "uploads.part"


class PartsMissing(BiothecaError):
    """An upload cannot be completed yet."""

    rule = "uploads.incomplete"

    def __init__(self, message: str, findings: list[Finding]) -> None:
        super().__init__(message, findings=[f.as_dict() for f in findings])


def part_size_bytes(size_bytes: int, smallest: int = SMALLEST_PART_BYTES) -> int:
    """Bytes of each part but the last: at least `smallest` (64 MiB), whole MiB, at most about 9,900 parts.

    >>> part_size_bytes(1) == 64 * MEBIBYTE
    True
    >>> part_count(50 * 10**12) <= MOST_PARTS
    True
    """
    wanted = math.ceil(size_bytes / PARTS_AIMED_AT)
    return min(LARGEST_PART_BYTES, max(smallest, math.ceil(wanted / MEBIBYTE) * MEBIBYTE))


def part_count(size_bytes: int, step: int = 0) -> int:
    """How many parts of `step` bytes a file has; an empty file has none and is refused elsewhere."""
    return math.ceil(size_bytes / (step or part_size_bytes(size_bytes)))


def size_of_part(size_bytes: int, number: int, step: int = 0) -> int:
    """Bytes of the n-th part (1, 2 ...) of a file.

    >>> size_of_part(64 * MEBIBYTE + 5, 2)
    5
    """
    step = step or part_size_bytes(size_bytes)
    return min(step, size_bytes - (number - 1) * step)


def check_part(size_bytes: int, number: int, declared_bytes: int, sha256: str, step: int = 0) -> None:
    """PartRefused unless number, length and digest of a requested part fit the file."""
    count = part_count(size_bytes, step)
    if not 1 <= number <= count:
        raise PartRefused(f"Part {number} does not exist: the file has parts 1 to {count}.")
    expected = size_of_part(size_bytes, number, step)
    if declared_bytes != expected:
        raise PartRefused(f"Part {number} must have {expected} bytes, not {declared_bytes}.")
    check_sha256(sha256, f"part {number}")


def check_sha256(sha256: str, of: str) -> None:
    """PartRefused unless a digest is base64 of 32 bytes, as S3 writes it."""
    if not _SHA256.fullmatch(sha256):
        raise PartRefused(f"The SHA-256 of {of} must be base64 of 32 bytes (44 characters).")


def missing_parts(size_bytes: int, held: dict[int, int], step: int = 0) -> list[int]:
    """Numbers of the parts that S3 lacks or holds in another size; `held` is number -> bytes."""
    count = part_count(size_bytes, step)
    return [n for n in range(1, count + 1) if held.get(n) != size_of_part(size_bytes, n, step)]


def is_newer(sequencer: str | None, known: str | None) -> bool:
    """Whether an S3 event is newer than the one noted: hexadecimal, compared after padding to equal length.

    >>> is_newer("0AB", "9")
    True
    >>> is_newer("9", "9")
    False
    """
    if not known:
        return True
    width = max(len(sequencer or ""), len(known))
    return (sequencer or "").upper().rjust(width, "0") > known.upper().rjust(width, "0")
