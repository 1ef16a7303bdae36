"""Read names of one file: which stand more than once, and what they say of labels, lanes and platform.

Exact and small, in three steps, each taken only if the one before did not do:

1. The *window*: names in their instrument's order prove by it that they are unique (names_twin.Window), in 1 MiB.
2. The *spool*: 64-bit fingerprints of all names on scratch disk, 7 bytes each, sorted part by part at the end. Where
   there is no scratch disk, Bloom filters in its place.
3. What either suspects is a candidate. Whoever reads the names again confirms it (see qc.duplicates).

When the window's proof ends, the names before that place must be in the spool too. The first 524,288 are in any case:
they fit its buffers, and a file in another order shows it there. Later, `missing` tells how many records at the file's
start are to be read again, which costs less than spooling every file for the sake of a few. The names of a stream,
which cannot be read again, are written to scratch disk as they come (names_log) and read from there.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from biotheca.formats import names_twin, native
from biotheca.formats.bloom import Bloom, Design
from biotheca.formats.checksums import CannotBeSaved
from biotheca.formats.names_batches import Batches
from biotheca.formats.names_key import key_of
from biotheca.formats.names_log import NameLog
from biotheca.formats.names_looks import SPOOL_NARROW, Looks, TakesHashes
from biotheca.formats.names_shapes import platform_of

AUTO, SPOOL, BLOOM, OFF, WINDOW = "auto", "spool", "bloom", "off", "window"
METHODS = (AUTO, BLOOM, SPOOL, OFF)
EARLY_NAMES = 1 << 19
SAMPLED_EVERY = 4_096


class ScratchFault(Exception):
    """The scratch disk is full or cannot be written: a fault of ours, and no verdict."""


@dataclass(frozen=True)
class Candidates:
    """Names that stand more than once as far as fingerprints tell. `prints` are 64-bit numbers, `method`'s own."""

    method: str
    prints: bytes = b""
    names: int = 0
    repeats: int = 0

    @property
    def are_all(self) -> bool:
        """Whether every suspected name is among the prints."""
        return len(self.prints) // 8 >= self.names


@dataclass(frozen=True)
class NameFacts:
    """What the names of a file say together. Digests are hexadecimal, one every 65,536 reads and one for the rest."""

    digests: tuple[str, ...] = ()
    labels: dict[str, int] = field(default_factory=dict)
    lanes: tuple[str, ...] = ()
    more_lanes: bool = False
    platform: str | None = None


class Names(Batches):
    """Feed it the reads' names in order, then ask `facts`, and `candidates` once `missing` records were fed again.

    `again`: whether the file can be read again; if not, the names are kept in `log` where there is a scratch disk.
    `scratch`: a folder, None for the system's. `wide`: 8 bytes a name, for more than 2 * 10^9 of them.
    `stride`: lines from one record to the next, 1 where reads are counted in place of lines.
    Raises ScratchFault, NoBitarray.
    """

    def __init__(
        self,
        duplicates: str = AUTO,
        scratch: Path | None = None,
        again: bool = True,
        engine: str | None = None,
        wide: bool = False,
        design: Design | None = None,
        stride: int = 4,
    ) -> None:
        super().__init__(stride)
        if duplicates not in METHODS:
            raise ValueError(f"duplicates is one of {', '.join(METHODS)}, not {duplicates!r}")
        self.looks = Looks(engine)
        self.checked = 0
        self.missing = 0  # records at the start of the file that are to be fed again
        self._scratch = scratch
        self._wide = wide
        self._facts = self.looks.facts()
        self._window = self.looks.window() if duplicates == AUTO else None
        self._store: TakesHashes | None = None
        self._bloom: Bloom | None = None
        self._shapes: Counter[str] = Counter()
        self.method = duplicates if duplicates in (BLOOM, OFF) else SPOOL
        self.log = None if again or duplicates == OFF else self._new_log()
        self._again = again or self.log is not None
        if duplicates != OFF:
            self._open_store(design)

    def _new_log(self) -> NameLog | None:
        try:
            return NameLog(self._file(), self.looks)
        except OSError:
            return None

    def _file(self) -> IO[bytes]:
        # Without a name from the start: a killed process leaves nothing.
        return tempfile.TemporaryFile(dir=self._scratch, prefix="biotheca-names-", buffering=0)

    def _open_store(self, design: Design | None = None) -> None:
        if self.method == SPOOL:
            try:
                self._store = self.looks.spool(self._file(), self._wide)
                return
            except OSError as fault:
                if self._window is None and not self.missing:
                    raise ScratchFault(self._words(fault)) from fault
                self.method = BLOOM
        self._store = self._bloom = Bloom(design, self.looks.compiled)

    def walk(self) -> native.Walk | None:
        """What a scan of the next records may walk itself; they are fed afterwards."""
        if not self.looks.compiled:
            return None
        self.flush()
        facts, window = cast(Any, self._facts).state, cast(Any, self._window)
        return facts, window and window.state, self._store is not None

    def take(self, records: native.Records, line: int) -> None:
        """Records that follow one another, the first of which begins on `line`."""
        for at in range(-self.checked % SAMPLED_EVERY, len(records), SAMPLED_EVERY):
            self._shapes[platform_of(key_of(records.header(at))[0]) or ""] += 1
        hashes = records.hashes
        if hashes is None:
            hashes = self._facts.walk(records, self._window, self._store is not None)
        if self.method != OFF:
            self._look_for_equals(records, line, hashes)
        self.checked += len(records)

    def _look_for_equals(self, records: native.Records, line: int, hashes: bytes | None) -> None:
        if self._window is not None and not self._window.holds:
            self._window = None
            if self._store is None:
                self.missing = self.checked
                self._open_store()
        try:
            if self._store is not None:
                self._store.feed(hashes or self.looks.facts().feed(records))
            if self.log is not None:
                self.log.feed(records, line)
        except OSError as fault:
            raise ScratchFault(self._words(fault)) from fault
        if self._window is not None and self._again and self.checked + len(records) >= EARLY_NAMES:
            self._store = self._bloom = None  # the names can be read again, should the proof end

    def _words(self, fault: OSError) -> str:
        folder = self._scratch or Path(tempfile.gettempdir())
        each = 45 + SPOOL_NARROW if self.log is not None else SPOOL_NARROW
        return (
            f"Names of reads could not be written to {folder} ({fault.strerror or fault}) after {self.checked} reads. "
            f"They need about {each} bytes a read there. Name a folder with more room, or take the method 'bloom', "
            f"which needs memory in place of disk."
        )

    def feed_missing(self, records: native.Records) -> None:
        """Records of the file's start once more; those beyond `missing` are passed over."""
        hashes = self.looks.facts().feed(records)[: 16 * self.missing]
        self.missing -= len(hashes) // 16
        assert self._store is not None
        try:
            self._store.feed(hashes)
        except OSError as fault:
            raise ScratchFault(self._words(fault)) from fault

    def candidates(self) -> Candidates:
        """What is to be confirmed. After the last record, and when nothing is `missing`."""
        self.close()
        if self.missing:
            raise RuntimeError(f"{self.missing} records at the file's start were not fed again")
        if self._window is not None and (held := self._window.result()) is not None:
            return Candidates(WINDOW, held[0], len(held[0]) // 8, held[1])
        if self._store is None:
            return Candidates(OFF)
        try:
            prints, names, repeats, _ = self._store.result()
        except OSError as fault:
            raise ScratchFault(self._words(fault)) from fault
        return Candidates(self.method, prints, names, repeats)

    def close(self) -> None:
        """The end of the file: from now on `missing` is final."""
        self.flush()
        # The window looks at its last keys now. If they end the proof, all names are wanted.
        if self._window is not None and self._window.result() is None:
            self._window = None
            if self._store is None:
                self.missing = self.checked
                self._open_store()

    def parameters(self) -> dict[str, Any]:
        """Of the Bloom filters, if these were used."""
        return self._bloom.parameters() if self._bloom is not None and self._window is None else {}

    def save(self) -> dict[str, Any]:
        """The state, without what is on scratch disk: a job that goes on has another. Raises CannotBeSaved."""
        self.flush()
        if isinstance(self._facts, names_twin.Facts) or self.log is not None:
            raise CannotBeSaved("names cannot be saved without the kernel, or of a stream")
        window = None if self._window is None or isinstance(self._window, names_twin.Window) else self._window.saved()
        return {"checked": self.checked, "shapes": dict(self._shapes), "facts": self._facts.saved(), "window": window}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from there. Where order was no proof, names so far are `missing` from the spool: it begins anew."""
        if isinstance(self._facts, names_twin.Facts):
            raise CannotBeSaved("names cannot go on without the kernel")
        self.checked, self._shapes = state["checked"], Counter(state["shapes"])
        self._facts.load(state["facts"])
        if state["window"] is None:
            self._window, self.missing = None, self.checked if self.method != OFF else 0
        elif self._window is not None and not isinstance(self._window, names_twin.Window):
            self._window.load(state["window"])
            self._store = self._bloom = None

    def facts(self) -> NameFacts:
        """What the names say together."""
        self.flush()
        digests, none, one, two, lanes, more = self._facts.result()
        sampled = sum(self._shapes.values())
        shape, count = max(self._shapes.items(), key=lambda item: item[1], default=("", 0))
        return NameFacts(
            digests=tuple(digests[i : i + 16].hex() for i in range(0, len(digests), 16)),
            labels={"1": one, "2": two, "none": none},
            lanes=tuple(lane.decode("ascii", "backslashreplace") for lane in lanes),
            more_lanes=bool(more),
            platform=shape if shape and count >= 0.9 * sampled else None,
        )


def matching(looks: Looks, candidates: Candidates, table: Any, records: native.Records) -> list[int]:
    """Numbers of the records whose names are among the candidates."""
    hashes = looks.window_prints(records) if candidates.method == WINDOW else looks.facts().feed(records)
    return looks.match(table, hashes)
