"""Released datasets enter the lake: one Iceberg commit a dataset."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.lake import service
from biotheca.lake.model import TABLES
from biotheca.lake.store import LakeTable
from functions.observability import logger, step
from functions.stores import records

_batch = BatchProcessor(event_type=EventType.SQS)


def _load(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    if not (
        dataset := envelope["body"].get("dataset")
    ):  # a project or sample changed; its datasets tell for themselves
        return
    runs, files = (LakeTable(name, TABLES[name]) for name in ("run", "qc_files"))
    rows = service.load_dataset(records(), runs, files, dataset)
    logger().info("lake rows written", extra={"table": "run", "rows": rows, "dataset": dataset})


@step(lambda event: None)
def load_released(event: dict[str, Any], context: Any) -> Any:
    """Queue of DatasetReleased and RecordChanged."""
    return process_partial_response(event=event, record_handler=_load, processor=_batch, context=context)
