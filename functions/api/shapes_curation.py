"""The JSON shapes of the curators' desk."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes import Reason, Shape, SubmissionShape, Text

Alias = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class DecisionBody(Shape):
    """`runs` accepts a part alone; `rest` says what becomes of the others; `version` is the submission's as seen."""

    decision: Literal["accept", "return"]
    reasons: Annotated[list[Reason], Field(max_length=50, default_factory=list)]
    runs: Annotated[list[Alias], Field(max_length=2000, default_factory=list)]
    rest: Literal["keep", "return"] = "keep"
    version: Annotated[int, Field(ge=1)] | None = None


class MoveBody(Shape):
    """`metadata`: the document as the other member wants it; without it, what both know by the same names."""

    member: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    reason: Annotated[Text, StringConstraints(min_length=3, max_length=2000)]
    metadata: dict[str, Any] | None = None
    version: Annotated[int, Field(ge=1)] | None = None


class AssignmentBody(Shape):
    """`take_over`: also from another curator (data managers)."""

    take_over: bool = False


class PriorityBody(Shape):
    priority: Literal["normal", "priority"]


class ChecklistRow(Shape):
    finding: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    decision: Literal["harmless", "return"]
    text: Annotated[Text, StringConstraints(max_length=500)] = ""


class ChecklistBody(Shape):
    decisions: Annotated[list[ChecklistRow], Field(min_length=1, max_length=200)]


class NoteBody(Shape):
    text: Annotated[Text, StringConstraints(min_length=1, max_length=4000)]


class DeskShape(BaseModel):
    """A submission as the desk sees it."""

    submission: SubmissionShape
    version: int
    stage: str | None
    since: str
    priority: str
    assigned: str | None
    assigned_at: str | None
    checklist: list[dict[str, Any]]
    rounds: list[dict[str, Any]]


class FiguresShape(BaseModel):
    waiting: dict[str, int]
    steps: list[dict[str, Any]]
    of: int
