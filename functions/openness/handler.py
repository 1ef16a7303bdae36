"""Scores follow what happens to datasets; once a day all of them are computed anew, for time alone changes them."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from biotheca.events import ACCESS_CHANGED, ACCESS_DECIDED, ACCESS_REQUESTED
from biotheca.openness import service
from functions.observability import logger, step
from functions.stores import asked, openness, records

OF_REQUESTS = frozenset({ACCESS_REQUESTED, ACCESS_DECIDED, ACCESS_CHANGED})
_batch = BatchProcessor(event_type=EventType.SQS)


def _follow(record: SQSRecord) -> None:
    envelope = record.json_body["detail"]
    logger().set_correlation_id(envelope["correlation_id"])
    body = envelope["body"]
    if envelope["type"] in OF_REQUESTS:
        changed = service.take(openness(), asked(), body["request"])
        logger().info("request counted", extra={"request": body["request"], "changed": changed})
        return
    accession = body.get("accession") or body.get("dataset")
    if not accession:  # a submission changed that is no record yet
        return
    changed = service.follow(openness(), records(), accession)
    logger().info("openness followed", extra={"accession": accession, "changed": changed})


@step(lambda event: None)
def follow(event: dict[str, Any], context: Any) -> Any:
    """Queue of what happens to datasets (released, changed, another access mode) and to requests for their files."""
    return process_partial_response(event=event, record_handler=_follow, processor=_batch, context=context)


@step(lambda event: "openness-recompute")
def recompute(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule, each day: what no event told, the archive's rates, each controlled dataset's score, the table."""
    missed = service.rebuild(openness(), asked())
    done = service.recompute(openness()) | {"missed": missed}
    service.count(openness(), asked().placed())
    logger().info("openness recomputed", extra=done)
    return done
