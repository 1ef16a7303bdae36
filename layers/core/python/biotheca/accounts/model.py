"""A person as the archive knows one, and the roles. What a role may do stands in each capability's rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from biotheca.errors import BiothecaError, NotAllowed


class Role(StrEnum):
    """Roles are groups of the user pool; a person may have several."""

    SUBMITTER = "submitter"
    PRINCIPAL_INVESTIGATOR = "principal_investigator"
    COMMITTEE = "committee"
    CURATOR = "curator"
    DATA_MANAGER = "data_manager"
    STATISTICIAN = "statistician"
    ADMINISTRATOR = "administrator"


class WrongPassword(BiothecaError):
    """E-mail and password do not match an account; never says which of the two is wrong."""

    rule = "accounts.wrong_password"


class Scope(StrEnum):
    """What a personal access token may be used for. A session after sign-in may do all that its person may."""

    READ = "read"  # see what the person sees
    SUBMIT = "submit"  # open, describe, upload, hand in
    CURATE = "curate"  # decide, if the person is a curator or data manager
    ACCOUNT = "account"  # change the account itself; no personal token ever has it


class PiState(StrEnum):
    """Verification as a principal investigator."""

    NONE = "none"
    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"


class ScopeMissing(NotAllowed):
    """The personal access token was not made for this."""

    rule = "accounts.scope"


@dataclass(frozen=True)
class Person:
    """A signed-in person. `subject` never changes and is the only thing about a person that records hold.

    `groups`: ids of the groups whose submissions they share. `scopes`: None in a session, else those of the token.
    """

    subject: str
    email: str
    roles: frozenset[Role]
    groups: frozenset[str] = frozenset()
    scopes: frozenset[Scope] | None = None

    def must_be(self, *roles: Role) -> None:
        """NotAllowed unless the person has one of the roles."""
        if not self.roles & set(roles):
            raise NotAllowed(
                f"This needs the role {' or '.join(roles)}; you have {', '.join(sorted(self.roles)) or 'none'}."
            )

    def must_have(self, scope: Scope) -> None:
        """ScopeMissing unless this is a session or a token with the scope."""
        if self.scopes is not None and scope not in self.scopes:
            held = ", ".join(sorted(self.scopes))
            raise ScopeMissing(f"This needs a token with the scope {scope}; yours has {held}.")


@dataclass(frozen=True)
class Profile:
    """What a person told about themselves, and what the archive decided about the account.

    `signed_out_at`: seconds since 1970; sessions begun before it are over. `language`: en or zh, of mails.
    """

    subject: str
    email: str
    name: str = ""
    organisation: str = ""
    department: str = ""
    title: str = ""
    country: str = ""
    homepage: str = ""
    orcid: str = ""
    language: str = "en"
    created_at: str = ""
    disabled_at: str | None = None
    signed_out_at: int | None = None
    pi_state: PiState = PiState.NONE
    pi_reasons: list[str] = field(default_factory=list)
    pi_asked_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Membership:
    """One person in one group: `owner`, `member`, or `invited` (sees nothing before joining)."""

    group: str
    group_name: str
    subject: str
    email: str
    standing: str
    since: str


# The archive itself, where no person acts.
ARCHIVE = Person("archive", "", frozenset())
