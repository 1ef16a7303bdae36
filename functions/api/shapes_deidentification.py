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
    """`quarantined`: reason -> files. `refused`: file id of an archive that could not be unpacked -> why."""

    inputs: int
    released: int
    copies: int
    quarantined: dict[str, int]
    refused: dict[str, str]
    made: MadeShape
    clinical: ClinicalShape | None
    texts: list[TextShape]
    texts_total: int
    engine: str
