"""How a waiting workflow step is answered."""

from __future__ import annotations

from typing import Any

from biotheca.aws import workflows
from biotheca.aws.workflows import TokenSpent
from biotheca.settings import Settings

__all__ = ["TokenSpent", "Workflow"]


class Workflow:
    """The submission workflow in Step Functions."""

    def start(self, name: str, given: dict[str, Any]) -> bool:
        """Start one execution under a name; False if it was started before."""
        return workflows.start(Settings().submission_workflow, name, given)

    def answer(self, token: str, output: dict[str, Any]) -> None:
        """Let a waiting step go on; TokenSpent if it no longer waits."""
        workflows.answer(token, output)
