"""The audit chain, for administrators: `biotheca-admin audit verify` reads and proves it."""

from __future__ import annotations

from pydantic import BaseModel

from biotheca.accounts.model import Person, Scope
from biotheca.audit import service
from biotheca.errors import Finding, Invalid
from functions.api.seam import Routes, page_of
from functions.api.shapes import Page
from functions.api.submissions import PAGED
from functions.stores import chain

routes = Routes(__name__, "audit", changes=Scope.ACCOUNT)


class HeadShape(BaseModel):
    """`copied`: number of the last line that stands in the locked bucket too."""

    number: int
    hash: str
    copied: int


@routes.on("GET", "/v1/audit", signed_in=True, answer=Page, query=PAGED, errors=(401, 403, 422))
def lines(person: Person) -> Page:
    """Lines of the chain in order; each hash covers its line and the hash before."""
    limit, cursor = page_of(routes.current_request)
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):
        raise Invalid(
            "The cursor is not one that this list gave out.", [Finding("general.cursor", "?cursor", "Unknown.")]
        )
    found, following = service.page(chain(), person, int(cursor or 0), limit)
    return Page(items=found, next_cursor=str(following) if following else None)


@routes.on("GET", "/v1/audit/head", signed_in=True, answer=HeadShape, errors=(401, 403))
def head(person: Person) -> HeadShape:
    """The end of the chain."""
    return HeadShape(**service.head(chain(), person))
