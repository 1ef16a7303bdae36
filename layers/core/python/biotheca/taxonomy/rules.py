"""How names and taxa are compared, and in which order hits of an autocomplete stand. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from biotheca.taxonomy.model import Taxon, folded

SHORTEST_QUERY = 3  # letters, as the original archive's autocomplete
_RANKS = {"species": 0, "subspecies": 1, "genus": 2, "strain": 3, "no rank": 4}


def same_name(taxon: Taxon, name: str) -> str:
    """How a name fits a taxon: `scientific`, `other` (common name or synonym), or `no`.

    >>> same_name(Taxon(562, 561, "species", "Escherichia coli", names=("E. coli",)), "escherichia  coli")
    'scientific'
    """
    if folded(name) == folded(taxon.name):
        return "scientific"
    return "other" if folded(name) in map(folded, taxon.called()) else "no"


def ranked(query: str, hits: Iterable[tuple[str, Taxon]], most: int) -> list[Taxon]:
    """Each taxon once, best first: exact names, scientific names, species, short names."""
    wanted = folded(query)
    best: dict[int, tuple[tuple[int, int, int, int, str], Taxon]] = {}
    for name, taxon in hits:
        scientific = folded(taxon.name) == name
        key = (name != wanted, not scientific, _RANKS.get(taxon.rank, 5), len(name), name)
        if taxon.id not in best or key < best[taxon.id][0]:
            best[taxon.id] = (key, taxon)
    return [taxon for _, taxon in sorted(best.values(), key=lambda pair: pair[0])][:most]
