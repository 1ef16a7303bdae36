"""Where numbers are kept: one counter a form, and a ledger of what was given to whom.

Table keys: COUNTER#<kind> holds `last`; OWNER#<owner> holds kind, first and count of its numbers.
"""

from __future__ import annotations

from biotheca import clock
from biotheca.aws.tables import ConditionFailed, Table
from biotheca.settings import Settings


class AccessionStore:
    """The accessions table. One atomic ADD takes a block; one conditional put makes it an owner's for good."""

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or Table(Settings().accessions_table)

    def take(self, kind: str, count: int) -> int:
        """Advance the counter by `count`; returns the last number of the block. Never gives a number twice."""
        item = self.table.update({"pk": f"COUNTER#{kind}"}, "ADD #last :count", n_last="last", count=count)
        return item["last"]

    def assigned(self, owner: str) -> tuple[int, int] | None:
        """(first, count) of the numbers that this owner holds, or None."""
        item = self.table.get({"pk": f"OWNER#{owner}"})
        return (item["first"], item["count"]) if item else None

    def assign(self, owner: str, kind: str, first: int, count: int) -> tuple[int, int]:
        """Give a block to an owner; if somebody was faster, what the owner already holds."""
        line = {"pk": f"OWNER#{owner}", "kind": kind, "first": first, "count": count, "at": clock.stamp()}
        try:
            self.table.put(line, "attribute_not_exists(pk)")
        except ConditionFailed:
            held = self.assigned(owner)
            if held is None:  # cannot be: ledger lines are never removed
                raise
            return held
        return first, count
