"""What can be wrong with a container, one class a fact, and the limits of unpacking. How it is told: see qc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class ContainerFault(Exception):
    """The file itself is at fault. `facts` hold at least `offset`, bytes from its start as stored."""

    code = "stream_damaged"

    def __init__(self, **facts: Any) -> None:
        super().__init__(f"{type(self).__name__}: {facts}")
        self.facts = facts


class FileIsEmpty(ContainerFault):
    code = "file_empty"


class ContainerIsRefused(ContainerFault):
    """A wrapping that we know by name and do not take. `container` names it."""

    code = "container_refused"


class StreamIsTruncated(ContainerFault):
    """The bytes end in the middle of member `member` (counted from 1)."""

    code = "stream_truncated"


class TrailerIsMissing(ContainerFault):
    """All data of the last member is there, but not its eight bytes of CRC and size (RFC 1952, 2.3.1)."""

    code = "trailer_missing"


class StreamIsDamaged(ContainerFault):
    """The compressed data cannot be decoded. `reason` says what the decoder met."""

    code = "stream_damaged"


class ChecksumIsWrong(ContainerFault):
    """CRC-32 of the decoded bytes (`actual`) is not the one in the trailer (`expected`)."""

    code = "stream_checksum"


class SizeIsWrong(ContainerFault):
    """The number of decoded bytes modulo 2^32 (`actual`) is not the one in the trailer (`expected`)."""

    code = "stream_size"


class GarbageAfterLastMember(ContainerFault):
    """Bytes other than zero after the last member."""

    code = "trailing_garbage"


class UnpacksTooFar(ContainerFault):
    """A decompression bomb, or data that no sequencer makes. `decoded_bytes` were unpacked so far."""

    code = "unpacks_too_far"


@dataclass(frozen=True)
class Limits:
    """How far a file may unpack. Reads shrink 3 to 20 times; deflate ends at 1,032, bzip2 knows no end.

    The ratio counts only beyond `grace_bytes`, so that small files of one repeated letter stay legal. What is unpacked
    must also be looked at, line by line: the grace bounds the seconds that a bomb can cost.
    """

    max_ratio: int = 200
    grace_bytes: int = 8 * 1024**2
    max_decoded_bytes: int = 64 * 1024**4


class Meter:
    """Counts decoded bytes of a whole file against its limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.decoded_bytes = 0

    def add(self, count: int, offset: int) -> None:
        """`count` more bytes came out after `offset` bytes went in. Raises UnpacksTooFar."""
        self.decoded_bytes += count
        limits = self._limits
        allowed = min(max(limits.grace_bytes, limits.max_ratio * offset), limits.max_decoded_bytes)
        if self.decoded_bytes > allowed:
            raise UnpacksTooFar(offset=offset, decoded_bytes=self.decoded_bytes, allowed_bytes=allowed)
