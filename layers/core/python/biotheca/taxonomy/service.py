"""Look taxa up: in the whole taxonomy if an operator loaded it, else in the subset that comes with the package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from biotheca.errors import Finding, Invalid, NotFound
from biotheca.taxonomy import rules
from biotheca.taxonomy.model import Subset, Taxon, subset

MOST_HITS = 20
LARGEST_ID = 2**31


class Whole(Protocol):
    """What a loaded taxonomy can be asked (TaxonomyStore)."""

    def loaded(self) -> int: ...
    def get_many(self, numbers: Iterable[int]) -> dict[int, Taxon]: ...
    def beginning(self, start: str, most: int) -> list[tuple[str, int]]: ...


class Taxonomy:
    """One a process; whether the whole is loaded is asked until it is."""

    def __init__(self, whole: Whole | None = None, part: Subset | None = None) -> None:
        self.whole = whole
        self.part = part if part is not None else subset()
        self._loaded = False

    def _is_loaded(self) -> bool:
        if self.whole is not None and not self._loaded:
            self._loaded = self.whole.loaded() > 0
        return self._loaded

    def get_many(self, numbers: Iterable[int]) -> dict[int, Taxon]:
        """Those of these taxa that are known. A synonym that only the subset lists is known beside the whole's."""
        wanted = [n for n in dict.fromkeys(numbers) if 0 < n < LARGEST_ID]
        found = {n: self.part[n] for n in wanted if n in self.part}
        if self.whole is not None and self._is_loaded():
            found |= self.whole.get_many(wanted)
        return found

    def find(self, query: str, most: int = MOST_HITS) -> list[Taxon]:
        """Taxa one of whose names begins so, best first; Invalid under three letters."""
        query = " ".join(query.split())
        if len(query) < rules.SHORTEST_QUERY or len(query) > 200:
            finding = Finding("taxonomy.query", "?q", "Give at least three letters.", query[:80], "3 to 200 letters")
            raise Invalid(finding.message, [finding])
        pairs = self.part.beginning(query, 500)
        if self.whole is not None and self._is_loaded():
            pairs = [*self.whole.beginning(query, 200), *pairs]
        taxa = self.get_many(number for _, number in pairs)
        return rules.ranked(query, ((name, taxa[number]) for name, number in pairs if number in taxa), most)


def shown(taxonomy: Taxonomy, text: str) -> dict[str, object]:
    """A taxon with what is above it, root last; NotFound if its id is no number or unknown."""
    found = taxonomy.get_many([int(text)]) if text.isascii() and text.isdigit() and len(text) < 11 else {}
    if not found:
        raise NotFound(f"Taxon {text[:40]!r} is not known here.")
    (taxon,) = found.values()
    above = taxonomy.get_many(taxon.lineage)
    lineage = [above[number] for number in taxon.lineage if number in above]
    return taxon.as_dict() | {"lineage": [{"taxon_id": t.id, "name": t.name, "rank": t.rank} for t in lineage]}
