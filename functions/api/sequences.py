"""The mirror's sequence files: where a run's files are, asking for copies, totals."""

from __future__ import annotations

from biotheca.accounts.model import Person, Scope
from biotheca.sequences import service
from functions.api.seam import Routes
from functions.api.shapes_sequences import CopyAsked, FilesHad, Totals
from functions.stores import mirrored, sequences

routes = Routes(__name__, "sequences", changes=Scope.CURATE)


@routes.on("GET", "/v1/sequences", answer=Totals)
def totals() -> Totals:
    """How many files of the mirror are in which state, and what copying all would cost."""
    return Totals(**service.totals(sequences()))


@routes.on("GET", "/v1/sequences/{accession}", answer=FilesHad, errors=(404, 410))
def had(accession: str) -> FilesHad:
    """Where each file of a mirrored run can be had: our proved copy, or the addresses of its metadata."""
    return FilesHad(**service.resolve(sequences(), mirrored(), accession))


@routes.on(
    "POST",
    "/v1/sequences/{accession}/copy",
    signed_in=True,
    answer=CopyAsked,
    status=202,
    errors=(401, 403, 404, 409, 410),
)
def copy(accession: str, person: Person) -> CopyAsked:
    """Ask for proved copies of a mirrored run's files (data managers, administrators). Asking twice changes nothing."""
    return CopyAsked(**service.request_copy(sequences(), service.policy(), person, accession))
