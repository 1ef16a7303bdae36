"""Whether a failed Batch job is tried again: retryStrategy with evaluateOnExit, first match wins.

https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
"""

from __future__ import annotations

import contextvars
import fnmatch
from dataclasses import dataclass
from typing import Any

from local.hooks.patching import once, replace

MOST_ATTEMPTS = 10


@dataclass(frozen=True)
class Ended:
    """How one attempt ended. `stopped`: by a timeout or by somebody, which is never retried."""

    exit_code: int
    reason: str
    status_reason: str
    stopped: bool = False

    @classmethod
    def of(cls, returned: int, why_stopped: str | None) -> Ended:
        # A container reports 128 + signal, as a shell does.
        code = 128 - returned if returned < 0 else returned
        if why_stopped:
            return cls(code, "", why_stopped, stopped=True)
        return cls(code, "", "Essential container in task exited")


@dataclass(frozen=True)
class Strategy:
    """How often, and after which ends."""

    attempts: int = 1
    conditions: tuple[dict[str, str], ...] = ()

    def retries(self, ended: Ended) -> bool:
        """
        >>> Strategy(3, ({"onExitCode": "2", "action": "EXIT"},)).retries(Ended(2, "", ""))
        False
        >>> Strategy(3, ({"onExitCode": "2", "action": "EXIT"},)).retries(Ended(137, "", ""))
        True
        """
        facts = {"onExitCode": str(ended.exit_code), "onReason": ended.reason, "onStatusReason": ended.status_reason}
        for condition in self.conditions:
            asked = {name: condition[name] for name in facts if condition.get(name)}
            if all(fnmatch.fnmatchcase(facts[name].lower(), pattern.lower()) for name, pattern in asked.items()):
                return condition.get("action", "retry").lower() == "retry"
        return True


def strategy_of(job: Any) -> Strategy:
    """The job's own strategy (SubmitJob), else its definition's."""
    given = getattr(job, "retry_strategy", None) or job.job_definition.retry_strategy or {}
    attempts = min(MOST_ATTEMPTS, max(1, int(given.get("attempts") or 1)))
    return Strategy(attempts, tuple(given.get("evaluateOnExit") or ()))


_submitted: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("retry_strategy", default=None)


@once
def install() -> None:
    """moto drops SubmitJob's retryStrategy on its way to the job; it is carried past."""
    from moto.batch.models import Job
    from moto.batch.responses import BatchResponse

    stock_submit, stock_init = BatchResponse.submitjob, Job.__init__

    def submit(self: Any) -> Any:
        token = _submitted.set(self._get_param("retryStrategy"))
        try:
            return stock_submit(self)
        finally:
            _submitted.reset(token)

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        self.retry_strategy = _submitted.get()
        self.exit_reason = None
        self.status_reason = None
        stock_init(self, *args, **kwargs)

    replace(BatchResponse, submitjob=submit)
    replace(Job, __init__=init)
