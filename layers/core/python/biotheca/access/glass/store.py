"""Where it stands who of the staff broke which glass until when.

Access table: PERSON#<subject> / GLASS#<dataset>, the last one; and a line of the dataset's log, which its committee
reads. Record, log, history of the committee and event are one write.
"""

from __future__ import annotations

from typing import Any

from biotheca import clock, events, ids
from biotheca.access.model import Committee, Grant
from biotheca.aws import outbox as outgoing
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.settings import Settings


class GlassStore:
    """Broken glass, in the access table."""

    def __init__(self, table: Table, outbox: Table | None = None) -> None:
        self.table = table
        self._outbox = outbox

    def last(self, subject: str, dataset: str) -> dict[str, Any] | None:
        """What a person broke last at a dataset, in force or not: id, starts_at, ends_at. A consistent read."""
        return self.table.get(_key(subject, dataset))

    def grant(self, subject: str, dataset: str) -> Grant | None:
        """The same as a grant, whatever it is worth now."""
        found = self.last(subject, dataset)
        return Grant(found["id"], subject, dataset, "", found["starts_at"], found["ends_at"]) if found else None

    def add(self, person: str, dataset: str, committee: Committee | None, reason: str, ends_at: str) -> dict[str, Any]:
        """Break it, unless the person's last is still in force: then that one. The reason is for the committee."""
        at, name = clock.stamp(), ids.new("gls")
        row = {"id": name, "dataset": dataset, "starts_at": at, "ends_at": ends_at}
        line = {"at": at, "dataset": dataset, "person": person, "file": "", "bytes": 0, "grant": name, "reason": reason}
        lines = [
            self.table.put_line(_key(person, dataset) | row, "attribute_not_exists(pk) OR ends_at <= :now", now=at),
            self.table.put_line({"pk": f"LOG#{dataset}", "sk": f"{at}#{name}", **line}),
            self.table.put_line({"pk": f"PERSON#{person}", "sk": f"LOG#{at}#{name}", **line}),
            self._told(person, dataset, committee, name),
        ]
        if committee:
            words = f"Staff may read files of {dataset} until {ends_at}; the reason stands in its log."
            history = {"pk": f"DAC#{committee.number}", "sk": f"HIST#{at}#{name}", "at": at, "event": "glass broken"}
            lines.append(self.table.put_line(history | {"words": words, "actor": person}))
        try:
            transact(lines)
        except ConditionFailed:
            return self.last(person, dataset) or row
        return row

    def _told(self, person: str, dataset: str, committee: Committee | None, name: str) -> dict[str, Any]:
        self._outbox = self._outbox or Table(Settings().outbox_table)
        people = [m.subject for m in committee.members if m.since] if committee else []
        return outgoing.line(
            self._outbox, events.GLASS_BROKEN, dataset, dataset=dataset, person=person, glass=name, people=people,
            committee=committee.number if committee else "",
        )  # fmt: skip


def _key(subject: str, dataset: str) -> dict[str, str]:
    return {"pk": f"PERSON#{subject}", "sk": f"GLASS#{dataset}"}
