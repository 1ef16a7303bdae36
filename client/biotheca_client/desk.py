"""What the client can do at the curators' desk: queues, taking up, checklist, notes, decisions, corrections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca_client.api import Session, path_of


class DeskCalls:
    """The verbs of a curator over one session. Answers are the API's JSON."""

    session: Session

    def queue(self, view: str = "data") -> Iterator[dict[str, Any]]:
        """A view of the desk: data, metadata (those that wait for a decision), mine, checks, failed, held."""
        return self.session.pages("/v1/curation/queue", {"view": view})

    def take_next(self, stage: str = "data") -> dict[str, Any]:
        """Take up the first submission of a queue that nobody has. Raises NotFound if there is none."""
        return self._desk("POST", "/v1/curation/next", params={"stage": stage})

    def desk(self, submission: str) -> dict[str, Any]:
        """A submission as the desk sees it: who has it, checklist, rounds."""
        return self._desk("GET", path_of("v1", "curation", submission))

    def assign(self, submission: str, take_over: bool = False) -> dict[str, Any]:
        """Take a submission up. Refused (`curation.taken`) if another curator has it; data managers take over."""
        path = path_of("v1", "curation", submission, "assignment")
        return self._desk("PUT", path, {"take_over": take_over})

    def unassign(self, submission: str) -> None:
        """Give a submission back to the queue."""
        self.session.call("DELETE", path_of("v1", "curation", submission, "assignment"))

    def prioritise(self, submission: str, priority: str = "priority") -> dict[str, Any]:
        """Put a submission before the normal ones (`priority`), or back among them (`normal`)."""
        return self._desk("PUT", path_of("v1", "curation", submission, "priority"), {"priority": priority})

    def judge(self, submission: str, decisions: list[dict[str, str]]) -> dict[str, Any]:
        """Decide on findings of the checklist: rows of finding, decision (harmless, return), text."""
        return self._desk("PUT", path_of("v1", "curation", submission, "checklist"), {"decisions": decisions})

    def note(self, submission: str, text: str) -> None:
        """Write a note for other curators."""
        self.session.call("POST", path_of("v1", "curation", submission, "notes"), {"text": text})

    def notes(self, submission: str) -> list[dict[str, Any]]:
        """The curators' notes, oldest first."""
        return list(self.session.pages(path_of("v1", "curation", submission, "notes")))

    def decide(
        self,
        submission: str,
        decision: str,
        reasons: list[dict[str, str]] | None = None,
        runs: list[str] | None = None,
        rest: str = "keep",
        version: int | None = None,
    ) -> dict[str, Any]:
        """Accept or return, with coded reasons.

        `runs` (aliases) accepts these alone; `rest` says whether the others stay (keep) or go back (return).
        `version` is the one that was looked at: Refused (`curation.stale`) if the submission changed since.
        """
        body: dict[str, Any] = {"decision": decision, "reasons": reasons or []}
        body |= {"runs": runs, "rest": rest} if runs else {}
        body |= {"version": version} if version else {}
        return self._desk("POST", path_of("v1", "curation", submission, "decision"), body)

    def figures(self) -> dict[str, Any]:
        """How many wait, how long steps take, what share needs nobody."""
        return self._desk("GET", "/v1/curation/figures")

    def return_reasons(self) -> list[dict[str, Any]]:
        """The coded reasons for returning a submission."""
        return list(self.session.pages("/v1/return-reasons"))

    def waiting_corrections(self) -> list[dict[str, Any]]:
        """Corrections of records that wait for a curator, longest waiting first."""
        return list(self.session.pages("/v1/corrections"))

    def decide_correction(
        self, accession: str, correction: str, decision: str, reasons: list[dict[str, str]] | None = None
    ) -> dict[str, Any]:
        """Accept a correction, which makes the record's next version, or return it with coded reasons."""
        path = path_of("v1", "records", accession, "corrections", correction)
        return self._desk("POST", path, {"decision": decision, "reasons": reasons or []})

    def _desk(self, method: str, path: str, body: Any = None, params: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.session.call(method, path, body, params=params)
        return answer
