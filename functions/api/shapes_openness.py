"""The JSON shapes of openness scores."""

from __future__ import annotations

from pydantic import BaseModel


class Inputs(BaseModel):
    """What the formula is fed with. Rates are the archive's, from 0 to 1; `late`: wait for more than 14 days."""

    counted: int
    decided: int
    approved: int
    waiting: int
    late: int
    mean_days: float | None
    archive_processed: float | None
    archive_approved: float | None


class PartShape(BaseModel):
    """One of the three parts: processed, approved, time."""

    name: str
    value: float
    weight: float
    points: float


class StepShape(BaseModel):
    """Something that would raise the score at this moment, and to what; `words` by language."""

    do: str
    requests: int
    score: int | None
    words: dict[str, str]


class DayShape(BaseModel):
    """The score since a day."""

    day: str
    score: int | None
    stars: float | None


class OpennessShape(BaseModel):
    """A score with all that made it. `score` null: controlled, and not yet rated."""

    accession: str
    access: str
    score: int | None
    stars: float | None
    exact: float | None
    as_of: str
    formula: str
    inputs: Inputs | None
    parts: list[PartShape]
    would_raise: list[StepShape]
    history: list[DayShape]
