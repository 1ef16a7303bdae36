"""The JSON shapes of reports of de-identification."""

from __future__ import annotations

from pydantic import BaseModel


class TextShape(BaseModel):
    """A description as it is now; `tag` in eight hexadecimal digits."""

    tag: str
    files: int
    text: str


class MadeShape(BaseModel):
    individuals: int
    studies: int
    series: int
    images: int


class DeidentificationShape(BaseModel):
    """`quarantined`: reason -> files. `refused`: file id of an archive that could not be unpacked -> why."""

    inputs: int
    released: int
    copies: int
    quarantined: dict[str, int]
    refused: dict[str, str]
    made: MadeShape
    texts: list[TextShape]
    texts_total: int
    engine: str
