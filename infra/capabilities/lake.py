"""Lake: released datasets become rows through a queue; queries of people are answered through another."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca.events import DATASET_RELEASED, QUERY_ASKED, RECORD_CHANGED
from biotheca.lake.model import OWN_TABLES, TABLES
from biotheca.lake.queries.store import WORKGROUP
from biotheca.lake.views import SRA_DATABASE, views
from infra.capabilities.capability import Capability
from infra.constructs.glue import glue_arns
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
        resources = glue_arns(self, {DATABASE: OWN_TABLES})
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
        self._answers_queries(house)

    def _answers_queries(self, house: House) -> None:
        """A worker that asks Athena, waits, and writes the answer's file; the API itself may not read the lake."""
        needs = {"people_table": "rw", "lake_bucket": "r", "lake_database": "value", "derived_bucket": "name"}
        worker = self.add(
            "answer_query", needs, layers=("core", "web", "lake"), memory_mb=2048, timeout=Duration.minutes(5)
        )
        read: dict[str, list[str]] = {DATABASE: list(TABLES), SRA_DATABASE: []}
        for view in views():
            read[view.database].append(view.name)
        lake, derived = house.buckets["lake_bucket"], house.buckets["derived_bucket"]
        group = Stack.of(self).format_arn(service="athena", resource="workgroup", resource_name=WORKGROUP)
        written = [derived.arn_for_objects("exports/*"), lake.arn_for_objects("results/exports/*")]
        rights: list[tuple[list[str], list[str]]] = [
            (["athena:StartQueryExecution", "athena:GetQueryExecution"], [group]),
            (["glue:GetDatabase", "glue:GetTable"], glue_arns(self, read)),
            (["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], written),
            (["s3:ListBucket", "s3:GetBucketLocation"], [derived.bucket_arn, lake.bucket_arn]),
        ]
        for actions, resources in rights:
            worker.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))
        queue = consumed_queue(self, "Answer", house, worker, timeout_s=300, at_once=1)
        on_event(self, "Answer", house, QUERY_ASKED, queue)
