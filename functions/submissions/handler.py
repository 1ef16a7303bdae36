"""The workflow's doors to submissions: start a round, expect files, hold what failed on our side."""

from __future__ import annotations

from typing import Any

from biotheca.submissions import service
from functions.observability import logger, of_envelope, of_submission, step
from functions.stores import submissions, workflow


@step(of_envelope)
def start_workflow(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SubmissionSubmitted from the bus: one execution a round, however often the event comes."""
    body = event["detail"]["body"]
    given = {
        "submission_id": body["submission"],
        "round": body["round"],
        "correlation_id": event["detail"]["correlation_id"],
    }
    started = workflow().start(f"{body['submission']}-round-{body['round']}", given)
    logger().info("workflow started" if started else "workflow was started before", extra={"round": body["round"]})
    return {"started": started}


@step(of_submission)
def expect_files(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """First state: the submission now waits for its files."""
    files = service.expect_files(submissions(), event["submission_id"], event["round"])
    return {"files": len(files)}


@step(of_submission)
def hold(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Last resort of every state: say in the history what failed; the execution then fails, which raises the alarm."""
    error = event.get("error", {})
    reason = f"a step failed on our side ({error.get('Error', 'unknown')}); an operator was told."
    logger().error("submission held", extra={"error": error.get("Error"), "cause": str(error.get("Cause"))[:2000]})
    service.hold(submissions(), event["submission_id"], reason)
    return {}
