"""What a score is made of: requests as openness sees them, a dataset's tally, the archive's rates, the score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from biotheca.errors import NotFound


class Outcome(StrEnum):
    """What became of a request. None stands for a request that nobody has answered yet."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  # by whoever asked: says nothing of the committee


DECIDED = frozenset({Outcome.APPROVED, Outcome.REJECTED})


@dataclass(frozen=True)
class Request:
    """One request for one dataset. Moments are aware, UTC; `requester` is an identifier, never a name.

    A request with an outcome has `decided_at`, not before `submitted_at`.
    """

    id: str
    dataset: str
    submitted_at: datetime
    decided_at: datetime | None = None
    outcome: Outcome | None = None
    requester: str = ""

    @property
    def waits(self) -> bool:
        """Whether an answer is due."""
        return self.outcome is None

    @property
    def took_ms(self) -> int:
        """From submission to decision in whole milliseconds; 0 if a clock says that the decision came first."""
        assert self.decided_at
        return max(0, round((self.decided_at - self.submitted_at).total_seconds() * 1000))


class RequestLog(Protocol):
    """Where requests come from.

    A draft is no request yet. What was one stays one: while it is back with whoever asked (for more information) it
    reads as withdrawn, and when it comes again it waits from that day on. An approval that is revoked later stays one.
    """

    def requests(self) -> Iterable[Request]:
        """Every request of the archive as it stands now, in any order, each id once."""

    def request(self, request_id: str) -> Request | None:
        """One request as it stands now, or None."""


@dataclass(frozen=True)
class Tally:
    """What of a dataset's requests the score needs: counts, a sum in milliseconds, and who still waits since when.

    Whole numbers, so that one event at a time gives the same as all requests at once.
    """

    decided: int = 0
    approved: int = 0
    decision_ms: int = 0
    waiting: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Rates:
    """Archive-wide shares of countable requests that were decided (p0) and approved (q0), as of a day."""

    processed: float
    approved: float
    day: str = ""


@dataclass(frozen=True)
class Part:
    """One of the three parts: its value from 0 to 1, its weight, and the points that it gives."""

    name: str
    value: float
    weight: float

    @property
    def points(self) -> float:
        """What it adds to the score."""
        return 100 * self.weight * self.value


@dataclass(frozen=True)
class Score:
    """A dataset's score as of a moment. `score` None: controlled, and no request counts yet.

    `exact` is the score before rounding; `mean_days` T of the formula; `waiting` all who wait, `late` those of them
    who count.
    """

    access: str
    version: str
    as_of: datetime
    score: int | None
    stars: float | None
    exact: float | None = None
    counted: int = 0
    decided: int = 0
    approved: int = 0
    waiting: int = 0
    late: int = 0
    mean_days: float | None = None
    rates: Rates | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Step:
    """Something a committee can do, and the score just after it. `requests`: how many it touches."""

    do: str
    requests: int
    score: int | None


class NotScored(NotFound):
    """No public dataset of that accession has a score."""

    rule = "openness.not_scored"


def as_inputs(score: Score) -> dict[str, Any]:
    """The inputs of a score as plain values, so that anybody can compute it again."""
    rates = score.rates
    return {
        "counted": score.counted,
        "decided": score.decided,
        "approved": score.approved,
        "waiting": score.waiting,
        "late": score.late,
        "mean_days": score.mean_days,
        "archive_processed": rates.processed if rates else None,
        "archive_approved": rates.approved if rates else None,
    }


@dataclass(frozen=True)
class Standing:
    """A dataset's row: where it is listed, its counts, and its score since a day. `writes` grows with each write."""

    accession: str
    access: str = ""
    listed: bool = False
    title: str = ""
    member: str = ""
    decided: int = 0
    approved: int = 0
    decision_ms: int = 0
    waiting: int = 0
    score: int | None = None
    stars: float | None = None
    since: str = ""
    writes: int = 0

    def tally(self, waiting: Mapping[str, datetime]) -> Tally:
        """The counts with those who wait."""
        return Tally(self.decided, self.approved, self.decision_ms, waiting)

    def with_score(self, score: Score) -> Standing:
        """The row with this score; `since` stays if it has it already."""
        if self.since and self.score == score.score:
            return self
        return replace(self, score=score.score, stars=score.stars, since=score.as_of.date().isoformat())

    def shown(self) -> dict[str, Any]:
        """What a list shows."""
        names = ("accession", "title", "member", "access", "score", "stars", "since")
        return {name: getattr(self, name) for name in names}
