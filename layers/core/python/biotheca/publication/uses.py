"""What uses a record: the records that refer to it, of every submission, and what refers to each of those in turn."""

from __future__ import annotations

from typing import Any

from biotheca.accounts.model import Person
from biotheca.publication.model import Record
from biotheca.publication.service import seen, visible
from biotheca.publication.store import RecordStore

MOST_IN_ALL = 1000  # records of the tree below a record; of one person there are few, of a project there may be more
MOST_BELOW = 50  # runs named beside each experiment; an experiment's own uses are listed in pages


def uses(
    records: RecordStore, person: Person | None, accession: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of what refers to a record, as far as one may see it: of a sample, experiments with dataset and runs.

    NotFound if the record itself may not be seen. A page may be shorter than `limit` and yet have a next.
    """
    record = visible(records, person, accession)
    found, following = records.referrers(record.accession, None, limit, cursor)
    rows = []
    for one in seen(records, person, found):
        below, _ = records.referrers(one.accession, None, MOST_BELOW, None)
        rows.append(_row(one) | {"used_by": [_named(r) for r in seen(records, person, below)]})
    return rows, following


def below(records: RecordStore, person: Person | None, accession: str, most: int = MOST_IN_ALL) -> dict[str, Any]:
    """All that hangs on a record, of every member: what refers to it, what refers to that, nearest first, each once.

    A record that one may not see is left out, with what hangs on it alone. `complete` is false if there is more than
    `most`. NotFound if the record itself may not be seen.
    """
    top = visible(records, person, accession)
    found: dict[str, dict[str, Any]] = {}
    left = [top.accession]
    while left:
        above = left.pop(0)
        cursor: str | None = None
        while True:
            page, cursor = records.referrers(above, None, MOST_BELOW, cursor)
            fresh = [a for a in page if a not in found and a != top.accession]
            for one in seen(records, person, fresh):
                if len(found) == most:
                    return {"accession": top.accession, "items": list(found.values()), "complete": False}
                found[one.accession] = _row(one) | {"of": above}
                left.append(one.accession)
            if cursor is None:
                break
    return {"accession": top.accession, "items": list(found.values()), "complete": True}


def _row(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("accession", "type", "member", "title", "dataset", "released_at")}


def _named(record: Record) -> dict[str, str]:
    return {"accession": record.accession, "type": record.type}
