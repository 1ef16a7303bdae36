"""Uploads: open, presigned part links, what arrived, complete, abort."""

from __future__ import annotations

from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid
from biotheca.uploads import service
from functions.api import views
from functions.api.seam import Routes, page_of
from functions.api.shapes import FileShape, Page, PartsWanted, StartUpload, UploadShape
from functions.stores import inbox, submissions

routes = Routes(__name__, "uploads")


@routes.on(
    "POST",
    "/v1/files/{file_id}/upload",
    signed_in=True,
    body=StartUpload,
    answer=UploadShape,
    errors=(400, 401, 404, 409, 422),
)
def start(file_id: str, body: StartUpload, person: Person) -> UploadShape:
    """Open an upload, or get the open one again: part size and count."""
    return UploadShape(**service.start(submissions(), inbox(), person, file_id, body.size_bytes))


@routes.on(
    "GET",
    "/v1/files/{file_id}/parts",
    signed_in=True,
    answer=Page,
    query={"limit": "1 to 1000 (1000)", "cursor": "next_cursor of the page before"},
    errors=(400, 401, 404, 422),
)
def parts(file_id: str, person: Person) -> Page:
    """The parts that have arrived: S3 is the memory for resume."""
    limit, cursor = page_of(routes.current_request, largest=1000, usual=1000)
    if cursor and not (cursor.isascii() and cursor.isdigit()):
        raise Invalid(
            "The cursor is not one that this list gave out.", [Finding("general.cursor", "?cursor", "Unknown.")]
        )
    found, following = service.parts(submissions(), inbox(), person, file_id, int(cursor or 0), limit)
    items = [{k: part[k] for k in ("number", "size_bytes", "sha256")} for part in found]
    return Page(items=items, next_cursor=str(following) if following else None)


@routes.on(
    "POST",
    "/v1/files/{file_id}/part-urls",
    signed_in=True,
    body=PartsWanted,
    answer=Page,
    errors=(400, 401, 404, 409, 422),
)
def part_urls(file_id: str, body: PartsWanted, person: Person) -> Page:
    """Presigned PUT links for up to 100 parts; send exactly the headers that come with each."""
    wanted = [part.model_dump() for part in body.parts]
    return Page(items=service.links(submissions(), inbox(), person, file_id, wanted))


@routes.on("POST", "/v1/files/{file_id}/complete", signed_in=True, answer=FileShape, errors=(400, 401, 404, 409))
def complete(file_id: str, person: Person) -> FileShape:
    """Join the parts; what is missing is named."""
    return views.file(service.complete(submissions(), inbox(), person, file_id))


@routes.on("DELETE", "/v1/files/{file_id}/upload", signed_in=True, status=204, errors=(401, 404))
def abort(file_id: str, person: Person) -> None:
    """Throw an open upload away."""
    service.abort(submissions(), inbox(), person, file_id)
