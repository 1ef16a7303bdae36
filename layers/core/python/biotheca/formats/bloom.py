"""Names in Bloom filters (1970): the method of the GSA family's paper, for comparison and where no disk is to spare.

A filter says "met before" of every name that was, and of a few that were not: one in 10^9, when as many names are in it
as it was designed for. So what it says is only a candidate. Further filters follow, each twice as large as the last,
when there are more names than were expected.
"""

from __future__ import annotations

import importlib
from array import array
from dataclasses import dataclass
from typing import Any

from biotheca.formats import native
from biotheca.formats.names_key import BITS_64
from biotheca.formats.names_twin import MAX_CANDIDATES

FALSE_RATE = 1e-9
BITS_A_NAME = 43.13  # log2(e) * log2(1 / FALSE_RATE)
HASHES = 30  # log2(1 / FALSE_RATE)
FIRST_DESIGN_NAMES = 1 << 20

_MIX = 0x9FB21C651E98DF25


class NoBitarray(Exception):
    """The package bitarray, which holds the bits, is not installed."""


@dataclass(frozen=True)
class Design:
    """So many names at so many bits and hashes each."""

    names: int = FIRST_DESIGN_NAMES
    bits_a_name: float = BITS_A_NAME
    hashes: int = HASHES

    @property
    def bits(self) -> int:
        return max(64, -(-int(self.names * self.bits_a_name) // 64) * 64)

    def false_rate(self, names: int) -> float:
        """Share of new names that are taken for old when so many are in it (Bloom's formula)."""
        return float((1 - (1 - 1 / self.bits) ** (self.hashes * names)) ** self.hashes)


class Filter:
    """One filter. `add` says of each hash whether it was met before and puts it in."""

    def __init__(self, design: Design, compiled: bool) -> None:
        self.design = design
        self.names = 0
        self._compiled = compiled
        try:
            # By its name and not at import: only this method needs it, and functions do without.
            bitarray = importlib.import_module("bitarray").bitarray
        except ImportError as lacking:
            raise NoBitarray("duplicates='bloom' needs the package bitarray") from lacking
        self._bits: Any = bitarray(design.bits, endian="little")
        self._bits.setall(0)

    def look(self, hashes: bytes, add: bool) -> bytes:
        """One byte a hash: whether it was met before."""
        if add:
            self.names += len(hashes) // 16
        if self._compiled:
            met: bytes = native.kernel().bloom(self._bits, self.design.bits, self.design.hashes, hashes, add)
            return met
        numbers = array("Q", hashes)
        return bytes(self._one(a, b, add) for a, b in zip(numbers[::2], numbers[1::2], strict=True))

    def _one(self, one: int, more: int, add: bool) -> bool:
        if not one and not more:
            return False
        step, size, bits = more | 1, self.design.bits, self._bits
        # Mixed once more: plain double hashing puts some names' bits side by side, too many of them for 1e-9.
        seeds = [(one + k * step) & BITS_64 for k in range(self.design.hashes)]
        places = [((s ^ s >> 32) * _MIX & BITS_64) * size >> 64 for s in seeds]
        met = all(bits[at] for at in places)
        if add and not met:
            for at in places:
                bits[at] = 1
        return met


class Bloom:
    """Takes hashes as a spool does; its candidates are names that were perhaps met before."""

    def __init__(self, design: Design | None = None, compiled: bool = True) -> None:
        self._compiled = compiled
        self.filters = [Filter(design or Design(), compiled)]
        self._found: set[int] = set()
        self._repeats = 0
        self._expected_false = 0.0

    def feed(self, hashes: bytes) -> None:
        """The next hashes."""
        last = self.filters[-1]
        if last.names >= last.design.names:
            old = last.design
            last = Filter(Design(2 * old.names, old.bits_a_name, old.hashes), self._compiled)
            self.filters.append(last)
        met = last.look(hashes, add=True)
        for one in self.filters[:-1]:
            met = bytes(map(max, met, one.look(hashes, add=False)))
        rate = sum(one.design.false_rate(one.names) for one in self.filters)
        self._expected_false += rate * (len(hashes) // 16)
        if any(met):
            prints = array("Q", hashes)[::2]
            for print_, was_met in zip(prints, met, strict=True):
                self._repeats += was_met
                if was_met and len(self._found) < MAX_CANDIDATES:
                    self._found.add(print_)

    def result(self) -> tuple[bytes, int, int, int]:
        """Candidates, how many of them, reads that were met before, no bytes on disk."""
        return array("Q", sorted(self._found)).tobytes(), len(self._found), self._repeats, 0

    def parameters(self) -> dict[str, Any]:
        """What a reader needs to judge the figures."""
        designs = [one.design for one in self.filters]
        return {
            "bits": sum(d.bits for d in designs),
            "bytes": sum(d.bits for d in designs) // 8,
            "hashes": designs[0].hashes,
            "bits_a_name": designs[0].bits_a_name,
            "design_names": sum(d.names for d in designs),
            "filters": len(designs),
            "false_rate": FALSE_RATE,
            "expected_false": float(f"{self._expected_false:.3g}"),
        }
