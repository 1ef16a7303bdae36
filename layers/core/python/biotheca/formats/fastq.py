"""The structure of FASTQ: four lines a record (Cock et al. 2010; ENA's file rules). What a defect is called: see qc.

    @name description        the name is the text up to the first blank; 1 to 256 characters
    bases                    IUPAC letters of either case, and '.'
    +                        alone, or followed by the same name
    qualities                as many characters as bases, each ASCII 33 to 126

Lines are looked at in blocks of 2 MiB. Where the kernel is compiled (see native), it passes sound records, and
what it stops at is walked here; else a block without a defect is passed by a few whole-block tests, and any other
is walked record by record. So findings depend neither on the engine nor on where blocks begin.
After a record whose lines do not fit, the walk looks for the next place where four lines do.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from biotheca.formats import containers, native
from biotheca.formats.counts import Counts
from biotheca.formats.defects import Defect, Fed

BLOCK_BYTES = 2 * 1024 * 1024
# What is walked before the kernel is asked again; doubled each time, so that a text full of defects costs no more.
_WALK_BYTES = 4 * 1024
# A record that ends in the next piece waits for it whole, if it is not longer.
_HOLD_BYTES = 16 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024  # the longest nanopore reads known have some 4 million bases
MAX_NAME_CHARACTERS = 256

# INSDC takes the IUPAC nucleotide letters (Cornish-Bowden 1985), U among them; '-' is for alignments, not reads.
BASES = b"ACGTUNRYKMSWBDHVacgtunrykmswbdhv."
QUALITIES = bytes(range(33, 127))
_HEADER_CHARACTERS = bytes(range(33, 127)) + b" \t\n"

# What is saved of a check as it stands.
_SAVED = ["_carry", "_line", "_started", "_lost", "_blank_from", "stopped", "defects", "counted", "reads", "bases"]
_SAVED += ["crlf_lines", "first_crlf_line"]


def name_of(header: bytes) -> bytes:
    """The read name in a header line, without '@' or '+'.

    >>> name_of(b"@M01:7 1:N:0:ATCACG")
    b'M01:7'
    """
    words = header[1:].split(maxsplit=1)
    return words[0] if words and not header[1:2].isspace() else b""


class TakesNames(Protocol):
    """Whoever wants to know the reads' names."""

    def walk(self) -> native.Walk | None:
        """What the kernel may tell the names to itself while it scans the next records, which are fed afterwards."""

    def feed(self, records: native.Records, line: int) -> None:
        """The next records of the file, as many as one block holds, the first of which begins on `line`."""

    def add(self, header: bytes, line: int) -> None:
        """The next record's header line, without '@'."""


class FastqCheck(Fed):
    """Feed it decoded bytes, then `finish`. Counts reads, bases and every defect; keeps the first `keep` defects.

    `screen` is given the sequences of records that count as reads, `names` their header lines, both in order.
    `engine` is one of native.engines(), None for the fastest; all find the same.
    `reads` are the records whose four lines fit together; `bases` is the sum of their lengths; `counts` tells of both.
    """

    def __init__(
        self,
        keep: int = 100,
        block_bytes: int = BLOCK_BYTES,
        max_line_bytes: int = MAX_LINE_BYTES,
        screen: Callable[[Sequence[bytes]], None] | None = None,
        engine: str | None = None,
        names: TakesNames | None = None,
    ) -> None:
        self._names = names
        self.engine = engine or native.engines()[0]
        self.counts = Counts(self.engine)
        self._screen = screen
        self._keep = keep
        # A large piece is looked at where it lies: to copy it would cost a tenth of its check.
        self._direct_bytes = max(block_bytes // 16, 1) if self.engine != native.PYTHON else sys.maxsize
        self._block_bytes = block_bytes
        self._max_line_bytes = max_line_bytes
        self._held: list[bytes] = []  # decoded bytes not yet looked at
        self._held_bytes = 0
        self._held_line_ends = False
        self._carry: list[bytes] = []  # whole lines of a record that is not yet complete
        self._line = 0  # lines before the first of `_carry`
        self._started = False
        self._lost = False  # looking for the next record
        self._blank_from = 0  # first line of a run of blank lines between records
        self.stopped = False  # nothing more can be said of this text: whoever feeds it may stop too
        self.defects: list[Defect] = []
        self.counted: Counter[str] = Counter()
        self.reads = 0
        self.bases = 0
        self.crlf_lines = 0
        self.first_crlf_line = 0

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return self._line + len(self._carry)

    def feed(self, piece: bytes) -> None:
        """The next decoded bytes, cut anywhere."""
        if self.stopped or (len(piece) >= self._direct_bytes and self._work_on(piece)):
            return
        self._held.append(piece)
        self._held_bytes += len(piece)
        self._held_line_ends = self._held_line_ends or b"\n" in piece
        if self._held_bytes >= self._block_bytes and self._held_line_ends:
            self._work()
        # What is still held has no line end: it is not joined to be measured.
        if self._held_bytes > self._max_line_bytes + self._block_bytes and not self.stopped:
            self._begin(b"".join(piece[:512] for piece in self._held[:512])[:512])
            if not self.stopped:
                self._stop("line_too_long", self.lines + 1, limit_bytes=self._max_line_bytes)

    def finish(self, whole: bool = True) -> None:
        """The end of the text. `whole` is False if the container broke: its last record is then no finding."""
        if self.stopped:
            return
        self._work()
        if not whole or self.stopped:
            return
        rest = b"".join(self._held)
        if rest.endswith(b"\r") and self.crlf_lines:
            rest = rest[:-1]
        self._walk(self._take_carry([rest] if rest else []), last=True, newline_at_end=not rest)
        if self._blank_from:
            self._add("blank_lines_at_end", self._blank_from, lines=self._line + 1 - self._blank_from)
        if not self.reads and not self.counted:
            self._add("no_reads", 1)

    def forget(self) -> None:
        """Take back what was found: the text is not what it was taken for."""
        self.defects, self.reads, self.bases = [], 0, 0
        self.counts = Counts(self.engine)
        self.counted.clear()

    def save(self) -> dict[str, Any]:
        """The state, from which `load` of another check goes on. What `screen` and `names` were given is not in it."""
        held = {"held": b"".join(self._held), "counts": self.counts.saved()}
        return held | {name: getattr(self, name) for name in _SAVED}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave."""
        for name in _SAVED:
            setattr(self, name, state[name])
        self.counted = Counter(state["counted"])
        self.counts.load(state["counts"])
        self._held, self._held_bytes = [state["held"]], len(state["held"])
        self._held_line_ends = b"\n" in state["held"]

    def _begin(self, head: bytes) -> None:
        """Look once whether the text is plainly something else."""
        if not self._started:
            self._started = True
            if content := containers.content_of(head):
                self._stop("content_is_other", 1, content=content, format="FASTQ")

    def _work_on(self, piece: bytes) -> bool:
        """Look at the whole records of a piece without copying it; whether that could be done."""
        first, end = self._begun_until(piece), piece.rfind(b"\n") + 1
        if not first or not self._started or len(piece) > native.MAX_BLOCK_BYTES:
            return False
        begun = b"".join([*self._held, piece[:first]])
        self._held, self._held_bytes, self._held_line_ends = [], 0, False
        self._by_kernel(begun, 0, len(begun))
        end = self._by_kernel(piece, first, end, may_hold=True)
        if not self.stopped:
            rest = piece[end:]
            self._held, self._held_bytes, self._held_line_ends = [rest], len(rest), b"\n" in rest
        return True

    def _begun_until(self, piece: bytes) -> int:
        """Where the record ends in the piece that is held so far, or the line, if lines are carried; 0 if nowhere."""
        if not self._held_line_ends:
            if self._lost or self._blank_from or self._carry:
                return piece.find(b"\n") + 1
            return _after_lines(piece, 0, 4)
        return _after_lines(piece, 0, 4 - sum(part.count(b"\n") for part in self._held))

    def _work(self) -> None:
        """Look at all whole lines held."""
        # Pieces are let go before they are cut into lines, else a block would be in memory three times.
        pieces, self._held = self._held, []
        text = b"".join(pieces)
        pieces.clear()
        self._begin(text[:512])
        if self.stopped:
            return
        end = text.rfind(b"\n") + 1
        self._held, self._held_bytes, self._held_line_ends = [text[end:]], len(text) - end, False
        if self.engine == native.PYTHON or len(text) > native.MAX_BLOCK_BYTES:
            self._walk_part(text, 0, end)
        else:
            self._by_kernel(text, 0, end)

    def _by_kernel(self, text: bytes, at: int, end: int, may_hold: bool = False) -> int:
        """Let the kernel pass what is sound in text[at:end], and walk what it stops at; where that ended.

        It ends before `end` only if `may_hold`: at the beginning of a record of which more must come.
        """
        walk_bytes = _WALK_BYTES
        while at < end and not self.stopped:
            if self._lost or self._blank_from or not self._carry:
                if not (self._lost or self._blank_from or self._carry):
                    at = self._pass_sound(text, at)
                    if may_hold and len(text) - at <= _HOLD_BYTES and text.count(b"\n", at) < 4:
                        return at
                cut = text.find(b"\n", min(at + walk_bytes, end - 1), end) + 1
                walk_bytes *= 2
            else:
                cut = _after_lines(text, at, 4 - len(self._carry)) or end
            self._walk_part(text, at, cut)
            at = cut
        return end

    def _pass_sound(self, text: bytes, at: int) -> int:
        """Where the first record begins that the kernel did not pass."""
        walk = self._names.walk() if self._names else None
        at, reads, bases, records = native.scan(self.engine, text, at, self.counts.by_kernel, walk)
        if self._screen and reads:
            self._screen(records.sequences)
        if self._names and reads:
            self._names.feed(records, self._line + 1)
        self.reads += reads
        self.bases += bases
        self._line += 4 * reads
        return at

    def _walk_part(self, text: bytes, at: int, end: int) -> None:
        """Walk text[at:end], which ends with a line."""
        if at < end:
            before = self.lines
            self._walk(self._take_carry(_split(text[at:end])), last=False)
            if self.stopped:  # by the record that begins at `_line`: what lies behind it was never walked
                end = _after_lines(text, at, self._line + 3 - before)
            self._count_crlf(text, at, end, before)

    def _count_crlf(self, text: bytes, at: int, end: int, lines_before: int) -> None:
        """Count the lines of text[at:end] that end with CRLF. What the kernel passed has none."""
        if (first := text.find(b"\r\n", at, end)) < 0:
            return
        if not self.crlf_lines:
            self.first_crlf_line = lines_before + 1 + text.count(b"\n", at, first)
        self.crlf_lines += text.count(b"\r\n", at, end)

    def _take_carry(self, lines: list[bytes]) -> list[bytes]:
        lines, self._carry = self._carry + lines, []
        return lines

    def _walk(self, lines: list[bytes], last: bool, newline_at_end: bool = True) -> None:
        """Pass over `lines`, of which the first begins a record (or the search for one)."""
        i = 0
        if not self._lost and not self._blank_from:
            i = self._pass_clean(lines)
        while i < len(lines) and not self.stopped:
            step = self._step(lines, i, last, newline_at_end)
            if not step:
                break
            i += step
            self._line += step
        self._carry = [] if self.stopped else lines[i:]

    def _pass_clean(self, lines: list[bytes]) -> int:
        """Count all records at once if none has a defect; the number of lines passed, else 0."""
        n = len(lines) // 4 * 4
        names, sequences, pluses, qualities = (lines[k:n:4] for k in range(4))
        if not n or not _are_clean(names, sequences, pluses, qualities):
            return 0
        if self._screen:
            self._screen(sequences)
        if self._names:
            for k, header in enumerate(names):
                self._names.add(header[1:], self._line + 1 + 4 * k)
        self.counts.add(sequences, qualities)
        self.reads += n // 4
        self.bases += sum(map(len, sequences))
        self._line += n
        return n

    def _step(self, lines: list[bytes], i: int, last: bool, newline_at_end: bool) -> int:
        """Lines passed by one step at line `i`; 0 if more lines must be known first."""
        if self._lost:
            return self._search(lines, i, last, newline_at_end)
        if not lines[i]:
            self._blank_from = self._blank_from or self._line + 1
            return next((k for k in range(i + 1, len(lines)) if lines[k]), len(lines)) - i
        if self._blank_from:
            self._add("blank_line", self._blank_from, lines=self._line + 1 - self._blank_from)
            self._blank_from = 0
        if not lines[i].startswith(b"@"):
            self._lost = True
            self._add("header_line", self._line + 1, value=lines[i])
            return 1
        here = len(lines) - i
        if here < 4:
            if last:
                self._add("record_cut", self._line + 1, read=name_of(lines[i]), lines=here)
            return here if last else 0
        at_end = last and here == 4 and not newline_at_end
        header, sequence, plus, quality = lines[i : i + 4]
        return self._record(header, sequence, plus, quality, at_end)

    def _search(self, lines: list[bytes], i: int, last: bool, newline_at_end: bool) -> int:
        """One step of the search for the next record: '@' above a line that is no header above '+'."""
        if len(lines) - i < 3:
            return len(lines) - i if last else 0
        header, sequence, plus = lines[i : i + 3]
        if header[:1] == b"@" and sequence[:1] not in (b"@", b"+", b"") and plus[:1] == b"+":
            self._lost = False
            return self._step(lines, i, last, newline_at_end)
        return 1

    def _record(self, header: bytes, sequence: bytes, plus: bytes, quality: bytes, at_end: bool) -> int:
        """Examine one record; the number of lines that belong to it."""
        line, read = self._line + 1, name_of(header)
        if not plus.startswith(b"+"):
            self._no_plus(header, sequence, plus, quality)
            return 1
        if len(sequence) != len(quality):
            facts = {"read": read, "bases": len(sequence), "qualities": len(quality)}
            if at_end and len(quality) < len(sequence):
                self._add("record_cut", line, lines=4, **facts)
            else:
                self._add("quality_length", line + 3, **facts)
            # The quality line may be missing, and the next header stand in its place.
            self._lost = True
            return 3
        if self._screen:
            self._screen([sequence])
        self.counts.add([sequence], [quality])
        if self._names:
            self._names.add(header[1:], line)
        self.reads += 1
        self.bases += len(sequence)
        self._check_name(header, plus, line)
        if not sequence:
            self._add("read_empty", line + 1, read=read)
        self._check_letters("base", sequence, BASES, line + 1, read)
        self._check_letters("quality_character", quality, QUALITIES, line + 3, read)
        return 4

    def _no_plus(self, header: bytes, sequence: bytes, third: bytes, fourth: bytes) -> None:
        line, read = self._line + 3, name_of(header)
        if _is_sequence(sequence) and _is_sequence(third) and (fourth[:1] == b"+" or _is_sequence(fourth)):
            return self._stop("multi_line", line, read=read)
        self._lost = True
        if not third:
            return self._add("blank_line", line, lines=1)
        return self._add("plus_line", line, read=read, value=third)

    def _check_name(self, header: bytes, plus: bytes, line: int) -> None:
        name = name_of(header)
        if not name:
            self._add("name_missing", line, value=header)
        elif name.translate(None, QUALITIES):
            self._add("name_characters", line, read=name, value=name.translate(None, QUALITIES)[:1])
        elif len(name) > MAX_NAME_CHARACTERS:
            self._add("name_length", line, read=name, characters=len(name))
        if len(plus) > 1 and name_of(plus) != name:
            self._add("plus_name", line + 2, read=name, value=plus)

    def _check_letters(self, code: str, text: bytes, allowed: bytes, line: int, read: bytes) -> None:
        strange = text.translate(None, allowed)
        if strange:
            column = text.index(strange[:1]) + 1
            self._add(code, line, read=read, value=strange[:1], column=column, count=len(strange))

    def _stop(self, code: str, line: int, **facts: Any) -> None:
        self.stopped = True
        self._held, self._held_bytes = [], 0
        self._carry = []
        self._add(code, line, **facts)

    def _add(self, code: str, line: int, **facts: Any) -> None:
        self.counted[code] += 1
        if len(self.defects) < self._keep:
            shown = {k: v[:300] if isinstance(v, bytes) else v for k, v in facts.items()}
            self.defects.append(Defect(code, line, shown))


def _split(block: bytes) -> list[bytes]:
    """The lines of a block that ends with a newline, without their ends.

    >>> _split(b"a\\r\\nb\\n")
    [b'a', b'b']
    """
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    lines = block.split(b"\n")
    lines.pop()
    return lines


def _after_lines(text: bytes, at: int, lines: int) -> int:
    """Where so many lines end that begin at `at`; 0 if there are fewer.

    >>> _after_lines(b"a\\nb\\nc\\n", 2, 1), _after_lines(b"a\\nb\\nc\\n", 2, 9)
    (4, 0)
    """
    for _ in range(lines):
        at = text.find(b"\n", at) + 1
        if not at:
            break
    return at


def _is_sequence(line: bytes) -> bool:
    return bool(line) and not line.translate(None, BASES)


def _are_clean(headers: list[bytes], sequences: list[bytes], pluses: list[bytes], qualities: list[bytes]) -> bool:
    """Whether no record of a block can have a defect. False proves nothing: the walk decides."""
    names = b"\n" + b"\n".join(headers) + b"\n"
    lengths = [len(s) for s in sequences]
    return (
        names.count(b"\n@") == len(headers)
        and not (b"\n@ " in names or b"\n@\t" in names or b"\n@\n" in names)
        and max(map(len, headers)) <= MAX_NAME_CHARACTERS + 1
        and not names.translate(None, _HEADER_CHARACTERS)
        and (pluses.count(b"+") == len(pluses) or [b"@" + p[1:] for p in pluses if p[:1] == b"+"] == headers)
        and min(lengths) > 0
        and lengths == [len(q) for q in qualities]
        and not b"".join(sequences).translate(None, BASES)
        and not b"".join(qualities).translate(None, QUALITIES)
    )
