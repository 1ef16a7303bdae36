"""Use of released images: the index of series follows events through a queue. Reading is the API's."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from biotheca.events import DATASET_RELEASED, RECORD_CHANGED
from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, on_event


class Imaging(Capability):
    """functions/imaging."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "imaging", house)
        needs = {"records_table": "r", "outbox_table": "name", "search_table": "rw"}
        index = self.add("index_series", needs, timeout=Duration.minutes(15), memory_mb=1024)
        queue = consumed_queue(self, "Series", house, index, timeout_s=900, at_once=1)
        on_event(self, "Series", house, (DATASET_RELEASED, RECORD_CHANGED), queue)
