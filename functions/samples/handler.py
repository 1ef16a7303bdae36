"""Samples that become BioSamples: what changed is noted through a queue, and sent once a day."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.samples import service
from functions.observability import MetricUnit, logger, metrics, step
from functions.stores import minting, records

_batch = BatchProcessor(event_type=EventType.SQS)


def _note(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    service.note(records(), envelope["body"])


@step(lambda event: None)
def note(event: dict[str, Any], context: Any) -> Any:
    """Queue of DatasetReleased and RecordChanged."""
    return process_partial_response(event=event, record_handler=_note, processor=_batch, context=context)


@step(lambda event: "samples-daily")
def synchronise(event: dict[str, Any], context: Any) -> dict[str, int]:
    """On a schedule: bring the other registry up to what is true now."""
    counts = service.synchronise(records(), minting())
    logger().info("samples synchronised", extra={"counts": counts})
    metrics().add_metric(name="SamplesSynchronised", unit=MetricUnit.Count, value=counts["created"] + counts["changed"])
    return counts
