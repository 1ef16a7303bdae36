"""The outbox: its stream becomes events on the bus."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.capabilities.capability import Capability
from infra.constructs.python_function import House
from infra.constructs.queues import dead_letters


class Events(Capability):
    """functions/events."""

    def __init__(self, scope: Construct, house: House) -> None:
        super().__init__(scope, "events", house)
        send = self.add("send_outbox", {"event_bus": "put"})
        send.add_event_source(
            sources.DynamoEventSource(
                house.tables["outbox_table"],
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                report_batch_item_failures=True,
                # Without it one line that never succeeds takes the rest of its batch along into the dead letters.
                bisect_batch_on_error=True,
                retry_attempts=100,
                max_record_age=Duration.hours(23),
                on_failure=sources.SqsDlq(dead_letters(self, "Outbox", house)),
                filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
            )
        )
