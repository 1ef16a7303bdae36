"""How Batch jobs are described: exit code and reason, arrays that can fail, and no growth with every look."""

from __future__ import annotations

from collections import Counter
from typing import Any

from local.hooks.patching import once, replace

_STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")


@once
def install() -> None:
    from moto.batch.models import Job

    stock_describe, stock_short, stock_property = Job.describe, Job.describe_short, Job._get_container_property

    def describe_short(self: Any) -> dict[str, Any]:
        result = _with_end(self, stock_short(self))
        if "index" in self.array_properties:
            result["arrayProperties"] = {"index": self.array_properties["index"]}
        return result

    def describe(self: Any) -> dict[str, Any]:
        result = _with_end(self, stock_describe(self))
        if "container" in result:
            result["container"]["exitCode"] = self.exit_code
            result["container"]["reason"] = self.exit_reason
            result["container"] = {name: v for name, v in result["container"].items() if v is not None}
        if "index" in self.array_properties:
            result["arrayProperties"] = {"index": self.array_properties["index"]}
        return result

    def container_property(self: Any, name: str, default: Any) -> Any:
        if name != "environment":
            return stock_property(self, name, default)
        # moto appends to the job's own list at each call.
        defined = self.job_definition.container_properties.get(name, [])
        merged = {e["name"]: e["value"] for e in [*defined, *self.container_overrides.get(name, [])]}
        return [{"name": key, "value": value} for key, value in merged.items()]

    def terminate(self: Any, reason: str) -> None:
        for job in [self, *(self._child_jobs or [])]:
            if not job.job_stopped and not job.stop:
                job.job_stopped_reason = reason
                job.stop = True

    replace(Job, describe=describe, describe_short=describe_short, terminate=terminate)
    replace(Job, _get_container_property=container_property)


def _with_end(job: Any, result: dict[str, Any]) -> dict[str, Any]:
    from local.hooks.batch_runtime import status_of

    result["status"] = status_of(job)
    if job.status_reason:
        result["statusReason"] = job.status_reason
    if job._child_jobs:
        counted = Counter(status_of(child) for child in job._child_jobs)
        result["arrayProperties"] = {
            "size": len(job._child_jobs),
            "statusSummary": {state: counted.get(state, 0) for state in _STATES},
        }
        if result["status"] == "FAILED":
            result["statusReason"] = "Array Child Job failed"
    return result
