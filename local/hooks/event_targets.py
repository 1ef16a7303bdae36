"""EventBridge rules: any target, delivered off the putting thread, with retries and the target's dead-letter queue.

Hook: Rule.send_to_targets. Stock moto knows neither functions nor state machines and delivers inside PutEvents.
Also S3 events: moto sends a fixed sequencer, here it counts.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import logging
import re
import time
import uuid
from typing import Any

from local.background import Background
from local.hooks import delivery
from local.hooks.patching import once, replace

log = logging.getLogger("biotheca.laptop")

RETRY_DELAYS_S = (0.5, 2.0, 5.0)

_background: Background | None = None
_sequence = itertools.count(time.time_ns())


def bind(background: Background | None) -> None:
    global _background
    _background = background


def transform(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """What a target is sent for an event: Input, InputPath, InputTransformer or the event itself."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(event, target["InputPath"]))
    if "InputTransformer" not in target:
        return json.dumps(event)
    transformer = target["InputTransformer"]
    values = {name: _at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {k: v for k, v in event.items() if k != "detail"},
        "aws.events.event.json": event,
    }
    return _fill(transformer["InputTemplate"], values)


def _at(event: Any, path: str) -> Any:
    """The value at a path such as `$.detail.files[0].key`; None when there is none, as EventBridge has it."""
    value = event
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _fill(template: str, values: dict[str, Any]) -> str:
    pieces, inside_quotes, last = [], False, 0
    for found in re.finditer(r'<([A-Za-z0-9_.\-]+)>|(?<!\\)"', template):
        pieces.append(template[last : found.start()])
        last = found.end()
        if found[0] == '"':
            inside_quotes = not inside_quotes
            pieces.append('"')
        elif found[1] in values:
            pieces.append(_written(values[found[1]], inside_quotes))
        else:
            pieces.append(found[0])
    return "".join([*pieces, template[last:]])


def _written(value: Any, inside_quotes: bool) -> str:
    if not inside_quotes:
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value)[1:-1]
    return "" if value is None else json.dumps(json.dumps(value))[1:-1]


def _as_delivered(event: dict[str, Any]) -> dict[str, Any]:
    delivered = {name: value for name, value in event.items() if name != "ingestion-time"}
    if not isinstance(delivered.get("time"), str):
        moment = dt.datetime.fromtimestamp(float(delivered.get("time") or time.time()), dt.UTC)
        delivered["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return delivered


def _send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
    """Stands in for Rule.send_to_targets. Never raises into the putter."""
    if _background is None or self.state != "ENABLED" or not self.event_pattern.get_pattern():
        return
    if not self.event_pattern.matches_event(original_event):
        return
    event = _as_delivered(original_event)
    for target in list(self.targets):
        _background.soon(_deliver, dict(target), event, self.arn, 1)


def fire_targets(rule: Any, event: dict[str, Any]) -> None:
    """Delivers an event to all targets of a rule without asking its pattern (scheduled rules)."""
    if _background is not None:
        for target in list(rule.targets):
            _background.soon(_deliver, dict(target), _as_delivered(event), rule.arn, 1)


def fire_schedule(target: dict[str, Any], arn: str, event: dict[str, Any]) -> None:
    """Delivers the target's Input of an EventBridge Scheduler schedule, with its context words filled in."""
    if _background is None:
        return
    words = {
        "aws.scheduler.schedule-arn": arn,
        "aws.scheduler.scheduled-time": event["time"],
        "aws.scheduler.execution-id": event["id"],
        "aws.scheduler.attempt-number": "1",
    }
    body = target["Input"] if target.get("Input") else json.dumps(event)
    for word, value in words.items():
        body = body.replace(f"<{word}>", value)
    _background.soon(send_with_retries, target["Arn"], body, {"ExecutionName": event["id"], **target}, 1, arn)


def _deliver(target: dict[str, Any], event: dict[str, Any], rule_arn: str, attempt: int) -> None:
    # The event's id as execution name: the same event twice starts one execution.
    parameters = {"ExecutionName": f"{event['id']}_{target['Id']}"[:80], **target}
    send_with_retries(target["Arn"], transform(target, event, rule_arn), parameters, attempt, rule_arn)


def send_with_retries(arn: str, body: str, target: dict[str, Any], attempt: int = 1, source: str = "") -> None:
    """Delivers, tries again later, and at the end hands the text to the target's DeadLetterConfig."""
    try:
        delivery.send(arn, body, None, target)
        return
    except Exception as fault:
        message = str(fault) or type(fault).__name__
    allowed = target.get("RetryPolicy", {}).get("MaximumRetryAttempts")
    attempts = min(len(RETRY_DELAYS_S), len(RETRY_DELAYS_S) if allowed is None else int(allowed))
    if attempt <= attempts and _background is not None:
        _background.soon(send_with_retries, arn, body, target, attempt + 1, source, delay_s=RETRY_DELAYS_S[attempt - 1])
        return
    log.warning("delivery given up", extra={"target": arn, "reason": message})
    if dead_letters := target.get("DeadLetterConfig", {}).get("Arn"):
        attributes = {"TARGET_ARN": arn, "RULE_ARN": source, "ERROR_CODE": "SDK_CLIENT_ERROR", "ERROR_MESSAGE": message}
        delivery.send(dead_letters, body, attributes)


def _send_s3_event(account_id: str, bucket: Any, event_name: Any, key: Any) -> None:
    """Stands in for moto.s3.notifications._send_event_bridge_message."""
    from moto.events.models import events_backends
    from moto.s3.notifications import _detail_type

    detail_type = _detail_type(event_name)
    thing = {
        "key": key.name,
        "size": key.size,
        "etag": key.etag.replace('"', ""),
        "sequencer": f"{next(_sequence):016X}",
    }
    if bucket.is_versioned and key.version_id not in (None, "null"):
        thing["version-id"] = key.version_id
    if detail_type == "Object Deleted":
        thing = {name: thing[name] for name in ("key", "sequencer", "version-id") if name in thing}
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": account_id,
        "time": time.time(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": thing,
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": account_id,
            "source-ip-address": "127.0.0.1",
            "reason": _reason(event_name),
        },
        "ingestion-time": time.time(),
    }
    # Events of AWS services reach the default bus only; moto shows them to every bus.
    bus = events_backends[account_id][bucket.region_name].event_buses.get("default")
    for rule in list(bus.rules.values()) if bus else []:
        rule.send_to_targets(event)


def _reason(event_name: str) -> str:
    """
    >>> _reason("s3:ObjectCreated:CompleteMultipartUpload")
    'CompleteMultipartUpload'
    """
    last = str(getattr(event_name, "value", event_name)).rpartition(":")[2]
    return {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject", "Delete": "DeleteObject"}.get(last, last)


@once
def install() -> None:
    import moto.s3.notifications
    from moto.events import notifications
    from moto.events.models import Rule

    replace(Rule, send_to_targets=_send_to_targets)
    replace(moto.s3.notifications, _send_event_bridge_message=_send_s3_event)
    # A second, hard-wired path of moto for bucket creation; it would bypass the queue.
    replace(notifications, _send_safe_notification=lambda *args, **kwargs: None)
