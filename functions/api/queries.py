"""Queries of signed-in people over the lake: ask, look, list. The answer's file is made by functions/lake."""

from __future__ import annotations

from biotheca import catalog
from biotheca.accounts.model import Person, Scope
from biotheca.lake.exports_formats import FORMATS
from biotheca.lake.queries import service
from biotheca.lake.queries.model import Query, QueryState
from biotheca.lake.queries.store import Engine
from functions.api.seam import Routes, page_of
from functions.api.shapes import Page
from functions.api.shapes_queries import NewQuery, QueryShape
from functions.api.submissions import PAGED
from functions.stores import queries

routes = Routes(__name__, "lake", changes=Scope.READ)


@routes.on(
    "POST",
    "/v1/queries",
    signed_in=True,
    body=NewQuery,
    answer=QueryShape,
    status=202,
    errors=(401, 403, 409, 422),
)
def ask(body: NewQuery, person: Person) -> QueryShape:
    """Ask one SELECT over the lake's views; the answer comes as a file in the format you say."""
    return _shown(service.ask(queries(), person, body.sql, body.format, body.token))


@routes.on("GET", "/v1/queries", signed_in=True, answer=Page, query=PAGED, errors=(401, 403, 422))
def list_own(person: Person) -> Page:
    """Your queries, newest first."""
    limit, cursor = page_of(routes.current_request)
    found, following = queries().page(person.subject, limit, cursor)
    return Page(items=[_shown(query).model_dump(mode="json") for query in found], next_cursor=following)


@routes.on("GET", "/v1/queries/{query_id}", signed_in=True, answer=QueryShape, errors=(401, 403, 404))
def look(query_id: str, person: Person) -> QueryShape:
    """How your query goes; when it has succeeded, a link to the file for an hour."""
    query = service.look(queries(), person, query_id)
    link = None
    if query.state is QueryState.SUCCEEDED:
        link = Engine().link(query, FORMATS[query.format].suffix)
    return _shown(query, link)


def _shown(query: Query, link: str | None = None) -> QueryShape:
    known = {name: getattr(query, name) for name in QueryShape.model_fields if hasattr(query, name)}
    problem = query.problem and query.problem | {"mend": catalog.mend(query.problem["rule"])}
    return QueryShape(**known | {"problem": problem, "link": link})
