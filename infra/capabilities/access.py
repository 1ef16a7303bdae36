"""Access: the sweep over waiting requests and ends of grants. Everything else of it is done through the API."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import on_schedule


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
