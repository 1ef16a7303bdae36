"""Which container a file is in, and its decoded bytes. gzip's members: see gzip_members; the reads inside: see fastq.

Recognition goes by magic number, never by name. Every fault is a class of its own with the place
where it was met; a decoder's silence is not trusted, trailers are compared here.
"""

from __future__ import annotations

import bz2
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from enum import StrEnum
from typing import Any

from biotheca.formats import bgzf, gzip_members, native
from biotheca.formats.faults import (
    ContainerFault,
    ContainerIsRefused,
    FileIsEmpty,
    GarbageAfterLastMember,
    Limits,
    Meter,
    StreamIsDamaged,
    StreamIsTruncated,
)
from biotheca.formats.source import Source

__all__ = ["Container", "ContainerFault", "Decoder", "Limits", "content_of", "recognise"]

_HEAD_BYTES = 512
_OUTPUT_BYTES = 1024 * 1024  # one decoded piece


class Container(StrEnum):
    PLAIN = "plain"
    GZIP = "gzip"
    BGZF = "bgzf"
    BZIP2 = "bzip2"


# Wrappings that the archive does not take. (offset, magic, name)
_REFUSED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"PK\x05\x06", "ZIP"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (0, b"\x04\x22\x4d\x18", "LZ4"),
    (0, b"\x1f\x9d", "compress (.Z)"),
    (0, b"LZIP", "lzip"),
    (0, b"crypt4gh", "Crypt4GH"),
    (257, b"ustar", "tar"),
)
WRAPPINGS = frozenset(name for _, _, name in _REFUSED)

# Contents that are plainly something other than FASTQ.
_CONTENTS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"BAM\x01", "BAM"),
    (0, b"CRAM", "CRAM"),
    (0, b"BCF\x02", "BCF"),
    (0, b"@HD\tVN:", "SAM"),
    (0, b"@SQ\tSN:", "SAM"),
    (0, b"@RG\tID:", "SAM"),
    (0, b"@PG\tID:", "SAM"),
    (0, b">", "FASTA"),
    (0, b"##fileformat=VCF", "VCF"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 (FAST5)"),
    (0, b"\x8bPOD\r\n\x1a\n", "POD5"),
    (0, b"NCBI.sra", "SRA"),
    (0, b".sff", "SFF"),
    (0, b"ABIF", "AB1 trace"),
    (0, b"%PDF", "PDF"),
    (0, b"\xef\xbb\xbf", "text with a byte order mark"),
    (0, b"\xff\xfe", "UTF-16 text"),
    (0, b"\xfe\xff", "UTF-16 text"),
    (0, b"<", "XML or HTML"),
    (0, b"\x1f\x8b", "gzip (compressed twice)"),
    (0, b"BZh", "bzip2 (compressed twice)"),
)


def _named(head: bytes, table: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for at, magic, name in table if head[at : at + len(magic)] == magic), None)


def recognise(head: bytes, taken: frozenset[str] = frozenset()) -> Container:
    """The container of a file from its first 512 bytes. Raises FileIsEmpty, ContainerIsRefused.

    `taken`: wrappings of WRAPPINGS that are the content itself, so plain.

    >>> recognise(b"@read1")
    <Container.PLAIN: 'plain'>
    """
    if not head:
        raise FileIsEmpty(offset=0)
    if head.startswith(b"\x1f\x8b"):
        return Container.BGZF if gzip_members.is_bgzf(head) else Container.GZIP
    if head[:3] == b"BZh" and head[3:4] in b"123456789":
        return Container.BZIP2
    if (name := _named(head, _REFUSED)) and name not in taken:
        raise ContainerIsRefused(offset=0, container=name)
    return Container.PLAIN


def content_of(head: bytes) -> str | None:
    """The name of what decoded bytes are, if that is plainly not FASTQ; None if they may be.

    >>> content_of(b">chr1"), content_of(b"@read1")
    ('FASTA', None)
    """
    return _named(head, _CONTENTS) or _named(head, _REFUSED)


class Decoder:
    """Decodes one file. After `pieces()` is spent: `container`, `members` and `ends_without_block` are final.

    `ends_without_block` is True for a BGZF file that lacks its empty last block (SAM spec 4.1.2):
    whole members, but perhaps not all of them. `inflater` is one of gzip_members.INFLATERS, None for the fastest.
    With two `threads` or more, BGZF is unpacked by so many at once; by the kernel, unless an inflater was named.

    With `pause_every` (stored bytes), `pieces()` ends where it is due and a member ends, anywhere in plain text; then
    `paused` is True, `save` tells the state and `pieces()` gives what follows. One gzip member has no such place.
    `taken` are wrappings that are the content itself: formats that are archives by themselves are unpacked by nobody.
    A decoder of a saved `state` is given the bytes from its "offset" on.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        limits: Limits | None = None,
        inflater: str | None = None,
        threads: int = 1,
        taken: frozenset[str] = frozenset(),
        pause_every: int | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        self._taken = taken
        self._inflater = inflater
        self._threads = threads
        state = state or {}
        self._source = Source(chunks, state.get("offset", 0))
        self._meter = Meter(limits or Limits())
        self._meter.decoded_bytes = state.get("decoded_bytes", 0)
        self.container: Container | None = Container(state["container"]) if state else None
        self.members = state.get("members", 0)
        self.ends_without_block = False
        self._all_bgzf: bool = state.get("all_bgzf", True)
        self._last_size_bytes: int = state.get("last_size_bytes", 0)
        self._pause_every = pause_every
        self._pause_at = self._source.offset + (pause_every or 0)
        self.paused = False

    def save(self) -> dict[str, Any]:
        """The state at a pause."""
        assert self.paused and self.container
        return {
            "offset": self._source.offset,
            "decoded_bytes": self._meter.decoded_bytes,
            "container": str(self.container),
            "members": self.members,
            "all_bgzf": self._all_bgzf,
            "last_size_bytes": self._last_size_bytes,
        }

    def _pauses(self) -> bool:
        """Whether a pause is due here."""
        self.paused = self._is_due(self._source.offset)
        if self.paused and self._pause_every:
            self._pause_at = self._source.offset + self._pause_every
        return self.paused

    def _is_due(self, offset: int) -> bool:
        return self._pause_every is not None and offset >= self._pause_at

    def pieces(self) -> Generator[bytes]:
        """Decoded bytes in pieces of at most 1 MiB. Raises a ContainerFault where the file is at fault."""
        self.paused = False
        if self.container is None:
            self.container = recognise(self._source.peek(_HEAD_BYTES), self._taken)
        if self.container is Container.PLAIN:
            yield from self._plain()
        elif self.container is Container.BZIP2:
            yield from self._bzip2()
        else:
            yield from self._gzip()

    def _plain(self) -> Iterator[bytes]:
        while data := self._source.some():
            yield data
            if self._pauses():
                return

    def _gzip(self) -> Iterator[bytes]:
        while True:
            batches = self._threads > 1 or (self._inflater is None and native.has_kernel())
            if batches and bgzf.starts(self._source.peek(16)):
                yield from self._blocks()
                if self.members and not self._another_member(b"\x1f\x8b"):
                    break
                if self._pauses():
                    return
            self.members += 1
            member = gzip_members.Member(self._source, self.members, self._meter, self._inflater)
            yield from member.pieces(_OUTPUT_BYTES)
            self._all_bgzf, self._last_size_bytes = self._all_bgzf and member.bgzf, member.size_bytes
            if not self._another_member(b"\x1f\x8b"):
                break
            if self._pauses():
                return
        # BGZF with a foreign member glued on is read as any gzip, but cannot be indexed as BGZF.
        self.container = Container.BGZF if self._all_bgzf else Container.GZIP
        self.ends_without_block = self._all_bgzf and self._last_size_bytes > 0

    def _blocks(self) -> Iterator[bytes]:
        """Of BGZF by several threads, until one is in doubt or a pause is due."""
        self._passed_to = self._source.offset
        with closing(bgzf.pieces(self._source, self._meter, self._threads, self._passed)) as pieces:
            for piece in pieces:
                yield piece
                if self._is_due(self._passed_to):
                    return  # what was taken beyond is given back

    def _passed(self, batch: bgzf.Batch) -> None:
        self._passed_to += len(batch.stored)
        self.members += batch.blocks
        self._last_size_bytes = batch.last_bytes

    def _bzip2(self) -> Iterator[bytes]:
        while True:
            self.members += 1
            yield from self._bzip2_stream()
            if not self._another_member(b"BZh") or self._pauses():
                return

    def _bzip2_stream(self) -> Iterator[bytes]:
        stream = bz2.BZ2Decompressor()
        while not stream.eof:
            data = self._source.some() if stream.needs_input else b""
            if stream.needs_input and not data:
                raise StreamIsTruncated(**self._place())
            try:
                piece = stream.decompress(data, _OUTPUT_BYTES)
            except (OSError, ValueError) as fault:  # libbz2 tells no more than "invalid data stream"
                raise StreamIsDamaged(**self._place(), reason="bzip2 data or its check sum is invalid") from fault
            if piece:
                self._meter.add(len(piece), self._source.offset)
                yield piece
        self._source.give_back(stream.unused_data)

    def _another_member(self, magic: bytes) -> bool:
        """Whether a member follows. Zero padding up to the end is harmless; raises GarbageAfterLastMember."""
        head = self._source.peek(len(magic))
        if head and magic.startswith(head):
            return True
        place = self._place()
        while data := self._source.some():
            rest = data.lstrip(b"\0")
            # A member after padding is refused too: gzip ignores it, Python reads it, nobody should guess.
            if rest:
                place["offset"] = self._source.offset - len(rest)
                raise GarbageAfterLastMember(**place, starts_with=rest[:16].hex(" "))
        return False

    def _place(self) -> dict[str, Any]:
        return {"offset": self._source.offset, "member": self.members}
