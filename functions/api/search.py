"""Search over what is public."""

from __future__ import annotations

from biotheca.accessions.model import recognise
from biotheca.errors import Finding, Invalid
from biotheca.search import service
from functions.api.seam import Routes, page_of, query_of
from functions.api.shapes import Page
from functions.api.submissions import PAGED
from functions.stores import index

routes = Routes(__name__, "search")


@routes.on(
    "GET", "/v1/search", answer=Page, query={"q": "Words or accessions; all must be found", **PAGED}, errors=(422,)
)
def search(**_: str) -> Page:
    """Records whose accession, title and organism hold every word."""
    request = routes.current_request
    limit, cursor = page_of(request)
    query = query_of(request).get("q", "").strip()
    if not query or len(query) > 500:
        raise Invalid("Say what to look for.", [Finding("metadata.required", "?q", "1 to 500 characters.")])
    if cursor and not recognise(cursor):
        raise Invalid(
            "The cursor is not one that this list gave out.", [Finding("general.cursor", "?cursor", "Unknown.")]
        )
    hits, after = service.find(index(), query, limit, cursor)
    return Page(items=hits, next_cursor=after)
