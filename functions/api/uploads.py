"""Uploads: open, presigned part links, what arrived, complete, abort."""

from __future__ import annotations

import os

from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid
from biotheca.uploads import service
from functions.api import views
from functions.api.seam import Routes, page_of
from functions.api.shapes import FileShape, Page, PartsWanted, StartUpload, UploadShape
from functions.api.shapes_uploads import KeysShape, SmallFiles
from functions.observability import logger
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


@routes.on(
    "POST",
    "/v1/submissions/{submission_id}/uploads",
    signed_in=True,
    body=SmallFiles,
    answer=Page,
    errors=(400, 401, 404, 409, 422),
)
def many(submission_id: str, body: SmallFiles, person: Person) -> Page:
    """Presigned PUT links for up to 100 whole small files; there is nothing to complete."""
    wanted = [file.model_dump() for file in body.files]
    return Page(items=service.direct_links(submissions(), inbox(), person, submission_id, wanted))


@routes.on(
    "POST",
    "/v1/submissions/{submission_id}/credentials",
    signed_in=True,
    answer=KeysShape,
    status=201,
    errors=(401, 404, 409),
)
def credentials(submission_id: str, person: Person) -> KeysShape:
    """Keys of S3 for an hour, with which files can be put below one prefix under their declared names."""
    lent = service.lend(submissions(), inbox(), person, submission_id)
    logger().info("keys were lent", extra={"prefix": lent["prefix"]})
    region, endpoint = os.environ["AWS_REGION"], os.environ.get("AWS_ENDPOINT_URL")
    return KeysShape(**lent, region=region, endpoint_url=endpoint, commands=_commands(lent, region, endpoint))


def _commands(lent: dict[str, str], region: str, endpoint: str | None) -> dict[str, str]:
    """Ready commands, without the keys: a command line is seen by everybody on the machine."""
    place = f"s3://{lent['bucket']}/{lent['prefix']}"
    where = f"--endpoint-url {endpoint} " if endpoint else ""
    return {
        "s5cmd": f"AWS_REGION={region} s5cmd {where}cp 'FOLDER/*' {place}",
        "aws": f"aws {where}--region {region} s3 cp --recursive FOLDER {place}",
    }
