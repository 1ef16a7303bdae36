"""Files that arrive: S3 says so through a queue; the waiting workflow step is answered."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.curation.service import resume_if_complete
from biotheca.submissions.service import keep_token
from biotheca.uploads import service
from functions.observability import logger, of_envelope, of_submission, step
from functions.stores import inbox, submissions, workflow

_batch = BatchProcessor(event_type=EventType.SQS)


def _note(record: SQSRecord) -> None:
    event = record.json_body
    if event.get("Event") == "s3:TestEvent":
        return
    found = event["detail"]["object"]
    logger().set_correlation_id(inbox().submission_of(found["key"]) or "")
    file = service.note_received(submissions(), inbox(), found["key"], found.get("version-id"), found.get("sequencer"))
    logger().info("file noted", extra={"file": file.id if file else None, "state": file.state if file else "not ours"})


@step(lambda event: None)
def note_received(event: dict[str, Any], context: Any) -> Any:
    """Queue of S3 events of the inbox: note each file; a bad message alone is delivered again."""
    return process_partial_response(event=event, record_handler=_note, processor=_batch, context=context)


@step(of_submission)
def await_files(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """State that waits (task token) until the last file is there; it may be there already."""
    if keep_token(submissions(), event["submission_id"], event["round"], "files", event["token"]):
        resume_if_complete(submissions(), workflow(), event["submission_id"])
    return {}


@step(of_envelope)
def resume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """FileReceived from the bus: let the workflow go on if that was the last file."""
    return {"resumed": resume_if_complete(submissions(), workflow(), event["detail"]["body"]["submission"])}


@step(lambda event: "uploads-sweep")
def sweep(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule: give up uploads that are idle."""
    count = service.sweep(submissions(), inbox())
    logger().info("sweep of idle uploads", extra={"given_up": count})
    return {"given_up": count}
