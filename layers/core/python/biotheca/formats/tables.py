"""Tables as text: comma or tab between cells, quotes as in RFC 4180, UTF-8 or GB 18030. Cells are counted only."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator

from biotheca.formats.defects import Tally

MOST_LINE_BYTES = 16 * 1024 * 1024  # a count matrix has a column a cell
MOST_COLUMNS = 1_000_000
MOST_ROWS = 1_000_000_000


class TableCheck(Tally):
    """Read it once. `lines` are rows."""

    def __init__(self, delimiter: str, keep: int = 100) -> None:
        super().__init__(keep)
        self._delimiter = delimiter
        self.lines = 0

    def read(self, pieces: Iterable[bytes]) -> None:
        """All rows. What `pieces` raises passes."""
        csv.field_size_limit(MOST_LINE_BYTES)
        columns = 0
        try:
            for row in csv.reader(self._texts(pieces), delimiter=self._delimiter):
                self.lines += 1
                columns = columns or len(row)
                if len(row) > MOST_COLUMNS or self.lines > MOST_ROWS:
                    reason = f"more than {MOST_COLUMNS:,} columns or {MOST_ROWS:,} rows"
                    return self.stop("format_limit", self.lines, reason=reason)
                if row and len(row) != columns:
                    self.warn("table_ragged", self.lines, value=len(row), expected=columns)
        except UnicodeDecodeError:
            self._broken("it is text of no encoding that is read")
        except (csv.Error, _Broken) as fault:
            self._broken(str(fault))
        return None

    def _broken(self, reason: str) -> None:
        self.stop("format_broken", self.lines + 1, format="table", reason=reason)

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before it."""
        if whole and not self.stopped and self.lines < 2:
            self.add("table_empty", 0, rows=self.lines)

    def _texts(self, pieces: Iterable[bytes]) -> Iterator[str]:
        """Lines as text, with their ends. The encoding is that of the first piece that is not ASCII."""
        decoder: codecs.IncrementalDecoder | None = None
        rest = ""
        for piece in pieces:
            if b"\0" in piece:
                raise _Broken("it holds NUL bytes, so it is no text")
            if decoder is None:
                if piece.isascii():
                    decoded = piece.decode("ascii")
                else:
                    decoder = codecs.getincrementaldecoder(_encoding_of(piece))()
                    decoded = decoder.decode(piece)
            else:
                decoded = decoder.decode(piece)
            *lines, rest = (rest + decoded).split("\n")
            if len(rest) > MOST_LINE_BYTES:
                raise _Broken(f"a line is longer than {MOST_LINE_BYTES:,} bytes")
            yield from (f"{line}\n" for line in lines)
        if decoder is not None:
            rest += decoder.decode(b"", final=True)
        if rest:
            yield rest


class _Broken(Exception):
    pass


def _encoding_of(piece: bytes) -> str:
    if piece.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(piece)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"
