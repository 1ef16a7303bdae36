"""The index follows what happens to records; a message that fails comes back alone, then goes to the dead letters."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.search import service
from functions.observability import logger, step
from functions.stores import index, records, submissions

_batch = BatchProcessor(event_type=EventType.SQS)


def _index(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    body = envelope["body"]
    if body.get("accession"):  # one record changed
        wanted = [body["accession"]]
    else:  # a dataset was released: all that came with it
        objects = submissions().objects(submissions().get(body["submission"]))
        wanted = [o.accession for o in objects if o.accession and o.accession != body["dataset"]] + [body["dataset"]]
    count = sum(service.refresh(index(), records(), accession) for accession in wanted)
    logger().info("records indexed", extra={"count": count, "dataset": body.get("dataset")})


@step(lambda event: None)
def index_released(event: dict[str, Any], context: Any) -> Any:
    """Queue of DatasetReleased and RecordChanged."""
    return process_partial_response(event=event, record_handler=_index, processor=_batch, context=context)
