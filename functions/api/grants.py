"""Grants of controlled data: one's own, their end, the closing report; the log of links; how staff break the glass."""

from __future__ import annotations

from biotheca.access import grants as granting
from biotheca.access.glass.service import break_glass
from biotheca.accounts.model import Person, Scope
from functions.api.requests import grant_shape
from functions.api.seam import Routes, page_of
from functions.api.shapes import Page
from functions.api.shapes_requests import Closing, GlassShape, GrantShape, Said
from functions.api.submissions import PAGED
from functions.stores import access, glass, records

routes = Routes(__name__, "access", changes=Scope.ACCOUNT)


@routes.on("GET", "/v1/access-grants", signed_in=True, answer=Page, errors=(401,))
def grants(person: Person) -> Page:
    """Your grants, with what each is worth now."""
    found = granting.mine(access(), person)
    return Page(items=[grant_shape(grant).model_dump(mode="json") for grant in found])


@routes.on(
    "POST",
    "/v1/access-grants/{request}/revoke",
    signed_in=True,
    body=Said,
    answer=GrantShape,
    errors=(401, 403, 404, 409, 422),
)
def revoke(request: str, body: Said, person: Person) -> GrantShape:
    """End a grant at once, with a reason: its committee or a data manager."""
    return grant_shape(granting.revoke(access(), person, request, body.reason))


@routes.on(
    "POST",
    "/v1/access-grants/{request}/closing",
    signed_in=True,
    body=Closing,
    answer=GrantShape,
    errors=(401, 403, 404, 409, 422),
)
def close(request: str, body: Closing, person: Person) -> GrantShape:
    """Your closing report, with the attestation that the data are deleted; it ends the grant."""
    return grant_shape(granting.close(access(), person, request, body.report, body.deleted))


@routes.on("GET", "/v1/me/access-log", signed_in=True, answer=Page, query=PAGED, errors=(401, 422))
def own_log(person: Person) -> Page:
    """Every link to a controlled file that you were given, newest first."""
    limit, cursor = page_of(routes.current_request)
    found, following = access().log_by(person.subject, limit, cursor)
    return Page(items=found, next_cursor=following)


@routes.on(
    "POST",
    "/v1/records/{accession}/break-glass",
    signed_in=True,
    body=Said,
    answer=GlassShape,
    status=201,
    errors=(401, 403, 404, 410, 422),
)
def broken(accession: str, body: Said, person: Person) -> GlassShape:
    """Staff open the files of a controlled dataset for an hour, with a reason that its committee reads at once."""
    return GlassShape(**break_glass(access(), glass(), records(), person, accession, body.reason))
