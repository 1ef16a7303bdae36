"""The kernel and its twin behind one face: facts, window, spool and the looking up of candidates."""

from __future__ import annotations

from array import array
from typing import IO, Any, Protocol

from biotheca.formats import names_twin, native

CHUNK_BYTES = 64 * 1024
MOST_NAMES = 5_000_000  # of one part, sorted at once: 80 MB
SPOOL_NARROW, SPOOL_WIDE = 7, 8  # bytes on disk a name; the twin keeps 8


class TakesHashes(Protocol):
    """What finds prints that stand more than once."""

    def feed(self, hashes: bytes) -> None:
        """The next hashes."""

    def result(self) -> tuple[bytes, int, int, int]:
        """Candidates, names that stand more than once, reads beyond the first of each, bytes on disk."""


class _Facts:
    def __init__(self) -> None:
        self.state = native.kernel().facts()

    def feed(self, records: native.Records) -> bytes:
        hashes: bytes = native.kernel().facts_feed(self.state, None, records.text, records.spans, True)
        return hashes

    def walk(self, records: native.Records, window: Any, wanted: bool) -> bytes | None:
        state = window.state if window else None
        hashes: bytes | None = native.kernel().facts_feed(self.state, state, records.text, records.spans, wanted)
        return hashes

    def saved(self) -> bytes:
        saved: bytes = native.kernel().facts_saved(self.state)
        return saved

    def load(self, saved: bytes) -> None:
        native.kernel().facts_load(self.state, saved)

    def result(self) -> tuple[bytes, int, int, int, list[bytes], int]:
        told: tuple[bytes, int, int, int, list[bytes], int] = native.kernel().facts_result(self.state)
        return told


class _Window:
    def __init__(self) -> None:
        self.state = native.kernel().window()

    @property
    def holds(self) -> bool:
        holds: bool = native.kernel().window_holds(self.state)
        return holds

    def saved(self) -> bytes:
        saved: bytes = native.kernel().window_saved(self.state)
        return saved

    def load(self, saved: bytes) -> None:
        native.kernel().window_load(self.state, saved)

    def result(self) -> tuple[bytes, int] | None:
        found: tuple[bytes, int] | None = native.kernel().window_result(self.state)
        return found


class _Spool:
    def __init__(self, file: IO[bytes] | None, wide: bool) -> None:
        self._file = file  # held open as long as its number is used
        width = SPOOL_WIDE if wide else SPOOL_NARROW
        number = -1 if file is None else file.fileno()
        self._state = native.kernel().spool(number, width, CHUNK_BYTES, MOST_NAMES)

    def feed(self, hashes: bytes) -> None:
        native.kernel().spool_feed(self._state, hashes)

    def result(self) -> tuple[bytes, int, int, int]:
        found: tuple[bytes, int, int, int] = native.kernel().spool_result(self._state)
        return found


class Looks:
    """One engine's way of looking at names; the answers are the same."""

    def __init__(self, engine: str | None = None) -> None:
        self.compiled = native.has_kernel() and engine != native.PYTHON

    def facts(self) -> _Facts | names_twin.Facts:
        return _Facts() if self.compiled else names_twin.Facts()

    def window(self) -> _Window | names_twin.Window:
        return _Window() if self.compiled else names_twin.Window()

    def spool(self, file: IO[bytes] | None, wide: bool) -> TakesHashes:
        return _Spool(file, wide) if self.compiled else names_twin.Spool(file)

    def window_prints(self, records: native.Records) -> bytes:
        if not self.compiled:
            return names_twin.window_prints(records)
        prints: bytes = native.kernel().window_prints(records.text, records.spans)
        return prints

    def lines(self, records: native.Records) -> bytes:
        """Of each record what makes its key, a line each."""
        if not self.compiled:
            return names_twin.lines(records)
        lines: bytes = native.kernel().name_lines(records.text, records.spans)
        return lines

    def table(self, candidates: bytes) -> Any:
        """Candidates, 64-bit numbers, as `match` wants them."""
        return native.kernel().prints(candidates) if self.compiled else frozenset(array("Q", candidates))

    def match(self, table: Any, hashes: bytes) -> list[int]:
        """Numbers of the records whose print is a candidate."""
        if not self.compiled:
            return names_twin.match(table, hashes)
        return memoryview(native.kernel().match(table, hashes)).cast("I").tolist()
