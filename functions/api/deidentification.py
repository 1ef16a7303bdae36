"""What became of images that were sent: counts, reasons, descriptions as they are now."""

from __future__ import annotations

from biotheca.accounts.model import Person
from biotheca.deidentification import service
from functions.api.seam import Routes, page_of, query_of
from functions.api.shapes import Page
from functions.api.shapes_deidentification import DeidentificationShape
from functions.api.submissions import PAGED
from functions.stores import deidentified, submissions

routes = Routes(__name__, "submissions")


@routes.on(
    "GET",
    "/v1/submissions/{submission_id}/deidentification",
    signed_in=True,
    answer=DeidentificationShape,
    errors=(401, 404),
)
def report(submission_id: str, person: Person) -> DeidentificationShape:
    """What the de-identification of the latest round made and set aside; for its owner, their group and the staff."""
    return DeidentificationShape(**service.report_of(submissions(), deidentified(), person, submission_id))


@routes.on(
    "GET",
    "/v1/submissions/{submission_id}/deidentification/texts",
    signed_in=True,
    answer=Page,
    query={"q": "words that stand in the text", "tag": "eight hexadecimal digits", **PAGED},
    errors=(401, 404, 422),
)
def texts(submission_id: str, person: Person) -> Page:
    """The distinct descriptions as they are now, a row for each tag and text; for whom the report is for."""
    query = query_of(routes.current_request)
    limit, cursor = page_of(routes.current_request)
    asked = query.get("q", ""), query.get("tag", ""), limit, cursor
    found, following = service.texts_of(submissions(), deidentified(), person, submission_id, *asked)
    return Page(items=found, next_cursor=following)
