"""One notice to one person, and which event makes which."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Notice:
    """`id` comes from the event, so that a replayed event makes the same notice."""

    id: str
    subject: str  # the person's
    kind: str
    at: str
    title: str
    text: str
    submission: str | None = None
    read_at: str | None = None
    mailed_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)
