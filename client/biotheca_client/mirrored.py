"""What the client can do with mirrored runs: see where their files are, ask for copies, count them."""

from __future__ import annotations

from typing import Any

from biotheca_client.api import Session, path_of


class SequenceCalls:
    """The verbs of the mirror's sequence files. Answers are the API's JSON."""

    session: Session

    def sequences(self, accession: str) -> dict[str, Any]:
        """Where each file of a mirrored run can be had: a link to a proved copy, or the addresses of its metadata."""
        answer: dict[str, Any] = self.session.call("GET", path_of("v1", "sequences", accession))
        return answer

    def ask_for_copies(self, accession: str) -> dict[str, Any]:
        """Ask for proved copies of a run's files (data managers). Asking twice changes nothing."""
        path = path_of("v1", "sequences", accession, "copy")
        answer: dict[str, Any] = self.session.call("POST", path, again=True)
        return answer

    def sequence_totals(self) -> dict[str, Any]:
        """Files and bytes by state, the policy, and what copying all would cost."""
        answer: dict[str, Any] = self.session.call("GET", path_of("v1", "sequences"))
        return answer
