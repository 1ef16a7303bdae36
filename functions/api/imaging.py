"""Browse released series of images: hits, facets, strips. The same by DICOM's own protocol: dicomweb.py."""

from __future__ import annotations

from typing import Any

from chalice import Response

from biotheca.imaging import reading, service
from functions.api.seam import Attachment, Routes, optional_person, page_of, query_of
from functions.api.shapes_imaging import FacetsShape, ImagesPage
from functions.api.submissions import PAGED
from functions.stores import grants, packed, records, series

routes = Routes(__name__, "imaging")
CHOSEN = {
    "collection": "Accession of a collection",
    "modality": "CT, MR ...",
    "body_part": "CHEST, HEAD ...",
    "disease": "Of the collection, as it is written there",
    "manufacturer": "As the facets list it",
    "age_group": "0-9, 10-19 ... 80-89, 90+",
    "sex": "F, M, O",
}


@routes.on("GET", "/v1/images", answer=ImagesPage, query={**CHOSEN, **PAGED}, errors=(422,))
def images(**_: str) -> ImagesPage:
    """Released series of images that have the chosen values."""
    request = routes.current_request
    limit, cursor = page_of(request)
    rows, after = service.browse(series(), service.choices(query_of(request)), limit, cursor)
    return ImagesPage.model_validate({"items": [_hit(row) for row in rows], "next_cursor": after})


def _hit(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"strip": f"/v1/images/{row['accession']}/strip" if row.get("pictures") else None}


@routes.on("GET", "/v1/images/facets", answer=FacetsShape, query=CHOSEN, errors=(422,))
def facets(**_: str) -> FacetsShape:
    """How many series and images have each value; of each facet under the choices of the others."""
    return FacetsShape(**service.facets(series(), service.choices(query_of(routes.current_request))))


@routes.on("GET", "/v1/images/{accession}/strip", errors=(401, 404, 410), gives=("image/png",))
def strip(accession: str) -> Response:
    """At most twelve pictures of a series side by side, PNG; for whoever may have its files."""
    found = reading.opened(records(), packed(), optional_person(routes.current_request), accession, grants())
    answer = reading.picture(packed(), found)
    return Attachment(answer.body, headers={"Content-Type": answer.content_type})
