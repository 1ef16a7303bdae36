"""Which committee decides on the files of a dataset: its owner says so until release, a curator after it."""

from __future__ import annotations

from dataclasses import replace

from biotheca.access.committees import known
from biotheca.access.store import AccessStore
from biotheca.accounts.model import Person
from biotheca.errors import Invalid, NotFound
from biotheca.publication.access import changeable
from biotheca.publication.store import RecordStore
from biotheca.submissions.model import State, Submission
from biotheca.submissions.rules import finding
from biotheca.submissions.store import SubmissionStore


def set_committee(
    store: AccessStore,
    submissions: SubmissionStore,
    records: RecordStore,
    person: Person,
    submission_id: str,
    number: str,
    reason: str = "",
) -> Submission:
    """Name the committee; the same again changes nothing. Submission, record and histories in one transaction.

    An owner names one that they are in. After release a curator may name any, with a reason; requests that were
    handed in stay with the committee that they were sent to.
    """
    submission = changeable(submissions, person, submission_id)
    released = submission.state == State.RELEASED
    committee = known(store, number)
    if committee is None or not (released or committee.joined(person.subject)):
        raise NotFound(f"There is no committee {number[:60]!r} of yours.")
    found = []
    if submission.extends:
        message = f"The committee is that of {submission.extends}."
        found.append(finding("access.of_dataset", "/committee", message, number))
    if released and not reason.strip():
        found.append(finding("access.reason", "/reason", "A change after release needs a reason."))
    if found:
        raise Invalid(found[0].message, found)
    if submission.committee == committee.number:
        return submission
    words = f"{committee.number} decides on requests." + (f" Reason: {reason.strip()}" if released else "")
    record = records.get(submission.dataset) if submission.dataset else None
    extra = []
    if record:
        new = replace(record, committee=committee.number)
        extra = records.change_lines(record, new, event="committee", words=words, actor=person.subject)
    changed = replace(submission, committee=committee.number)
    body = {"committee": committee.number, "accession": submission.dataset}
    return submissions.save(
        submission, changed, event="committee", words=words, actor=person.subject, body=body, extra=extra
    )
