"""Delivery of encrypted files: the archive's key is made, turned, and headers are wrapped anew."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from biotheca.events import SUBMISSION_SUBMITTED
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import dead_letters, on_event


class Delivery(Capability):
    """functions/delivery. It alone writes the private keys; the API reads them for headers."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "delivery", house)
        needs = SUBMISSIONS | {"delivery_keys": "rw"}
        turn = self.add("turn_keys", needs, timeout=Duration.minutes(15), concurrency=1)
        # The first submission that is handed in makes the first key; later ones find it there.
        on_event(self, "FirstKey", house, SUBMISSION_SUBMITTED, turn)
        caller = iam.Role(self, "TurnKeysCaller", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        undelivered = dead_letters(self, "TurnKeys", house)
        undelivered.grant_send_messages(caller)
        scheduler.Schedule(
            self,
            "TurnKeys",
            schedule=scheduler.ScheduleExpression.rate(Duration.hours(1)),
            target=targets.LambdaInvoke(turn, role=caller, dead_letter_queue=undelivered, retry_attempts=3),
            description="Make or turn the archive's key of encrypted files, and wrap headers anew",
        )
