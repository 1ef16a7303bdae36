"""Curation: the step that waits for a decision, and the listener that carries the decision on."""

from __future__ import annotations

from constructs import Construct

from biotheca.events import CURATION_DECIDED, METADATA_ACCEPTED
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import on_event


class Curation(Capability):
    """functions/curation."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "curation", house)
        self.add("ask", SUBMISSIONS)
        resume = self.add("resume", {"records_table": "r", "outbox_table": "name"})
        on_event(self, "Resume", house, (CURATION_DECIDED, METADATA_ACCEPTED), resume)
