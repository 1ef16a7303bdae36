"""Access: the sweep over waiting requests and ends of grants, the key of visas. All else is done through the API."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from biotheca.events import ACCESS_REQUESTED
from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import on_event, on_schedule


class Access(Capability):
    """functions/access."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "access", house)
        needs = {"access_table": "rw", "outbox_table": "w", "user_pool": "value"}
        remind = self.add("remind", needs, timeout=Duration.minutes(15))
        remind.add_to_role_policy(
            iam.PolicyStatement(actions=["cognito-idp:ListUsersInGroup"], resources=[house.pool.user_pool_arn])
        )
        on_schedule(
            self,
            "Remind",
            house,
            remind,
            Duration.hours(1),
            "Remind committees of requests, note grants that have ended",
        )
        self._keeps_key(house)

    def _keeps_key(self, house: House) -> None:
        """The key that signs visas: written here alone, read by the API."""
        needs = {"visa_keys": "rw", "access_table": "name", "outbox_table": "w"}
        turn = self.add("turn_keys", needs, concurrency=1)
        on_event(self, "FirstKey", house, ACCESS_REQUESTED, turn)  # there before the first grant is
        on_schedule(self, "TurnKeys", house, turn, Duration.hours(1), "Make or turn the key that signs visas")
