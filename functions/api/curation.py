"""The curators' queue and decisions."""

from __future__ import annotations

from biotheca.accounts.model import Person, Scope
from biotheca.curation import service
from functions.api import views
from functions.api.seam import Routes, page_of
from functions.api.shapes import Decision, Page, SubmissionShape
from functions.api.submissions import PAGED
from functions.stores import submissions

routes = Routes(__name__, "curation", changes=Scope.CURATE)


@routes.on("GET", "/v1/curation/queue", signed_in=True, answer=Page, query=PAGED, errors=(401, 403, 422))
def queue(person: Person) -> Page:
    """Submissions that wait for a decision, longest waiting first."""
    limit, cursor = page_of(routes.current_request)
    found, following = service.queue(submissions(), person, limit, cursor)
    return Page(items=[views.summary(s).model_dump(mode="json") for s in found], next_cursor=following)


@routes.on(
    "POST",
    "/v1/curation/{submission_id}/decision",
    signed_in=True,
    body=Decision,
    answer=SubmissionShape,
    status=202,
    errors=(400, 401, 403, 404, 409, 422),
)
def decide(submission_id: str, body: Decision, person: Person) -> SubmissionShape:
    """Accept, or return with coded reasons; the workflow goes on."""
    reasons = [reason.model_dump() for reason in body.reasons]
    decided = service.decide(submissions(), person, submission_id, body.decision, reasons)
    store = submissions()
    return views.whole(decided, store.objects(decided), store.files(decided))
