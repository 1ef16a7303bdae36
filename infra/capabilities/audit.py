"""Audit: every event of the archive, through a queue, into the chain."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, dead_letters


class Audit(Capability):
    """functions/audit."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "audit", house)
        append = self.add("append", {"audit_table": "rw", "audit_bucket": "rw"})
        queue = consumed_queue(self, "Append", house, append)
        rule = events.Rule(
            self,
            "Everything",
            event_bus=house.bus,
            event_pattern=events.EventPattern(source=["biotheca"]),
            description="Every event becomes a line of the audit chain",
        )
        rule.add_target(targets.SqsQueue(queue, dead_letter_queue=dead_letters(self, "Everything", house)))
