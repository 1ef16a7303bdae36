"""Where the whole taxonomy is kept, if an operator loaded it.

Taxonomy table: pk TAX#<id>, sk TAXON: the taxon. pk NAME#<first letters>, sk <folded name>#<id>: one line a name, so
that a beginning is one query. pk META, sk LOADED: how many taxa, written last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from biotheca.aws.tables import Table
from biotheca.settings import Settings
from biotheca.taxonomy.model import Taxon, folded

LETTERS = 3


class TaxonomyStore:
    """The whole taxonomy in its own table."""

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or Table(Settings().taxonomy_table)

    def loaded(self) -> int:
        """How many taxa were loaded; 0 if the load never came to its end."""
        item = self.table.get({"pk": "META", "sk": "LOADED"}, consistent=False)
        return item["taxa"] if item else 0

    def get_many(self, numbers: Iterable[int]) -> dict[int, Taxon]:
        """Those of these taxa that there are."""
        keys = [{"pk": f"TAX#{number}", "sk": "TAXON"} for number in dict.fromkeys(numbers)]
        return {item["id"]: _taxon(item) for item in self.table.get_many(keys)}

    def beginning(self, start: str, most: int) -> list[tuple[str, int]]:
        """(folded name, id) of names that begin so, in order, at most so many."""
        start = folded(start)
        values = {"p": f"NAME#{start[:LETTERS]}", "s": start}
        items, _ = self.table.query("pk = :p AND begins_with(sk, :s)", values, limit=most)
        return [(item["sk"].rpartition("#")[0], int(item["sk"].rpartition("#")[2])) for item in items]

    def load(self, taxa: Iterable[Taxon], at: str) -> int:
        """Write every taxon; returns how many. Again (another version) writes over; what vanished stays until then."""
        count, batch = 0, []
        for taxon in taxa:
            count += 1
            batch.append({"pk": f"TAX#{taxon.id}", "sk": "TAXON", **_plain(taxon)})
            names = {folded(name) for name in taxon.called()}
            batch += [{"pk": f"NAME#{name[:LETTERS]}", "sk": f"{name}#{taxon.id}"} for name in sorted(names)]
            if len(batch) >= 1000:
                self.table.put_many(batch)
                batch = []
        self.table.put_many(batch)
        self.table.put({"pk": "META", "sk": "LOADED", "taxa": count, "at": at})
        return count


def _plain(taxon: Taxon) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(taxon).items()}


def _taxon(item: dict[str, Any]) -> Taxon:
    given = {k: item[k] for k in Taxon.__dataclass_fields__ if k in item}
    return Taxon(**given | {"names": tuple(item.get("names", ())), "lineage": tuple(item.get("lineage", ()))})
