"""The notices of a person."""

from __future__ import annotations

from biotheca.accounts.model import Person, Scope
from biotheca.notices import service
from functions.api.seam import Routes, page_of
from functions.api.shapes import Page
from functions.api.submissions import PAGED
from functions.stores import notices

routes = Routes(__name__, "notices", changes=Scope.SUBMIT)


@routes.on("GET", "/v1/me/notices", signed_in=True, answer=Page, query=PAGED, errors=(401, 403, 422))
def list_own(person: Person) -> Page:
    """What the archive told you, newest first; the same went out by mail."""
    limit, cursor = page_of(routes.current_request)
    found, following = notices().page(person.subject, limit, cursor)
    shown = ("id", "kind", "at", "title", "text", "submission", "read_at")
    return Page(items=[{k: getattr(n, k) for k in shown} for n in found], next_cursor=following)


@routes.on("POST", "/v1/me/notices/{notice_id}/read", signed_in=True, status=204, errors=(401, 403, 404))
def read(notice_id: str, person: Person) -> None:
    """Mark a notice as read."""
    service.read(notices(), person, notice_id)
