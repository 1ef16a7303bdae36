"""An even sample of a stream of reads whose length nobody knows before.

Every n-th read is looked at; n doubles whenever the sample is full, and every second of what was kept is let go. So the
sample is spread evenly over the file and is the same however its bytes arrive.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence


class EvenSample(ABC):
    """Give `take` the sequences of a file in order; at most `most` of them are in the sample at any time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen = 0
        self._every = 1
        self._kept = 0

    def take(self, sequences: Sequence[bytes]) -> None:
        """The next sequences of the file."""
        at, given = -self._seen % self._every, len(sequences)
        self._seen += given
        while at < given:
            if self._kept == self._most:
                self.thin()
                self._kept = (self._kept + 1) // 2
                self._every *= 2
            count = min(self._most - self._kept, (given - at - 1) // self._every + 1)
            self.look(sequences, at, self._every, count)
            self._kept += count
            at += count * self._every

    @abstractmethod
    def look(self, sequences: Sequence[bytes], first: int, every: int, count: int) -> None:
        """Take `count` sequences from `first` on, each `every`-th, into the sample."""

    @abstractmethod
    def thin(self) -> None:
        """Let every second of the sample go, and keep the first."""
