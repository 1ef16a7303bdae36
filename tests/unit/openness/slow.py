"""The formula a second time, slowly: exact fractions, subsets by brute force, 40 digits of ln."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import combinations

from biotheca.openness.model import Outcome, Request

DAY = timedelta(days=1)


def slow_mean(requests: list[Request], now: datetime, formula: int = 2) -> Fraction | None:
    """T. Formula 2: the longest mean of all decided and any choice of the late; formula 1: the mean of all."""
    decided = [_days(r.decided_at - r.submitted_at) for r in requests if r.outcome in ("approved", "rejected")]
    late = [_days(now - r.submitted_at) for r in requests if r.outcome is None and now - r.submitted_at >= 14 * DAY]
    if formula == 1:
        return _mean(decided + late)
    chosen = (decided + list(some) for size in range(len(late) + 1) for some in combinations(late, size))
    return max((mean for one in chosen if (mean := _mean(one)) is not None), default=None)


def slow_score(
    requests: list[Request], p0: float, q0: float, now: datetime, formula: int = 2
) -> tuple[Decimal, int] | None:
    """(exact, rounded) of a controlled dataset, or None if nothing counts."""
    mean = slow_mean(requests, now, formula)
    if mean is None:
        return None
    decided = sum(r.outcome in ("approved", "rejected") for r in requests)
    approved = sum(r.outcome == Outcome.APPROVED for r in requests)
    late = sum(r.outcome is None and now - r.submitted_at >= 14 * DAY for r in requests)
    p = (decided + 3 * Fraction(p0)) / (decided + late + 3)
    q = (approved + 3 * Fraction(q0)) / (decided + late + 3)
    with localcontext() as context:
        context.prec = 40
        days = Decimal(mean.numerator) / Decimal(mean.denominator)
        t = min(Decimal(1), max(Decimal(0), 1 - (days / 3).ln() / Decimal(20).ln())) if days else Decimal(1)
        fixed = 40 * p + 35 * q
        exact = Decimal(fixed.numerator) / Decimal(fixed.denominator) + 25 * t
    whole = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    return exact, min(whole, 99) if formula == 2 else whole


def _days(length: timedelta) -> Fraction:
    return Fraction(length // timedelta(milliseconds=1), 86_400_000)


def _mean(days: list[Fraction]) -> Fraction | None:
    return sum(days, Fraction(0)) / len(days) if days else None
