"""Records as other archives read them, and the tree of projects."""

from __future__ import annotations

from urllib.parse import quote

from chalice import Response

from biotheca.publication import exchange
from functions.api.seam import Routes, optional_person, page_of, query_of
from functions.api.shapes_catalog import TreeShape
from functions.api.submissions import PAGED
from functions.stores import records

routes = Routes(__name__, "publication")
XML = "application/xml"


@routes.on(
    "GET",
    "/v1/records/{accession}/xml",
    query={"set": "project, study, sample, experiment, run or submission (the record's own)", **PAGED},
    gives=(XML,),
    errors=(401, 404, 422),
)
def xml(accession: str) -> Response:
    """A record as SRA XML; of a dataset any set, in pages: the header Link names the next."""
    request = routes.current_request
    limit, cursor = page_of(request)
    kind = query_of(request).get("set", "")
    body, following = exchange.xml(records(), optional_person(request), accession, kind, limit, cursor)
    headers: dict[str, str | list[str]] = {"Content-Type": f"{XML}; charset=utf-8"}
    if following:
        address = f"/v1/records/{quote(accession)}/xml?set={quote(kind)}&limit={limit}&cursor={quote(following)}"
        headers["Link"] = f'<{address}>; rel="next"'
    return Response(body.decode("utf-8"), headers=headers)


@routes.on("GET", "/v1/records/{accession}/tree", answer=TreeShape, query=PAGED, errors=(401, 404, 422))
def tree(accession: str) -> TreeShape:
    """A project in its tree: the umbrellas above it, and a page of the projects directly below it."""
    request = routes.current_request
    limit, cursor = page_of(request)
    found, following = exchange.tree(records(), optional_person(request), accession, limit, cursor)
    return TreeShape(**found, next_cursor=following)
