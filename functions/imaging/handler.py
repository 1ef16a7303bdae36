"""The index of series follows what happens to records; a message that fails comes back alone."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.imaging import following
from functions.observability import logger, step
from functions.stores import records, series

_batch = BatchProcessor(event_type=EventType.SQS)


def _index(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    body = envelope["body"]
    count = following.refresh(series(), records(), body.get("accession") or body["dataset"])
    logger().info("series indexed", extra={"count": count, "dataset": body.get("dataset")})


@step(lambda event: None)
def index_series(event: dict[str, Any], context: Any) -> Any:
    """Queue of DatasetReleased and RecordChanged."""
    return process_partial_response(event=event, record_handler=_index, processor=_batch, context=context)
