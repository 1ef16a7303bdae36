"""The JSON shape of a change of the access mode."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from functions.api.shapes import Shape, Text


class AccessBody(Shape):
    """`reason` is asked for after release."""

    access: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    reason: Annotated[Text, StringConstraints(max_length=2000)] = ""
