"""Notices: events that people must hear of, through a queue; the mail identity."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ses as ses
from constructs import Construct

from biotheca import catalog
from biotheca.settings import variable
from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import consumed_queue, dead_letters


class Notices(Capability):
    """functions/notices."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "notices", house)
        needs = {"records_table": "r", "outbox_table": "name", "people_table": "rw", "user_pool": "value"}
        needs |= {"access_table": "rw"}  # links with which members of committees approve from their mail
        tell = self.add("tell", needs)
        tell.add_to_role_policy(
            iam.PolicyStatement(actions=["cognito-idp:AdminGetUser"], resources=[house.pool.user_pool_arn])
        )
        if sender := house.stage.mail_from:
            ses.EmailIdentity(self, "Sender", identity=ses.Identity.email(sender))
            arn = Stack.of(self).format_arn(service="ses", resource="identity", resource_name=sender)
            tell.add_to_role_policy(iam.PolicyStatement(actions=["ses:SendEmail"], resources=[arn]))
            tell.add_environment(variable("mail_from"), sender)
        if address := house.stage.public_url:
            tell.add_environment(variable("public_url"), address)
        queue = consumed_queue(self, "Tell", house, tell)
        rule = events.Rule(
            self,
            "Told",
            event_bus=house.bus,
            event_pattern=events.EventPattern(
                source=["biotheca"], detail_type=sorted({row["event"] for row in catalog.notices()["notices"]})
            ),
            description="What people must hear of",
        )
        rule.add_target(targets.SqsQueue(queue, dead_letter_queue=dead_letters(self, "Told", house)))
