"""mzML (HUPO-PSI, 1.1): well-formed, counted, its index and check sum held against its bytes. No DTD is ever read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from xml.parsers import expat

from biotheca.formats.defects import Tally

MOST_DEPTH = 100
_SUM_TAG = b"<fileChecksum>"


class MzmlCheck(Tally):
    """Read it once. `lines` are spectra."""

    unit = "spectrum"

    def __init__(self, keep: int = 100) -> None:
        super().__init__(keep)
        self.lines = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._no_dtd
        self._parser.EntityDeclHandler = self._no_dtd
        self._depth = 0
        self._root = ""
        self._told: int | None = None  # count of spectrumList
        self._texts: dict[str, str] = {}
        self._at = ""
        self._index_at: int | None = None
        self._sum, self._rest, self._summed = hashlib.sha1(usedforsecurity=False), b"", False

    def read(self, pieces: Iterable[bytes]) -> None:
        """The whole document. What `pieces` raises passes."""
        try:
            for piece in pieces:
                self._add(piece)
                self._parser.Parse(piece, False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as fault:
            cut = fault.code in _ENDS_EARLY
            reason = f"{expat.ErrorString(fault.code)} (line {fault.lineno})"
            self.stop("format_cut" if cut else "format_broken", 0, format="mzML", reason=reason)
        except _Refused as fault:
            self.stop("format_broken", 0, format="mzML", reason=str(fault))

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before it."""
        if self.stopped or not whole:
            return
        if self._told is not None and self._told != self.lines:
            self.add("format_broken", 0, format="mzML", reason=f"it says {self._told:,} spectra and has {self.lines:,}")
        if self._root != "indexedmzML":
            return self.add("format_unindexed", 0, format="mzML")
        told = self._texts.get("fileChecksum", "").strip().lower()
        if told != self._sum.hexdigest():
            self.add("format_checksum", 0, actual=self._sum.hexdigest(), expected=told[:60])
        offset = self._texts.get("indexListOffset", "").strip()
        if not offset.isdigit() or int(offset) != self._index_at:
            self.add("format_broken", 0, format="mzML", reason="indexListOffset does not lead to the index")

    def _add(self, piece: bytes) -> None:
        """SHA-1 of everything up to and with the tag of the check sum."""
        if self._summed:
            return
        data = self._rest + piece
        found = data.find(_SUM_TAG)
        if found >= 0:
            self._sum.update(data[: found + len(_SUM_TAG)])
            self._summed = True
            return
        self._sum.update(data[: -len(_SUM_TAG)])
        self._rest = data[-len(_SUM_TAG) :]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise _Refused(f"elements lie more than {MOST_DEPTH} deep")
        self._at = tag
        if self._depth == 1:
            self._root = tag
            if tag not in ("mzML", "indexedmzML"):
                raise _Refused(f"its first element is {tag[:40]!r}, not mzML")
        elif tag == "spectrum":
            self.lines += 1
        elif tag == "spectrumList":
            count = attributes.get("count", "")
            self._told = int(count) if count.isdigit() and len(count) < 12 else -1
        elif tag == "indexList":
            self._index_at = self._parser.CurrentByteIndex

    def _end(self, _tag: str) -> None:
        self._depth -= 1
        self._at = ""

    def _text(self, data: str) -> None:
        if self._at in ("fileChecksum", "indexListOffset"):
            self._texts[self._at] = (self._texts.get(self._at, "") + data)[:200]

    def _no_dtd(self, *_: Any) -> None:
        raise _Refused("it declares a document type or entities")


class _Refused(Exception):
    pass


_ENDS_EARLY = {
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}
