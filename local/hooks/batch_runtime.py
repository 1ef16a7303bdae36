"""Batch: a job's command runs as a child process of this laptop. Hook: moto.batch.models.Job.run and its neighbours.

No image is needed: the command runs in the project's folder with the project's interpreter. Which
attempts follow a failure: batch_retries.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from local.hooks import batch_retries
from local.hooks.patching import once, replace
from local.logs import LogBook, LogPump
from local.processes import Children, LaptopStops, base_environment

KEPT_JOBS = 2_000
TERM_GRACE_S = 5.0
_POLL_S = 0.05


class BatchRuntime:
    """Runs jobs, at most one per processor at a time. `environment` gives what is added to a job's variables."""

    def __init__(
        self,
        project: Path,
        children: Children,
        pump: LogPump,
        logs: LogBook,
        environment: Callable[[dict[str, str]], dict[str, str]],
    ) -> None:
        self._project, self._children, self._pump, self._logs = project, children, pump, logs
        self._environment = environment
        self._slots = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._active: set[Any] = set()
        self._finished: deque[Any] = deque()
        self._lock = threading.Lock()
        self.stopping = False

    def run(self, job: Any) -> None:
        """From SUBMITTED to SUCCEEDED or FAILED; runs in the job's own thread."""
        with self._lock:
            self._active.add(job)
        try:
            if not self._dependencies_succeed(job):
                return
            job.status = "RUNNABLE"
            while not self._slots.acquire(timeout=0.2):
                if job.stop or self.stopping:
                    return self._fail(job, job.job_stopped_reason or "the laptop is stopping")
            try:
                self._attempts(job)
            finally:
                self._slots.release()
        except LaptopStops:
            self._fail(job, "the laptop is stopping")
        except Exception as fault:  # a job must end, whatever happened to it
            self._fail(job, f"CannotStartContainerError: {fault}")
        finally:
            self._remember(job)

    def stop(self) -> None:
        self.stopping = True
        with self._lock:
            active = list(self._active)
        for job in active:
            job.stop = True
        for job in active:
            job.join(timeout=10)

    def _dependencies_succeed(self, job: Any) -> bool:
        job.status = "PENDING"
        waiting = [_Dependency(job, wish) for wish in job.depends_on or []]
        while waiting:
            if job.stop or self.stopping:
                self._fail(job, job.job_stopped_reason or "the laptop is stopping")
                return False
            states = [dependency.status() for dependency in waiting]
            if "FAILED" in states:
                self._fail(job, "Dependent Job failed")
                return False
            waiting = [d for d, state in zip(waiting, states, strict=True) if state != "SUCCEEDED"]
            if waiting:
                time.sleep(_POLL_S)
        return True

    def _attempts(self, job: Any) -> None:
        strategy = batch_retries.strategy_of(job)
        for number in range(1, strategy.attempts + 1):
            if job.stop or self.stopping:
                return self._fail(job, job.job_stopped_reason or "the laptop is stopping")
            ended = self._attempt(job, number)
            if ended.exit_code == 0 and not ended.stopped:
                job.exit_reason = None
                job.status_reason = "Essential container in task exited"
                return _finish(job, "SUCCEEDED")
            if ended.stopped or number == strategy.attempts or not strategy.retries(ended):
                return self._fail(job, ended.status_reason)
            job.status = "RUNNABLE"
        return None

    def _attempt(self, job: Any, number: int) -> batch_retries.Ended:
        job.status = "STARTING"
        job.job_started_at = datetime.now()
        job.log_stream_name = job._stream_name
        job._start_attempt()
        log = self._logs.log(f"batch/{job.job_definition.name}")
        process = self._children.start(self._command(job), self._environment_of(job, number), self._project)
        read = threading.Event()
        prefix = job.job_id[:8] + (job.job_id[job.job_id.find(":") :] if ":" in job.job_id else "")
        self._pump.attach(process, lambda line: log.write(f"[{prefix}] {line}"), read.set)
        job.status = "RUNNING"
        why_stopped = self._wait(job, process)
        read.wait(timeout=2)  # the last words before the end is told
        code = self._children.reap(process, timeout_s=5)
        ended = batch_retries.Ended.of(code, why_stopped)
        job.exit_code, job.exit_reason = ended.exit_code, ended.reason or None
        job.job_stopped_at = datetime.now()
        job._stop_attempt()
        job.latest_attempt["statusReason"] = ended.status_reason
        job.latest_attempt["container"]["exitCode"] = ended.exit_code
        if ended.reason:
            job.latest_attempt["container"]["reason"] = ended.reason
        return ended

    def _wait(self, job: Any, process: subprocess.Popen[bytes]) -> str | None:
        """Until the process has ended by itself (None) or was ended (the reason)."""
        limit = job._get_attempt_duration()
        until = time.monotonic() + limit if limit else None
        while process.poll() is None:
            if until and time.monotonic() > until:
                self._end(process)
                return "Job attempt duration exceeded timeout"
            if job.stop or self.stopping:
                self._end(process)
                return job.job_stopped_reason or "the laptop is stopping"
            time.sleep(_POLL_S)
        return None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if not self.stopping:
            self._children.kill(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=TERM_GRACE_S)
        self._children.kill(process)

    def _command(self, job: Any) -> list[str]:
        command = job._get_container_property("command", [])
        parts = [command] if isinstance(command, str) else list(command)
        filled = [re.sub(r"Ref::([\w-]+)", lambda m: str(job.parameters.get(m[1], m[0])), part) for part in parts]
        if not filled:
            raise ValueError("the job definition has no command")
        if re.fullmatch(r"python(3(\.\d+)?)?", filled[0]):
            filled[0] = sys.executable
        return filled

    def _environment_of(self, job: Any, attempt: int) -> dict[str, str]:
        given = {e["name"]: str(e["value"]) for e in job._get_container_property("environment", [])}
        environment = {
            **base_environment(),
            **given,
            **self._environment(given),
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_BATCH_JOB_ID": job.job_id,
            "AWS_BATCH_JOB_ATTEMPT": str(attempt),
            "AWS_BATCH_JQ_NAME": job.job_queue.name,
            "AWS_BATCH_CE_NAME": job.job_queue.environments[0].name,
        }
        if "index" in job.array_properties:
            environment["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.array_properties["index"])
        return environment

    def _fail(self, job: Any, reason: str) -> None:
        job.status_reason = reason
        _finish(job, "FAILED")

    def _remember(self, job: Any) -> None:
        with self._lock:
            self._active.discard(job)
            self._finished.append(job)
            while len(self._finished) > KEPT_JOBS:
                oldest = self._finished.popleft()
                oldest.all_jobs.pop(oldest.job_id, None)
                # The parent of an array goes with its first child; it never runs itself.
                oldest.all_jobs.pop(oldest.job_id.partition(":")[0], None)
                with contextlib.suppress(ValueError):
                    oldest.job_queue.jobs.remove(oldest)


class _Dependency:
    """What one entry of dependsOn waits for; array jobs may wait for their own siblings."""

    def __init__(self, job: Any, wish: dict[str, str]) -> None:
        self._jobs = job.all_jobs
        index = job.array_properties.get("index")
        target = wish.get("jobId")
        if wish.get("type") == "SEQUENTIAL" and index is not None:
            parent = job.job_id.partition(":")[0]
            target = f"{parent}:{index - 1}" if index > 0 else None
        elif wish.get("type") == "N_TO_N" and index is not None:
            target = f"{target}:{index}"
        self._target = target

    def status(self) -> str:
        if self._target is None:
            return "SUCCEEDED"
        other = self._jobs.get(self._target)
        return "FAILED" if other is None else status_of(other)


def status_of(job: Any) -> str:
    """A job's state; that of an array is made of its children's."""
    if not job._child_jobs:
        return str(getattr(job.status, "value", job.status))
    states = [status_of(child) for child in job._child_jobs]
    if all(state in ("SUCCEEDED", "FAILED") for state in states):
        return "FAILED" if "FAILED" in states else "SUCCEEDED"
    return "PENDING"


def _finish(job: Any, status: str) -> None:
    if job.job_stopped:
        return
    job.job_stopped_at = datetime.now()
    job.job_stopped = True
    job.status = status


_runtime: BatchRuntime | None = None


def bind(runtime: BatchRuntime | None) -> None:
    global _runtime
    _runtime = runtime


def _run(self: Any) -> None:
    if _runtime is None:
        _finish(self, "FAILED")
        return
    _runtime.run(self)


@once
def install() -> None:
    from moto.batch.models import Job

    from local.hooks import batch_describe

    replace(Job, run=_run)
    batch_describe.install()
    batch_retries.install()
