"""What a taxon is, and the subset of the NCBI taxonomy that comes with the package. The whole: store, dump."""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Taxon:
    """One taxon. `names`: common names and synonyms. `lineage`: ids above it, nearest first, without the root's own."""

    id: int
    parent: int
    rank: str
    name: str
    common_name: str = ""
    names: tuple[str, ...] = ()
    lineage: tuple[int, ...] = ()

    def within(self, ancestor: int) -> bool:
        """Whether the taxon is that one or below it."""
        return self.id == ancestor or ancestor in self.lineage

    def called(self) -> tuple[str, ...]:
        """Every name: scientific, common, others."""
        return tuple(dict.fromkeys(n for n in (self.name, self.common_name, *self.names) if n))

    def as_dict(self) -> dict[str, Any]:
        """What the API shows."""
        shown = {"taxon_id": self.id, "name": self.name, "rank": self.rank, "common_name": self.common_name}
        return shown | {"other_names": list(self.names), "parent": self.parent}


def folded(name: str) -> str:
    """A name as it is compared: blanks of one, case of none."""
    return " ".join(name.split()).casefold()


class Subset(Mapping[int, Taxon]):
    """Taxa in memory, from lines of id, parent, rank, name, common name, other names with bars, by tabs."""

    def __init__(self, lines: list[str]) -> None:
        self._rows: dict[int, list[str]] = {}
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            self._rows[int(fields[0])] = fields

    def __getitem__(self, number: int) -> Taxon:
        fields = self._rows[number]
        others = tuple(n for n in fields[5].split("|") if n)
        return Taxon(number, int(fields[1]), fields[2], fields[3], fields[4], others, self._lineage(number))

    def __contains__(self, number: object) -> bool:
        return number in self._rows

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _lineage(self, number: int) -> tuple[int, ...]:
        found = []
        while (parent := int(self._rows[number][1])) != number and parent in self._rows:
            found.append(parent)
            number = parent
        return tuple(found)

    @cached_property
    def _names(self) -> list[tuple[str, int]]:
        """(folded name, id) of every name, sorted."""
        pairs = {
            (folded(name), number)
            for number, fields in self._rows.items()
            for name in (fields[3], fields[4], *fields[5].split("|"))
            if name
        }
        return sorted(pairs)

    def beginning(self, start: str, most: int) -> list[tuple[str, int]]:
        """(folded name, id) of names that begin so, in order, at most so many."""
        start = folded(start)
        found: list[tuple[str, int]] = []
        for position in range(bisect_left(self._names, (start, 0)), len(self._names)):
            if not self._names[position][0].startswith(start) or len(found) == most:
                break
            found.append(self._names[position])
        return found

    def named(self, name: str) -> list[int]:
        """Ids that a name means exactly."""
        wanted = folded(name)
        return [number for text, number in self.beginning(wanted, 50) if text == wanted]


_shipped: list[Subset] = []


def subset() -> Subset:
    """The subset that comes with the package; read once a process."""
    if not _shipped:
        data = (resources.files(__package__) / "subset.tsv.gz").read_bytes()
        _shipped.append(Subset(gzip.decompress(data).decode("utf-8").splitlines()))
    return _shipped[0]
