"""The JSON shapes of release, visibility, corrections and versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes import Reason, Release, Shape, Text

Accession = Annotated[str, StringConstraints(min_length=3, max_length=40)]


class VisibilityBody(Shape):
    """`replaced_by`: the accession that takes its place; only with `replace`."""

    act: Literal["suppress", "withdraw", "restore", "replace"]
    reason: Annotated[Text, StringConstraints(min_length=3, max_length=500)]
    replaced_by: Accession | None = None


class CorrectionBody(Shape):
    """Fields and their new values; null takes a field away."""

    changes: Annotated[dict[str, Any], Field(max_length=100)]
    text: Annotated[Text, StringConstraints(max_length=2000)] = ""


class CorrectionDecision(Shape):
    decision: Literal["accept", "return"]
    reasons: Annotated[list[Reason], Field(max_length=50, default_factory=list)]


class BulkRelease(Shape):
    """Projects, samples and datasets of one's own, at most a hundred a call."""

    accessions: Annotated[list[Accession], Field(min_length=1, max_length=100)]
    release: Release = Release()


class CorrectionShape(BaseModel):
    id: str
    accession: str
    state: str
    version: int
    at: str
    text: str
    changes: list[dict[str, Any]]
    reasons: list[dict[str, str]] = []


class WouldRelease(BaseModel):
    """What becomes public; `items` are the first thousand, `count` counts all."""

    accession: str
    release_on: str | None
    count: int
    items: list[dict[str, Any]]


class VersionShape(BaseModel):
    accession: str
    version: int
    title: str
    attributes: dict[str, Any]
    until: str | None
    visibility: str


class DifferenceShape(BaseModel):
    accession: str
    from_: int = Field(alias="from", serialization_alias="from")
    to: int
    fields: list[dict[str, Any]]
    added: list[str]
    removed: list[str]
