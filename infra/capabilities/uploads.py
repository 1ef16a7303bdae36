"""Uploads: S3's own events through a queue; the step that waits for the last file; the sweep of idle uploads."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca.events import FILE_RECEIVED
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, dead_letters, on_event, on_schedule


class Uploads(Capability):
    """functions/uploads."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "uploads", house)
        self.add("await_files", SUBMISSIONS)
        resume = self.add("resume", {"records_table": "rw", "outbox_table": "name"})
        note = self.add("note_received", SUBMISSIONS | {"inbox_bucket": "r"})
        on_event(self, "Resume", house, FILE_RECEIVED, resume)
        queue = consumed_queue(self, "Received", house, note)
        rule = events.Rule(
            self,
            "ObjectCreated",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [house.buckets["inbox_bucket"].bucket_name]}},
            ),
            description="A file arrived in the inbox",
        )
        rule.add_target(targets.SqsQueue(queue, dead_letter_queue=dead_letters(self, "ObjectCreated", house)))
        self._sweep(house)

    def _sweep(self, house: House) -> None:
        """Idle uploads, four times a day. The bucket's own rule stands behind it."""
        sweep = self.add("sweep", SUBMISSIONS | {"inbox_bucket": "name"}, timeout=Duration.minutes(15))
        inbox = house.buckets["inbox_bucket"].arn_for_objects("submissions/*")
        sweep.add_to_role_policy(iam.PolicyStatement(actions=["s3:AbortMultipartUpload"], resources=[inbox]))
        on_schedule(self, "Sweep", house, sweep, Duration.hours(6), "Give up uploads to which nothing is sent any more")
