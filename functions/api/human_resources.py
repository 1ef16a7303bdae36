"""What the rules of countries demand before a submission is released; staff verify the numbers it states."""

from __future__ import annotations

from biotheca.accounts.model import Person, Scope
from biotheca.publication import gate
from functions.api.seam import Routes
from functions.api.shapes_human_resources import GateShape, NumberBody
from functions.stores import records, submissions

routes = Routes(__name__, "publication", changes=Scope.CURATE)


@routes.on(
    "GET", "/v1/submissions/{submission_id}/human-resources", signed_in=True, answer=GateShape, errors=(401, 404)
)
def show(submission_id: str, person: Person) -> GateShape:
    """Whether the rules of countries let a submission be released, what they demand, what is missing."""
    return GateShape(**gate.report(submissions(), records(), person, submission_id))


@routes.on(
    "POST",
    "/v1/submissions/{submission_id}/human-resources",
    signed_in=True,
    body=NumberBody,
    answer=GateShape,
    errors=(401, 403, 404, 409, 422),
)
def check_number(submission_id: str, body: NumberBody, person: Person) -> GateShape:
    """Verify or refuse a number that a submission states (curators and data managers)."""
    said = body.model_dump(exclude={"reason"})
    gate.check_number(submissions(), records(), person, submission_id, said, body.reason)
    return show(submission_id, person)
