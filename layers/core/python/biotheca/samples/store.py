"""What is due and what was sent. Records table: pk OUT#<way> sk <dataset> of what waits; below a sample OUT#<way>."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca import clock
from biotheca.aws.tables import ConditionFailed, transact
from biotheca.publication.store import RecordStore


class OutwardStore:
    """Datasets that wait for the daily run, and the digest and number of each sample that was sent."""

    def __init__(self, records: RecordStore) -> None:
        self.records = records
        self.table = records.table

    def note(self, way: str, dataset: str) -> None:
        """A dataset waits; noted again it waits still, since the later time."""
        self.table.put({"pk": f"OUT#{way}", "sk": dataset, "dataset": dataset, "at": clock.stamp()})

    def waiting(self, way: str) -> Iterator[dict[str, Any]]:
        """`dataset` and `at` of all that waits."""
        cursor: str | None = None
        while True:
            rows, cursor = self.table.query("pk = :p", {"p": f"OUT#{way}"}, limit=100, cursor=cursor)
            yield from rows
            if cursor is None:
                return

    def done(self, way: str, row: dict[str, Any]) -> None:
        """A dataset waits no more, unless it was noted again in between."""
        try:
            key = {"pk": f"OUT#{way}", "sk": row["sk"]}
            transact([self.table.delete_line(key, "#at = :at", n_at="at", at=row["at"])])
        except ConditionFailed:
            return

    def sent(self, way: str, accession: str) -> dict[str, Any] | None:
        """`digest` and `theirs` (the number there) of a sample that was sent, or None."""
        return self.records.row(accession, "OUT#", way)

    def sent_line(self, way: str, accession: str, digest: str, theirs: str) -> dict[str, Any]:
        """The transaction line that notes what was sent. A number never changes."""
        row = {"digest": digest, "theirs": theirs, "at": clock.stamp()}
        condition = "attribute_not_exists(pk) OR theirs = :theirs"
        return self.records.row_line(accession, "OUT#", way, row, condition, theirs=theirs)
