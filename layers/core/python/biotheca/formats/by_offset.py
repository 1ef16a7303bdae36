"""Formats whose parts are found by offset: their common ground, and FCS. Others: hdf5.py, tiff.py, listings.py.

Only the beginning and the end of a file are kept (ends.py), so that memory is bounded whatever a file says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from biotheca.formats.defects import Tally
from biotheca.formats.ends import Ends

MOST_TEXT_BYTES = 8 * 1024 * 1024


class Wrong(Exception):
    """`code` and `reason` of what makes a file unreadable, or unseen."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class OffsetCheck(Tally):
    """Read it once, to its end. `lines` are parts: events, groups, images."""

    format = ""

    def __init__(self, keep: int = 100) -> None:
        super().__init__(keep)
        self.lines = 0
        self._ends = Ends()

    def read(self, pieces: Iterable[bytes]) -> None:
        """Every piece. What `pieces` raises passes."""
        for piece in pieces:
            self._ends.feed(piece)

    def finish(self, whole: bool = True) -> None:
        """The end, where everything is looked at. `whole` is False if the container broke before it."""
        if not whole:
            return
        try:
            self.look()
        except Wrong as fault:
            self.add(fault.code, 0, format=self.format, reason=str(fault))
        except (struct.error, ValueError, IndexError, OverflowError):
            self.add("format_broken", 0, format=self.format, reason="a part is not of the form that it should have")

    def look(self) -> None:
        """Raise Wrong for what is at fault."""
        raise NotImplementedError

    def bytes_at(self, offset: int, count: int, what: str) -> bytes:
        """The bytes there. Raises Wrong if the file ends before, or if they were not kept."""
        if offset < 0 or offset + count > self._ends.size_bytes:
            raise Wrong(
                "format_cut", f"{what} should lie at bytes {offset:,} to {offset + count - 1:,}, beyond its end"
            )
        found = self._ends.at(offset, count)
        if found is None:
            raise Wrong("format_unseen", f"{what} lies in the middle of a large file")
        return found

    def unpacked(self, form: str, offset: int, what: str) -> tuple[Any, ...]:
        """Numbers at an offset."""
        return struct.unpack(form, self.bytes_at(offset, struct.calcsize(form), what))


class FcsCheck(OffsetCheck):
    """FCS 2.0 to 3.1 (ISAC): its offsets lead into the file, TEXT has what DATA needs, DATA is as long."""

    format = "FCS"

    def look(self) -> None:
        head = self.bytes_at(0, 58, "the header")
        if head[:6] not in (b"FCS2.0", b"FCS3.0", b"FCS3.1", b"FCS3.2"):
            raise Wrong("format_broken", "it does not begin with FCS2.0 to FCS3.2")
        text_first, text_last, first, last = (int(head[at : at + 8].strip() or b"0") for at in (10, 18, 26, 34))
        if not 58 <= text_first < text_last or text_last - text_first >= MOST_TEXT_BYTES:
            raise Wrong("format_broken", f"TEXT cannot lie at bytes {text_first} to {text_last}")
        words = _keywords(self.bytes_at(text_first, text_last - text_first + 1, "TEXT"))
        missing = [name for name in ("$PAR", "$DATATYPE", "$MODE", "$BYTEORD") if name not in words]
        if missing:
            raise Wrong("format_broken", f"TEXT lacks {', '.join(missing)}")
        if (first, last) == (0, 0):
            first, last = int(words.get("$BEGINDATA", "0")), int(words.get("$ENDDATA", "0"))
        self._data(words, first, last)

    def _data(self, words: dict[str, str], first: int, last: int) -> None:
        parameters = int(words["$PAR"])
        if not 0 < parameters <= 10_000:
            raise Wrong("format_limit", f"it has {parameters:,} parameters")
        if last >= self._ends.size_bytes or not 0 < first <= last:
            size = self._ends.size_bytes
            raise Wrong("format_cut", f"DATA should lie at bytes {first:,} to {last:,}; the file has {size:,}")
        bits = [words.get(f"$P{n}B", "") for n in range(1, parameters + 1)]
        if words["$MODE"].strip().upper() != "L" or not all(b.strip().isdigit() for b in bits):
            return  # histograms, and events of other widths: nothing to compare
        event = sum(int(b) for b in bits)
        self.lines = int(words.get("$TOT", "0"))
        needed = -(-self.lines * event // 8)
        if needed > last - first + 1:
            raise Wrong("format_cut", f"{self.lines:,} events need {needed:,} bytes; DATA has {last - first + 1:,}")


def _keywords(text: bytes) -> dict[str, str]:
    """Keyword -> value of a TEXT segment; its first byte is what stands between, doubled where it is meant."""
    mark = text[:1].decode("latin-1")
    words = text[1:].decode("utf-8", "replace").replace(mark * 2, "\0").split(mark)
    if len(words) > 200_000:
        raise Wrong("format_limit", "TEXT has more than 100,000 keywords")
    pairs = zip(words[::2], words[1::2], strict=False)
    return {name.strip().upper().replace("\0", mark): value.replace("\0", mark) for name, value in pairs}
