"""The curators' desk: queues, assignment, checklist, notes, decisions, figures; the coded reasons for everybody."""

from __future__ import annotations

from typing import Any

from biotheca.accounts.model import Person, Scope
from biotheca.catalog.reasons import return_reasons
from biotheca.curation import figures as computed
from biotheca.curation import moving, service
from biotheca.curation.model import Decision
from biotheca.submissions.model import REVIEWS, Submission
from functions.api import views
from functions.api.seam import Routes, page_of, query_of
from functions.api.shapes import Page, SubmissionShape
from functions.api.shapes_curation import (
    AssignmentBody,
    ChecklistBody,
    DecisionBody,
    DeskShape,
    FiguresShape,
    MoveBody,
    NoteBody,
    PriorityBody,
)
from functions.api.submissions import PAGED
from functions.stores import desk, registry, submissions

routes = Routes(__name__, "curation", changes=Scope.CURATE)
STAGE = {"stage": "data (usual) or metadata"}


def _row(submission: Submission, person: Person) -> dict[str, Any]:
    """A submission in a queue."""
    assigned = submission.assignee
    return views.summary(submission).model_dump(mode="json") | {
        "stage": REVIEWS.get(submission.state),
        "since": submission.since,
        "priority": submission.priority,
        "assigned": None if assigned is None else "you" if assigned == person.subject else "another curator",
        "warnings": submission.warnings,
        "version": submission.version,
    }


def _desk(submission: Submission, person: Person) -> DeskShape:
    return DeskShape(
        submission=views.of(submissions(), submission), **service.desk(submissions(), desk(), person, submission.id)
    )


@routes.on(
    "GET",
    "/v1/curation/queue",
    signed_in=True,
    answer=Page,
    query={"view": "data (usual), metadata, mine, release (waits for numbers), checks, failed or held", **PAGED},
    errors=(401, 403, 422),
)
def queue(person: Person) -> Page:
    """Submissions by view: those that wait for a decision with priority first, then longest waiting."""
    request = routes.current_request
    limit, cursor = page_of(request)
    found, following = service.queue(submissions(), person, query_of(request).get("view", "data"), limit, cursor)
    return Page(items=[_row(s, person) for s in found], next_cursor=following)


@routes.on("POST", "/v1/curation/next", signed_in=True, answer=DeskShape, query=STAGE, errors=(401, 403, 404, 409, 422))
def take_next(person: Person) -> DeskShape:
    """Take up the first submission of a queue that nobody has."""
    stage = query_of(routes.current_request).get("stage", "data")
    return _desk(service.take_next(submissions(), person, stage), person)


@routes.on("GET", "/v1/curation/figures", signed_in=True, answer=FiguresShape, errors=(401, 403))
def figures(person: Person) -> FiguresShape:
    """How many wait, how long steps take, what share needs nobody."""
    return FiguresShape(**computed.figures(submissions(), person))


@routes.on("GET", "/v1/curation/{submission_id}", signed_in=True, answer=DeskShape, errors=(401, 403, 404))
def show(submission_id: str, person: Person) -> DeskShape:
    """A submission as the desk sees it: who has it, checklist, rounds."""
    found = service.desk(submissions(), desk(), person, submission_id)
    return DeskShape(submission=views.of(submissions(), submissions().get(submission_id)), **found)


@routes.on(
    "PUT",
    "/v1/curation/{submission_id}/assignment",
    signed_in=True,
    body=AssignmentBody,
    answer=DeskShape,
    errors=(401, 403, 404, 409, 422),
)
def assign(submission_id: str, body: AssignmentBody, person: Person) -> DeskShape:
    """Take a submission up; 409 `curation.taken` if another curator has it."""
    return _desk(service.assign(submissions(), person, submission_id, body.take_over), person)


@routes.on(
    "PUT",
    "/v1/curation/{submission_id}/member",
    signed_in=True,
    body=MoveBody,
    answer=SubmissionShape,
    errors=(401, 403, 404, 409, 422),
)
def move(submission_id: str, body: MoveBody, person: Person) -> SubmissionShape:
    """Move a submission that has no numbers yet to the member where it belongs; its files stay, its owner is told."""
    given = body.member, body.reason, body.metadata, body.version
    return views.of(submissions(), moving.move(submissions(), person, submission_id, *given, registry()))


@routes.on("DELETE", "/v1/curation/{submission_id}/assignment", signed_in=True, status=204, errors=(401, 403, 404, 409))
def unassign(submission_id: str, person: Person) -> None:
    """Give a submission back to the queue."""
    service.unassign(submissions(), person, submission_id)


@routes.on(
    "PUT",
    "/v1/curation/{submission_id}/priority",
    signed_in=True,
    body=PriorityBody,
    answer=DeskShape,
    errors=(401, 403, 404, 422),
)
def set_priority(submission_id: str, body: PriorityBody, person: Person) -> DeskShape:
    """Put a submission before the normal ones, or back among them."""
    return _desk(service.set_priority(submissions(), person, submission_id, body.priority), person)


@routes.on(
    "PUT",
    "/v1/curation/{submission_id}/checklist",
    signed_in=True,
    body=ChecklistBody,
    answer=DeskShape,
    errors=(401, 403, 404, 422),
)
def check(submission_id: str, body: ChecklistBody, person: Person) -> DeskShape:
    """Decide on findings; each on private content wants a decision before acceptance."""
    service.check(submissions(), desk(), person, submission_id, [row.model_dump() for row in body.decisions])
    return show(submission_id, person)


@routes.on(
    "POST",
    "/v1/curation/{submission_id}/notes",
    signed_in=True,
    body=NoteBody,
    answer=Page,
    status=201,
    errors=(401, 403, 404, 422),
)
def note(submission_id: str, body: NoteBody, person: Person) -> Page:
    """Write a note for other curators; submitters never see it."""
    service.note(submissions(), desk(), person, submission_id, body.text)
    return notes(submission_id, person)


@routes.on(
    "GET",
    "/v1/curation/{submission_id}/notes",
    signed_in=True,
    answer=Page,
    query=PAGED,
    errors=(401, 403, 404, 422),
)
def notes(submission_id: str, person: Person) -> Page:
    """The curators' notes, oldest first."""
    limit, cursor = page_of(routes.current_request)
    found, following = service.notes(submissions(), desk(), person, submission_id, limit, cursor)
    for line in found:
        line["actor"] = "you" if line["actor"] == person.subject else "another curator"
    return Page(items=found, next_cursor=following)


@routes.on(
    "POST",
    "/v1/curation/{submission_id}/decision",
    signed_in=True,
    body=DecisionBody,
    answer=SubmissionShape,
    status=202,
    errors=(400, 401, 403, 404, 409, 422),
)
def decide(submission_id: str, body: DecisionBody, person: Person) -> SubmissionShape:
    """Accept, accept some runs alone, or return with coded reasons; the workflow goes on."""
    reasons = [reason.model_dump() for reason in body.reasons]
    decision = Decision(body.decision, reasons, list(body.runs), body.rest, body.version)
    return views.of(submissions(), service.decide(submissions(), desk(), person, submission_id, decision))


@routes.on("GET", "/v1/return-reasons", answer=Page)
def reasons() -> Page:
    """The coded reasons for returning a submission, in English and Chinese, with what each points to."""
    return Page(items=[{"code": code, **row} for code, row in return_reasons().items()])
