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


class AnswersShape(BaseModel):
    """What became of requests. `median_days`: from request to decision; null where nothing was decided."""

    requesters: int
    requests: int
    decided: int
    approvals: int
    median_days: float | None = None


class ModesShape(AnswersShape):
    """Public datasets by access mode, and the requests for those that are controlled."""

    datasets: int
    open_datasets: int
    controlled_datasets: int


class MemberSharingShape(ModesShape):
    member: str


class CommitteeSharingShape(AnswersShape):
    committee: str


class SharingShape(BaseModel):
    """The archive's table of sharing, counted in the night of `day`; empty before the first night."""

    day: str
    members: list[MemberSharingShape]
    committees: list[CommitteeSharingShape]
    total: ModesShape
