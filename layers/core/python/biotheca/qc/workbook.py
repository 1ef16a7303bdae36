"""Workbooks (.xlsx) through the file check: read by the reader of metadata workbooks, with its caps."""

from __future__ import annotations

from collections.abc import Iterable

from biotheca.formats.defects import Tally
from biotheca.workbooks.model import Limits, Unreadable

MOST_BYTES = 100 * 1024 * 1024
_LIMITS = Limits(
    stored_bytes=MOST_BYTES,
    part_bytes=1_000_000_000,
    all_parts_bytes=1_200_000_000,
    elements=20_000_000,
    texts_characters=200_000_000,
    rows=1_048_576,
    columns=16_384,
)


class WorkbookCheck(Tally):
    """Read it once. `lines` are rows of its first sheet."""

    unit = "row"

    def __init__(self, keep: int = 100) -> None:
        super().__init__(keep)
        self.lines = 0
        self._body = bytearray()

    def read(self, pieces: Iterable[bytes]) -> None:
        """Every piece, up to the limit. What `pieces` raises passes."""
        for piece in pieces:
            self._body += piece
            if len(self._body) > MOST_BYTES:
                self._body.clear()
                reason = f"a workbook has at most {MOST_BYTES:,} bytes; send a table as text"
                self.stop("format_limit", 0, reason=reason)
                return

    def finish(self, whole: bool = True) -> None:
        """The end, where it is read."""
        if self.stopped or not whole:
            return
        from biotheca.workbooks.sheets import read_workbook

        try:
            sheets = read_workbook(bytes(self._body), _LIMITS)
        except Unreadable as fault:
            self.add("format_broken", 0, format="workbook", reason=fault.message.rstrip("."))
            return
        self.lines = len(sheets[0].rows) if sheets else 0
        if self.lines < 2:
            self.add("table_empty", 0, rows=self.lines)
