"""A withdrawn person's data go, once the event says so."""

from __future__ import annotations

from typing import Any

from biotheca.consent import service
from functions.observability import MetricUnit, logger, metrics, of_envelope, step
from functions.stores import inbox, records, reports, submissions


@step(of_envelope)
def forget(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """ConsentWithdrawn from the bus: delete bytes and content, write the report."""
    accession = event["detail"]["body"]["accession"]
    done = service.forget(submissions(), records(), inbox(), reports(), accession)
    logger().info("a person's data are gone", extra={"accession": accession, "state": done["state"]})
    metrics().add_metric(name="PersonsWithdrawn", unit=MetricUnit.Count, value=1)
    return {"state": done["state"]}
