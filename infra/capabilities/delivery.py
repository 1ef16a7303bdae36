"""Delivery of encrypted files: the archive's key is made, turned, and headers are wrapped anew."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from biotheca.events import SUBMISSION_SUBMITTED
from infra.capabilities.capability import SUBMISSIONS, Capability
from infra.constructs.python_function import House
from infra.constructs.queues import on_event, on_schedule


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
