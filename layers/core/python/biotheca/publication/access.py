"""The access mode of a dataset: by its owner until release, by a curator with a reason after it.

Which modes there are is the member's row of the catalog. The dataset's record holds the mode for all that lies in it.
"""

from __future__ import annotations

from dataclasses import replace

from biotheca import catalog
from biotheca.accounts.model import Person, Role
from biotheca.errors import Conflict, Invalid, NotAllowed, NotFound
from biotheca.publication.model import Record
from biotheca.publication.store import RecordStore
from biotheca.submissions.model import EDITABLE, State, Submission
from biotheca.submissions.rules import check_access, finding
from biotheca.submissions.service import check_mode, own, visible
from biotheca.submissions.store import SubmissionStore

OPEN = "open"


class Controlled(NotFound):
    """The record is public; its files are for its people and the archive's staff."""

    rule = "access.controlled"


def mode_of(records: RecordStore, record: Record) -> str:
    """The access mode of a record: that of the dataset it lies in; of what lies in none, the member's first."""
    dataset = record if record.dataset in (None, record.accession) else records.get(record.dataset or "")
    return catalog.members()[record.member].access_mode(dataset.access if dataset else "")


def must_be_open(records: RecordStore, record: Record) -> None:
    """Controlled, unless everybody may have the files of the record."""
    if catalog.members()[record.member].access_modes != (OPEN,) and (mode := mode_of(records, record)) != OPEN:
        raise Controlled(f"The access to the files of {record.accession} is {mode}.")


def to_inherit(records: RecordStore, dataset: str, asked: str | None) -> str:
    """The mode of what is added to a dataset; Invalid if another is asked for."""
    record = records.get(dataset)
    mode = mode_of(records, record) if record else OPEN
    if asked not in (None, mode):
        found = finding("access.of_dataset", "/access", f"{dataset} has the access mode {mode}.", asked, mode)
        raise Invalid(found.message, [found])
    return mode


def set_mode(
    store: SubmissionStore, records: RecordStore, person: Person, submission_id: str, mode: str, reason: str = ""
) -> Submission:
    """Change it; the same mode again changes nothing. Submission, record and histories in one transaction."""
    submission = _changeable(store, person, submission_id)
    member = catalog.members()[submission.member]
    released = submission.state == State.RELEASED
    found = check_access(member, mode)
    if submission.extends:
        found = [finding("access.of_dataset", "/access", f"The mode is that of {submission.extends}.", mode)]
    if released and not reason.strip():
        found.append(finding("access.reason", "/reason", "A change after release needs a reason."))
    if found:
        raise Invalid(found[0].message, found)
    before = member.access_mode(submission.access)
    if before == mode:
        return submission
    if submission.state not in EDITABLE:  # a draft is looked at when it is handed in
        check_mode(store, submission, mode)
    words = f"The access mode is now {mode}; it was {before}." + (f" Reason: {reason.strip()}" if released else "")
    record = records.get(submission.dataset) if submission.dataset else None
    extra = []
    if record:
        new = replace(record, access=mode)
        extra = records.change_lines(record, new, event="access", words=words, actor=person.subject)
    body = {"access": mode, "before": before, "accession": submission.dataset}
    changed = replace(submission, access=mode)
    return store.save(submission, changed, event="access", words=words, actor=person.subject, body=body, extra=extra)


def _changeable(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """The submission, if this person may change its mode now."""
    submission = visible(store, person, submission_id)
    if submission.state != State.RELEASED:
        submission = own(store, person, submission_id)
        if submission.state == State.CANCELLED:
            raise Conflict(f"Submission {submission_id} is cancelled.")
        return submission
    if Role.CURATOR not in person.roles or submission.may_edit(person):
        raise NotAllowed("After release a curator changes the access mode, and nobody that of their own submission.")
    return submission
