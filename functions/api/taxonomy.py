"""Taxa by id and by the beginning of a name."""

from __future__ import annotations

from typing import Any

from biotheca.taxonomy import service
from functions.api.seam import Routes, query_of
from functions.api.shapes import Page
from functions.api.shapes_catalog import TaxonShape
from functions.stores import taxonomy

routes = Routes(__name__, "taxonomy")


@routes.on("GET", "/v1/taxonomy/{taxon_id}", answer=TaxonShape, errors=(404,))
def show(taxon_id: str) -> dict[str, Any]:
    """One taxon of the NCBI taxonomy with its lineage, root last."""
    return service.shown(taxonomy(), taxon_id)


@routes.on("GET", "/v1/taxonomy", answer=Page, query={"q": "Beginning of a name, from three letters"}, errors=(422,))
def find() -> Page:
    """Up to twenty taxa one of whose names begins so, best first; common names count too."""
    found = taxonomy().find(query_of(routes.current_request).get("q", ""))
    return Page(items=[taxon.as_dict() for taxon in found], next_cursor=None)
