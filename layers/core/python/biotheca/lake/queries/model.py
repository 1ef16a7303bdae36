"""A query of a person: its text, its state, what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

KEPT_DAYS = 7  # of an answer's file; infra/stacks/data lets the bucket forget them
LINK_VALID_S = 3600


class QueryState(StrEnum):
    """ASKED -> RUNNING -> SUCCEEDED or FAILED; a state never goes back."""

    ASKED = "asked"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


FINAL = frozenset({QueryState.SUCCEEDED, QueryState.FAILED})


@dataclass(frozen=True)
class Query:
    """`subject` asked it. `problem`: rule and detail of what failed; `notes`: what the format left out, and why."""

    id: str
    subject: str
    sql: str
    format: str
    asked_at: str
    state: QueryState = QueryState.ASKED
    execution: str | None = None
    ended_at: str | None = None
    rows: int | None = None
    size_bytes: int | None = None
    scanned_bytes: int | None = None
    problem: dict[str, str] | None = None
    notes: list[str] = field(default_factory=list)

    def as_item(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, item: dict[str, Any]) -> Query:
        """From a stored item."""
        known = {f.name: item.get(f.name) for f in fields(cls)}
        return cls(**(known | {"state": QueryState(item["state"]), "notes": item.get("notes") or []}))
