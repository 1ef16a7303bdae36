"""When a schedule is due: rate(), cron() and at() of EventBridge, with time zones. Who fires: ticker.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

_UNITS = {"minute": "minutes", "hour": "hours", "day": "days"}


class BadSchedule(ValueError):
    """An expression that EventBridge would refuse, or that the laptop cannot follow."""


def next_due(expression: str, after: datetime, zone: str = "UTC", start: datetime | None = None) -> datetime | None:
    """The first moment after `after` (UTC); None when there is none any more.

    >>> next_due("rate(5 minutes)", datetime(2026, 1, 1, tzinfo=UTC)).minute
    5
    >>> next_due("cron(0 8 ? * MON *)", datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
    '2026-01-05T08:00:00+00:00'
    >>> next_due("at(2026-03-01T12:00:00)", datetime(2026, 1, 1, tzinfo=UTC), "Asia/Shanghai").hour
    4
    """
    if start and after < start:
        if expression.startswith("rate("):
            return start
        after = start - timedelta(microseconds=1)
    kind, _, rest = expression.partition("(")
    body = rest.rstrip(")").strip()
    if kind == "rate":
        return after + _interval(body)
    if kind == "at":
        moment = datetime.fromisoformat(body).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        return moment if moment > after else None
    if kind == "cron":
        return _next_cron(body, after, zone)
    raise BadSchedule(f"{expression!r} is neither rate(...), cron(...) nor at(...)")


def _interval(body: str) -> timedelta:
    found = re.fullmatch(r"(\d+)\s+(minute|hour|day)s?", body)
    if not found or int(found[1]) < 1:
        raise BadSchedule(f"rate({body}): expected a positive number and minutes, hours or days")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _next_cron(body: str, after: datetime, zone: str) -> datetime | None:
    fields = body.split()
    if len(fields) != 6:
        raise BadSchedule(f"cron({body}): expected six fields, as EventBridge has them")
    minute, hour, day, month, weekday, year = (field.replace("?", "*") for field in fields)
    if "W" in day:
        raise BadSchedule(f"cron({body}): the laptop does not follow W in the day of the month")
    # EventBridge counts weekdays from 1 = Sunday, cron from 0; years come last, after seconds.
    days = re.sub(r"(?<![#\d])([1-7])(?!\d)", lambda m: str(int(m[1]) - 1), weekday)
    days = re.sub(r"^([0-6])L$", r"L\1", days)
    text = " ".join([minute, hour, day.lower() if day == "L" else day, month, days, "0", year])
    try:
        found: datetime = croniter(text, after.astimezone(ZoneInfo(zone)), day_or=False).get_next(datetime)
    except (ValueError, KeyError) as fault:
        if "failed to find next date" in str(fault):
            return None
        raise BadSchedule(f"cron({body}): {fault}") from fault
    return found.astimezone(UTC)
