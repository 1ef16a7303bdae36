"""The archive as an institution (archive.yaml): its name, its address, the clock of its release dates."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def archive() -> dict[str, Any]:
    """The rows of archive.yaml."""
    found: dict[str, Any] = yaml.safe_load((resources.files(__package__) / "archive.yaml").read_text("utf-8"))
    return found


def day_of(moment: datetime) -> date:
    """The calendar day of a moment (aware) where the archive stands: release dates begin at its midnight."""
    return (moment + timedelta(minutes=archive()["utc_offset_minutes"] - _offset_minutes(moment))).date()


def _offset_minutes(moment: datetime) -> float:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a moment without a zone has no day")
    return offset.total_seconds() / 60
