"""How fast a source may be asked: a token bucket inside a worker, and a window of connections over all workers.

The window follows AIMD (RFC 5681, section 3.1): one more after a window of good copies, half after a busy answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


class TokenBucket:
    """At most `rate` requests a second, `burst` of them at once. `clock` gives seconds and only ever grows."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self.rate, self.burst, self._clock = rate, burst, clock
        self._tokens, self._at = burst, clock()

    def take(self) -> float:
        """Take one token; how many seconds to wait before using it."""
        now = self._clock()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self.rate)


@dataclass(frozen=True)
class Window:
    """How many workers may use a host at once. `closed_until` is an ISO moment; empty: open."""

    host: str
    most: int
    milli: int  # thousandths of a connection, for it grows by less than one
    closed_until: str = ""

    @property
    def connections(self) -> int:
        """Whole connections; at least one, or nobody would find out that the host is well again."""
        return max(1, self.milli // 1000)

    def better(self) -> Window:
        """After a good copy."""
        return replace(self, milli=min(self.most * 1000, self.milli + max(1, 1000 // self.connections)))

    def worse(self, closed_until: str) -> Window:
        """After a busy answer."""
        return replace(self, milli=max(1000, self.milli // 2), closed_until=max(self.closed_until, closed_until))


def opened(host: str, most: int) -> Window:
    """A host of which nothing bad is known yet.

    >>> opened("a", 8).worse("").connections
    4
    """
    return Window(host, most, most * 1000)
