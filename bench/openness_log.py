"""Made logs of access requests: one with the totals that the family has published, one of any size."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from biotheca.openness.model import Outcome, Request

NOW = datetime(2025, 1, 1, tzinfo=UTC)
FIRST = datetime(2017, 1, 1, tzinfo=UTC)
OTHERS: tuple[Outcome | None, ...] = (Outcome.REJECTED, None, Outcome.WITHDRAWN)
# Who asks in two databases stands in both rows of the published table: its total is the plain sum.
ASK_TWICE = 100


@dataclass(frozen=True)
class Totals:
    """The controlled rows of one database in the table of sharing statistics (end of 2024)."""

    group: str
    datasets: int
    requesters: int
    requests: int
    approvals: int


PUBLISHED = (
    Totals("GSA-Human", 2_840, 4_082, 8_470, 2_871),
    Totals("OMIX", 1_911, 728, 885, 366),
    Totals("OBIA", 5, 19, 28, 5),
)


def published_log(seed: int = 1) -> tuple[dict[str, str], list[Request]]:
    """(dataset -> group, requests) whose totals are the published ones; what is not published is drawn."""
    draw = random.Random(seed)  # noqa: S311 - a made log, no secret
    datasets: dict[str, str] = {}
    requests: list[Request] = []
    for totals in PUBLISHED:
        names = [f"{totals.group}/{number:05d}" for number in range(totals.datasets)]
        datasets |= dict.fromkeys(names, totals.group)
        shared = min(ASK_TWICE, totals.requesters // 2) if requests else 0
        people = [f"person-{number}" for number in range(shared)]
        people += [f"{totals.group}-person-{number}" for number in range(totals.requesters - shared)]
        if not requests:
            people[:ASK_TWICE] = [f"person-{number}" for number in range(ASK_TWICE)]
        asking = people + draw.choices(people, k=totals.requests - totals.requesters)
        outcomes: list[Outcome | None] = [Outcome.APPROVED] * totals.approvals
        outcomes += draw.choices(OTHERS, (45, 45, 10), k=totals.requests - totals.approvals)
        draw.shuffle(outcomes)
        for number, (person, outcome) in enumerate(zip(asking, outcomes, strict=True)):
            dataset = names[int(totals.datasets * draw.random() ** 3)]
            requests.append(_request(draw, f"{totals.group}-{number}", dataset, outcome, person))
    return datasets, requests


def log(count: int, datasets: int, seed: int = 1) -> Iterator[Request]:
    """`count` requests for so many datasets, a few of them much wanted."""
    draw = random.Random(seed)  # noqa: S311 - a made log, no secret
    for number in range(count):
        outcome = draw.choices([Outcome.APPROVED, *OTHERS], (34, 25, 33, 8))[0]
        dataset = f"D{int(datasets * draw.random() ** 3):05d}"
        yield _request(draw, f"r{number}", dataset, outcome, f"person-{draw.randrange(count // 2 + 1)}")


def _request(draw: random.Random, name: str, dataset: str, outcome: Outcome | None, person: str) -> Request:
    asked = FIRST + timedelta(seconds=draw.randrange(int((NOW - FIRST).total_seconds())))
    if outcome is None:
        return Request(name, dataset, asked, requester=person)
    took = timedelta(days=min(draw.lognormvariate(2.3, 1.0), 400))
    return Request(name, dataset, asked, min(asked + took, NOW), outcome, person)
