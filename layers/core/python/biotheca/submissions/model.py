"""What a submission is: states, the table of transitions, objects and files. Rules on metadata: rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from biotheca.accounts.model import Person, Role
from biotheca.errors import BiothecaError, Conflict


class State(StrEnum):
    """States of a submission; `TRANSITIONS` says which may follow which."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    METADATA_REVIEW = "metadata_review"
    METADATA_ACCEPTED = "metadata_accepted"
    FILES_EXPECTED = "files_expected"
    FILES_CHECKING = "files_checking"
    FILES_FAILED = "files_failed"
    DATA_REVIEW = "data_review"
    REVISION_REQUESTED = "revision_requested"
    ACCEPTED = "accepted"
    ARCHIVED = "archived"
    RELEASED = "released"
    CANCELLED = "cancelled"
    HELD = "held"


class FileState(StrEnum):
    """States of a file."""

    DECLARED = "declared"
    UPLOADING = "uploading"
    RECEIVED = "received"
    CHECKING = "checking"
    QC_PASSED = "qc_passed"
    QC_FAILED = "qc_failed"
    ARCHIVED = "archived"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.CANCELLED}),
    State.SUBMITTED: frozenset({State.METADATA_REVIEW, State.HELD}),
    State.METADATA_REVIEW: frozenset({State.METADATA_ACCEPTED, State.REVISION_REQUESTED, State.HELD}),
    # What has no files (a project, samples) is accepted with its metadata.
    State.METADATA_ACCEPTED: frozenset({State.FILES_EXPECTED, State.ACCEPTED, State.HELD}),
    State.FILES_EXPECTED: frozenset({State.FILES_CHECKING, State.FILES_FAILED, State.HELD}),
    State.FILES_CHECKING: frozenset({State.FILES_FAILED, State.DATA_REVIEW, State.HELD}),
    State.FILES_FAILED: frozenset({State.SUBMITTED, State.CANCELLED}),
    # A curator may have images made anew, e.g. with text blanked: then the review begins again.
    State.DATA_REVIEW: frozenset({State.ACCEPTED, State.REVISION_REQUESTED, State.FILES_CHECKING, State.HELD}),
    State.REVISION_REQUESTED: frozenset({State.SUBMITTED, State.CANCELLED}),
    # A part may be accepted: its rest goes back to the curator or to the submitter.
    State.ACCEPTED: frozenset({State.ARCHIVED, State.DATA_REVIEW, State.REVISION_REQUESTED, State.HELD}),
    State.ARCHIVED: frozenset({State.RELEASED, State.HELD}),
    State.RELEASED: frozenset(),
    State.CANCELLED: frozenset(),
    # An operator mends the cause and sends the submission round again.
    State.HELD: frozenset({State.SUBMITTED}),
}

EDITABLE = frozenset({State.DRAFT, State.FILES_FAILED, State.REVISION_REQUESTED})
UPLOADABLE = EDITABLE | {State.SUBMITTED, State.METADATA_REVIEW, State.METADATA_ACCEPTED, State.FILES_EXPECTED}
OPEN = "open"  # the access mode in which everybody may have the files
CONTROLLED = "controlled"  # the one in which a committee decides who may
REVIEWS = {State.METADATA_REVIEW: "metadata", State.DATA_REVIEW: "data"}  # where a curator is asked, and for what

WORDS = {
    State.DRAFT: "a draft: metadata and files can be changed",
    State.SUBMITTED: "submitted: the workflow is starting",
    State.METADATA_REVIEW: "in the review of its metadata",
    State.METADATA_ACCEPTED: "submitted: its metadata is accepted",
    State.FILES_EXPECTED: "waiting for its files to arrive",
    State.FILES_CHECKING: "in the file checks",
    State.FILES_FAILED: "returned to you: one or more files did not pass the checks",
    State.DATA_REVIEW: "checked: waiting for a curator's decision",
    State.REVISION_REQUESTED: "returned to you by the curator with reasons",
    State.ACCEPTED: "accepted: numbers are issued and files go to the archive",
    State.ARCHIVED: "archived: not public before its release",
    State.RELEASED: "released: public",
    State.CANCELLED: "cancelled by its owner",
    State.HELD: "held: something failed on our side; the alarm tells an operator",
}


# States of a file whose bytes the archive still waits for.
AWAITED = frozenset({FileState.DECLARED, FileState.UPLOADING, FileState.QC_FAILED})


class WrongState(Conflict):
    """The submission is not in a state in which this can be done."""


class FilesWrong(BiothecaError):
    """A file does not belong to the submission or cannot be uploaded now."""


@dataclass(frozen=True)
class DataFile:
    """One file of a run. `key`, `version_id` and `sequencer` name the very object that was received.

    `report` is the key of what its check said, `measured` a few numbers of it (qc.report_json.summary).
    `key` is empty where the bytes lie at the place that the archive chooses itself.
    """

    id: str
    name: str
    owner_alias: str
    position: int
    md5: str
    format: str
    size_bytes: int | None = None
    state: FileState = FileState.DECLARED
    sha256: str | None = None
    reads: int | None = None
    bases: int | None = None
    container: str | None = None
    screen: dict[str, int] | None = None
    report: str | None = None
    measured: dict[str, Any] | None = None
    key: str = ""
    version_id: str | None = None
    sequencer: str | None = None
    upload: dict[str, Any] | None = None
    archived: dict[str, Any] | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class ArchiveObject:
    """One metadata object (sample, run ...) of a submission. `batch`: the acceptance, from 1, that numbered it."""

    type: str
    alias: str
    attributes: dict[str, Any]
    position: int = 0
    accession: str | None = None
    file_ids: list[str] = field(default_factory=list)
    batch: int = 0


@dataclass(frozen=True)
class Known:
    """What an accession names that a document refers to and its writer may use. `form`: the kind of its number, if
    that is known: two registries may both have samples, and neither takes the other's."""

    accession: str
    type: str
    attributes: dict[str, Any] = field(default_factory=dict)
    form: str | None = None


@dataclass(frozen=True)
class Submission:
    """A submission.

    `version` counts its writes (optimistic lock), `round` its trips to the curator; `generation` names its metadata
    document: objects are stored under their generation and appear all at once when this name changes.
    `catalog_version`: the catalog against which the document was checked; `warnings`: how many it left open,
    `approved`: fingerprints of those that a curator let pass. `since` is when its state last changed. `batch` counts
    acceptances, `rest` says what becomes of what the last one left out (keep: under review; return: to the submitter).
    `extends` names the dataset that its objects are added to. `access`: one of the member's modes; empty is the first.
    `committee`: number of the committee that decides on requests to its files.
    `policies`: document -> version that was in force, and so accepted, when it was last handed in.
    `vouched`: what staff said of numbers of authorities; `waits_for`: rule and place of each thing that keeps the
    release of an archived submission back (publication.gate).
    """

    id: str
    member: str
    owner: str
    title: str
    state: State
    release_mode: str
    release_on: str | None
    created_at: str
    updated_at: str
    version: int = 1
    round: int = 0
    generation: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    reasons: list[dict[str, str]] = field(default_factory=list)
    dataset: str | None = None
    group: str | None = None
    catalog_version: str = ""
    warnings: int = 0
    since: str = ""
    approved: list[str] = field(default_factory=list)
    priority: str = "normal"
    assignee: str | None = None
    assigned_at: str | None = None
    extends: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    batch: int = 0
    rest: str = ""
    access: str = ""
    committee: str = ""
    policies: dict[str, int] = field(default_factory=dict)
    vouched: list[dict[str, str]] = field(default_factory=list)
    waits_for: list[dict[str, str]] = field(default_factory=list)

    def must_be_in(self, *states: State) -> None:
        """WrongState unless the submission is in one of the states."""
        if self.state not in states:
            wanted = ", ".join(sorted(states))
            raise WrongState(f"Submission {self.id} is {WORDS[self.state]}; this can be done only when it is {wanted}.")

    def may_see(self, person: Person) -> bool:
        """Its people and the archive's staff see a submission; to everybody else it does not exist."""
        return self.may_edit(person) or bool(person.roles & {Role.CURATOR, Role.DATA_MANAGER})

    def may_edit(self, person: Person) -> bool:
        """Its owner, and the members of the group that it is shared with."""
        return person.subject == self.owner or (self.group is not None and self.group in person.groups)
