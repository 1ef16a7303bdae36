"""What can go wrong, as facts that carry their data. How a fact becomes an HTTP status: functions.api.seam.

An error says what, where, what was expected and how to mend it. `rule` is an id of the rule
catalogue (biotheca/catalog/rules.yaml), so that form, API, CLI and curators show the same text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


class BiothecaError(Exception):
    """Anything that a person or program can mend. Never raised for a fault of ours."""

    rule = "general.refused"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class NotFound(BiothecaError):
    """The thing does not exist, or the caller may not know that it does: both look the same."""

    rule = "general.not_found"


class NotSignedIn(BiothecaError):
    """No token, or one that does not verify."""

    rule = "accounts.sign_in_needed"


class NotAllowed(BiothecaError):
    """The caller may see the thing but not do this with it."""

    rule = "accounts.not_allowed"


class Conflict(BiothecaError):
    """The thing is in a state in which this cannot be done, or somebody else was faster."""

    rule = "general.conflict"


class SystemFault(Exception):
    """A fault of ours or of the cloud; retried by the machinery, never blamed on the user."""


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found. `where` is a JSON pointer or `file:line`; `severity` is error, warning or hint."""

    rule: str
    where: str
    message: str
    value: str = ""
    expected: str = ""
    mend: str = ""
    severity: str = "error"
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What is said, as plain values; what is empty is left out."""
        shown = {name: value for name in _SHOWN if (value := getattr(self, name)) not in ("", {})}
        return shown | {"severity": self.severity}


_SHOWN = tuple(Finding.__dataclass_fields__)
# A function may answer 6 MB, with every quote of the JSON inside it escaped once more.
_LISTED_BYTES = 3_500_000


def listed(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first findings, as many as fit into an answer. Whoever cuts also says how many there are."""
    left = _LISTED_BYTES
    for number, one in enumerate(findings):
        text = json.dumps(one)
        left -= len(text) + text.count('"') + text.count("\\") + 2
        if left < 0:
            return findings[:number]
    return findings


class Invalid(BiothecaError):
    """Input that rules refuse, with every finding at once."""

    rule = "general.invalid"

    def __init__(self, message: str, findings: list[Finding]) -> None:
        super().__init__(message, findings=[f.as_dict() for f in findings])
        self.findings = findings
