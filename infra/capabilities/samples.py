"""Samples that become BioSamples: a queue of what changed, and the daily run."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from biotheca.events import DATASET_RELEASED, RECORD_CHANGED
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, dead_letters, on_event


class Samples(Capability):
    """functions/samples."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "samples", house)
        note = self.add("note", {"records_table": "rw", "outbox_table": "name"})
        on_event(self, "Note", house, (DATASET_RELEASED, RECORD_CHANGED), consumed_queue(self, "Note", house, note))
        needs = SUBMISSIONS | {"accessions_table": "rw"}
        daily = self.add("synchronise", needs, timeout=Duration.minutes(15))
        caller = iam.Role(self, "DailyCaller", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        undelivered = dead_letters(self, "Daily", house)
        undelivered.grant_send_messages(caller)
        scheduler.Schedule(
            self,
            "Daily",
            schedule=scheduler.ScheduleExpression.rate(Duration.days(1)),
            target=targets.LambdaInvoke(daily, role=caller, dead_letter_queue=undelivered, retry_attempts=3),
            description="Samples of other registries become BioSamples",
        )
