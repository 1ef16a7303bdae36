"""What is public enters the lake, and what no longer is leaves it: one Iceberg commit a table."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.lake import service
from biotheca.lake.model import OWN_TABLES, TABLES
from biotheca.lake.store import LakeTable
from functions.observability import logger, step
from functions.stores import records, submissions

_batch = BatchProcessor(event_type=EventType.SQS)


@cache
def _tables() -> dict[str, LakeTable]:
    return {name: LakeTable(name, TABLES[name]) for name in OWN_TABLES}


def _load(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    body = envelope["body"]
    if accession := body.get("accession"):  # one record changed
        rows = service.load(records(), _tables(), [accession], changed=True)
    else:  # a dataset was released: all that came with it
        objects = submissions().objects(submissions().get(body["submission"]))
        rows = service.load(records(), _tables(), [body["dataset"], *(o.accession for o in objects if o.accession)])
    logger().info("lake rows written", extra={"rows": rows, "dataset": body.get("dataset")})


@step(lambda event: None)
def load_released(event: dict[str, Any], context: Any) -> Any:
    """Queue of DatasetReleased and RecordChanged."""
    return process_partial_response(event=event, record_handler=_load, processor=_batch, context=context)
