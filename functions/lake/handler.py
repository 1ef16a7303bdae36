"""What is public enters the lake, and what no longer is leaves it; and queries over the lake are answered."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca import clock
from biotheca.catalog.archive import archive as institution
from biotheca.lake import service
from biotheca.lake.exports_formats import About
from biotheca.lake.model import OWN_TABLES, TABLES
from biotheca.lake.queries import answering
from biotheca.lake.queries.files import Files
from biotheca.lake.queries.model import Query
from biotheca.lake.queries.store import Engine
from biotheca.lake.snapshot import newest_batch
from biotheca.lake.store import LakeTable
from functions.observability import logger, step
from functions.stores import queries, records, submissions

_batch = BatchProcessor(event_type=EventType.SQS)
PATIENCE_S = 240  # of one call; the message of a query that takes longer comes again


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


def _answer(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    body = envelope["body"]
    query = answering.answer(queries(), Engine(), Files(), body["person"], body["query"], _about, PATIENCE_S)
    if query is not None:
        figures = {"state": query.state.value, "rows": query.rows, "scanned_bytes": query.scanned_bytes}
        logger().info("query answered", extra={"query": query.id, "format": query.format, **figures})


def _about(query: Query) -> About:
    return About(query.sql, clock.stamp(), newest_batch(), institution()["address"])


@step(lambda event: None)
def answer_query(event: dict[str, Any], context: Any) -> Any:
    """Queue of QueryAsked: one query a call."""
    return process_partial_response(event=event, record_handler=_answer, processor=_batch, context=context)
