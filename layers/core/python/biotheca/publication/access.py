"""The access mode of a dataset: by its owner until release, by a curator with a reason after it.

Which modes there are is the member's row of the catalog. The dataset's record holds the mode for all that lies in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from biotheca import catalog, events
from biotheca.accounts.model import Person, Role
from biotheca.curation.rules import is_of_open_data, open_findings
from biotheca.errors import Conflict, Invalid, NotAllowed, NotFound
from biotheca.publication.gate import must_open
from biotheca.publication.model import Record, Visibility
from biotheca.publication.sensitivity import GRANT, of_file, of_mode, reaches
from biotheca.publication.store import RecordStore
from biotheca.submissions.model import EDITABLE, OPEN, State, Submission
from biotheca.submissions.rules import check_access, check_committee, finding
from biotheca.submissions.rules.sensitivity import Sensitivity
from biotheca.submissions.service import check_mode, own, visible
from biotheca.submissions.store import SubmissionStore

__all__ = [
    "OPEN",
    "Controlled",
    "GlassNeeded",
    "Grants",
    "changeable",
    "is_open",
    "mode_of",
    "must_be_open",
    "set_mode",
    "to_inherit",
]


class Controlled(NotFound):
    """The record is public; its files are for its people and the archive's staff."""

    rule = "access.controlled"


class GlassNeeded(Controlled):
    """Staff read a controlled file only after they wrote why (access.glass)."""

    rule = "access.break_glass"


class Grants(Protocol):
    """Who knows which person holds a live grant, or broke the glass (access.grants.Granted, which stands above)."""

    def allow(self, person: Person | None, dataset: str, name: str | None = None) -> bool:
        """Whether a live grant opens the file (without a name: any file) of a dataset to a person."""
        ...

    def note_link(self, person: Person, dataset: str, file: dict[str, Any]) -> None:
        """Write down, before it is given, that a person gets a link to a file that is not open."""
        ...


def mode_of(records: RecordStore, record: Record) -> str:
    """The access mode of a record: that of the dataset it lies in; of what lies in none, the member's first."""
    dataset = record if record.dataset in (None, record.accession) else records.get(record.dataset or "")
    return catalog.members()[record.member].access_mode(dataset.access if dataset else "")


def is_open(records: RecordStore, record: Record) -> bool:
    """Whether everybody may have the files of the record, once they are public."""
    return catalog.members()[record.member].access_modes == (OPEN,) or mode_of(records, record) == OPEN


def class_in(
    records: RecordStore, record: Record, file: dict[str, Any] | None = None, dataset: Record | None = None
) -> Sensitivity:
    """The class that holds now of a file of a record; without one, that of the dataset's access mode.

    `dataset`: the one that the record lies in, where the caller has read it.
    """
    if dataset is None:
        dataset = record if record.dataset in (None, record.accession) else records.get(record.dataset or "")
    mode = catalog.members()[record.member].access_mode(dataset.access if dataset else "")
    if file is None:
        return of_mode(mode)
    return of_file(file, mode, dataset is not None and dataset.visibility != Visibility.PRIVATE)


def must_be_open(
    records: RecordStore,
    record: Record,
    person: Person | None,
    grants: Grants | None,
    file: dict[str, Any] | None = None,
) -> None:
    """Controlled, unless the class of the file (without one, the access mode) lets this person have it."""
    if not _reached(class_in(records, record, file), record, person, grants, file):
        raise Controlled(f"The access to the files of {record.accession} is {mode_of(records, record)}.")


def _reached(
    found: Sensitivity, record: Record, person: Person | None, grants: Grants | None, file: dict[str, Any] | None
) -> bool:
    dataset, name = record.dataset or record.accession, file["name"] if file else None
    has_grant = found.access == GRANT and grants is not None and grants.allow(person, dataset, name)
    return reaches(found, person, has_grant)


def readable(
    records: RecordStore, record: Record, person: Person | None, grants: Grants | None, dataset: Record
) -> list[dict[str, Any]]:
    """The files of a record in a dataset that a reader may have who is none of its people nor staff.

    The door asked for the access mode before: only files of another class are asked for again.
    """
    usual = class_in(records, record, None, dataset).access
    classes = [(file, class_in(records, record, file, dataset)) for file in record.files]
    return [file for file, found in classes if found.access == usual or _reached(found, record, person, grants, file)]


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
    """Change it; the same mode again changes nothing. Submission, record and histories in one transaction.

    It holds at every door from that write on; the files are brought to their place after it (delivery.moving).
    """
    submission = changeable(store, person, submission_id)
    member = catalog.members()[submission.member]
    released = submission.state == State.RELEASED
    found = check_access(member, mode)
    if submission.extends:
        found = [finding("access.of_dataset", "/access", f"The mode is that of {submission.extends}.", mode)]
    if released and not reason.strip():
        found.append(finding("access.reason", "/reason", "A change after release needs a reason."))
    if not found and submission.state not in EDITABLE:
        found = check_committee(member, replace(submission, access=mode))
    if found:
        raise Invalid(found[0].message, found)
    before = member.access_mode(submission.access)
    if before == mode:
        return submission
    if submission.state not in EDITABLE:  # a draft is looked at when it is handed in
        check_mode(store, submission, mode)
        _must_show_no_face(store, submission, mode)
    if released:
        must_open(store, records, replace(submission, access=mode))
    words = f"The access mode is now {mode}; it was {before}." + (f" Reason: {reason.strip()}" if released else "")
    record = records.get(submission.dataset) if submission.dataset else None
    extra = []
    if record:
        new = replace(record, access=mode, committee=submission.committee)
        extra = records.change_lines(record, new, event="access", words=words, actor=person.subject)
        if record.visibility != Visibility.PRIVATE:  # index, lake and the places of its files follow
            told = {"accession": record.accession, "dataset": record.accession, "actor": person.subject}
            told |= {"event": "access", "change": "access"}
            extra.append(records.outbox_line(events.RECORD_CHANGED, submission.id, told))
    body = {"access": mode, "before": before, "accession": submission.dataset}
    changed = replace(submission, access=mode)
    return store.save(submission, changed, event="access", words=words, actor=person.subject, body=body, extra=extra)


def _must_show_no_face(store: SubmissionStore, submission: Submission, mode: str) -> None:
    """What only controlled access settled is not opened behind the curator's back."""
    if mode != OPEN:
        return
    told = [f for file in store.files(submission) for f in file.findings if is_of_open_data(f)]
    left = open_findings(told, submission.approved)
    if left:
        found = [finding(one["rule"], "/access", one["message"], mode) for one in left]
        raise Invalid(found[0].message, found)


def changeable(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """The submission, if this person may change its mode or its committee now."""
    submission = visible(store, person, submission_id)
    if submission.state != State.RELEASED:
        submission = own(store, person, submission_id)
        if submission.state == State.CANCELLED:
            raise Conflict(f"Submission {submission_id} is cancelled.")
        return submission
    if Role.CURATOR not in person.roles or submission.may_edit(person):
        raise NotAllowed("After release a curator changes the access mode, and nobody that of their own submission.")
    return submission
