"""Released datasets enter the search index; a message that fails alone comes back, then goes to the dead letters."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca import catalog
from biotheca.search import service
from functions.observability import logger, step
from functions.stores import index, records, submissions

_batch = BatchProcessor(event_type=EventType.SQS)


def _index(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    submission = submissions().get(envelope["body"]["submission"])
    known = {kind.type for kind in catalog.members()[submission.member].objects}
    count = 0
    for obj in submissions().objects(submission):
        found = records().get(obj.accession) if obj.accession and obj.type in known else None
        if found:
            service.index(index(), found)
            count += 1
    logger().info("records indexed", extra={"count": count, "dataset": envelope["body"]["dataset"]})


@step(lambda event: None)
def index_released(event: dict[str, Any], context: Any) -> Any:
    """Queue of DatasetReleased."""
    return process_partial_response(event=event, record_handler=_index, processor=_batch, context=context)
