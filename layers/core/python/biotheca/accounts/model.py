"""A person as the archive knows one, and the roles. What a role may do stands in each capability's rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True)
class Person:
    """A signed-in person. `subject` never changes and is the only thing about a person that records hold."""

    subject: str
    email: str
    roles: frozenset[Role]

    def must_be(self, *roles: Role) -> None:
        """NotAllowed unless the person has one of the roles."""
        if not self.roles & set(roles):
            raise NotAllowed(
                f"This needs the role {' or '.join(roles)}; you have {', '.join(sorted(self.roles)) or 'none'}."
            )


# The archive itself, where no person acts.
ARCHIVE = Person("archive", "", frozenset())
