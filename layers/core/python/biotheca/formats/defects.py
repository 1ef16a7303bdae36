"""What a reader of a format finds, and how it is counted. What a defect is called in words: see qc."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from biotheca.formats.counts import Counts

_MOST_WARNINGS = 200  # kept apart by key
_MOST_MEMBERS = 10_000


@dataclass(frozen=True)
class Defect:
    """One thing found at `line` of the decoded text; `facts` depend on the code.

    Lines are counted from 1, 0 is the file as a whole. In binary files `unit` is "record" and `line` is the record's
    number. `member` names the file of an archive in which it was found.
    """

    code: str
    line: int
    facts: dict[str, Any] = field(default_factory=dict)
    unit: str = "line"
    member: str = ""


class Fed(ABC):
    """A reader that is fed piece by piece."""

    stopped: bool

    @abstractmethod
    def feed(self, piece: bytes) -> None:
        """The next decoded bytes, cut anywhere."""

    def read(self, pieces: Iterable[bytes]) -> None:
        """Feed all of them, or until nothing more can be said."""
        for piece in pieces:
            self.feed(piece)
            if self.stopped:
                return


class Tally:
    """Counts every defect, keeps the first `keep`. The ground of all readers but that of FASTQ.

    `stopped` says that nothing more can be said of the content: whoever feeds it may stop too.
    """

    unit = "line"

    def __init__(self, keep: int = 100) -> None:
        self._keep = keep
        self.defects: list[Defect] = []
        self.counted: Counter[str] = Counter()
        self._warned: dict[tuple[str, Any], dict[str, Any]] = {}
        self.stopped = False
        self.counts: Counts | None = None
        self.reads = 0
        self.bases = 0
        self.crlf_lines = 0
        self.first_crlf_line = 0
        self.members: list[str] = []  # names inside an archive, the first of them

    def member(self, name: str) -> None:
        """A name inside an archive, for whoever looks through names."""
        if len(self.members) < _MOST_MEMBERS:
            self.members.append(name)

    def add(self, code: str, line: int, unit: str = "", **facts: Any) -> None:
        """One more defect. Bytes among its facts are cut to 300."""
        self.counted[code] += 1
        if len(self.defects) < self._keep:
            shown = {k: v[:300] if isinstance(v, bytes) else v for k, v in facts.items()}
            self.defects.append(Defect(code, line, shown, unit or self.unit))

    def warn(self, code: str, line: int, unit: str = "", **facts: Any) -> None:
        """A defect that leaves the file sound: told once, at its first place, with how often it was met (`count`).

        Those with another `key` among their facts are told by themselves.
        """
        which = (code, facts.get("key") if len(self._warned) < _MOST_WARNINGS else None)
        if which not in self._warned:
            self.add(code, line, unit, count=0, **facts)
            last = self.defects[-1] if self.defects else None
            self._warned[which] = last.facts if last and last.code == code and last.line == line else {"count": 0}
        self._warned[which]["count"] += 1

    def without_crlf(self, text: bytes, lines_before: int) -> bytes:
        """The text with LF where it had CRLF, which is counted. `lines_before`: whole lines before it."""
        if b"\r\n" not in text:
            return text
        if not self.crlf_lines:
            self.first_crlf_line = lines_before + 1 + text.count(b"\n", 0, text.find(b"\r\n"))
        self.crlf_lines += text.count(b"\r\n")
        return text.replace(b"\r\n", b"\n")

    def stop(self, code: str, line: int, **facts: Any) -> None:
        """A defect beyond which nothing can be said."""
        self.stopped = True
        self.add(code, line, **facts)

    def forget(self) -> None:
        """Take back what was found: the content is not what it was taken for."""
        self.defects, self.reads, self.bases = [], 0, 0
        self.counted.clear()
        self._warned.clear()
