"""De-identification: the workflow's steps around the Batch job of its name, which alone reads collections' secrets."""

from __future__ import annotations

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.batch_job import BatchJob
from infra.constructs.python_function import KEY_WRITE, House
from infra.constructs.queues import on_schedule

PREFIX = "biotheca/collections/"


class Deidentification(Capability):
    """functions/deidentification and batch/deidentification. The job knows objects and secrets, no tables."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "deidentification", house)
        house.values |= {"collection_secrets": PREFIX, "collection_key": house.keys["collections"].key_arn}
        writes = SUBMISSIONS | {"derived_bucket": "w", "inbox_bucket": "name"}
        self.add("plan_job", writes, timeout=Duration.minutes(15))
        self.add("note_made", SUBMISSIONS | {"derived_bucket": "r"}, timeout=Duration.minutes(15), memory_mb=2048)
        needs = {
            "inbox_bucket": "r",
            "derived_bucket": "rw",
            "collection_secrets": "value",
            "collection_key": "value",
        }
        job = BatchJob(
            self,
            "deidentification",
            house,
            needs,
            ["--task", "Ref::task", "--step", "Ref::step", "--part", "Ref::part", "--workers", "4"],
            cpu=4,
            memory_mb=16384,
            scratch_gib=200,
        )
        self.jobs["DeidentificationJob"] = job
        self._let_write_made(job.role, house)
        self._let_keep_secrets(job.role, house)
        self._sweep(house)

    def _sweep(self, house: House) -> None:
        """What was sent goes for good once nobody needs it, every version."""
        sweep = self.add("sweep", SUBMISSIONS | {"inbox_bucket": "name"}, timeout=Duration.minutes(15))
        inbox = house.buckets["inbox_bucket"]
        rights = {
            "s3:ListBucketVersions": inbox.bucket_arn,
            "s3:DeleteObjectVersion": inbox.arn_for_objects("submissions/*"),
        }
        for action, resource in rights.items():
            sweep.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
        on_schedule(self, "Sweep", house, sweep, Duration.hours(24), "Delete files as sent that nobody needs any more")

    def _let_write_made(self, role: iam.Role, house: House) -> None:
        made = house.buckets["inbox_bucket"].arn_for_objects("submissions/*/made/*")
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["s3:PutObject", "s3:AbortMultipartUpload"], resources=[made])
        )

    def _let_keep_secrets(self, role: iam.Role, house: House) -> None:
        secrets = Stack.of(self).format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{PREFIX}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        actions = ["secretsmanager:CreateSecret", "secretsmanager:GetSecretValue"]
        role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[secrets]))
        key = ["kms:Decrypt", "kms:DescribeKey", *KEY_WRITE]
        role.add_to_principal_policy(iam.PolicyStatement(actions=key, resources=[house.keys["collections"].key_arn]))
