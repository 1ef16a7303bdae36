"""Search: released datasets enter the index through a queue."""

from __future__ import annotations

from constructs import Construct

from biotheca.events import DATASET_RELEASED
from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, on_event


class Search(Capability):
    """functions/search."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "search", house)
        index = self.add("index_released", {"records_table": "r", "outbox_table": "w", "search_table": "rw"})
        on_event(self, "Index", house, DATASET_RELEASED, consumed_queue(self, "Index", house, index))
