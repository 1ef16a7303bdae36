"""Shapes of queries over the lake."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from functions.api.shapes import Shape, Text


class NewQuery(Shape):
    """`token`: the same again gives the same query, so that a lost answer asks nothing twice."""

    sql: Annotated[Text, StringConstraints(min_length=1, max_length=100_000)]
    format: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "tsv"
    token: Annotated[Text, StringConstraints(min_length=8, max_length=100)] | None = None


class QueryProblem(BaseModel):
    """Why a query failed: the rule's id, what the engine says, how to mend it."""

    rule: str
    detail: str
    mend: str


class QueryShape(BaseModel):
    """`state`: asked, running, succeeded, failed. `notes`: what the format left out. `link` is good for an hour."""

    id: str
    sql: str
    format: str
    state: str
    asked_at: str
    ended_at: str | None
    rows: int | None
    size_bytes: int | None
    scanned_bytes: int | None
    problem: QueryProblem | None
    notes: list[str]
    link: str | None
