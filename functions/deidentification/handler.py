"""The workflow's doors to de-identification: what the job is to do, and what it made."""

from __future__ import annotations

from typing import Any

from biotheca.deidentification import originals, service
from functions.observability import MetricUnit, logger, metrics, of_submission, step
from functions.stores import deidentified, inbox, records, submissions


@step(of_submission)
def plan_job(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Write the task that the job reads."""
    return service.plan(submissions(), inbox(), deidentified(), event["submission_id"], event["round"])


@step(of_submission)
def note_made(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """After the job, however it ended: what it made becomes objects and files."""
    counts = service.note(submissions(), deidentified(), event["submission_id"], event["round"])
    metrics().add_metric(name="FilesDeidentified", unit=MetricUnit.Count, value=counts["released"])
    metrics().add_metric(name="FilesSetAside", unit=MetricUnit.Count, value=counts["set_aside"])
    logger().info("files de-identified", extra=counts)
    return counts


@step(lambda event: "originals-sweep")
def sweep(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule: what was sent goes when nobody needs it any more."""
    count = originals.sweep(submissions(), records(), inbox())
    logger().info("sweep of files as sent", extra={"submissions": count})
    return {"submissions": count}
