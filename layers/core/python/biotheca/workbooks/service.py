"""What a submitter does with sheets: send them, ask what they would change, get them back filled in or marked.

What a document must hold: submissions.rules. How sheets become a document: rules here. The verdict: verdicts.
"""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid
from biotheca.submissions import service as submissions
from biotheca.submissions.difference import difference, document_of
from biotheca.submissions.model import EDITABLE, Submission
from biotheca.submissions.rules import normalised
from biotheca.submissions.service import Registry
from biotheca.submissions.store import SubmissionStore
from biotheca.workbooks import verdicts
from biotheca.workbooks.model import Received


def check(
    store: SubmissionStore,
    person: Person,
    submission_id: str,
    media_type: str,
    body: bytes,
    registry: Registry | None = None,
) -> dict[str, Any]:
    """A dry run: the verdict on what is sent and what it would change. Nothing is stored."""
    submission = submissions.own(store, person, submission_id)
    try:
        received = verdicts.receive(catalog.members()[submission.member], media_type, body)
    except Invalid as fault:
        return verdicts.verdict_of(fault.findings) | {"difference": None}
    found = _findings(store, person, submission, received, registry)
    return verdicts.verdict_of(found) | {"difference": changes(store, submission, received.document)}


def describe(
    store: SubmissionStore,
    person: Person,
    submission_id: str,
    media_type: str,
    body: bytes,
    registry: Registry | None = None,
) -> Submission:
    """Replace the metadata by what is sent; Invalid with every finding, each with its cell, and nothing is stored."""
    submission = submissions.own(store, person, submission_id)
    submission.must_be_in(*EDITABLE)
    received = verdicts.receive(catalog.members()[submission.member], media_type, body)
    if any(f.severity == "error" for f in received.findings):
        found = _findings(store, person, submission, received, registry)
        errors = sum(f.severity == "error" for f in found)
        raise Invalid(f"The metadata has {errors} error(s); nothing was stored.", found)
    try:
        return submissions.describe(store, person, submission_id, received.document, registry)
    except Invalid as fault:
        raise Invalid(fault.message, verdicts.told(received, fault.findings)) from fault


def annotate(
    store: SubmissionStore,
    person: Person,
    submission_id: str,
    media_type: str,
    body: bytes,
    registry: Registry | None = None,
) -> tuple[Received, list[Finding]]:
    """The sheets of what is sent and its findings, to be given back as a marked workbook."""
    submission = submissions.own(store, person, submission_id)
    received = verdicts.receive(catalog.members()[submission.member], media_type, body)
    return received, _findings(store, person, submission, received, registry)


def _findings(
    store: SubmissionStore, person: Person, submission: Submission, received: Received, registry: Registry | None
) -> list[Finding]:
    return verdicts.told(received, submissions.verdict(store, person, submission, received.document, registry))


def changes(store: SubmissionStore, submission: Submission, document: dict[str, Any]) -> dict[str, Any]:
    """What a document would change against the one in force; terms are compared as they are stored."""
    member = catalog.members()[submission.member]
    return difference(member, stored(store, submission), normalised(member, document)[0])


def stored(store: SubmissionStore, submission: Submission) -> dict[str, Any]:
    """The metadata document that is in force; {} if there is none."""
    member = catalog.members()[submission.member]
    return document_of(member, store.objects(submission), store.files(submission))


def general_of(submission: Submission) -> dict[str, str]:
    """The rows of the General sheet of a stored submission."""
    return {"title": submission.title, "release": submission.release_on or "immediately"}
