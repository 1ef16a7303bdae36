"""The JSON shapes of reports of de-identification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes import Shape


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
    tables: int


class RefusalShape(BaseModel):
    """Why a clinical table is not taken: `column` 1 is the first, 0 the whole; `cells`: how many break the rule."""

    rule: str
    column: int
    cells: int
    message: str
    mend: str


class ClinicalShape(BaseModel):
    """`rows` of the table, those `matched` to released individuals and `unmatched`, individuals with `missing` rows,
    and the `columns` of what is made of it; no value."""

    rows: int
    matched: int
    unmatched: int
    missing: int
    columns: list[str]
    refusals: list[RefusalShape]


class DeidentificationShape(BaseModel):
    """`quarantined`: reason -> files. `refused`: file id of an archive that could not be unpacked -> why. `faces`:
    series of heads, out of which a face might be made."""

    inputs: int
    released: int
    copies: int
    quarantined: dict[str, int]
    refused: dict[str, str]
    faces: int
    made: MadeShape
    clinical: ClinicalShape | None
    texts: list[TextShape]
    texts_total: int
    engine: str


class PictureLinkShape(BaseModel):
    url: str
    expires_at: str


Edge = Annotated[int, Field(ge=0, le=65_535)]


class ImageToBlank(Shape):
    """`boxes` of the curator's own, besides those that are found: left, top, right, bottom in pixels."""

    mark: Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
    boxes: Annotated[list[tuple[Edge, Edge, Edge, Edge]], Field(max_length=32, default_factory=list)]


class BlankingBody(Shape):
    """Images by their marks, or all that are set aside for a reason."""

    images: Annotated[list[ImageToBlank], Field(max_length=1_000, default_factory=list)]
    reasons: Annotated[
        list[Literal["pixel_text_confirmed", "burned_in_yes"]], Field(max_length=2, default_factory=list)
    ]
