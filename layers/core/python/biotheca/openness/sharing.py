"""How much is shared, by database and committee: datasets by access mode, requests, and how long an answer takes. Pure.

The counts by access mode are rows 1, 9 and 10 of the first table of the family's published statistics, over what is
public here. An answer's time is a median: one forgotten request does not hide ninety quick ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from biotheca.openness.model import DECIDED, Outcome, Request, Standing
from biotheca.openness.rules import OPEN

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Placed:
    """A request with the member database of its dataset and the committee that it went to."""

    request: Request
    member: str
    committee: str


def table(
    members: Iterable[str], datasets: Iterable[Standing], requests: Iterable[Placed], day: str = ""
) -> dict[str, Any]:
    """Rows of `members` (all of them, zeros too), of committees that were ever asked, and the total.

    `datasets`: every public dataset once. The total counts a person once, whatever databases they asked.
    """
    by_mode = {member: [0, 0] for member in members}
    for row in datasets:
        by_mode.setdefault(row.member, [0, 0])[row.access != OPEN] += 1
    asked = list(requests)
    rows = [
        {"member": member} | _modes(counts) | answers(one for one in asked if one.member == member)
        for member, counts in by_mode.items()
    ]
    committees = sorted({one.committee for one in asked if one.committee})
    return {
        "day": day,
        "members": rows,
        "committees": [{"committee": name} | answers(o for o in asked if o.committee == name) for name in committees],
        "total": _modes([sum(counts) for counts in zip(*by_mode.values(), strict=True)] or [0, 0]) | answers(asked),
    }


def _modes(counts: Sequence[int]) -> dict[str, int]:
    return {"datasets": sum(counts), "open_datasets": counts[0], "controlled_datasets": counts[1]}


def answers(placed: Iterable[Placed]) -> dict[str, Any]:
    """Requesters, requests, decisions, approvals, and the median days from request to decision (None: no decision).

    >>> answers([])
    {'requesters': 0, 'requests': 0, 'decided': 0, 'approvals': 0, 'median_days': None}
    """
    requests = [one.request for one in placed]
    took = [request.took_ms for request in requests if request.outcome in DECIDED]
    return {
        "requesters": len({request.requester for request in requests}),
        "requests": len(requests),
        "decided": len(took),
        "approvals": sum(request.outcome == Outcome.APPROVED for request in requests),
        "median_days": round(median(took) / _DAY_MS, 2) if took else None,
    }
