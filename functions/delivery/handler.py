"""Encrypted files and places: the archive's own key is turned; files are moved when their access mode changed."""

from __future__ import annotations

from typing import Any

from biotheca.delivery import moving, service
from biotheca.events import RECORD_CHANGED
from functions.observability import MetricUnit, logger, metrics, of_envelope, step
from functions.stores import headers, moves, places, records, reports, ring


def _of_move(event: dict[str, Any]) -> str | None:
    return event.get("correlation_id")


@step(lambda event: "delivery-keys")
def turn_keys(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Every hour: make the first key, turn one that is a year old, go on wrapping. An operator sends {"anew": true}."""
    told = service.turn_keys(headers(), ring(), anew=event.get("anew") is True)
    logger().info("keys of encrypted files", extra=told)
    return told


@step(of_envelope)
def start_moves(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DatasetReleased, or RecordChanged of an access mode: one execution an event, if a file lies elsewhere."""
    envelope, body = event["detail"], event["detail"]["body"]
    if envelope["type"] == RECORD_CHANGED and body.get("change") != "access":
        return {"files": 0}
    dataset = body["dataset"]
    items = list(moving.misplaced(records(), places(), dataset))
    if not items:
        return {"files": 0}
    key = reports().put_manifest(body["submission"], 0, f"moves-{envelope['id']}", items)
    manifest = {"bucket": reports().bucket, "key": key}
    given = {"dataset": dataset, "manifest": manifest, "correlation_id": envelope["correlation_id"]}
    started = moves().start(f"{dataset}-{envelope['id']}", given)
    logger().info("files are moved" if started else "files were moved before", extra={"files": len(items)})
    return {"files": len(items)}


@step(_of_move)
def move_file(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Copy one file to its place, prove the copy, let the record name it."""
    moved = moving.move_file(records(), places(), event["accession"], event["name"])
    metrics().add_metric(name="FilesMoved", unit=MetricUnit.Count, value=int(moved))
    return {"moved": moved}


@step(_of_move)
def clear_moved(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Delete what is left at former places."""
    return {"gone": moving.clear_moved(records(), headers(), places(), event["accession"], event["name"])}


@step(_of_move)
def check_moves(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Fail, and so raise the alarm, if a file is not where it should be."""
    moving.check(records(), places(), event["dataset"])
    return {}
