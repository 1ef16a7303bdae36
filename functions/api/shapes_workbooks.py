"""Shapes of the answers about workbooks."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from functions.api.shapes import FindingShape


class Group(BaseModel):
    """Findings of one rule in one column together. `rows`: of a sheet; `items`: positions in a JSON list."""

    model_config = ConfigDict(extra="allow")
    rule: str
    severity: str
    count: int
    first: str
    mend: str


class Difference(BaseModel):
    """What a document would change. `changed`: type, alias and fields with old and new value."""

    added: list[dict[str, str]]
    removed: list[dict[str, str]]
    changed: list[dict[str, Any]]
    unchanged: int


class Verdict(BaseModel):
    """`findings` are the first that fit into an answer; `findings_total` and `groups` are of all."""

    verdict: Literal["taken", "refused"]
    findings: list[FindingShape]
    findings_total: int
    errors_total: int
    groups: list[Group]
    difference: Difference | None
