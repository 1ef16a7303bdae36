"""Lake: released datasets become rows of the own tables through a queue. A commit that loses is made again."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca.events import DATASET_RELEASED, RECORD_CHANGED
from biotheca.lake.model import OWN_TABLES
from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, on_event
from infra.stacks.lake import DATABASE


class Lake(Capability):
    """functions/lake."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "lake", house)
        needs = {"records_table": "r", "outbox_table": "name", "lake_bucket": "rw", "lake_database": "value"}
        load = self.add(
            "load_released", needs, layers=("core", "web", "lake"), memory_mb=1536, timeout=Duration.minutes(5)
        )
        stack = Stack.of(self)
        names = ["catalog", f"database/{DATABASE}", *(f"table/{DATABASE}/{table}" for table in OWN_TABLES)]
        resources = [
            stack.format_arn(service="glue", resource=name.split("/")[0], resource_name=name.partition("/")[2] or None)
            for name in names
        ]
        load.add_to_role_policy(
            iam.PolicyStatement(actions=["glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"], resources=resources)
        )
        on_event(
            self,
            "Load",
            house,
            (DATASET_RELEASED, RECORD_CHANGED),
            consumed_queue(self, "Load", house, load, timeout_s=300),
        )
