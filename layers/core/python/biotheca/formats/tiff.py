"""TIFF and BigTIFF by their directories; no pixel is unpacked."""

from __future__ import annotations

import struct

from biotheca.formats.by_offset import OffsetCheck, Wrong

MOST_IMAGES = 100_000
MOST_TAGS = 4_096
MOST_SIDE = 10_000_000
MOST_PIXELS = 10**13

Tags = dict[int, tuple[int, int, bytes]]  # tag -> type, count, value or place


class TiffCheck(OffsetCheck):
    """TIFF 6.0 and BigTIFF: every directory of the chain is read, sides are bounded, data lie within the file."""

    format = "TIFF"

    def look(self) -> None:
        head = self.bytes_at(0, 8, "the header")
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or struct.unpack(order + "H", head[2:4])[0] not in (42, 43):
            raise Wrong("format_broken", "it does not begin as TIFF does")
        self._order, self._big = order, struct.unpack(order + "H", head[2:4])[0] == 43
        (at,) = self.unpacked(order + ("Q" if self._big else "I"), 8 if self._big else 4, "the header")
        seen: set[int] = set()
        while at:
            if at in seen:
                raise Wrong("format_broken", "its images follow one another in a circle")
            seen.add(at)
            self.lines += 1
            if self.lines > MOST_IMAGES:
                raise Wrong("format_limit", f"it has more than {MOST_IMAGES:,} images")
            at = self._directory(at)
        if not self.lines:
            raise Wrong("format_broken", "it has no image")

    def _directory(self, at: int) -> int:
        """Look at one image; where the next one is."""
        what = f"image {self.lines}"
        entry, counter, value = (20, "Q", "Q") if self._big else (12, "H", "I")
        (count,) = self.unpacked(self._order + counter, at, what)
        if not 0 < count <= MOST_TAGS:
            raise Wrong("format_limit", f"{what} has {count:,} tags")
        at += struct.calcsize(counter)
        table = self.bytes_at(at, count * entry, what)
        tags = {}
        for n in range(count):
            row = table[n * entry : (n + 1) * entry]
            tag, kind, many = struct.unpack(self._order + "HH" + value, row[: entry - struct.calcsize(value)])
            tags[tag] = (kind, many, row[entry - struct.calcsize(value) :])
        self._image(tags, what)
        (following,) = self.unpacked(self._order + value, at + count * entry, what)
        return int(following)

    def _image(self, tags: Tags, what: str) -> None:
        width, height = (self._numbers(tags, tag, what, 1) for tag in (256, 257))
        if not width or not height or not 0 < width[0] <= MOST_SIDE or not 0 < height[0] <= MOST_SIDE:
            raise Wrong("format_limit", f"{what} has sides that no image has: {width} x {height}")
        if width[0] * height[0] > MOST_PIXELS:
            raise Wrong("format_limit", f"{what} has {width[0] * height[0]:,} pixels")
        for places, sizes in ((273, 279), (324, 325)):
            if places in tags and sizes in tags:
                offsets, lengths = self._numbers(tags, places, what), self._numbers(tags, sizes, what)
                if len(offsets) != len(lengths):
                    raise Wrong("format_broken", f"{what} has {len(offsets)} places of data and {len(lengths)} sizes")
                ends = max((o + n for o, n in zip(offsets, lengths, strict=True)), default=0)
                if ends > self._ends.size_bytes:
                    size = self._ends.size_bytes
                    raise Wrong("format_cut", f"{what} has data up to byte {ends:,}; the file has {size:,}")
                return
        raise Wrong("format_broken", f"{what} says nothing of where its data lie")

    def _numbers(self, tags: Tags, tag: int, what: str, most: int = 10_000_000) -> list[int]:
        kind, many, inline = tags.get(tag, (0, 0, b""))
        letter = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(kind)
        if letter is None:
            return []
        if many > most:
            raise Wrong("format_limit", f"{what} has {many:,} values where {most:,} are read")
        form = f"{self._order}{many}{letter}"
        size = struct.calcsize(form)
        if size <= len(inline):
            return list(struct.unpack(form, inline[:size]))
        (offset,) = struct.unpack(self._order + ("Q" if self._big else "I"), inline)
        return list(struct.unpack(form, self.bytes_at(offset, size, what)))
