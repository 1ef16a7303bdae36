"""CRAM 2.1, 3.0 and 3.1 (CRAM specification, 7 and 8): containers and blocks one behind the other, as the bytes pass.

Lengths, check sums of headers and blocks (from 3.0 on), the header's rules and the end container are looked at here, in
one pass and without a reference. What is inside the blocks: htslib, in a process of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from biotheca.formats.containers import content_of
from biotheca.formats.defects import Tally
from biotheca.formats.htslib import Deep, Htslib
from biotheca.formats.sam_header import SamHeader
from biotheca.formats.source import Source

_VERSIONS = {(2, 1), (3, 0), (3, 1)}
_END_START = 4542278  # "EOF", where an alignment would start
_MAX_BLOCK_BYTES = 512 * 1024 * 1024
_MAX_HEADER_BYTES = 64 * 1024 * 1024
_METHODS = range(9)  # raw, gzip, bzip2, lzma, rANS 4x8; from 3.1 on rANS Nx16, arithmetic, fqzcomp, names


class _Broken(Exception):
    """Nothing more can be read: code and facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True)
class _Container:
    """A container's header. `bytes` is the length of its blocks."""

    bytes: int
    reference: int
    start: int
    records: int
    bases: int
    blocks: int

    @property
    def is_end(self) -> bool:
        return self.reference == -1 and self.start == _END_START and not self.records


class CramCheck(Tally):
    """Read it once. A container is told by its number, counted from 1; the file's header is container 1.

    `reads` and `bases` are those that the containers' headers declare, secondary records among them; where htslib is
    there, `reads` are the primary records that it decoded. `deep` is what it said, None if it is not installed.
    """

    unit = "container"

    def __init__(self, keep: int = 100, deep: bool = True) -> None:
        super().__init__(keep)
        self._deep = Htslib("cram") if deep and Htslib.installed() else None
        self.deep: Deep | None = None
        self.header = SamHeader(b"")
        self.lines = 0
        self._ended = False
        self._major = 3

    def read(self, pieces: Iterable[bytes]) -> None:
        """All bytes of the file. What `pieces` raises passes."""
        source = Source(self._passed_on(pieces))
        try:
            self._walk(source)
        except _Broken as broken:
            self.stop(broken.code, self.lines + 1, **broken.facts)
        finally:
            if self._deep:
                self.deep = self._deep.finish(useful=not self.stopped)

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the bytes broke off before it."""
        if self.stopped or not whole:
            return
        if not self._ended:
            self.add("end_missing", 0)
        if not self.reads:
            self.add("no_reads", 0)
        if self.deep is None:
            self.warn("not_decoded", 0)
        elif self.deep.fault:
            if not any(code.startswith("cram_") and code != "cram_no_md5" for code in self.counted):
                self.add("htslib", 0, reason=self.deep.fault, records=self.deep.records)
        else:
            self.reads = self.deep.reads

    def _passed_on(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if self._deep:
                self._deep.feed(piece)
            yield piece

    def _walk(self, source: Source) -> None:
        head = source.take(26)
        if head[:4] != b"CRAM":
            self.stop("content_is_other", 0, content=content_of(head) or "something unknown", format="CRAM")
            return
        if len(head) < 26:
            raise _Broken("cram_cut", offset=len(head))
        if (head[4], head[5]) not in _VERSIONS:
            raise _Broken("cram_version", value=f"{head[4]}.{head[5]}")
        self._major = head[4]
        while source.peek(1):
            container = self._container_header(source)
            self._ended = container.is_end  # files that were joined have one inside too
            self._blocks(source, container)
            if container.is_end:
                continue
            self.lines += 1
            self.reads += container.records
            self.bases += container.bases

    def _container_header(self, source: Source) -> _Container:
        raw = bytearray(self._take(source, 4))
        size = int.from_bytes(raw, "little", signed=True)
        numbers = [self._itf8(source, raw) for _ in range(4)]  # reference, start, span, records
        long = self._ltf8 if self._major >= 3 else self._itf8
        long(source, raw)  # records before this container
        bases = self._ltf8(source, raw)
        blocks, marks = self._itf8(source, raw), self._itf8(source, raw)
        if size < 0 or blocks < 0 or not 0 <= marks <= 1_000_000 or numbers[3] < 0:
            raise _Broken("cram_container", reason="a length in its header is impossible")
        for _ in range(marks):
            self._itf8(source, raw)
        self._check(source, raw, "its header")
        return _Container(size, numbers[0], numbers[1], numbers[3], bases, blocks)

    def _check(self, source: Source, data: bytes | bytearray, what: str) -> None:
        """Compare the CRC-32 that follows `data`, which version 2 has not."""
        if self._major < 3:
            return
        expected = int.from_bytes(self._take(source, 4), "little")
        if zlib.crc32(data) != expected:
            told = {"expected": f"{expected:08x}", "actual": f"{zlib.crc32(data):08x}"}
            self.add("cram_checksum", self.lines + 1, what=what, **told)

    def _blocks(self, source: Source, container: _Container) -> None:
        end = source.offset + container.bytes
        for number in range(1, container.blocks + 1):
            self._block(source, number, end, is_header=self.lines == 0 and number == 1)
        if source.offset > end:
            raise _Broken("cram_container", reason="its blocks are longer than itself")
        if self.lines == 0:
            self._take(source, end - source.offset)  # room that is left for a longer header
        elif source.offset != end:
            raise _Broken("cram_container", reason="its blocks are shorter than itself")

    def _block(self, source: Source, number: int, end: int, is_header: bool) -> None:
        raw = bytearray(self._take(source, 2))
        method, kind = raw[0], raw[1]
        self._itf8(source, raw)
        size, plain_size = self._itf8(source, raw), self._itf8(source, raw)
        if method not in _METHODS or not 0 <= size <= _MAX_BLOCK_BYTES or plain_size < 0 or source.offset + size > end:
            raise _Broken("cram_container", reason=f"the header of block {number} is impossible")
        if method == 0 and size != plain_size:
            raise _Broken("cram_container", reason=f"block {number} is not compressed but has two lengths")
        data = self._take(source, size)
        self._check(source, raw + data, f"block {number}")
        if is_header:
            if kind != 0 or method not in (0, 1):
                raise _Broken("cram_container", reason="its first block is no header that can be read")
            self._take_header(data if method == 0 else self._unpacked(data))

    def _unpacked(self, data: bytes) -> bytes:
        try:
            return zlib.decompressobj(31).decompress(data, _MAX_HEADER_BYTES)
        except zlib.error as fault:
            raise _Broken("cram_container", reason="its first block cannot be unpacked") from fault

    def _take_header(self, data: bytes) -> None:
        size = int.from_bytes(data[:4], "little", signed=True)
        if not 0 <= size <= len(data) - 4:
            raise _Broken("cram_container", reason=f"its text has {size} bytes")
        self.header = SamHeader(data[4 : 4 + size])
        for code, number, facts in self.header.wrong:
            self.add(code, number, "header line", **facts)
        for line in self.header.of("@SQ"):
            if "M5" not in line.tags:
                self.warn("cram_no_md5", line.number, "header line", value=line.tags.get("SN", ""))

    def _take(self, source: Source, count: int) -> bytes:
        data = source.take(count)
        if len(data) < count:
            raise _Broken("cram_cut", offset=source.offset)
        return data

    # Numbers of CRAM (2.3): the first byte's leading ones say how many bytes follow.

    def _itf8(self, source: Source, raw: bytearray) -> int:
        first = self._take(source, 1)
        more = 4 if first[0] >= 0xF0 else 3 if first[0] >= 0xE0 else 2 if first[0] >= 0xC0 else int(first[0] >= 0x80)
        rest = self._take(source, more)
        raw += first + rest
        if more == 4:  # of the fifth byte only four bits count
            value = (first[0] & 15) << 28 | int.from_bytes(rest[:3], "big") << 4 | rest[3] & 15
        else:
            value = (first[0] & 0xFF >> (more + 1)) << 8 * more | int.from_bytes(rest, "big")
        return value - 2**32 if value >= 2**31 else value

    def _ltf8(self, source: Source, raw: bytearray) -> int:
        first = self._take(source, 1)
        more = next((k for k in range(8) if not first[0] << k & 0x80), 8)
        rest = self._take(source, more)
        raw += first + rest
        value = (first[0] & 0xFF >> (more + 1)) << 8 * more | int.from_bytes(rest, "big")
        return value - 2**64 if value >= 2**63 else value
