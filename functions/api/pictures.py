"""Images that are set aside for text in their pixels: the curators' list, pictures, and the wish to blank."""

from __future__ import annotations

from datetime import timedelta

from biotheca import clock
from biotheca.accounts.model import Person, Scope
from biotheca.deidentification import curator
from functions.api import views
from functions.api.seam import Routes, page_of
from functions.api.shapes import Page, SubmissionShape
from functions.api.shapes_deidentification import BlankingBody, PictureLinkShape
from functions.api.submissions import PAGED
from functions.stores import deidentified, inbox, submissions

routes = Routes(__name__, "curation", changes=Scope.CURATE)


@routes.on(
    "GET",
    "/v1/curation/{submission_id}/pictures",
    signed_in=True,
    answer=Page,
    query=PAGED,
    errors=(401, 403, 404, 422),
)
def pictures(submission_id: str, person: Person) -> Page:
    """Images that are set aside for text in their pixels, or were blanked; for curators and data managers."""
    limit, cursor = page_of(routes.current_request)
    found, following = curator.pictures(submissions(), deidentified(), person, submission_id, limit, cursor)
    return Page(items=found, next_cursor=following)


@routes.on(
    "GET",
    "/v1/curation/{submission_id}/pictures/{mark}/{moment}",
    signed_in=True,
    answer=PictureLinkShape,
    errors=(401, 403, 404),
)
def picture(submission_id: str, mark: str, moment: str, person: Person) -> PictureLinkShape:
    """A link of five minutes to the picture of an image before or after the blanking; it shows what identifies."""
    expires_at = clock.stamp(clock.now() + timedelta(seconds=curator.LINK_VALID_S))
    asked = submissions(), deidentified(), inbox(), person, submission_id, mark, moment
    return PictureLinkShape(url=curator.link(*asked), expires_at=expires_at)


@routes.on(
    "POST",
    "/v1/curation/{submission_id}/blanking",
    signed_in=True,
    body=BlankingBody,
    answer=SubmissionShape,
    status=202,
    errors=(400, 401, 403, 404, 409, 422),
)
def blank(submission_id: str, body: BlankingBody, person: Person) -> SubmissionShape:
    """Have text in pixels blanked; the images come back to the desk, read again and verified."""
    images = {one.mark: list(one.boxes) for one in body.images}
    reasons: list[str] = list(body.reasons)
    made = curator.blank(submissions(), deidentified(), person, submission_id, images, reasons)
    return views.of(submissions(), made)
