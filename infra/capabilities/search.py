"""Search: released datasets enter the index through a queue."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from biotheca.events import DATASET_RELEASED, RECORD_CHANGED
from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, on_event


class Search(Capability):
    """functions/search."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "search", house)
        needs = {"records_table": "r", "outbox_table": "name", "search_table": "rw"}
        index = self.add("index_released", needs, timeout=Duration.minutes(15))
        on_event(
            self,
            "Index",
            house,
            (DATASET_RELEASED, RECORD_CHANGED),
            consumed_queue(self, "Index", house, index, timeout_s=900),
        )
