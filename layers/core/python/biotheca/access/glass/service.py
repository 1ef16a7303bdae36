"""Staff who must read a controlled file write why; its committee hears of it at once, and it lasts an hour.

Owners and whoever holds a grant need none of it. Curators read files of what is not released yet by their office
(publication.service.by_right).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from biotheca import clock
from biotheca.access.glass.store import GlassStore
from biotheca.access.store import AccessStore
from biotheca.accounts.model import Person
from biotheca.errors import Invalid, NotAllowed
from biotheca.publication.access import is_open, mode_of
from biotheca.publication.service import STAFF, visible
from biotheca.publication.store import RecordStore
from biotheca.submissions.rules import finding

LASTS = timedelta(hours=1)
SHORTEST_REASON = 20


def break_glass(
    store: AccessStore, glass: GlassStore, records: RecordStore, person: Person, accession: str, reason: str
) -> dict[str, Any]:
    """Open the files of a controlled dataset to a member of the staff for an hour; while it lasts, again is the same.

    NotAllowed for others, whatever they name. NotFound, Invalid for what is open or a reason that says nothing.
    """
    if not person.roles & STAFF:
        raise NotAllowed("Only the archive's staff break the glass.")
    record = visible(records, person, accession)
    dataset = record.dataset or record.accession
    if is_open(records, record):
        message = f"The access to the files of {dataset} is {mode_of(records, record)}."
        raise Invalid(message, [finding("access.open_already", "/accession", message, dataset)])
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST_REASON:
        message = f"Say why in {SHORTEST_REASON} characters or more: the committee reads it."
        raise Invalid(message, [finding("access.glass_reason", "/reason", message)])
    whole = records.get(dataset)
    committee = store.committee(whole.committee) if whole and whole.committee else None
    return glass.add(person.subject, dataset, committee, reason, clock.stamp(clock.now() + LASTS))
