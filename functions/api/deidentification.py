"""What became of images that were sent: counts, reasons, descriptions as they are now."""

from __future__ import annotations

from biotheca.accounts.model import Person
from biotheca.deidentification import service
from functions.api.seam import Routes
from functions.api.shapes_deidentification import DeidentificationShape
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
