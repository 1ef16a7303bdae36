"""Release, visibility, corrections and versions of records; own records in bulk."""

from __future__ import annotations

from typing import Any

from biotheca.accounts.model import Person
from biotheca.errors import BiothecaError, Finding, Invalid
from biotheca.publication import access, service, versions, visibility
from biotheca.publication import release as releasing
from biotheca.publication.model import Record
from functions.api import views
from functions.api.seam import Routes, optional_person, page_of, query_of
from functions.api.shapes import Page, RecordShape, Release, SubmissionShape
from functions.api.shapes_access import AccessBody
from functions.api.shapes_publication import (
    BulkRelease,
    CorrectionBody,
    CorrectionDecision,
    CorrectionShape,
    DifferenceShape,
    VersionShape,
    VisibilityBody,
    WouldRelease,
)
from functions.api.submissions import PAGED
from functions.stores import records, submissions

routes = Routes(__name__, "publication")


def _own_row(record: Record) -> dict[str, Any]:
    shown = ("accession", "type", "title", "dataset", "release_on", "released_at", "version", "submission")
    return {name: getattr(record, name) for name in shown} | {"visibility": str(record.visibility)}


def _number(name: str, usual: str | None = None) -> int:
    text = query_of(routes.current_request).get(name, usual or "")
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        message = f"{name} is the number of a version."
        raise Invalid(message, [Finding("metadata.number", f"?{name}", message, text[:80], "1, 2 ...")])
    return int(text)


# --- release ---


@routes.on(
    "PUT",
    "/v1/submissions/{submission_id}/release",
    signed_in=True,
    body=Release,
    answer=SubmissionShape,
    errors=(401, 404, 409, 422),
)
def set_release(submission_id: str, body: Release, person: Person) -> SubmissionShape:
    """Release as soon as archived, or at a date; any time before release."""
    changed = releasing.set_release(submissions(), records(), person, submission_id, body.mode, body.date)
    return views.of(submissions(), changed)


@routes.on(
    "PUT",
    "/v1/submissions/{submission_id}/access",
    signed_in=True,
    body=AccessBody,
    answer=SubmissionShape,
    errors=(401, 403, 404, 409, 422),
)
def set_access(submission_id: str, body: AccessBody, person: Person) -> SubmissionShape:
    """Change the access mode: yours before release; after it by a curator, with a reason."""
    changed = access.set_mode(submissions(), records(), person, submission_id, body.access, body.reason)
    return views.of(submissions(), changed)


@routes.on("GET", "/v1/records/{accession}/release", signed_in=True, answer=WouldRelease, errors=(401, 404, 410))
def would_release(accession: str, person: Person) -> WouldRelease:
    """What becomes public if this record of yours is released now. Nothing is done."""
    record = service.owned(submissions(), records(), person, accession)
    return WouldRelease(**releasing.would_release(records(), record))


@routes.on(
    "PUT",
    "/v1/records/{accession}/release",
    signed_in=True,
    body=Release,
    answer=RecordShape,
    status=202,
    errors=(401, 404, 409, 410, 422),
)
def release_record(accession: str, body: Release, person: Person) -> RecordShape:
    """Release a record of yours now, or at a date; what it needs becomes public with it."""
    changed = releasing.set_record_release(submissions(), records(), person, accession, body.mode, body.date)
    return RecordShape(**changed.public_view())


@routes.on("POST", "/v1/releases", signed_in=True, body=BulkRelease, answer=Page, status=202, errors=(401, 404, 422))
def release_many(body: BulkRelease, person: Person) -> Page:
    """Release up to a hundred records of yours; each answers for itself."""
    done = []
    for accession in body.accessions:
        try:
            releasing.set_record_release(
                submissions(), records(), person, accession, body.release.mode, body.release.date
            )
            done.append({"accession": accession, "done": True})
        except BiothecaError as error:
            done.append({"accession": accession, "done": False, "rule": error.rule, "detail": error.message})
    return Page(items=done)


@routes.on(
    "GET",
    "/v1/records",
    signed_in=True,
    answer=Page,
    query={"type": "The type of the records: project, sample, study ...", "visibility": "Only such", **PAGED},
    errors=(401, 422),
)
def own_records(person: Person) -> Page:
    """Your records of a type, newest first."""
    request = routes.current_request
    limit, cursor = page_of(request)
    wanted = query_of(request)
    found, following = records().of_owner(person.subject, wanted.get("type", "project"), limit, cursor)
    kept = [r for r in found if wanted.get("visibility") in (None, str(r.visibility))]
    return Page(items=[_own_row(r) for r in kept], next_cursor=following)


# --- after release ---


@routes.on(
    "PUT",
    "/v1/records/{accession}/visibility",
    signed_in=True,
    body=VisibilityBody,
    answer=RecordShape,
    errors=(401, 403, 404, 409, 410, 422),
)
def change_visibility(accession: str, body: VisibilityBody, person: Person) -> RecordShape:
    """Suppress, withdraw, restore or replace a record, with a public reason (data managers)."""
    changed = visibility.change(records(), person, accession, body.act, body.reason, body.replaced_by)
    return RecordShape(**changed.public_view())


@routes.on("DELETE", "/v1/records/{accession}", signed_in=True, status=204, errors=(401, 404, 409, 410))
def delete(accession: str, person: Person) -> None:
    """Give up a project or sample of yours that never was public and that nothing refers to."""
    visibility.delete(submissions(), records(), person, accession)


@routes.on(
    "GET",
    "/v1/records/{accession}/history",
    signed_in=True,
    answer=Page,
    query=PAGED,
    errors=(401, 404, 410, 422),
)
def history(accession: str, person: Person) -> Page:
    """What happened to a record of yours, oldest first."""
    record = service.visible(records(), person, accession)
    if not service.insider(records(), person, record):
        record = service.owned(submissions(), records(), person, accession)
    limit, cursor = page_of(routes.current_request)
    lines, following = records().history(record.accession, limit, cursor)
    for line in lines:  # who acted is shown as a role
        line["actor"] = {"archive": "archive", record.owner: "submitter"}.get(line["actor"], "staff")
    return Page(items=lines, next_cursor=following)


# --- corrections ---


@routes.on(
    "POST",
    "/v1/records/{accession}/corrections",
    signed_in=True,
    body=CorrectionBody,
    answer=CorrectionShape,
    status=201,
    errors=(401, 404, 409, 410, 422),
)
def request_correction(accession: str, body: CorrectionBody, person: Person) -> CorrectionShape:
    """Ask for metadata of your accepted record to be changed; a curator decides."""
    return CorrectionShape(**versions.request(submissions(), records(), person, accession, body.changes, body.text))


@routes.on(
    "GET",
    "/v1/records/{accession}/corrections",
    signed_in=True,
    answer=Page,
    query=PAGED,
    errors=(401, 404, 410, 422),
)
def corrections(accession: str, person: Person) -> Page:
    """The corrections of your record and what became of them."""
    limit, cursor = page_of(routes.current_request)
    found, following = versions.of_record(submissions(), records(), person, accession, limit, cursor)
    return Page(items=[CorrectionShape(**row).model_dump(mode="json") for row in found], next_cursor=following)


@routes.on("GET", "/v1/corrections", signed_in=True, answer=Page, query=PAGED, errors=(401, 403, 422))
def waiting_corrections(person: Person) -> Page:
    """Corrections that wait for a curator, longest waiting first."""
    limit, cursor = page_of(routes.current_request)
    found, following = versions.waiting(records(), person, limit, cursor)
    return Page(items=[CorrectionShape(**row).model_dump(mode="json") for row in found], next_cursor=following)


@routes.on(
    "POST",
    "/v1/records/{accession}/corrections/{correction}",
    signed_in=True,
    body=CorrectionDecision,
    answer=RecordShape,
    errors=(401, 403, 404, 409, 410, 422),
)
def decide_correction(accession: str, correction: str, body: CorrectionDecision, person: Person) -> RecordShape:
    """Accept a correction, which makes the next version, or refuse it with coded reasons (curators)."""
    reasons = [reason.model_dump() for reason in body.reasons]
    done = versions.decide(records(), person, accession, correction, body.decision, reasons)
    return RecordShape(**done.public_view())


# --- versions ---


@routes.on("GET", "/v1/records/{accession}/versions", answer=Page, query=PAGED, errors=(401, 404, 410, 422))
def list_versions(accession: str) -> Page:
    """The versions of a record, first to last; the one in force has no end."""
    request = routes.current_request
    limit, cursor = page_of(request)
    found, following = versions.versions(records(), optional_person(request), accession, limit, cursor)
    return Page(items=found, next_cursor=following)


@routes.on("GET", "/v1/records/{accession}/versions/{number}", answer=VersionShape, errors=(401, 404, 410, 422))
def show_version(accession: str, number: str) -> VersionShape:
    """A version of a record as it was."""
    person = optional_person(routes.current_request)
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) <= 6 else 0
    return VersionShape(**versions.version(records(), person, accession, wanted))


@routes.on(
    "GET",
    "/v1/records/{accession}/difference",
    answer=DifferenceShape,
    query={"from": "Number of a version", "to": "Number of a version"},
    errors=(401, 404, 410, 422),
)
def difference(accession: str) -> DifferenceShape:
    """What changed from one version to another: fields, and of a dataset what came and went."""
    person = optional_person(routes.current_request)
    told = versions.difference(records(), person, accession, _number("from"), _number("to"))
    return DifferenceShape(**told)
