"""Delivery of encrypted files: the archive's key is made, turned, and headers are wrapped anew."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca.events import DATASET_RELEASED, RECORD_CHANGED, SUBMISSION_SUBMITTED
from biotheca.settings import variable
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.batch_job import Computers
from infra.constructs.python_function import House
from infra.constructs.queues import on_event, on_schedule
from infra.constructs.workflow import Workflow

PLACES = {"open_archive_bucket": "name", "controlled_archive_bucket": "name"}
RECORDS = {"records_table": "r", "outbox_table": "name"}


class Delivery(Capability):
    """functions/delivery. It alone writes the private keys; the API reads them for headers."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "delivery", house)
        needs = SUBMISSIONS | {"delivery_keys": "rw"}
        turn = self.add("turn_keys", needs, timeout=Duration.minutes(15), concurrency=1)
        # The first submission that is handed in makes the first key; later ones find it there.
        on_event(self, "FirstKey", house, SUBMISSION_SUBMITTED, turn)
        on_schedule(
            self,
            "TurnKeys",
            house,
            turn,
            Duration.hours(1),
            "Make or turn the archive's key of encrypted files, and wrap headers anew",
        )


class Moving(Capability):
    """The workflow that brings files to the place that their class asks for."""

    def __init__(self, scope: Construct, house: House, computers: Computers) -> None:
        super().__init__(scope, "delivery", house)
        long = Duration.minutes(15)
        both = {"open_archive_bucket": "rw", "controlled_archive_bucket": "rw"}
        # What was encrypted and is open now is decrypted: the one step that opens a file with the archive's key.
        self.add("move_file", SUBMISSIONS | both | {"delivery_keys": "r"}, timeout=long, memory_mb=1769)
        clear = self.add("clear_moved", SUBMISSIONS | PLACES, timeout=Duration.minutes(5))
        held = [house.buckets[name] for name in PLACES]
        for actions, resources in (
            (["s3:ListBucketVersions"], [bucket.bucket_arn for bucket in held]),
            (["s3:DeleteObject", "s3:DeleteObjectVersion"], [bucket.arn_for_objects("*") for bucket in held]),
        ):
            clear.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))
        self.add("check_moves", RECORDS | PLACES, timeout=long)
        says = "An execution of moving failed: files of a dataset do not lie where their class asks for"
        self.workflow = Workflow(
            self, "moving", house, self.functions, self.jobs, computers, house.buckets["derived_bucket"], says=says
        )
        start = self.add("start_moves", RECORDS | PLACES | {"derived_bucket": "w"}, timeout=long)
        start.add_environment(variable("moving_workflow"), self.workflow.machine.state_machine_arn)
        self.workflow.machine.grant_start_execution(start)
        on_event(self, "Moves", house, (DATASET_RELEASED, RECORD_CHANGED), start)
