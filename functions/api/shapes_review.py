"""The JSON shapes of reviewer links, articles and certificates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes import Shape, Text


class LinkBody(Shape):
    """`label` tells links apart, e.g. the journal; `data`: whether files may be downloaded too."""

    label: Annotated[Text, StringConstraints(min_length=1, max_length=200)]
    days: Annotated[int, Field(ge=1, le=366)] = 90
    data: bool = False


class LinkShape(BaseModel):
    id: str
    label: str
    data: bool
    created_at: str
    expires_at: str
    revoked_at: str | None = None
    uses: int
    last_used_at: str | None = None


class NewLinkShape(LinkShape):
    """With the secret, this one time."""

    token: str


class ArticleBody(Shape):
    """A DOI, a PMID, or a title while it is in press."""

    doi: Annotated[Text, StringConstraints(min_length=4, max_length=300)] | None = None
    pmid: Annotated[Text, StringConstraints(min_length=1, max_length=20)] | None = None
    title: Annotated[Text, StringConstraints(min_length=3, max_length=1000)] | None = None


class OutcomeBody(Shape):
    outcome: Literal["matched", "no full text", "not about our data", "preprint", "accession error"]


class ArticleShape(BaseModel):
    id: str | None = None
    doi: str | None = None
    pmid: str | None = None
    title: str | None = None
    journal: str | None = None
    year: str | None = None
    status: str | None = None
    source: str | None = None
    outcome: str | None = None


class CertificateShape(BaseModel):
    """What a certificate's code stands for; the title only of what is public."""

    code: str
    accession: str
    version: int
    issued_at: str
    visibility: str
    title: str | None
