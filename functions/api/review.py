"""What a reviewer sees with a secret in the header X-Reviewer-Token; and the owner's links."""

from __future__ import annotations

from typing import Any

from chalice import Response

from biotheca.accounts.model import Person
from biotheca.errors import NotSignedIn
from biotheca.publication import reviews
from biotheca.publication.model import Record, public_file
from functions.api.seam import Routes, page_of, query_of
from functions.api.shapes import DownloadShape, Page, RecordShape
from functions.api.shapes_review import LinkBody, LinkShape, NewLinkShape
from functions.api.submissions import PAGED
from functions.stores import archive, records, submissions

routes = Routes(__name__, "publication")
HEADER = "x-reviewer-token"


def _opened() -> tuple[Record, dict[str, Any]]:
    request = routes.current_request
    token = request.headers.get(HEADER, "").strip()
    if not token:
        raise NotSignedIn("Send the secret of the reviewer link in the header X-Reviewer-Token.")
    address = (request.context.get("identity") or {}).get("sourceIp") or "unknown"
    return reviews.opened(records(), token, address)


# --- the owner's side ---


@routes.on(
    "POST",
    "/v1/records/{accession}/reviewer-links",
    signed_in=True,
    body=LinkBody,
    answer=NewLinkShape,
    status=201,
    errors=(401, 404, 409, 410, 422),
)
def make_link(accession: str, body: LinkBody, person: Person) -> NewLinkShape:
    """A link for reviewers of your dataset; its secret is in this answer and is never shown again."""
    made = reviews.make(submissions(), records(), person, accession, body.label, body.days, body.data)
    return NewLinkShape(**made)


@routes.on(
    "GET",
    "/v1/records/{accession}/reviewer-links",
    signed_in=True,
    answer=Page,
    query=PAGED,
    errors=(401, 404, 410, 422),
)
def links(accession: str, person: Person) -> Page:
    """The reviewer links of your dataset: label, expiry, how often and when used; no secret."""
    limit, cursor = page_of(routes.current_request)
    found, following = reviews.listed(submissions(), records(), person, accession, limit, cursor)
    return Page(items=[LinkShape(**row).model_dump(mode="json") for row in found], next_cursor=following)


@routes.on(
    "DELETE",
    "/v1/records/{accession}/reviewer-links/{link_id}",
    signed_in=True,
    status=204,
    errors=(401, 404, 410),
)
def revoke_link(accession: str, link_id: str, person: Person) -> None:
    """End a reviewer link at once."""
    reviews.revoke(submissions(), records(), person, accession, link_id)


# --- the reviewer's side ---


@routes.on("GET", "/v1/review", answer=RecordShape, errors=(401, 404, 410, 429))
def review() -> RecordShape:
    """The dataset behind a reviewer link (header X-Reviewer-Token)."""
    record, link = _opened()
    view = record.public_view()
    return RecordShape(**view | {"files": view["files"] if link.get("data") else []})


@routes.on("GET", "/v1/review/objects/{type}", answer=Page, query=PAGED, errors=(401, 404, 410, 422, 429))
def review_objects(type: str) -> Page:
    """The objects of a type in the dataset behind a reviewer link, or that it refers to."""
    limit, cursor = page_of(routes.current_request)
    record, link = _opened()
    found, following = reviews.inside(records(), record, type, limit, cursor)
    views = [one.public_view() for one in found]
    shown = [view | {"files": view["files"] if link.get("data") else []} for view in views]
    return Page(items=shown, next_cursor=following)


@routes.on("GET", "/v1/review/files", answer=Page, query=PAGED, errors=(401, 404, 410, 422, 429))
def review_files() -> Page:
    """The files behind a reviewer link, if it shows data."""
    limit, cursor = page_of(routes.current_request)
    record, link = _opened()
    found, following = reviews.files(records(), record, link, limit, cursor)
    return Page(items=[public_file(file) for file in found], next_cursor=following)


@routes.on(
    "GET",
    "/v1/review/files/{name}",
    answer=DownloadShape,
    query={"redirect": "false: the link as JSON instead of a redirect"},
    errors=(302, 401, 404, 410, 429),
)
def review_download(name: str) -> Response | DownloadShape:
    """A redirect to a presigned link of 15 minutes, if the reviewer link shows data."""
    record, link = _opened()
    found = reviews.download(records(), archive(), record, link, name)
    if query_of(routes.current_request).get("redirect") == "false":
        return DownloadShape(**found)
    return Response("", status_code=302, headers={"Location": found["url"]})
