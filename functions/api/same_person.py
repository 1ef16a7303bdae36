"""Records of one person in two databases: linked, unlinked, listed; and all who have records in both."""

from __future__ import annotations

from pydantic import BaseModel

from biotheca.accounts.model import Person
from biotheca.publication import same_person
from functions.api.seam import Routes, optional_person, page_of
from functions.api.shapes import Page
from functions.api.submissions import PAGED
from functions.stores import records

routes = Routes(__name__, "publication")


class SamePersonShape(BaseModel):
    """`state`: made, or asked till the people of the other record say the same."""

    accession: str
    type: str
    member: str
    title: str
    dataset: str | None
    state: str
    at: str


class SamePersonsShape(BaseModel):
    items: list[SamePersonShape]


@routes.on("GET", "/v1/records/{accession}/same-person", answer=SamePersonsShape, errors=(401, 404, 410))
def listed(accession: str) -> SamePersonsShape:
    """Records of the same person in other databases, as far as you may see them."""
    found = same_person.listed(records(), optional_person(routes.current_request), accession)
    return SamePersonsShape(items=[SamePersonShape(**row) for row in found])


@routes.on(
    "PUT",
    "/v1/records/{accession}/same-person/{other}",
    signed_in=True,
    answer=SamePersonShape,
    errors=(401, 404, 409, 410, 422),
)
def link(accession: str, other: str, person: Person) -> SamePersonShape:
    """Say that a record of yours and another are of one person; made at once if both are yours, else asked for."""
    return SamePersonShape(**same_person.link(records(), person, accession, other))


@routes.on(
    "DELETE",
    "/v1/records/{accession}/same-person/{other}",
    signed_in=True,
    status=204,
    errors=(401, 404, 409, 410),
)
def unlink(accession: str, other: str, person: Person) -> None:
    """Take a link or a question back; the people of either record may."""
    same_person.unlink(records(), person, accession, other)


@routes.on("GET", "/v1/same-person", answer=Page, query=PAGED, errors=(401, 422))
def joint() -> Page:
    """People who have records in two databases, sequences and images, as far as you may see both."""
    request = routes.current_request
    limit, cursor = page_of(request)
    found, following = same_person.joint(records(), optional_person(request), limit, cursor)
    return Page(items=found, next_cursor=following)
