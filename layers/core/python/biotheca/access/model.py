"""What stands between a person and controlled files: a committee, a request to it, the grant that follows.

A committee, a request and a grant hold subjects of people, never a name or an address.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from biotheca.errors import Conflict, NotAllowed


class Rule(StrEnum):
    """How a committee decides: one voice, its contacts, more than half of it, or all of it."""

    ONE = "one"
    CONTACT = "contact"
    MAJORITY = "majority"
    ALL = "all"


class State(StrEnum):
    """States of a request; `TRANSITIONS` says which may follow which."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REVOKED = "revoked"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.SUBMITTED: frozenset({State.RETURNED, State.APPROVED, State.REJECTED, State.WITHDRAWN}),
    State.RETURNED: frozenset({State.SUBMITTED, State.WITHDRAWN, State.EXPIRED}),
    State.APPROVED: frozenset({State.EXPIRED, State.REVOKED}),
    State.REJECTED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.EXPIRED: frozenset(),
    State.REVOKED: frozenset(),
}
EDITABLE = frozenset({State.DRAFT, State.RETURNED})
UNDECIDED = frozenset({State.SUBMITTED, State.RETURNED})  # while a committee has such, its rule stands

WORDS = {
    State.DRAFT: "a draft: only you see it",
    State.SUBMITTED: "waiting for the committee",
    State.RETURNED: "returned to you: the committee wants to know more",
    State.APPROVED: "approved",
    State.REJECTED: "rejected",
    State.WITHDRAWN: "withdrawn by its requester",
    State.EXPIRED: "expired",
    State.REVOKED: "revoked",
}


class CommitteeBusy(Conflict):
    """Requests are undecided, and the change would change who may decide on them."""

    rule = "access.committee_busy"


class NoVoice(NotAllowed):
    """A member who has no vote on this request: the requester, a conflict of interest, a deputy without need."""

    rule = "access.no_voice"


class WrongRequestState(Conflict):
    """The request or grant is not in a state in which this can be done."""

    rule = "access.state"


class StaleAccess(Conflict):
    """Somebody else changed the committee, request or grant in between."""

    rule = "curation.stale"


@dataclass(frozen=True)
class Member:
    """One person in a committee. `since` is empty before the invitation is accepted.

    `contact`: speaks for the committee and manages it. `deputy`: has a vote only in the place of an absent contact.
    `away_until`: a day (YYYY-MM-DD) up to which, inclusive, the person is not waited for.
    """

    subject: str
    invited_at: str
    since: str = ""
    contact: bool = False
    deputy: bool = False
    away_until: str = ""


@dataclass(frozen=True)
class Committee:
    """Who decides on requests to datasets, and how. `version` counts its changes; each version stays readable."""

    number: str
    name: str
    description: str
    rule: Rule
    members: tuple[Member, ...]
    version: int = 1
    created_at: str = ""
    changed_at: str = ""

    def member(self, subject: str) -> Member | None:
        """The member of that subject, invited or joined."""
        return next((m for m in self.members if m.subject == subject), None)

    def joined(self, subject: str) -> bool:
        """Whether the person is in the committee; who is only invited is not."""
        found = self.member(subject)
        return found is not None and bool(found.since)

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Vote:
    """One member's voice on a request."""

    subject: str
    approve: bool
    at: str
    reason: str = ""


@dataclass(frozen=True)
class Request:
    """A person's request to the files of a dataset.

    `number` is empty before it is handed in. `files`: names of the files asked for; empty means all.
    `documents`: document -> version that the requester accepted. `conflicts`: members who may not vote on it.
    `decided_by`, `decided_at`, `reason`, `committee_version`: the decision, or the revocation. `renews`: the number
    of the request whose grant this one prolongs. `reminded`: the day (3, 7 ...) of the last reminder.
    """

    id: str
    requester: str
    dataset: str
    member: str
    committee: str
    form: str
    state: State
    created_at: str
    updated_at: str
    number: str = ""
    renews: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    documents: dict[str, int] = field(default_factory=dict)
    votes: tuple[Vote, ...] = ()
    conflicts: tuple[str, ...] = ()
    submitted_at: str = ""
    waiting_since: str = ""
    returned_at: str = ""
    decided_at: str = ""
    decided_by: str = ""
    committee_version: int = 0
    reason: str = ""
    reminded: int = 0
    version: int = 1

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)


class GrantState(StrEnum):
    """What a grant is worth at a moment. Only `live` opens a file."""

    FUTURE = "future"
    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CLOSED = "closed"


@dataclass(frozen=True)
class Grant:
    """The right of one person to files of one dataset from `starts_at` until `ends_at` (exclusive).

    `request`: the number of the request that it follows, and its own name. `files`: names, or none for all.
    `closed_at`, `report`: the requester attested that the data are deleted. `reminded`: the days before its end (14, 3)
    of the last reminder to the reader.
    """

    request: str
    person: str
    dataset: str
    committee: str
    starts_at: str
    ends_at: str
    files: tuple[str, ...] = ()
    revoked_at: str = ""
    revoked_by: str = ""
    reason: str = ""
    closed_at: str = ""
    report: str = ""
    reminded: int = 0

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)
