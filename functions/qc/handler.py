"""The workflow's doors to the file checks. The check itself is the Batch job of the same name."""

from __future__ import annotations

from typing import Any

from biotheca.qc import service
from functions.observability import MetricUnit, logger, metrics, of_submission, step
from functions.stores import inbox, reports, submissions, taxonomy


@step(of_submission)
def plan_checks(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Write the manifest that the Map state reads."""
    return service.plan(submissions(), inbox(), reports(), event["submission_id"], event["round"])


@step(of_submission)
def note_verdict(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """After one Batch job, however it ended: its report becomes the file's state."""
    verdict = service.note_verdict(
        submissions(), reports(), event["submission_id"], event["file_id"], event["report_key"]
    )
    metrics().add_metric(name=f"Files{verdict.capitalize()}", unit=MetricUnit.Count, value=1)
    logger().info("verdict noted", extra={"file": event["file_id"], "verdict": verdict})
    return {}


@step(of_submission)
def judge(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """What the checks said together."""
    return service.judge(submissions(), taxonomy(), event["submission_id"], reports())


@step(of_submission)
def return_files(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Give the submission back to its owner because of its files."""
    return {"state": service.return_files(submissions(), event["submission_id"]).state}
