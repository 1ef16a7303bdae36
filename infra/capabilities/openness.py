"""Openness: scores follow records and requests through a queue; each night all are computed anew."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from biotheca.events import (
    ACCESS_CHANGED,
    ACCESS_DECIDED,
    ACCESS_REQUESTED,
    DATASET_RELEASED,
    RECORD_CHANGED,
    SUBMISSION_CHANGED,
)
from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, on_event, on_schedule


class Openness(Capability):
    """functions/openness."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "openness", house)
        counts = {"access_table": "r", "openness_table": "rw"}
        follow = self.add("follow", counts | {"records_table": "r", "outbox_table": "name"})
        on_event(
            self,
            "Follow",
            house,
            (DATASET_RELEASED, RECORD_CHANGED, SUBMISSION_CHANGED, ACCESS_REQUESTED, ACCESS_DECIDED, ACCESS_CHANGED),
            consumed_queue(self, "Follow", house, follow),
        )
        recompute = self.add("recompute", counts, timeout=Duration.minutes(15), memory_mb=1024)
        on_schedule(self, "Recompute", house, recompute, Duration.days(1), "Scores of controlled datasets as of today")
