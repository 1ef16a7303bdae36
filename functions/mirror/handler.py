"""The mirror's day: start, discover, fetch, index, publish, and where failures are noted. Heavy steps: batch/mirror."""

from __future__ import annotations

from typing import Any

from biotheca.mirror import indexing, service
from biotheca.settings import Settings
from functions.observability import MetricUnit, logger, metrics, step
from functions.stores import index, mirror


def _of_batch(event: dict[str, Any]) -> str | None:
    batch = event.get("batch")
    return f"mirror-{batch}" if batch else "mirror"


@step(_of_batch)
def begin(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule: start the day that is whole now, and say how old what readers see is."""
    health = service.health(mirror())
    if health["lag_hours"] is not None:
        metrics().add_metric(name="MirrorLagHours", unit=MetricUnit.Count, value=health["lag_hours"])
    metrics().add_metric(name="MirrorMissingDays", unit=MetricUnit.Count, value=len(health["missing_days"]))
    started = service.start(mirror(), Settings().mirror_workflow, event.get("day") or None)
    logger().info("mirror started", extra=started)
    return started


@step(_of_batch)
def discover(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """What a batch needs."""
    found = service.discover(mirror(), event.get("day") or None, event.get("repair") or "")
    logger().info("mirror planned", extra={"batch": found["batch"], "files": found["files"]})
    return found


@step(_of_batch)
def fetch(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Bring one small file of a feed."""
    return service.fetch(mirror(), event["batch"], event["number"])


@step(_of_batch)
def index_part(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Records of one part of a batch enter search and what is served."""
    told = indexing.index_part(mirror(), index(), event["batch"], event["name"])
    metrics().add_metric(name="MirrorRecordsIndexed", unit=MetricUnit.Count, value=told["records"])
    return told


@step(_of_batch)
def publish(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch is what readers see."""
    told = service.publish(mirror(), event["batch"])
    metrics().add_metric(name="MirrorLagHours", unit=MetricUnit.Count, value=told["lag_hours"])
    return told


@step(_of_batch)
def note_failure(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Where the Catch of every step leads: the batch says why it failed."""
    metrics().add_metric(name="MirrorFailures", unit=MetricUnit.Count, value=1)
    told = service.fail(mirror(), event.get("batch"), event.get("error") or {})
    logger().error("mirror failed", extra={"batch": event.get("batch"), "error": (event.get("error") or {}).get("Error")})
    return told
