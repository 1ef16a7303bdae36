"""How far a job is: a log line each half minute, which CloudWatch also reads as metrics (embedded metric format)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

EVERY_S = 30.0
_METRICS = [
    {"Name": "CheckedBytes", "Unit": "Bytes"},
    {"Name": "CheckRate", "Unit": "Bytes/Second"},
    {"Name": "CheckedReads", "Unit": "Count"},
]


class Progress:
    """Passes chunks on and tells, at most each `every_s`, what went by. `size_bytes` may not be known."""

    def __init__(
        self, tell: Callable[[dict[str, Any]], None], size_bytes: int | None = None, every_s: float = EVERY_S
    ) -> None:
        self._tell = tell
        self._size_bytes = size_bytes
        self._every_s = every_s
        self._began = self._told = time.monotonic()
        self._told_bytes = 0
        self._told_reads = 0
        self.bytes = 0
        self.reads = 0

    def count_reads(self, count: int) -> None:
        """So many more reads were looked at; by this job, if another one began."""
        self.reads += count

    def over(self, chunks: Iterable[bytes], from_byte: int = 0) -> Iterator[bytes]:
        """The same chunks, which begin at `from_byte` of the file."""
        self.bytes = self._told_bytes = from_byte
        for chunk in chunks:
            self.bytes += len(chunk)
            if time.monotonic() - self._told >= self._every_s:
                self._say()
            yield chunk

    def _say(self) -> None:
        now = time.monotonic()
        rate = (self.bytes - self._told_bytes) / max(now - self._told, 1e-9)
        facts: dict[str, Any] = {"CheckedBytes": self.bytes - self._told_bytes, "CheckRate": round(rate)}
        facts |= {"CheckedReads": self.reads - self._told_reads, "reads": self.reads}
        facts |= {"bytes": self.bytes, "seconds": round(now - self._began, 1)}
        if self._size_bytes:
            left = max(self._size_bytes - self.bytes, 0)
            facts |= {"size_bytes": self._size_bytes, "left_s": round(left / rate) if rate else None}
        self._told, self._told_bytes, self._told_reads = now, self.bytes, self.reads
        metrics = [{"Namespace": "Biotheca", "Dimensions": [["job"]], "Metrics": _METRICS}]
        self._tell(facts | {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": metrics}})
