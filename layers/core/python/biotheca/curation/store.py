"""How a waiting workflow step is answered, and where the desk's notes and checklists are kept.

Records table, beside the submission: CHECK#<finding> (a decision on a finding), NOTE#<time>#<id>, BATCH#<n>
(the runs of a part that was accepted alone).
"""

from __future__ import annotations

from typing import Any

from biotheca import clock, ids
from biotheca.aws import workflows
from biotheca.aws.tables import Table
from biotheca.aws.workflows import TokenSpent
from biotheca.settings import Settings

__all__ = ["Desk", "TokenSpent", "Workflow"]


class Workflow:
    """The submission workflow in Step Functions."""

    def start(self, name: str, given: dict[str, Any]) -> bool:
        """Start one execution under a name; False if it was started before."""
        return workflows.start(Settings().submission_workflow, name, given)

    def answer(self, token: str, output: dict[str, Any]) -> None:
        """Let a waiting step go on; TokenSpent if it no longer waits."""
        workflows.answer(token, output)


class Desk:
    """What curators write down about a submission. Submitters never see it."""

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or Table(Settings().records_table)

    def checks(self, submission_id: str) -> dict[str, dict[str, Any]]:
        """Decisions on findings, by the finding's fingerprint."""
        values = {"p": f"SUB#{submission_id}", "s": "CHECK#"}
        found = self.table.every("pk = :p AND begins_with(sk, :s)", values)
        return {item["sk"].removeprefix("CHECK#"): item for item in found}

    def check(self, submission_id: str, finding: str, decision: str, text: str, actor: str) -> None:
        """Write a decision on one finding; a later one replaces it."""
        item = {"pk": f"SUB#{submission_id}", "sk": f"CHECK#{finding}", "decision": decision, "text": text}
        self.table.put(item | {"actor": actor, "at": clock.stamp()})

    def note(self, submission_id: str, text: str, actor: str) -> dict[str, Any]:
        """Write a note for other curators."""
        at = clock.stamp()
        note = {"at": at, "text": text, "actor": actor}
        self.table.put({"pk": f"SUB#{submission_id}", "sk": f"NOTE#{at}#{ids.new('not')}", **note})
        return note

    def notes(self, submission_id: str, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the notes, oldest first: at, text, actor."""
        values = {"p": f"SUB#{submission_id}", "s": "NOTE#"}
        items, after = self.table.query("pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor)
        return [{k: item[k] for k in ("at", "text", "actor")} for item in items], after

    def batch_line(self, submission_id: str, number: int, runs: list[str]) -> dict[str, Any]:
        """The transaction line that keeps which runs a part holds."""
        return self.table.put_line({"pk": f"SUB#{submission_id}", "sk": f"BATCH#{number:06d}", "runs": runs})
