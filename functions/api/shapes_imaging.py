"""The JSON shapes of browsing images."""

from __future__ import annotations

from pydantic import BaseModel


class SeriesHit(BaseModel):
    """A released series. `strip`: where its pictures are, for whoever may have its files; `access`: open or controlled.

    `patient`: the pseudonym; `study_date`: moved; `images`: of the series.
    """

    accession: str
    collection: str
    collection_title: str
    study: str
    individual: str
    study_uid: str
    series_uid: str
    patient: str
    access: str
    strip: str | None = None
    modality: str | None = None
    body_part: str | None = None
    laterality: str | None = None
    disease: str | None = None
    sex: str | None = None
    age: str | None = None
    age_group: str | None = None
    study_date: str | None = None
    study_description: str | None = None
    series_description: str | None = None
    protocol: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    number: int | None = None
    images: int | None = None


class ImagesPage(BaseModel):
    """A page of series; it may be shorter than asked for, and the list ends where there is no cursor."""

    items: list[SeriesHit]
    next_cursor: str | None = None


class FacetValue(BaseModel):
    value: str
    series: int
    images: int


class FacetsShape(BaseModel):
    """`series`, `images`: of the whole choice. `facets`: values by the name of the facet, most series first."""

    series: int
    images: int
    facets: dict[str, list[FacetValue]]
