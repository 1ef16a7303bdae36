"""Sequence files of the mirror: the workflow that brings them, its steps, its job, the schedule behind the events.

Functions stand outside the network of the jobs, so they reach other archives by HTTPS; jobs reach S3 alone.
"""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca import catalog
from biotheca.events import SEQUENCES_REQUESTED
from biotheca.settings import variable
from infra.capabilities.capability import Capability
from infra.constructs.batch_job import BatchJob, Computers
from infra.constructs.python_function import House
from infra.constructs.queues import on_event, on_schedule
from infra.constructs.workflow import Workflow

ROWS = {"mirror_table": "rw"}
BRINGING = ROWS | {"mirror_bucket": "name"}
# Just the files: the mirror's feeds and parsed metadata are other functions' work.
ON_COPIES = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
]


class Sequences(Capability):
    """functions/sequences and batch/sequences."""

    def __init__(self, scope: Construct, house: House, computers: Computers) -> None:
        super().__init__(scope, "sequences", house)
        self.add("note_runs", ROWS, timeout=Duration.minutes(15), memory_mb=1024)
        self.add("claim", ROWS, timeout=Duration.minutes(1))
        # Two parts of 64 MiB in memory, more where a file has more than 9,900 of them.
        bringing = [
            self.add(verb, BRINGING, timeout=Duration.minutes(15), memory_mb=1769) for verb in ("copy_slice", "prove")
        ]
        self.add("let_go", ROWS)
        command = ["Ref::verb", "--run", "Ref::run", "--file", "Ref::file", "--owner", "Ref::owner"]
        job = self.jobs["SequencesJob"] = BatchJob(self, "sequences", house, BRINGING, command, cpu=2, memory_mb=4096)
        for role in (job.role, *(function.role for function in bringing)):
            assert role
            self._let_copy(role)
        says = "An execution of sequences failed: look at the step; the files are taken again when their leases end"
        self.workflow = Workflow(self, "sequences", house, self.functions, self.jobs, computers, says=says)
        self._start(house)

    def _let_copy(self, role: iam.IRole) -> None:
        """Our copies, and the open buckets of the catalog: reading them needs our own leave as well as theirs."""
        bucket = self.house.buckets["mirror_bucket"]
        copies = iam.PolicyStatement(actions=ON_COPIES, resources=[bucket.arn_for_objects("files/*")])
        # Without it S3 answers 403 where 404 is the truth.
        listed = iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn])
        stack = Stack.of(self)
        opened = [
            stack.format_arn(service="s3", region="", account="", resource=name, resource_name="*")
            for name in catalog.sequences()["buckets"]
        ]
        for statement in (copies, listed, iam.PolicyStatement(actions=["s3:GetObject"], resources=opened)):
            role.add_to_principal_policy(statement)

    def _start(self, house: House) -> None:
        start = self.add("start", {"mirror_table": "r"})
        start.add_environment(variable("mirror_files_workflow"), self.workflow.machine.state_machine_arn)
        self.workflow.machine.grant_start_execution(start)
        on_event(self, "Start", house, SEQUENCES_REQUESTED, start)
        on_schedule(
            self,
            "Waiting",
            house,
            start,
            Duration.minutes(5),
            "Bring sequence files that wait, and those whose worker was lost",
        )
