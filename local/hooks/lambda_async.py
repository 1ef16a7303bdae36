"""Asynchronous invocations: off the caller's thread, two retries, then failure destination or dead letters.

AWS waits one and two minutes between attempts; here it is seconds, because a laptop's user waits.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from local.background import Background
from local.hooks import delivery, lambda_runtime

log = logging.getLogger("biotheca.laptop")

RETRY_DELAYS_S = (1.0, 2.0)

_background: Background | None = None


@dataclass(frozen=True)
class Settings:
    """A function's EventInvokeConfig."""

    retries: int
    on_failure: str | None
    on_success: str | None


def bind(background: Background | None) -> None:
    global _background
    _background = background


def settings_of(function: Any) -> Settings:
    config = function.event_invoke_config[-1].config if function.event_invoke_config else {}
    destinations = config.get("DestinationConfig") or {}
    retries = config.get("MaximumRetryAttempts")
    return Settings(
        retries=len(RETRY_DELAYS_S) if retries is None else int(retries),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
    )


def submit(function: Any, payload: bytes) -> None:
    """Accepts an event for a moto LambdaFunction and returns at once."""
    if _background is not None:
        _background.soon(_attempt, function, payload, 1)


def _attempt(function: Any, payload: bytes, number: int) -> None:
    answer, failed, _ = function._invoke_lambda(event=payload.decode())
    settings = settings_of(function)
    if lambda_runtime._runtime is None or _background is None:
        return
    if failed and number <= settings.retries:
        delay = RETRY_DELAYS_S[min(number, len(RETRY_DELAYS_S)) - 1]
        _background.soon(_attempt, function, payload, number + 1, delay_s=delay)
        return
    if failed:
        log.warning("asynchronous invocation given up", extra={"function": function.function_name, "attempts": number})
        if function.dead_letter_arn:
            delivery.send(function.dead_letter_arn, payload.decode(), _dead_letter_attributes(answer))
    destination = settings.on_failure if failed else settings.on_success
    if destination:
        delivery.send(destination, json.dumps(_record(function, payload, answer, failed, number)))


def _dead_letter_attributes(answer: str) -> dict[str, str]:
    return {"RequestID": str(uuid.uuid4()), "ErrorCode": "200", "ErrorMessage": answer[:1024]}


def _record(function: Any, payload: bytes, answer: str, failed: bool, attempts: int) -> dict[str, Any]:
    """The invocation record, as destinations get it."""
    response_context: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if failed:
        response_context["functionError"] = "Unhandled"
    return {
        "version": "1.0",
        "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted" if failed else "Success",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": json.loads(payload),
        "responseContext": response_context,
        "responsePayload": json.loads(answer) if answer else None,
    }
