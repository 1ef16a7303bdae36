"""One gzip member (RFC 1952): header, deflate data, trailer. BGZF is the same with a `BC` extra field.

Raw deflate is decoded with zlib and the frame is read here, because zlib's own gzip reader cannot
tell a missing trailer from a cut stream, nor a wrong CRC from a wrong size.
"""

from __future__ import annotations

import importlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from biotheca.formats.faults import (
    ChecksumIsWrong,
    Meter,
    SizeIsWrong,
    StreamIsDamaged,
    StreamIsTruncated,
    TrailerIsMissing,
)
from biotheca.formats.source import Source

_FHCRC, _FEXTRA, _FNAME, _FCOMMENT, _RESERVED = 0x02, 0x04, 0x08, 0x10, 0xE0
_MAX_TEXT_BYTES = 64 * 1024  # of a stored file name or comment


try:
    # By its name: functions check no files, and their layers do without it.
    _igzip: Any = importlib.import_module("isal.isal_zlib")
except ImportError:
    _igzip = None

# One phrase for all inflaters: which of two defects is met first depends on how far each looks ahead.
_REASON = "the compressed data are invalid"

# What unpacks deflate, the faster first. Both answer alike; of a stream that breaks off, igzip may lack the last byte.
INFLATERS: dict[str, Any] = ({"igzip": _igzip} if _igzip else {}) | {"zlib": zlib}


def is_bgzf(head: bytes) -> bool:
    """Whether a member that starts with `head` is a BGZF block (SAM spec 4.1): a `BC` subfield of two bytes."""
    if len(head) < 18 or not head[3] & _FEXTRA:
        return False
    return _has_bc(head[12 : 12 + struct.unpack_from("<H", head, 10)[0]])


def _has_bc(extra: bytes) -> bool:
    at = 0
    while at + 4 <= len(extra):
        length = struct.unpack_from("<H", extra, at + 2)[0]
        if extra[at : at + 2] == b"BC" and length == 2:
            return True
        at += 4 + length
    return False


class Member:
    """The member at the cursor of `source`. After `pieces()`: `bgzf` and `size_bytes` (decoded) are known."""

    def __init__(self, source: Source, number: int, meter: Meter, inflater: str | None = None) -> None:
        self._library = INFLATERS[inflater or next(iter(INFLATERS))]
        self._source = source
        self._number = number
        self._meter = meter
        self._header = bytearray()
        self.bgzf = False
        self.size_bytes = 0

    def pieces(self, output_bytes: int) -> Iterator[bytes]:
        """Decoded bytes, then the trailer's proof of them. Raises a ContainerFault."""
        self._read_header()
        inflater = self._library.decompressobj(-zlib.MAX_WBITS)
        crc = 0
        while not inflater.eof:
            data = self._source.some()
            if not data:
                raise StreamIsTruncated(**self._place())
            for piece in self._inflate(inflater, data, output_bytes):
                crc = self._library.crc32(piece, crc)
                self.size_bytes += len(piece)
                # Input that waits inside the inflater has not been unpacked yet.
                self._meter.add(len(piece), self._source.offset - len(inflater.unconsumed_tail))
                yield piece
        self._source.give_back(inflater.unused_data)
        self._check_trailer(crc)

    def _inflate(self, inflater: Any, data: bytes, output_bytes: int) -> Iterator[bytes]:
        while True:
            try:
                piece = inflater.decompress(data, output_bytes)
            except self._library.error as fault:
                raise StreamIsDamaged(**self._place(), reason=_REASON) from fault
            data = inflater.unconsumed_tail
            if piece:
                yield piece
            # A full piece with no tail may still have output waiting inside zlib.
            if inflater.eof or (not data and len(piece) < output_bytes):
                return

    def _check_trailer(self, crc: int) -> None:
        trailer = self._source.take(8)
        if len(trailer) < 8:
            raise TrailerIsMissing(**self._place(), present_bytes=len(trailer))
        stored_crc, stored_size = struct.unpack("<II", trailer)
        if stored_crc != crc:
            raise ChecksumIsWrong(**self._place(), expected=f"{stored_crc:08x}", actual=f"{crc:08x}")
        if stored_size != self.size_bytes & 0xFFFFFFFF:
            raise SizeIsWrong(**self._place(), expected=stored_size, actual=self.size_bytes & 0xFFFFFFFF)

    def _read_header(self) -> None:
        fixed = self._need(10)
        method, flags = fixed[2], fixed[3]
        if method != 8 or flags & _RESERVED:
            raise StreamIsDamaged(**self._place(), reason="the gzip header is not of RFC 1952")
        if flags & _FEXTRA:
            extra = self._need(struct.unpack("<H", self._need(2))[0])
            self.bgzf = _has_bc(extra)
        for flag in (_FNAME, _FCOMMENT):
            if flags & flag:
                self._skip_text()
        if flags & _FHCRC:
            expected = zlib.crc32(self._header) & 0xFFFF
            if struct.unpack("<H", self._need(2))[0] != expected:
                raise StreamIsDamaged(**self._place(), reason="the check sum of the gzip header is wrong")

    def _need(self, count: int) -> bytes:
        data = self._source.take(count)
        if len(data) < count:
            raise StreamIsTruncated(**self._place())
        self._header += data
        return data

    def _skip_text(self) -> None:
        for _ in range(_MAX_TEXT_BYTES):
            if self._need(1) == b"\0":
                return
        raise StreamIsDamaged(**self._place(), reason="a text in the gzip header has no end")

    def _place(self) -> dict[str, Any]:
        return {"offset": self._source.offset, "member": self._number}
