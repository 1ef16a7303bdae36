"""Powertools at the doors: logger, tracer, metrics, and the correlation id that ties upload to release.

The package itself logs with the standard library; here its records get JSON form, request id and correlation id.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit

__all__ = ["MetricUnit", "logger", "metrics", "step", "tracer"]


@cache
def logger() -> Logger:
    """The process's logger; the package's own loggers are given its form."""
    made = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "biotheca"), use_rfc3339=True)
    copy_config_to_registered_loggers(made, include={"biotheca"}, log_level=logging.INFO)
    return made


@cache
def metrics() -> Metrics:
    """Business metrics in the embedded format."""
    return Metrics(namespace="Biotheca", service=os.environ.get("POWERTOOLS_SERVICE_NAME", "biotheca"))


@cache
def tracer() -> Tracer:
    """X-Ray segments."""
    return Tracer(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "biotheca"))


def step(correlation: Callable[[dict[str, Any]], str | None]) -> Callable:
    """Decorate a door: correlation id from the event into every log line, a trace segment, metrics flushed."""

    def decorate(door: Callable[[dict[str, Any], Any], Any]) -> Callable[[dict[str, Any], Any], Any]:
        @wraps(door)
        def run(event: dict[str, Any], context: Any) -> Any:
            log = logger()
            log.set_correlation_id(correlation(event) or "")
            log.append_keys(
                function_request_id=getattr(context, "aws_request_id", None), door=f"{door.__module__}.{door.__name__}"
            )
            traced = tracer().capture_lambda_handler(metrics().log_metrics(counted), capture_response=False)
            return traced(event, context)

        def counted(event: dict[str, Any], context: Any) -> Any:
            answer = door(event, context)
            metrics().add_metric(name="StepsDone", unit=MetricUnit.Count, value=1)
            return answer

        return run

    return decorate


def of_submission(event: dict[str, Any]) -> str | None:
    """The correlation id of a workflow step: the submission it works on."""
    return event.get("submission_id")


def of_envelope(event: dict[str, Any]) -> str | None:
    """The correlation id of an event from our bus."""
    return (event.get("detail") or {}).get("correlation_id")
