"""The degree of openness, formula 2: from requests to a score of 0 to 100 and one to five stars. Pure.

Published are its three inputs (share of requests processed, share approved, average time), not how they are combined;
the combination is ours and stands in docs/openness.md with what formula 1 got wrong.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from biotheca.openness.model import DECIDED, Outcome, Part, Rates, Request, Score, Step, Tally

VERSION = "2"
OPEN = "open"
# An undecided request counts from this age on: until then nobody is late.
GRACE = timedelta(days=14)
# How many requests of the archive's average stand beside a dataset's own, so that one of one is not "perfect".
SHRINKAGE = 3
WEIGHTS = {"processed": 0.40, "approved": 0.35, "time": 0.25}
FAST_DAYS, SLOW_DAYS = 3.0, 60.0
# A hundred is kept for data that nobody has to ask for.
MOST_CONTROLLED = 99
_DAY_S = 86_400


def after(tally: Tally, before: Request | None, now: Request) -> Tally:
    """The tally once a request that stood as `before` (None: unknown) stands as `now`.

    >>> from datetime import UTC
    >>> asked = Request("r", "D", datetime(2026, 1, 1, tzinfo=UTC))
    >>> after(Tally(), None, asked).waiting == {"r": asked.submitted_at}
    True
    """
    waiting = {name: since for name, since in tally.waiting.items() if name != now.id}
    if now.waits:
        waiting[now.id] = now.submitted_at
    less, more = _counted(before), _counted(now)
    decided, approved, took = (
        count - minus + plus
        for count, minus, plus in zip((tally.decided, tally.approved, tally.decision_ms), less, more, strict=True)
    )
    return Tally(decided, approved, took, waiting)


def _counted(request: Request | None) -> tuple[int, int, int]:
    """What a request adds to decided, approved and the milliseconds of decisions."""
    if request is None or request.outcome not in DECIDED:
        return 0, 0, 0
    return 1, int(request.outcome == Outcome.APPROVED), request.took_ms


def tallies(requests: Iterable[Request]) -> dict[str, Tally]:
    """Dataset -> its tally, from the whole log in one pass; each id once, in any order."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    waiting: dict[str, dict[str, datetime]] = defaultdict(dict)
    for request in requests:
        mine = counts[request.dataset]
        if request.outcome in DECIDED:
            mine[0] += 1
            mine[1] += request.outcome == Outcome.APPROVED
            mine[2] += request.took_ms
        elif request.waits:
            waiting[request.dataset][request.id] = request.submitted_at
    return {
        dataset: Tally(decided, approved, took, waiting.get(dataset, {}))
        for dataset, (decided, approved, took) in counts.items()
    }


def late_days(tally: Tally, now: datetime) -> list[float]:
    """Ages in days of the undecided requests that count, oldest first."""
    ages = (now - since for since in tally.waiting.values())
    return sorted((age.total_seconds() / _DAY_S for age in ages if age >= GRACE), reverse=True)


def mean_days(tally: Tally, late: Iterable[float]) -> float | None:
    """T: mean days of decisions and of late requests (`late`: oldest first), or None where there is neither.

    A late request enters where it makes the mean longer. Otherwise a committee with many old requests would gain by
    each new one that it leaves alone, for that is younger than the mean (formula 1).
    """
    days, count = tally.decision_ms / 1000 / _DAY_S, tally.decided
    for age in late:
        if count and age * count <= days:
            break
        days, count = days + age, count + 1
    return days / count if count else None


def rates_of(all_tallies: Iterable[Tally], now: datetime) -> Rates:
    """p0 and q0 over all controlled datasets; 0 and 0 where no request counts (then no dataset is rated either)."""
    decided = approved = total = 0
    for tally in all_tallies:
        decided += tally.decided
        approved += tally.approved
        total += tally.decided + len(late_days(tally, now))
    day = now.date().isoformat()
    return Rates(decided / total, approved / total, day) if total else Rates(0.0, 0.0, day)


def speed(days: float) -> float:
    """1 up to 3 days, 0 from 60 days on, between them falling with the logarithm.

    >>> speed(3), round(speed(14), 3), speed(60)
    (1.0, 0.486, 0.0)
    """
    if days <= FAST_DAYS:
        return 1.0
    if days >= SLOW_DAYS:
        return 0.0
    return 1 - math.log(days / FAST_DAYS) / math.log(SLOW_DAYS / FAST_DAYS)


def score_of(access: str, tally: Tally, rates: Rates, now: datetime) -> Score:
    """The score of a dataset with this access mode: 100 if open, None if nothing counts yet.

    With n counted, d decided, a approved requests: p = (d + k p0) / (n + k), q = (a + k q0) / (n + k), t = speed(T);
    score = 100 (0.40 p + 0.35 q + 0.25 t), rounded half up, at most 99.
    """
    if access == OPEN:
        return Score(access, VERSION, now, 100, 5.0, exact=100.0)
    late = late_days(tally, now)
    n, mean = tally.decided + len(late), mean_days(tally, late)
    unrated = Score(
        access,
        VERSION,
        now,
        None,
        None,
        counted=n,
        decided=tally.decided,
        approved=tally.approved,
        waiting=len(tally.waiting),
        late=len(late),
        rates=rates,
    )
    if mean is None:
        return unrated
    values = {
        "processed": (tally.decided + SHRINKAGE * rates.processed) / (n + SHRINKAGE),
        "approved": (tally.approved + SHRINKAGE * rates.approved) / (n + SHRINKAGE),
        "time": speed(mean),
    }
    parts = tuple(Part(name, values[name], weight) for name, weight in WEIGHTS.items())
    exact = sum(part.points for part in parts)
    score = min(_rounded(exact), MOST_CONTROLLED)
    return replace(unrated, score=score, stars=stars_of(score), exact=exact, mean_days=mean, parts=parts)


def stars_of(score: int) -> float:
    """One to five stars in halves.

    >>> [stars_of(score) for score in (0, 6, 7, 50, 100)]
    [1.0, 1.0, 1.5, 3.0, 5.0]
    """
    return _rounded(2 * (1 + 4 * score / 100)) / 2


def _rounded(value: float) -> int:
    # Two sums of the same parts may differ in the last bit; a score may not.
    return math.floor(round(value, 9) + 0.5)


def would_raise(access: str, tally: Tally, rates: Rates, now: datetime) -> list[Step]:
    """What would raise the score at this moment, each computed by doing it; the archive's rates stay as they are."""
    here = score_of(access, tally, rates, now)
    if access == OPEN:
        return []
    waiting = [Request(name, "", since) for name, since in tally.waiting.items()]
    overdue = [request for request in waiting if now - request.submitted_at >= GRACE]
    doing = [
        ("approve_late", overdue, Outcome.APPROVED),
        ("reject_late", overdue, Outcome.REJECTED),
        ("approve_waiting", waiting, Outcome.APPROVED),
        ("reject_waiting", waiting, Outcome.REJECTED),
        ("approve_next_in_time", [Request("next", "", now - timedelta(days=FAST_DAYS))], Outcome.APPROVED),
    ]
    steps = []
    for do, requests, outcome in doing:
        if not requests or (requests == overdue and do.endswith("_waiting")):
            continue
        then = decided_all(tally, requests, now, outcome)
        score = score_of(access, then, rates, now).score
        if score is not None and score > (-1 if here.score is None else here.score):
            steps.append(Step(do, len(requests), score))
    return steps


def decided_all(tally: Tally, requests: Iterable[Request], now: datetime, outcome: Outcome) -> Tally:
    """The tally if all these requests were decided now."""
    for request in requests:
        decided = Request(request.id, request.dataset, request.submitted_at, now, outcome)
        tally = after(tally, request, decided)
    return tally


def sharing(datasets: Mapping[str, str], requests: Iterable[Request]) -> dict[str, dict[str, int | float]]:
    """The controlled rows of the sharing statistics: group -> its counts, and `total`.

    `datasets`: every controlled dataset -> the group that it is counted in; requests for others are left out. The
    total has the requesters twice: `requesters` sums the groups, `requesters_distinct` counts a person once.
    `approved_percent` is of all requests received, withdrawn and waiting ones too.
    """
    people: dict[str, set[str]] = {group: set() for group in datasets.values()}
    rows: dict[str, dict[str, int | float]] = {
        group: {"datasets": 0, "requesters": 0, "requesters_distinct": 0, "requests": 0, "approvals": 0}
        for group in people
    }
    for group in datasets.values():
        rows[group]["datasets"] += 1
    for request in requests:
        group = datasets.get(request.dataset, "")
        if group not in rows:
            continue
        people[group].add(request.requester)
        rows[group]["requests"] += 1
        rows[group]["approvals"] += request.outcome == Outcome.APPROVED
    for group, row in rows.items():
        row["requesters"] = row["requesters_distinct"] = len(people[group])
    total = {name: sum(row[name] for row in rows.values()) for name in next(iter(rows.values()), {})}
    if total:
        total["requesters_distinct"] = len(set().union(*people.values()))
        rows["total"] = total
    for row in rows.values():
        row["approved_percent"] = round(100 * row["approvals"] / row["requests"], 1) if row["requests"] else 0.0
    return rows
