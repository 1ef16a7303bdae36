"""How openly datasets are shared: one dataset's score with all that made it, and lists by score."""

from __future__ import annotations

from biotheca.openness import service
from functions.api.seam import Routes, optional_person, page_of, query_of
from functions.api.shapes import Page
from functions.api.shapes_openness import OpennessShape, SharingShape
from functions.api.submissions import PAGED
from functions.stores import openness, records

routes = Routes(__name__, "openness")
LISTED = {"access": "controlled, open or unrated (controlled)", "order": "highest or lowest score first (highest)"}


@routes.on("GET", "/v1/openness", answer=Page, query=LISTED | PAGED, errors=(422,))
def browse() -> Page:
    """Public datasets by their openness score."""
    request = routes.current_request
    asked, (limit, cursor) = query_of(request), page_of(request)
    access, order = asked.get("access") or "controlled", asked.get("order") or "highest"
    found, following = service.browse(openness(), access, order, limit, cursor)
    return Page(items=found, next_cursor=following)


@routes.on("GET", "/v1/statistics/sharing", answer=SharingShape)
def shared() -> SharingShape:
    """Public datasets by access mode, requests and the median time of an answer, by database and committee."""
    return SharingShape(**service.shared(openness()))


@routes.on("GET", "/v1/records/{accession}/openness", answer=OpennessShape, errors=(401, 404, 410))
def show(accession: str) -> OpennessShape:
    """A dataset's openness score: inputs, parts, what would raise it, and its history."""
    return OpennessShape(**service.show(openness(), records(), optional_person(routes.current_request), accession))
