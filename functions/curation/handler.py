"""The workflow asks for a decision; a decision lets the workflow go on."""

from __future__ import annotations

from typing import Any

from biotheca.curation import service
from functions.observability import logger, of_envelope, of_submission, step
from functions.stores import submissions, workflow


@step(of_submission)
def ask(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """State that waits (task token) for a review; where nobody need be asked it answers itself."""
    stage = event.get("stage", "data")
    if service.ask(submissions(), event["submission_id"], event["round"], event["token"], stage):
        service.resume_after_decision(submissions(), workflow(), event["submission_id"], event["round"], stage)
    return {}


@step(of_envelope)
def resume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """CurationDecided or MetadataAccepted from the bus: answer the waiting step."""
    body = event["detail"]["body"]
    stage = body.get("stage", "data")
    resumed = service.resume_after_decision(submissions(), workflow(), body["submission"], body["round"], stage)
    logger().info("decision carried on" if resumed else "nothing waited for this decision")
    return {"resumed": resumed}
