"""File checks: the workflow's steps around the Batch job of the same name."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.batch_job import BatchJob
from infra.constructs.python_function import House

_ARGUMENTS = (
    "bucket",
    "key",
    "name",
    "version-id",
    "md5",
    "format",
    "report-bucket",
    "report-key",
    "size-bytes",
    "threads",
)


class Qc(Capability):
    """functions/qc and batch/qc. The job knows objects and reports, no tables."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "qc", house)
        self.add(
            "plan_checks", SUBMISSIONS | {"derived_bucket": "w", "inbox_bucket": "name"}, timeout=Duration.minutes(15)
        )
        self.add("note_verdict", SUBMISSIONS | {"derived_bucket": "r"})
        self.add("judge", SUBMISSIONS | {"taxonomy_table": "r", "derived_bucket": "r"})
        self.add("return_files", SUBMISSIONS)
        command = [word for name in _ARGUMENTS for word in (f"--{name}", f"Ref::{name.replace('-', '_')}")]
        rights = {"inbox_bucket": "r", "derived_bucket": "rw"}
        self.jobs["QcJob"] = BatchJob(self, "qc", house, rights, command, cpu=2, memory_mb=4096)
        self.jobs["QcLargeJob"] = BatchJob(self, "qc", house, rights, command, cpu=2, memory_mb=4096, large=True)
        self.jobs["QcSteadyJob"] = BatchJob(self, "qc", house, rights, command, cpu=2, memory_mb=4096, scratch_gib=200)
        for job in self.jobs.values():  # a saved state that nobody needs any more
            saved = house.buckets["derived_bucket"].arn_for_objects("qc/*.saved")
            job.role.add_to_principal_policy(iam.PolicyStatement(actions=["s3:DeleteObject"], resources=[saved]))
