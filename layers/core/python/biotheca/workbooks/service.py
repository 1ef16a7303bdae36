"""What a submitter does with sheets: send them, ask what they would change, get them back filled in or marked.

What a document must hold: submissions.rules. How sheets become a document: rules here. The verdict: verdicts.
"""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.catalog import Member
from biotheca.errors import Finding, Invalid
from biotheca.submissions import service as submissions
from biotheca.submissions.difference import difference, document_of
from biotheca.submissions.model import Submission
from biotheca.submissions.rules import objects_of
from biotheca.submissions.store import SubmissionStore
from biotheca.workbooks import verdicts
from biotheca.workbooks.model import Received


def check(store: SubmissionStore, person: Person, submission_id: str, media_type: str, body: bytes) -> dict[str, Any]:
    """A dry run: the verdict on what is sent and what it would change. Nothing is stored."""
    submission = submissions.own(store, person, submission_id)
    member = catalog.members()[submission.member]
    try:
        received, findings = _judged(member, media_type, body)
    except Invalid as fault:
        return verdicts.verdict_of(fault.findings) | {"difference": None}
    return verdicts.verdict_of(findings) | {
        "difference": difference(member, stored(store, submission), received.document)
    }


def describe(store: SubmissionStore, person: Person, submission_id: str, media_type: str, body: bytes) -> Submission:
    """Replace the metadata by what is sent; Invalid with every finding, each with its cell, and nothing is stored."""
    submission = submissions.own(store, person, submission_id)
    member = catalog.members()[submission.member]
    received = verdicts.receive(member, media_type, body)
    of_sheets = verdicts.general_findings(member, received) + received.findings
    if any(f.severity == "error" for f in of_sheets):
        _, findings = _judged(member, media_type, body)
        raise Invalid(f"The metadata has {len(findings)} finding(s); nothing was stored.", findings)
    try:
        return submissions.describe(store, person, submission_id, received.document)
    except Invalid as fault:
        raise Invalid(fault.message, verdicts.told(received, fault.findings)) from fault


def annotate(
    store: SubmissionStore, person: Person, submission_id: str, media_type: str, body: bytes
) -> tuple[Received, list[Finding]]:
    """What is sent and its findings, to be given back as a marked workbook. JSON is laid out as sheets."""
    submission = submissions.own(store, person, submission_id)
    member = catalog.members()[submission.member]
    return annotated(member, media_type, body)


def annotated(member: Member, media_type: str, body: bytes) -> tuple[Received, list[Finding]]:
    """As `annotate`, for any member. Invalid if the body cannot be read at all."""
    received, findings = _judged(member, media_type, body)
    return received, findings


def _judged(member: Member, media_type: str, body: bytes) -> tuple[Received, list[Finding]]:
    received = verdicts.receive(member, media_type, body)
    return received, verdicts.general_findings(member, received) + verdicts.judge(member, received)


def stored(store: SubmissionStore, submission: Submission) -> dict[str, Any]:
    """The metadata document that is in force; {} if there is none."""
    member = catalog.members()[submission.member]
    return document_of(member, store.objects(submission), store.files(submission))


def general_of(submission: Submission) -> dict[str, str]:
    """The rows of the General sheet of a stored submission."""
    return {"title": submission.title, "release": submission.release_on or "immediately"}


def counts(member: Member, document: dict[str, Any]) -> dict[str, int]:
    """How many objects of each type a document has."""
    return {kind.type: len(objects_of(document, kind)) for kind in member.objects}
