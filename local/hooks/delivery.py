"""Hands one JSON text to a queue, topic, function, bus, state machine or job queue named by its ARN, in process.

Raises what the service raises; who calls decides about retries and dead letters.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from botocore import xform_name


class CannotDeliver(RuntimeError):
    """A target type that the laptop does not know, or a target that does not exist."""


def send(
    arn: str, body: str, attributes: dict[str, str] | None = None, parameters: dict[str, Any] | None = None
) -> None:
    """`parameters` is an EventBridge or Scheduler target: SqsParameters, BatchParameters, ExecutionName ..."""
    _, _, service, region, account, resource = arn.split(":", 5)
    parameters = parameters or {}
    if service == "sqs":
        _to_queue(account, region, resource, body, attributes or {}, parameters)
    elif service == "sns":
        from moto.sns.models import sns_backends

        sns_backends[account][region].publish(arn=arn, message=body)
    elif service == "lambda":
        from local.hooks import lambda_async

        lambda_async.submit(_function(account, region, arn), body.encode())
    elif service == "states":
        _to_state_machine(account, region, arn, body, parameters)
    elif service == "batch":
        _to_batch(account, region, arn, body, parameters)
    elif service == "events":
        _to_bus(account, region, arn, body, parameters)
    elif service == "scheduler":
        _universal(resource, body)
    elif service == "logs":
        pass  # moto would keep every line for ever
    else:
        raise CannotDeliver(f"the laptop delivers nothing to {service} ({arn})")


def _function(account: str, region: str, arn: str) -> Any:
    from moto.awslambda.utils import get_backend

    return get_backend(account, region).get_function(arn)


def _to_queue(
    account: str, region: str, name: str, body: str, attributes: dict[str, str], parameters: dict[str, Any]
) -> None:
    from moto.sqs.models import sqs_backends

    group = (parameters.get("SqsParameters") or {}).get("MessageGroupId")
    sqs_backends[account][region].send_message(
        queue_name=name,
        message_body=body,
        message_attributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items() if v},
        group_id=group,
        deduplication_id=hashlib.sha256(body.encode()).hexdigest() if group else None,
    )


def _to_state_machine(account: str, region: str, arn: str, body: str, parameters: dict[str, Any]) -> None:
    from moto.stepfunctions.exceptions import ExecutionAlreadyExists
    from moto.stepfunctions.responses import get_backend

    # moto writes "None" into the ARN of an execution without a name.
    name = parameters.get("ExecutionName") or str(uuid.uuid4())
    try:
        get_backend(account, region).start_execution(arn, name, body)
    except ExecutionAlreadyExists:
        return  # the same event twice: the first delivery has started it


def _to_batch(account: str, region: str, arn: str, body: str, parameters: dict[str, Any]) -> None:
    from moto.batch.models import batch_backends

    batch = parameters.get("BatchParameters") or {}
    try:
        given = json.loads(body).get("Parameters", {})
    except (ValueError, AttributeError):
        given = {}
    batch_backends[account][region].submit_job(
        job_name=batch["JobName"],
        job_def_id=batch["JobDefinition"],
        job_queue=arn,
        array_properties={"size": batch["ArrayProperties"]["Size"]} if batch.get("ArrayProperties") else {},
        parameters={k: str(v) for k, v in given.items()},
    )


def _to_bus(account: str, region: str, arn: str, body: str, parameters: dict[str, Any]) -> None:
    from moto.events.models import events_backends

    event = json.loads(body)
    given = parameters.get("EventBridgeParameters") or {}
    entry = {
        "Source": given.get("Source") or event.get("source", "lambda"),
        "DetailType": given.get("DetailType") or event.get("detail-type", "Lambda Function Invocation Result"),
        "Detail": json.dumps(event.get("detail", event)),
        "EventBusName": arn,
    }
    events_backends[account][region].put_events([entry])


def _universal(resource: str, body: str) -> None:
    """A universal target of EventBridge Scheduler: `aws-sdk:<service>:<action>` with the request as Input."""
    from local.hooks.cfn_clients import client

    _, service, action = resource.split(":")
    api = client({"sfn": "stepfunctions"}.get(service, service))
    getattr(api, xform_name(action[0].upper() + action[1:]))(**json.loads(body))
