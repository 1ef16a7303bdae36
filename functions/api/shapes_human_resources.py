"""The JSON shapes of what the rules of countries demand of a submission."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints

from functions.api.shapes import FindingShape, Shape, Text


class NumberBody(Shape):
    """The number exactly as the submission states it, and what staff say of it; a refusal has a reason."""

    document: Annotated[Text, StringConstraints(min_length=1, max_length=60)]
    number: Annotated[Text, StringConstraints(min_length=1, max_length=100)]
    dated: Annotated[Text, StringConstraints(min_length=1, max_length=10)]
    ends: Annotated[Text, StringConstraints(max_length=10)] = ""
    standing: Literal["verified", "refused"]
    reason: Annotated[Text, StringConstraints(max_length=500)] = ""


class GateShape(BaseModel):
    """`applies`: the member's data can fall under such rules; `findings`: what is missing before release."""

    open: bool
    applies: bool
    demands: list[dict[str, Any]]
    numbers: list[dict[str, Any]]
    findings: list[FindingShape]
