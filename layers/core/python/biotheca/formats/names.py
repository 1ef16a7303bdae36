"""Read names of one file: which stand more than once, and what they say of labels, lanes and platform.

Exact and small, in three steps, each taken only if the one before did not do:

1. The *window*: names in their instrument's order prove by it that they are unique (names_twin.Window), in 1 MiB.
2. The *spool*: 64-bit fingerprints of all names on scratch disk, 7 bytes each, sorted part by part at the end. Where there
   is no scratch disk, Bloom filters in its place.
3. What either suspects is a candidate. Whoever can read the file again confirms it (see qc).

When the window's proof ends, the names before that place must be in the spool too. The first 524,288 are in any case: they
fit its buffers, and a file in another order shows it there. Later, `missing` tells how many records at the file's start
are to be read again, which costs less than spooling every file for the sake of a few. A stream, which cannot be read
again, is spooled from its first name on.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from biotheca.formats import native
from biotheca.formats.bloom import Bloom, Design
from biotheca.formats.names_key import key_of
from biotheca.formats.names_looks import SPOOL_NARROW, Looks, TakesHashes
from biotheca.formats.names_shapes import platform_of

AUTO, SPOOL, BLOOM, OFF, WINDOW = "auto", "spool", "bloom", "off", "window"
METHODS = (AUTO, BLOOM, SPOOL, OFF)
EARLY_NAMES = 1 << 19
SAMPLED_EVERY = 4_096
_HEADERS_HELD = 4_096


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
    """What the names of a file say together. Digests are hexadecimal, one for each 65,536 reads and one for the rest."""

    digests: tuple[str, ...] = ()
    labels: dict[str, int] = field(default_factory=dict)
    lanes: tuple[str, ...] = ()
    more_lanes: bool = False
    platform: str | None = None


class Names:
    """Feed it the reads' names in order, then ask `facts`, and `candidates` once `missing` records were fed again.

    `again`: whether the file can be read again. `scratch`: a folder, None for the system's. `wide`: 8 bytes a name,
    for more than 2 * 10^9 of them. Raises ScratchFault, NoBitarray.
    """

    def __init__(
        self,
        duplicates: str = AUTO,
        scratch: Path | None = None,
        again: bool = False,
        engine: str | None = None,
        wide: bool = False,
        design: Design | None = None,
    ) -> None:
        if duplicates not in METHODS:
            raise ValueError(f"duplicates is one of {', '.join(METHODS)}, not {duplicates!r}")
        self.looks = Looks(engine)
        self._again = again
        self._facts = self.looks.facts()
        self._window = self.looks.window() if duplicates == AUTO else None
        self._scratch = scratch
        self._store: TakesHashes | None = None
        self._bloom: Bloom | None = None
        self._wide = wide
        self.method = duplicates if duplicates in (BLOOM, OFF) else SPOOL
        if duplicates != OFF:
            self._open_store(design)
        self._headers: list[bytes] = []
        self._shapes: Counter[str] = Counter()
        self.checked = 0
        self.missing = 0  # records at the start of the file that are to be fed again

    def _open_store(self, design: Design | None) -> None:
        file: IO[bytes] | None = None
        if self.method == SPOOL:
            try:
                # Without a name from the start: a killed process leaves nothing.
                file = tempfile.TemporaryFile(dir=self._scratch, prefix="biotheca-names-", buffering=0)  # noqa: SIM115
            except OSError as fault:
                if self._window is None:
                    raise ScratchFault(self._words(fault)) from fault
                self.method = BLOOM
        if self.method == BLOOM:
            self._bloom = Bloom(design, self.looks.compiled)
            self._store = self._bloom
        else:
            self._store = self.looks.spool(file, self._wide)

    def add(self, header: bytes) -> None:
        """The next record's header line, without '@'."""
        self._headers.append(header)
        if len(self._headers) >= _HEADERS_HELD:
            self._flush()

    def feed(self, records: native.Records) -> None:
        """The next records of the file, as many as one block holds."""
        self._flush()
        self._take(records)

    def _flush(self) -> None:
        if self._headers:
            headers, self._headers = self._headers, []
            self._take(native.Records.of(headers))

    def _take(self, records: native.Records) -> None:
        self._sample(records)
        hashes = self._facts.feed(records)
        if self.method == OFF:
            self.checked += len(records)
            return
        if self._window is not None and self._window.feed(records) < len(records):
            self._window = None
            if self._store is None:
                self.missing = self.checked
                self._open_store(None)
        if self._store is not None:
            self._spooled(hashes)
        self.checked += len(records)
        if self._window is not None and self._again and self.checked >= EARLY_NAMES:
            self._store = self._bloom = None  # the file can be read again, should the proof end

    def _spooled(self, hashes: bytes) -> None:
        assert self._store is not None
        try:
            self._store.feed(hashes)
        except OSError as fault:
            raise ScratchFault(self._words(fault)) from fault

    def _words(self, fault: OSError) -> str:
        folder = self._scratch or Path(tempfile.gettempdir())
        needed = (self.checked + 1) * SPOOL_NARROW / 1e6 if hasattr(self, "checked") else 0
        return (
            f"Fingerprints of read names could not be written to {folder}: {fault.strerror or fault}. They need "
            f"{SPOOL_NARROW} bytes a read (so far {needed:,.0f} MB). Name a folder with more room, or take the method "
            f"'bloom', which needs memory instead."
        )

    def _sample(self, records: native.Records) -> None:
        for at in range(-self.checked % SAMPLED_EVERY, len(records), SAMPLED_EVERY):
            name, _ = key_of(records.header(at))
            self._shapes[platform_of(name) or ""] += 1

    def feed_missing(self, records: native.Records) -> None:
        """Records of the file's start once more, no more than `missing` in all."""
        self._spooled(self.looks.facts().feed(records))
        self.missing -= len(records)

    def candidates(self) -> Candidates:
        """What is to be confirmed."""
        self._flush()
        assert not self.missing, f"{self.missing} records at the file's start were not fed again"
        if self._window is not None and (held := self._window.result()):
            prints, repeats = held
            return Candidates(WINDOW, prints, len(prints) // 8, repeats)
        if self._store is None:
            return Candidates(OFF)
        try:
            prints, names, repeats, _ = self._store.result()
        except OSError as fault:
            raise ScratchFault(self._words(fault)) from fault
        return Candidates(self.method, prints, names, repeats)

    def parameters(self) -> dict[str, Any]:
        """Of the Bloom filters, if these were used."""
        return self._bloom.parameters() if self._bloom is not None else {}

    def facts(self) -> NameFacts:
        """What the names say together."""
        self._flush()
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
