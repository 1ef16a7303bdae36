"""Samples that become BioSamples: a queue of what changed, and the daily run."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from biotheca.events import DATASET_RELEASED, RECORD_CHANGED
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, on_event, on_schedule


class Samples(Capability):
    """functions/samples."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "samples", house)
        note = self.add("note", {"records_table": "rw", "outbox_table": "name"})
        on_event(self, "Note", house, (DATASET_RELEASED, RECORD_CHANGED), consumed_queue(self, "Note", house, note))
        needs = SUBMISSIONS | {"accessions_table": "rw"}
        daily = self.add("synchronise", needs, timeout=Duration.minutes(15))
        on_schedule(self, "Daily", house, daily, Duration.days(1), "Samples of other registries become BioSamples")
