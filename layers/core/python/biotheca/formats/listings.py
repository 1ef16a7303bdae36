"""ZIP and 7-Zip by their lists of contents: names, sizes, ratios. Nothing is unpacked. tar goes by: archives.py.

A list is looked at before anybody unpacks by it: names that lead out, members that lie on one another (the trick of
small bombs), and sizes that no data unpack to are refused.
"""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise
from pathlib import PurePosixPath

from biotheca.formats.by_offset import OffsetCheck, Wrong

MOST_MEMBERS = 100_000
MOST_RATIO = 1_032  # of deflate, at its best
GRACE_BYTES = 100 * 1024 * 1024
MOST_UNPACKED_BYTES = 50 * 1024**4
_LINK = 0o120000


def is_safe(name: str) -> bool:
    """Whether a member's name stays below the folder that it is unpacked in, everywhere.

    >>> is_safe("data/a.csv"), is_safe("../a"), is_safe("C:/a"), is_safe("a\\\\b")
    (True, False, False, False)
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]:
        return False
    return name.isprintable() and len(name) <= 1_000


class ZipCheck(OffsetCheck):
    """Read it once. `lines` are members."""

    format = "ZIP"
    unit = "member"

    def look(self) -> None:
        count, size, at = self._directory()
        if count > MOST_MEMBERS:
            raise Wrong("format_limit", f"it has {count:,} members")
        table = self.bytes_at(at, size, "its list of members")
        place, unpacked, packed = 0, 0, 0
        spans: list[tuple[int, int]] = []
        seen: set[str] = set()
        for _ in range(count):
            if table[place : place + 4] != b"PK\1\2":
                raise Wrong("format_broken", f"member {self.lines + 1} of its list is none")
            (made, flags, few, many, name_size, extra, comment, attributes, offset) = struct.unpack_from(
                "<4xHxxHxxxxxxxxxxIIHHHxxxxII", table, place
            )
            raw = table[place + 46 : place + 46 + name_size]
            few, many, offset = _wide(table[place + 46 + name_size :][:extra], few, many, offset)
            place += 46 + name_size + extra + comment
            self.lines += 1
            name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
            self._member(name, flags, made >> 8 == 3 and attributes >> 16 & 0o170000 == _LINK, name in seen)
            seen.add(name)
            unpacked, packed = unpacked + many, packed + few
            spans.append((offset, offset + 30 + name_size + few))
        spans.sort()
        if any(end > start for (_, end), (start, _) in pairwise(spans)) or (spans and spans[-1][1] > at):
            raise Wrong("archive_ratio", "members lie on one another")
        if unpacked > MOST_UNPACKED_BYTES or unpacked > max(GRACE_BYTES, MOST_RATIO * packed):
            raise Wrong("archive_ratio", f"{packed:,} bytes say that they unpack to {unpacked:,}")

    def _directory(self) -> tuple[int, int, int]:
        """Members, size and place of the list. Raises Wrong."""
        size = self._ends.size_bytes
        tail = self.bytes_at(max(0, size - 66_000), min(66_000, size), "its end")
        found = tail.rfind(b"PK\5\6")
        if found < 0 or len(tail) < found + 22:
            raise Wrong("format_cut", "its list of members is missing")
        count, length, at, comment = struct.unpack_from("<10xHIIH", tail, found)
        if found + 22 + comment != len(tail):
            raise Wrong("format_broken", "bytes follow its end")
        end = size - len(tail) + found
        locator = self._ends.at(end - 20, 20) if end >= 20 else None
        if locator and locator[:4] == b"PK\6\7":  # ZIP64, which writers use with small archives, too
            (end,) = struct.unpack_from("<8xQ", locator)
            record = self.bytes_at(end, 56, "its list of members")
            if record[:4] != b"PK\6\6":
                raise Wrong("format_broken", "its list of members cannot be found")
            count, length, at = struct.unpack_from("<32xQQQ", record)
        if at + length != end:
            raise Wrong("format_broken", "its list of members is not where it says")
        return count, length, at

    def _member(self, name: str, flags: int, link: bool, twice: bool) -> None:
        self.member(name)
        if flags & 1:
            raise Wrong("archive_encrypted", "members are protected by a password")
        for code, wrong in (("member_name", not is_safe(name)), ("member_link", link), ("member_twice", twice)):
            if wrong:
                self.add(code, self.lines, value=name.encode("ascii", "backslashreplace"))


def _wide(extra: bytes, few: int, many: int, offset: int) -> tuple[int, int, int]:
    """Sizes and place of ZIP64 where 32 bits do not hold them (4.5.3 of the specification)."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{size // 8}Q", extra, at + 4))
            many = next(values, many) if many == 0xFFFFFFFF else many
            few = next(values, few) if few == 0xFFFFFFFF else few
            offset = next(values, offset) if offset == 0xFFFFFFFF else offset
        at += 4 + size
    return few, many, offset


class SevenZipCheck(OffsetCheck):
    """The outer headers of 7-Zip: they are whole and lie where they say. Names are packed and are not read."""

    format = "7-Zip"

    def look(self) -> None:
        head = self.bytes_at(0, 32, "the header")
        if head[:6] != b"7z\xbc\xaf\x27\x1c":
            raise Wrong("format_broken", "it does not begin as 7-Zip does")
        checked, offset, size, told = struct.unpack_from("<IQQI", head, 8)
        if zlib.crc32(head[12:32]) != checked:
            raise Wrong("format_broken", "its header has another check sum than it says")
        if 32 + offset + size != self._ends.size_bytes:
            raise Wrong("format_cut", f"it should have {32 + offset + size:,} bytes and has {self._ends.size_bytes:,}")
        if size > MOST_MEMBERS * 1_000:
            raise Wrong("format_limit", f"its list of members has {size:,} bytes")
        if zlib.crc32(self.bytes_at(32 + offset, size, "its list of members")) != told:
            raise Wrong("format_broken", "its list of members has another check sum than it says")
        self.warn("archive_unlisted", 0)
