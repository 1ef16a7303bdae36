"""Queues that lose no message: each has dead letters, an alarm on them, and a consumer that reports item by item."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduled
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.python_function import House, alarm_at_one

TRIES = 5


def dead_letters(scope: Construct, name: str, house: House) -> sqs.Queue:
    """A queue for what could not be handled; any message in it raises an alarm."""
    queue = sqs.Queue(
        scope,
        f"{name}DeadLetters",
        retention_period=Duration.days(14),
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
    )
    waiting = queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1))
    says = f"{name}: a message was given up; look at it, mend the cause, redrive"
    alarm_at_one(scope, f"{name}DeadLettersWaiting", house, waiting, says)
    return queue


def consumed_queue(
    scope: Construct, name: str, house: House, consumer: lambda_.Function, timeout_s: int = 30, at_once: int = 10
) -> sqs.Queue:
    """A queue whose consumer answers with batch item failures; after five tries a message is a dead letter.

    `at_once`: messages in one call; 1 where each may take minutes.
    """
    queue = sqs.Queue(
        scope,
        f"{name}Queue",
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        # Six times the function's time-out, as AWS advises for queues that feed functions.
        visibility_timeout=Duration.seconds(6 * timeout_s),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters(scope, name, house), max_receive_count=TRIES),
    )
    consumer.add_event_source(
        sources.SqsEventSource(queue, batch_size=at_once, report_batch_item_failures=True, max_concurrency=10)
    )
    return queue


def on_event(
    scope: Construct, name: str, house: House, event: str | tuple[str, ...], target: lambda_.Function | sqs.Queue
) -> events.Rule:
    """Deliver kinds of our events to a function or a queue; what cannot be delivered is a dead letter.

    The construct is named after the first kind.
    """
    kinds = [event] if isinstance(event, str) else list(event)
    event = kinds[0]
    rule = events.Rule(
        scope,
        f"{name}On{event}",
        event_bus=house.bus,
        event_pattern=events.EventPattern(source=["biotheca"], detail_type=kinds),
        description=f"{', '.join(kinds)} -> {name}",
    )
    undelivered = dead_letters(scope, f"{name}On{event}", house)
    if isinstance(target, sqs.Queue):
        rule.add_target(targets.SqsQueue(target, dead_letter_queue=undelivered))
    else:
        # The bus only hands the event over; what the function itself fails to do after its tries is kept here too.
        failed = destinations.SqsDestination(undelivered)
        target.configure_async_invoke(on_failure=failed, retry_attempts=2, max_event_age=Duration.hours(6))
        rule.add_target(targets.LambdaFunction(target, dead_letter_queue=undelivered, retry_attempts=TRIES))
    return rule


def on_schedule(
    scope: Construct, name: str, house: House, function: lambda_.Function, every: Duration, says: str
) -> None:
    """Call a function again and again, by a role of its own; a call that cannot be delivered is a dead letter."""
    caller = iam.Role(scope, f"{name}Caller", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
    undelivered = dead_letters(scope, name, house)
    undelivered.grant_send_messages(caller)
    scheduler.Schedule(
        scope,
        name,
        schedule=scheduler.ScheduleExpression.rate(every),
        target=scheduled.LambdaInvoke(function, role=caller, dead_letter_queue=undelivered, retry_attempts=3),
        description=says,
    )
