"""The mirror's sequence files: note runs, start the workflow, and its steps: claim, copy a slice, prove, let go."""

from __future__ import annotations

from typing import Any

from biotheca.aws.session import region
from biotheca.sequences import claiming, service, work
from biotheca.sequences.web import WebSource
from functions.observability import MetricUnit, logger, metrics, step
from functions.stores import copies, mirrored, sequences

# A part of 64 MiB and its note must fit into what is left of a function's time.
LEFT_MS = 120_000


def _of_run(event: dict[str, Any]) -> str | None:
    return event.get("run")


def _means(context: Any) -> Any:
    lists = work.allowed()

    def over() -> bool:
        return int(context.get_remaining_time_in_millis()) < LEFT_MS

    return work.means(mirrored(), WebSource(lists), lists, over)


@step(lambda event: "note-runs")
def note_runs(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Runs of the metadata mirror: bring the rows of their files up to date (service.note_runs)."""
    noted = service.note_runs(sequences(), event["runs"], service.policy())
    metrics().add_metric(name="RunsNoted", unit=MetricUnit.Count, value=noted)
    return {"noted": noted}


@step(lambda event: (event.get("detail") or {}).get("correlation_id"))
def start(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SequencesRequested from the bus, or the schedule: start the workflow if anything waits."""
    told = event.get("detail") or {}
    if not told and not claiming.anything_waits(sequences()):
        return {"started": False}
    name = f"request-{told['id']}" if told else f"tick-{context.aws_request_id}"
    return {"started": copies().start(name)}


@step(lambda event: event.get("owner"))
def claim(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take files for an execution."""
    tasks = claiming.claim(sequences(), service.policy(), work.allowed(), region(), event["owner"])
    logger().info("files claimed", extra={"files": len(tasks)})
    return {"files": tasks, "count": len(tasks)}


@step(_of_run)
def copy_slice(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Bring one file on for as long as a function may last; say what comes next."""
    return {"next": work.copy_slice(sequences(), service.policy(), work.allowed(), region(), _means(context), event)}


@step(_of_run)
def prove(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Prove one copy."""
    following = work.prove(sequences(), service.policy(), work.allowed(), region(), _means(context), event)
    metrics().add_metric(name="CopiesProved", unit=MetricUnit.Count, value=1)
    return {"next": following}


@step(_of_run)
def let_go(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A worker of the file crashed: it waits again."""
    error = event.get("error") or {}
    reason = f"{error.get('Error', 'unknown')}: {str(error.get('Cause', ''))[:300]}"
    return {"next": work.let_go(sequences(), service.policy(), event, reason)}
