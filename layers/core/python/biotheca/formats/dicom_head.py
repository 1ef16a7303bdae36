"""DICOM Part 10 by its head: preamble, DICM, the file meta whole (PS3.10 section 7.1). No value is told.

What stands behind the head is the business of the de-identification, which opens every object: biotheca.formats.dicom.
"""

from __future__ import annotations

import struct

from biotheca.formats.by_offset import OffsetCheck, Wrong

_PREFIX_AT, _FIRST_AT = 128, 132
_META = 0x0002
_TRANSFER_SYNTAX = 0x0010
_MOST_META_BYTES = 64 * 1024  # of the standard's elements the longest is a UID; private information may be added
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


class DicomHead(OffsetCheck):
    """Read it once. `lines` are elements of the file meta."""

    format = "DICOM"

    def look(self) -> None:
        if self._ends.size_bytes < _FIRST_AT or self.bytes_at(_PREFIX_AT, 4, "the prefix") != b"DICM":
            raise Wrong("format_broken", "there is no DICM after a preamble of 128 bytes")
        at, syntax = _FIRST_AT, False
        while self._ends.size_bytes - at >= 8:
            group, element, kind, size = struct.unpack("<HH2sH", self.bytes_at(at, 8, "the file meta"))
            if group != _META:
                break
            at += 8
            if kind in _LONG:
                (size,) = self.unpacked("<I", at, "the file meta")
                at += 4
            if at + size > _FIRST_AT + _MOST_META_BYTES:
                raise Wrong("format_limit", f"its file meta has more than {_MOST_META_BYTES:,} bytes")
            self.bytes_at(at, size, "the file meta")
            syntax |= element == _TRANSFER_SYNTAX and size > 0
            at += size
            self.lines += 1
        if not syntax:
            raise Wrong("format_broken", "its file meta names no transfer syntax (0002,0010)")
        if at >= self._ends.size_bytes:
            raise Wrong("format_cut", "nothing follows its file meta")
