"""The one clock. Every timer of the archive asks here, so that tests and the laptop can jump days.

In the cloud this is the machine's UTC time. On the laptop `BIOTHECA_CLOCK_FILE` names a file that
holds an offset in seconds; it is read anew at each call, because many processes share one clock.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


def _offset() -> timedelta:
    path = os.environ.get("BIOTHECA_CLOCK_FILE")
    if not path:
        return timedelta(0)
    try:
        return timedelta(seconds=float(Path(path).read_text() or 0))
    except FileNotFoundError:
        return timedelta(0)


def now() -> datetime:
    """The present moment, UTC, aware."""
    return datetime.now(UTC) + _offset()


def stamp(moment: datetime | None = None) -> str:
    """ISO 8601 in UTC with milliseconds and a Z; sorts as text.

    >>> stamp(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    '2026-03-01T12:00:00.000Z'
    """
    moment = (moment or now()).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse(text: str) -> datetime:
    """The moment that `stamp` wrote, or any ISO 8601 text with a zone.

    >>> parse("2026-03-01T12:00:00.000Z").hour
    12
    """
    return datetime.fromisoformat(text)
