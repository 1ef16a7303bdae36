"""Search over what is public."""

from __future__ import annotations

from urllib.parse import urlencode

from chalice import Response

from biotheca.accessions.model import recognise
from biotheca.errors import Finding, Invalid
from biotheca.publication import exports
from biotheca.search import service
from functions.api.seam import LARGEST_PAGE, LARGEST_TEXT_PAGE, Routes, page_of, query_of
from functions.api.shapes import Page, Shape
from functions.api.submissions import PAGED
from functions.stores import index

routes = Routes(__name__, "search")


TSV = "text/tab-separated-values"
COLUMNS = ("accession", "type", "member", "title", "released_at")
CENTRE = {"centre": "own or INSDC: only records of that centre"}
ASKED = {"q": "Words, accessions, name:value of own attributes; all must be found"}


def _asked(largest: int, usual: int) -> tuple[str, int, str | None]:
    """(query, limit, cursor) of the request; Invalid if one cannot be."""
    request = routes.current_request
    limit, cursor = page_of(request, largest, usual)
    query = query_of(request).get("q", "").strip()
    if not query or len(query) > 500:
        raise Invalid("Say what to look for.", [Finding("metadata.required", "?q", "1 to 500 characters.")])
    if cursor and not recognise(cursor):
        raise Invalid(
            "The cursor is not one that this list gave out.", [Finding("general.cursor", "?cursor", "Unknown.")]
        )
    return query, limit, cursor


def _centre() -> str | None:
    centre = query_of(routes.current_request).get("centre") or None
    if centre and centre.casefold() not in ("own", "insdc"):
        raise Invalid(
            "The centre is own or INSDC.", [Finding("metadata.choice", "?centre", "own or INSDC", centre[:80])]
        )
    return centre


@routes.on("GET", "/v1/search", answer=Page, query={**ASKED, **CENTRE, **PAGED}, errors=(422,))
def search(**_: str) -> Page:
    """Own and mirrored records whose accession, title, organism and own attributes hold every word."""
    hits, after = service.find(index(), *_asked(LARGEST_PAGE, 50), _centre())
    return Page(items=hits, next_cursor=after)


class Facets(Shape):
    """Hits by centre. `whole`: false where there are more than were counted."""

    centre: dict[str, int]
    whole: bool


@routes.on("GET", "/v1/search/facets", answer=Facets, query=ASKED, errors=(422,))
def facets(**_: str) -> Facets:
    """How many hits of a search each centre has."""
    query = _asked(LARGEST_PAGE, 50)[0]
    return Facets(**service.centres(index(), query))


@routes.on(
    "GET",
    "/v1/search.tsv",
    query=ASKED
    | CENTRE
    | {"limit": "How many hits, 1 to 1000 (1000)", "cursor": "From the Link header of the page before"},
    errors=(422,),
    gives=(TSV,),
)
def search_tsv(**_: str) -> Response:
    """All hits as tab-separated text, without a cap; a Link header leads to the next page."""
    query, limit, cursor = _asked(LARGEST_TEXT_PAGE, LARGEST_TEXT_PAGE)
    centre = _centre()
    hits, after = service.find(index(), query, limit, cursor, centre)
    rows = ([hit.get(name) for name in COLUMNS] for hit in hits)
    body = exports.table(None if cursor else COLUMNS, rows, "\t")
    headers: dict[str, str | list[str]] = {"Content-Type": f"{TSV}; charset=utf-8"}
    if after:
        more = {"centre": centre} if centre else {}
        following = urlencode({"q": query, "limit": str(limit), "cursor": after, **more})
        headers["Link"] = f'</v1/search.tsv?{following}>; rel="next"'
    return Response(body, headers=headers)
