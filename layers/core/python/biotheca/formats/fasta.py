"""FASTA: '>' and a name, then letters on lines of one width. Nucleotides or proteins, as the first letters are."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from biotheca.formats.containers import content_of
from biotheca.formats.defects import Fed, Tally

BLOCK_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024
_HEAD_BYTES = 512  # by which contents are known
MAX_NAMES = 4_000_000  # of which digests are kept, about 100 bytes each
_TYPE_LETTERS = 10_000  # by so many of the first is decided what the letters are
_NUCLEOTIDES = b"ACGTUNRYKMSWBDHVacgtunrykmswbdhv-"  # Cornish-Bowden 1985; '-' for gaps
_PROTEINS = bytes(range(65, 91)) + bytes(range(97, 123)) + b"*-"
_UNKNOWN = re.compile(rb"[Nn]+")


class FastaCheck(Fed, Tally):
    """Feed it decoded bytes, then `finish`. A line may be as long as a chromosome; it is never held whole.

    `reads` stays 0; `records` are sequences, `bases` their letters, `unknown_bases` N, in `unknown_runs`.
    """

    def __init__(self, keep: int = 100, block_bytes: int = BLOCK_BYTES, max_names: int = MAX_NAMES) -> None:
        super().__init__(keep)
        self._block_bytes, self._max_names = block_bytes, max_names
        self._held = b""
        self._started = False
        self._letters: bytes | None = None  # allowed ones, once it is known what they are
        self._names: dict[bytes, int] = {}
        self._name = b""
        self._in_record = False
        self._record_line = 0
        self._record_letters = 0
        self._width = self._column = 0  # of the record's lines; letters on the line so far
        self._short = False  # a line shorter than the others was met: it must be the record's last
        self._uneven = False
        self._after_n = False
        self.records = 0
        self.unknown_bases = self.unknown_runs = 0
        self.lines = 0

    def feed(self, piece: bytes) -> None:
        """The next decoded bytes, cut anywhere."""
        if not self.stopped:
            self._held += piece
            if len(self._held) >= (self._block_bytes if self._started else max(self._block_bytes, _HEAD_BYTES)):
                self._work()

    def finish(self, whole: bool = True) -> None:
        """The end. `whole` is False if the container broke before it."""
        if self.stopped:
            return
        self._work(last=True)
        if self.stopped or not whole:
            return
        if self._in_record:
            self._end_record()
        if not self.records and not self.counted:
            self.add("fasta_empty", 0)

    def _work(self, last: bool = False) -> None:
        text, self._held = self._held, b""
        if not self._started and text:
            self._started = True
            content = content_of(text[:512])
            if content and content != "FASTA":
                return self.stop("content_is_other", 1, content=content, format="FASTA")
        if b"\r" in text:
            text = self._without_cr(text, last)
        at = 0
        while at < len(text) and not self.stopped:
            if self._column == 0 and text[at : at + 1] == b">":
                end = text.find(b"\n", at)
                if end < 0 and not last:
                    if len(text) - at > MAX_HEADER_BYTES:
                        self.stop("line_too_long", self.lines + 1, limit_bytes=MAX_HEADER_BYTES)
                    self._held = text[at:] + self._held
                    return None
                end = len(text) if end < 0 else end
                self._header(text[at + 1 : end])
                at = end + 1
                continue
            end = text.find(b"\n>", at)
            end = len(text) if end < 0 else end + 1
            self._body(text[at:end])
            at = end
        if last and self._column:
            self._end_line(self._column)
        return None

    def _without_cr(self, text: bytes, last: bool) -> bytes:
        if text.endswith(b"\r") and not last:
            text, self._held = text[:-1], b"\r"
        return self.without_crlf(text, self.lines)

    def _header(self, header: bytes) -> None:
        if self._in_record:
            self._end_record()
        self.lines += 1
        self.records += 1
        words = header.split(maxsplit=1)
        name = words[0] if words and not header[:1].isspace() else b""
        self._name, self._in_record, self._record_line = name, True, self.lines
        self._record_letters = self._width = self._column = 0
        self._short = self._uneven = self._after_n = False
        if not name:
            self.add("fasta_name_missing", self.lines, value=b">" + header)
            return
        digest = hashlib.blake2b(name, digest_size=16).digest()
        first = self._names.get(digest)
        if first is not None:
            self.add("fasta_name_twice", self.lines, value=name, first=first)
        elif len(self._names) < self._max_names:
            self._names[digest] = self.lines
        else:
            self.warn("fasta_names_many", self.lines, limit=self._max_names)

    def _end_record(self) -> None:
        if not self._record_letters:
            self.add("fasta_no_letters", self._record_line, value=self._name)

    def _body(self, part: bytes) -> None:
        """Lines of letters; the first may go on from what was before, the last may not be whole."""
        if not self._in_record:
            if part.strip(b"\n"):
                before = len(part) - len(part.lstrip(b"\n"))
                return self.stop("fasta_first", self.lines + 1 + before, value=part.lstrip(b"\n")[:60])
            self.warn("fasta_blank_line", self.lines + 1)
            self.lines += part.count(b"\n")
            return None
        letters = part.replace(b"\n", b"")
        self._judge(letters, part)
        *whole, rest = part.split(b"\n")
        if whole:
            self._end_line(self._column + len(whole[0]))
            self._even(list(map(len, whole[1:])))
            self._column = 0
        self._column += len(rest)
        return None

    def _even(self, widths: list[int]) -> None:
        """Lines of these widths follow."""
        if widths and not self._short and not self._uneven and self._width and set(widths) == {self._width}:
            self.lines += len(widths)
            return
        for width in widths:
            self._end_line(width)

    def _end_line(self, width: int) -> None:
        self.lines += 1
        if not width:
            self.warn("fasta_blank_line", self.lines)
            return
        if self._short or (self._width and width > self._width):
            if not self._uneven:
                self.warn("fasta_width", self.lines, value=width, expected=self._width, name=self._name)
            self._uneven = True
        elif not self._width:
            self._width = width
        elif width < self._width:
            self._short = True

    def _judge(self, letters: bytes, part: bytes) -> None:
        if not letters:
            return
        if self._letters is None:
            head = letters[:_TYPE_LETTERS]
            plain = sum(head.count(bytes([c])) for c in b"ACGTUNacgtun-")
            self._letters = _NUCLEOTIDES if plain >= 0.8 * len(head) else _PROTEINS
        strange = letters.translate(None, self._letters)
        if strange:
            at = part.index(strange[:1])
            start = part.rfind(b"\n", 0, at) + 1
            column = at - start + 1 + (self._column if not start else 0)
            line = self.lines + 1 + part.count(b"\n", 0, at)
            kind = "nucleotide" if self._letters is _NUCLEOTIDES else "amino acid"
            place: dict[str, Any] = {"name": self._name, "column": column, "kind": kind}
            self.add("fasta_letter", line, value=strange[:1], count=len(strange), **place)
        self._record_letters += len(letters)
        self.bases += len(letters)
        if self._letters is _NUCLEOTIDES:
            runs = _UNKNOWN.findall(letters)
            self.unknown_bases += sum(map(len, runs))
            self.unknown_runs += len(runs) - (self._after_n and letters[:1] in b"Nn")
            self._after_n = letters[-1:] in b"Nn"
