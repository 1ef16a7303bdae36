"""Reads of one file that bear the same name: what a first pass suspects (formats.names) is confirmed by another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from biotheca.formats import native
from biotheca.formats.bloom import NoBitarray
from biotheca.formats.defects import Defect
from biotheca.formats.fastq import TakesNames
from biotheca.formats.names import OFF, Candidates, Names, ScratchFault, matching
from biotheca.formats.names_batches import Batches
from biotheca.formats.names_key import key_of
from biotheca.qc.content import MAX_FINDINGS, Asked, look
from biotheca.qc.model import NoScratch, SourceChanged

EXAMPLES, EXAMPLE_LINES = 10, 10
_LONGEST_KEPT = 256  # characters of a name; a longer one is kept as its SHA-256
_RESERVED = 10  # findings of duplicate names that no other findings crowd out
# Formats whose reads have names that must be unique: lines from one read to the next, and what a place is called.
_PLACES = {"fastq": (4, "line"), "bam": (1, "primary record")}

Again = Callable[[], Iterable[bytes]]


@dataclass
class Repeated:
    """What is said of a file's names. `reads` counts those with a name that stood before, `defects` are the first."""

    names: dict[str, Any] | None = None
    told: dict[str, Any] | None = None
    reads: int = 0
    defects: list[Defect] = field(default_factory=list)
    of_file: list[Defect] = field(default_factory=list)


class _Refill(Batches):
    """Gives the names at the file's start to the spool, which began later."""

    def __init__(self, names: Names, stride: int) -> None:
        super().__init__(stride)
        self._names = names

    def take(self, records: native.Records, line: int) -> None:
        if self._names.missing:
            self._names.feed_missing(records)


class _Confirm(Batches):
    """Looks at candidates only, by their whole names."""

    def __init__(self, names: Names, candidates: Candidates, stride: int, unit: str) -> None:
        super().__init__(stride)
        self._unit = unit
        self._looks = names.looks
        self._candidates = candidates
        self._table = self._looks.table(candidates.prints)
        self._lines: dict[tuple[bytes, int], list[int]] = {}  # of the first read, and of some more
        self._shown: dict[tuple[bytes, int], bytes] = {}
        self.seen = 0
        self.names = 0
        self.reads = 0
        self.defects: list[Defect] = []

    def take(self, records: native.Records, line: int) -> None:
        self.seen += len(records)
        for at in matching(self._looks, self._candidates, self._table, records):
            self._met(records.header(at), line + self._stride * at)

    def _met(self, header: bytes, line: int) -> None:
        name, read = key_of(header)
        key = (name if len(name) <= _LONGEST_KEPT else hashlib.sha256(name).digest(), read)
        lines = self._lines.setdefault(key, [])
        if len(lines) <= 1 or (key in self._shown and len(lines) < EXAMPLE_LINES):
            lines.append(line)
        if lines == [line]:
            return
        self.reads += 1
        self.names += len(lines) == 2 and lines[1] == line
        shown = header.split(maxsplit=1)[0]
        if len(self._shown) < EXAMPLES:
            self._shown.setdefault(key, shown)
        if len(self.defects) < MAX_FINDINGS:
            facts = {"read": shown[:300], f"first_{self._unit.replace(' ', '_')}": lines[0]}
            self.defects.append(Defect("duplicate_name", line, facts, self._unit))

    def examples(self) -> list[dict[str, Any]]:
        """The first names that stand more than once, with their first lines."""
        text = ((key, shown.decode("ascii", "backslashreplace")[:300]) for key, shown in self._shown.items())
        return [{"name": shown, "lines": self._lines[key]} for key, shown in text]


class Duplicates:
    """Give `taker` to the look at a file, then ask what was `found`. Raises NoScratch."""

    def __init__(
        self,
        method: str,
        scratch: Path | None,
        engine: str | None,
        again: Again | None,
        asked: Asked,
        declared_format: str,
    ) -> None:
        self._again = again
        self._asked = asked
        self._format = declared_format
        self._stride, self._unit = _PLACES.get(declared_format, (1, ""))
        try:
            named = declared_format in _PLACES
            self._names = Names(method, scratch, again is not None, engine, stride=self._stride) if named else None
        except (ScratchFault, NoBitarray) as fault:
            raise NoScratch(str(fault)) from fault

    @property
    def taker(self) -> TakesNames | None:
        """What the names are to be given to."""
        return _Guarded(self._names) if self._names is not None else None

    def save(self) -> dict[str, Any] | None:
        """The state, from which `load` goes on; None if names are not looked at. Raises CannotBeSaved."""
        return self._names.save() if self._names is not None else None

    def load(self, state: dict[str, Any] | None) -> None:
        """Go on from what `save` gave."""
        if self._names is not None and state is not None:
            self._names.load(state)

    def found(self, sound: bool = True) -> Repeated:
        """What the names said; more passes over the file if they must be. `sound`: whether they are names at all."""
        names = self._names
        if names is None or not sound:
            return Repeated()
        try:
            names.close()
            if names.missing:
                self._pass(_Refill(names, self._stride), until=lambda: not names.missing)
            candidates = names.candidates()
            return self._confirmed(names, candidates)
        except ScratchFault as fault:
            raise NoScratch(str(fault)) from fault

    def _confirmed(self, names: Names, candidates: Candidates) -> Repeated:
        facts = names.facts()
        told: dict[str, Any] = {
            "method": candidates.method,
            "checked": names.checked if candidates.method != OFF else 0,
            "duplicate_names": 0,
            "repeated_reads": 0,
            "confirmed": True,
            "examples": [],
        }
        if parameters := names.parameters():
            told["bloom"] = parameters
        about = {
            "digests": list(facts.digests),
            "labels": facts.labels,
            "lanes": list(facts.lanes),
            "more_lanes": facts.more_lanes,
            "platform": facts.platform,
        }
        # Runs are judged by the names in files of reads alone: one BAM file may hold many lanes, and both mates.
        repeated = Repeated(about if self._format == "fastq" else None, told)
        if candidates.names and (self._again or names.log):
            self._confirm(names, candidates, repeated)
        elif candidates.names:
            told |= {"confirmed": False, "suspected_names": candidates.names}
            facts_ = {"names": candidates.names, "method": candidates.method}
            repeated.of_file.append(Defect("duplicate_names_suspected", 0, facts_))
        return repeated

    def _confirm(self, names: Names, candidates: Candidates, repeated: Repeated) -> None:
        confirm = _Confirm(names, candidates, self._stride, self._unit)
        self._pass(confirm)
        if confirm.seen != names.checked:
            raise SourceChanged(f"{names.checked} reads were read first, {confirm.seen} when the file was read again")
        assert repeated.told is not None
        # Of more names than are looked at again, the fingerprints count the rest.
        counted = (confirm.names, confirm.reads) if candidates.are_all else (candidates.names, candidates.repeats)
        repeated.reads, repeated.defects = counted[1], confirm.defects
        repeated.told |= {
            "duplicate_names": counted[0],
            "repeated_reads": counted[1],
            "confirmed": candidates.are_all,
            "examples": confirm.examples(),
        }

    def _pass(self, taker: Batches, until: Callable[[], bool] = lambda: False) -> None:
        """The names once more, from the file or from the log of its names, until it is enough."""
        if self._again is None:
            assert self._names is not None and self._names.log is not None
            for records, line in self._names.log.blocks():
                taker.take(records, line)
                if until():
                    return
            return
        # Wherever it broke the first time it breaks again, or where it is cut here.
        look(_until(self._again(), until), self._format, replace(self._asked, names=taker))
        taker.flush()


def _until(chunks: Iterable[bytes], enough: Callable[[], bool]) -> Iterator[bytes]:
    for chunk in chunks:
        if enough():
            return
        yield chunk


class _Guarded:
    """Names that tell of a full disk as the file check does."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def walk(self) -> native.Walk | None:
        """What a scan may walk itself."""
        try:
            return self._names.walk()
        except ScratchFault as fault:
            raise NoScratch(str(fault)) from fault

    def feed(self, records: native.Records, line: int) -> None:
        """The next records."""
        try:
            self._names.feed(records, line)
        except ScratchFault as fault:
            raise NoScratch(str(fault)) from fault

    def add(self, header: bytes, line: int) -> None:
        """The next record's header line."""
        try:
            self._names.add(header, line)
        except ScratchFault as fault:
            raise NoScratch(str(fault)) from fault


def merged(defects: list[Defect], repeated: list[Defect], keep: int) -> list[Defect]:
    """Both in the order of their lines, `keep` in all; the first duplicate names are always among them."""
    sure = repeated[:_RESERVED]
    rest = sorted([*defects, *repeated[len(sure) :]], key=lambda defect: defect.line)
    return sorted([*sure, *islice(rest, max(keep - len(sure), 0))], key=lambda defect: defect.line)
