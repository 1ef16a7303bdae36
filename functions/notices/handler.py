"""Events become notices; a message that fails alone comes back, then goes to the dead letters."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.access.clicks import MailLinks
from biotheca.notices import service
from biotheca.settings import Settings
from functions.observability import logger, step
from functions.stores import access, notices, people, post, submissions, users

_batch = BatchProcessor(event_type=EventType.SQS)


def _tell(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    links = MailLinks(access(), Settings().optional("public_url"))
    told = service.tell(submissions(), people(), users(), notices(), post(), envelope, links)
    logger().info("people told", extra={"count": told, "event": envelope["type"]})


@step(lambda event: None)
def tell(event: dict[str, Any], context: Any) -> Any:
    """Queue of every event that somebody may have to hear of."""
    return process_partial_response(event=event, record_handler=_tell, processor=_batch, context=context)
