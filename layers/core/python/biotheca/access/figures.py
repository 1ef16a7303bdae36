"""What statistics and scores count of requests: no answers, and of people the subject alone, to count distinct ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from biotheca.access.model import Request, State
from biotheca.access.store import AccessStore


@dataclass(frozen=True)
class RequestFacts:
    """One request as figures see it: no answers, and of its requester the subject alone, to count distinct ones.

    `outcome`: approved (also if it ended or was revoked later), rejected, withdrawn (also if never answered), None.
    """

    number: str
    dataset: str
    member: str
    requester: str
    submitted_at: str
    decided_at: str | None
    outcome: str | None
    renewal: bool = False


def facts(store: AccessStore, dataset: str | None = None) -> Iterator[RequestFacts]:
    """Every request that was handed in, of one dataset or of all, first to last."""
    found = store.requests_about(dataset) if dataset else store.all_requests()
    return (_facts(request) for request in found)


def _facts(request: Request) -> RequestFacts:
    outcome: str | None = None
    if request.state in (State.WITHDRAWN, State.EXPIRED) and not request.decided_at:
        outcome = "withdrawn"
    elif request.decided_at:
        outcome = "rejected" if request.state == State.REJECTED else "approved"
    return RequestFacts(
        request.number,
        request.dataset,
        request.member,
        request.requester,
        request.submitted_at,
        request.decided_at or None,
        outcome,
        bool(request.renews),
    )


def totals(found: Iterator[RequestFacts]) -> dict[str, dict[str, int]]:
    """By member: distinct requesters, requests, approvals."""
    people: dict[str, set[str]] = {}
    counts: dict[str, dict[str, int]] = {}
    for one in found:
        row = counts.setdefault(one.member, {"requesters": 0, "requests": 0, "approvals": 0})
        people.setdefault(one.member, set()).add(one.requester)
        row["requests"] += 1
        row["approvals"] += one.outcome == "approved"
        row["requesters"] = len(people[one.member])
    return counts
