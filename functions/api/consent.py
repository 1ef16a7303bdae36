"""A person's consent is withdrawn: asked for, and proved."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from biotheca.accounts.model import Person, Scope
from biotheca.consent import service
from functions.api.seam import Routes
from functions.stores import records, submissions

routes = Routes(__name__, "publication", changes=Scope.SUBMIT)


class WithdrawalShape(BaseModel):
    """`state`: asked, running, done. `proved`: all that was found was looked at now, and is gone."""

    accession: str
    state: str
    asked_at: str | None
    done_at: str | None
    records: list[dict[str, Any]]
    objects: list[dict[str, Any]]
    proved: bool


@routes.on(
    "POST",
    "/v1/records/{accession}/consent-withdrawal",
    signed_in=True,
    answer=WithdrawalShape,
    status=202,
    errors=(401, 403, 404, 409, 410),
)
def withdraw(accession: str, person: Person) -> WithdrawalShape:
    """Take a person's data away for good, files in every version (the record's owner, data managers)."""
    return WithdrawalShape(**service.withdraw(submissions(), records(), person, accession))


@routes.on(
    "GET",
    "/v1/records/{accession}/consent-withdrawal",
    signed_in=True,
    answer=WithdrawalShape,
    errors=(401, 404, 410),
)
def proof(accession: str, person: Person) -> WithdrawalShape:
    """The proof of a withdrawal: each record and stored object of the person, looked at anew."""
    return WithdrawalShape(**service.report(records(), person, accession))
