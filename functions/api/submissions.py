"""Submissions: open, describe, hand in, look at."""

from __future__ import annotations

from chalice import Response

from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid
from biotheca.publication.access import to_inherit
from biotheca.publication.exports import table
from biotheca.publication.release import to_extend
from biotheca.submissions import service
from biotheca.workbooks import service as workbooks
from biotheca.workbooks.verdicts import TAKEN
from functions.api import views
from functions.api.seam import Routes, Sent, attachment, page_of, query_of
from functions.api.shapes import AnonymityShape, Metadata, NewSubmission, Page, ReceptionShape, SubmissionShape
from functions.observability import logger
from functions.stores import records, registry, submissions

routes = Routes(__name__, "submissions")
PAGED = {"limit": "How many items, 1 to 200 (50)", "cursor": "next_cursor of the page before"}


def _whole(submission: service.Submission) -> SubmissionShape:
    logger().set_correlation_id(submission.id)
    return views.of(submissions(), submission)


@routes.on(
    "POST",
    "/v1/submissions",
    signed_in=True,
    body=NewSubmission,
    answer=SubmissionShape,
    status=201,
    errors=(401, 403, 404, 409, 410, 422),
)
def open_submission(body: NewSubmission, person: Person) -> SubmissionShape:
    """Open a draft. With the same Idempotency-Key header the first draft is returned again."""
    key = routes.current_request.headers.get("idempotency-key")
    day = body.release.date if body.release.mode == "on_date" else None
    extends = to_extend(submissions(), records(), person, body.member, body.extends) if body.extends else None
    access = body.access
    if extends:
        access = to_inherit(records(), extends, body.access)
    made = service.open_submission(
        submissions(),
        person,
        body.member,
        body.title,
        body.release.mode,
        day,
        idempotency_key=key,
        extends=extends,
        access=access,
    )
    return _whole(made)


@routes.on("GET", "/v1/submissions", signed_in=True, answer=Page, query=PAGED, errors=(401, 422))
def list_own(person: Person) -> Page:
    """Your submissions, newest first."""
    limit, cursor = page_of(routes.current_request)
    found, following = submissions().owned_by(person.subject, limit, cursor)
    return Page(items=[views.summary(s).model_dump(mode="json") for s in found], next_cursor=following)


@routes.on("GET", "/v1/submissions/{submission_id}", signed_in=True, answer=SubmissionShape, errors=(401, 404))
def show(submission_id: str, person: Person) -> SubmissionShape:
    """One submission: state, counts, the first 200 objects and files, findings, its place in the queue."""
    return _whole(service.visible(submissions(), person, submission_id))


@routes.on(
    "PUT",
    "/v1/submissions/{submission_id}/metadata",
    signed_in=True,
    body=Metadata,
    takes=TAKEN,
    answer=SubmissionShape,
    errors=(401, 404, 409, 413, 415, 422),
)
def describe(submission_id: str, body: Sent, person: Person) -> SubmissionShape:
    """Replace all metadata by a document, tables or a workbook. Any error: nothing stored, all findings told."""
    return _whole(workbooks.describe(submissions(), person, submission_id, body.media_type, body.body, registry()))


@routes.on(
    "POST",
    "/v1/submissions/{submission_id}/submit",
    signed_in=True,
    answer=SubmissionShape,
    status=202,
    errors=(401, 404, 409, 422),
)
def submit(submission_id: str, person: Person) -> SubmissionShape:
    """Hand the submission in; files may still be on their way."""
    return _whole(service.submit(submissions(), person, submission_id))


@routes.on(
    "POST",
    "/v1/submissions/{submission_id}/resume",
    signed_in=True,
    answer=SubmissionShape,
    status=202,
    errors=(401, 403, 404, 409),
)
def resume(submission_id: str, person: Person) -> SubmissionShape:
    """Send a held submission round the workflow again (data managers)."""
    return _whole(service.resume(submissions(), person, submission_id))


@routes.on("DELETE", "/v1/submissions/{submission_id}", signed_in=True, status=204, errors=(401, 404, 409))
def cancel(submission_id: str, person: Person) -> None:
    """Give a draft or a returned submission up."""
    service.cancel(submissions(), person, submission_id)


@routes.on(
    "GET",
    "/v1/submissions/{submission_id}/anonymity",
    signed_in=True,
    answer=AnonymityShape,
    query={"format": "json (usual), or tsv: the table of persons, as coarse as is proposed"},
    errors=(401, 404, 422),
    gives=("text/tab-separated-values",),
)
def anonymity(submission_id: str, person: Person) -> AnonymityShape | Response:
    """How well the persons of a submission are hidden among each other, and what would hide them better."""
    wanted = query_of(routes.current_request).get("format", "json")
    if wanted not in ("json", "tsv"):
        message = "format is json or tsv."
        raise Invalid(message, [Finding("metadata.choice", "?format", message, wanted[:80], "json, tsv")])
    told, rows = service.anonymity_of(submissions(), person, submission_id)
    if wanted == "json":
        return AnonymityShape(**told.as_dict())
    columns = list(rows[0]) if rows else list(told.quasi_identifiers)
    text = table(columns, ([row[column] for column in columns] for row in rows), "\t")
    return attachment(text.encode(), "text/tab-separated-values; charset=utf-8", f"{submission_id}_people.tsv")


@routes.on("GET", "/v1/submissions/{submission_id}/pedigree", signed_in=True, errors=(401, 404), gives=("text/plain",))
def pedigree(submission_id: str, person: Person) -> Response:
    """The families of a submission as PED: family, individual, father, mother, sex, phenotype, tab-separated."""
    text = service.pedigree(submissions(), person, submission_id)
    return attachment(text.encode(), "text/plain; charset=utf-8", f"{submission_id}.ped")


@routes.on(
    "GET", "/v1/submissions/{submission_id}/history", signed_in=True, answer=Page, query=PAGED, errors=(401, 404, 422)
)
def history(submission_id: str, person: Person) -> Page:
    """What happened to the submission, in words, oldest first."""
    submission = service.visible(submissions(), person, submission_id)
    limit, cursor = page_of(routes.current_request)
    lines, following = submissions().history(submission.id, limit, cursor)
    for line in lines:  # who acted is shown as a role, never as a person's id
        line["actor"] = {"archive": "archive", submission.owner: "submitter"}.get(line["actor"], "curator")
    return Page(items=lines, next_cursor=following)


@routes.on(
    "GET", "/v1/submissions/{submission_id}/files", signed_in=True, answer=Page, query=PAGED, errors=(401, 404, 422)
)
def files(submission_id: str, person: Person) -> Page:
    """The files of a submission with their states and findings; `limit` counts the objects that have them."""
    submission = service.visible(submissions(), person, submission_id)
    limit, cursor = page_of(routes.current_request)
    found, following = submissions().files_page(submission, limit, cursor)
    return Page(items=[views.file(f).model_dump(mode="json") for f in found], next_cursor=following)


@routes.on(
    "GET",
    "/v1/submissions/{submission_id}/objects",
    signed_in=True,
    answer=Page,
    query={"type": "Only objects of this type", **PAGED},
    errors=(401, 404, 422),
)
def objects(submission_id: str, person: Person) -> Page:
    """The metadata objects of a submission, by type, in the order of its document."""
    submission = service.visible(submissions(), person, submission_id)
    request = routes.current_request
    limit, cursor = page_of(request)
    kind = query_of(request).get("type") or None
    found, following = submissions().objects_page(submission, kind, limit, cursor)
    return Page(items=[views.object_(o).model_dump(mode="json") for o in found], next_cursor=following)


@routes.on("GET", "/v1/submissions/{submission_id}/reception", signed_in=True, answer=ReceptionShape, errors=(401, 404))
def reception(submission_id: str, person: Person) -> ReceptionShape:
    """Which files of the metadata have not come, and what came that it does not name."""
    return ReceptionShape(**service.reception(submissions(), service.visible(submissions(), person, submission_id)))
