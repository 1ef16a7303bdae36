"""The requests of the access table as openness counts them."""

from __future__ import annotations

from collections.abc import Iterator

from biotheca import clock
from biotheca.access.model import Request as Asked
from biotheca.access.model import State
from biotheca.access.store import AccessStore
from biotheca.openness.model import Outcome, Request
from biotheca.openness.sharing import Placed


class AskedRequests:
    """A RequestLog over the access table. A request goes by its number; one without is a draft, and no request yet."""

    def __init__(self, store: AccessStore) -> None:
        self.store = store

    def requests(self) -> Iterator[Request]:
        """Every request that was ever handed in, first to last."""
        return (counted for asked in self.store.all_requests() if (counted := as_counted(asked)))

    def placed(self) -> Iterator[Placed]:
        """Every request with its member database and committee."""
        for asked in self.store.all_requests():
            if counted := as_counted(asked):
                yield Placed(counted, asked.member, asked.committee)

    def request(self, request_id: str) -> Request | None:
        """The request of that number as it stands now (a consistent read), or None."""
        asked = self.store.request(request_id)
        return as_counted(asked) if asked else None


def as_counted(asked: Asked) -> Request | None:
    """A request as openness counts it; None for a draft.

    It waits since it came to the committee the last time. Back with its requester, withdrawn, or never answered by
    them, it reads as withdrawn. Once decided it stays so: a grant that ended or was revoked leaves the decision.
    """
    if not asked.number:
        return None
    if asked.decided_at:
        outcome, ended = Outcome.REJECTED if asked.state == State.REJECTED else Outcome.APPROVED, asked.decided_at
    elif asked.state == State.SUBMITTED:
        outcome, ended = None, ""
    else:
        outcome, ended = Outcome.WITHDRAWN, asked.returned_at or asked.updated_at
    return Request(
        asked.number,
        asked.dataset,
        clock.parse(asked.waiting_since),
        clock.parse(ended) if ended else None,
        outcome,
        asked.requester,
    )
