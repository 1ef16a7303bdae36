"""Lambda: every invocation that moto sees runs in a warm worker. Hook: LambdaFunction._invoke_lambda and .invoke.

The process itself: lambda_worker. Retries and destinations of asynchronous calls: lambda_async.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.hooks import runtime_errors
from local.hooks.lambda_code import CodeStore
from local.hooks.lambda_worker import Call, Worker
from local.hooks.patching import once, replace
from local.logs import LogBook, LogPump
from local.metrics import MetricTable
from local.processes import Children, LaptopStops, base_environment

MOST_WORKERS_PER_FUNCTION = 4
EXTRA_IDLE_S = 20.0  # a second worker that nobody needs
LAST_IDLE_S = 600.0  # the last one stays warm longer


@dataclass(frozen=True)
class Outcome:
    """What an invocation gave: the handler's JSON, or the error's."""

    payload: bytes
    failed: bool
    request_id: str
    log_tail: str = ""

    def value(self) -> Any:
        return json.loads(self.payload) if self.payload else None


@dataclass
class Pool:
    """The workers of one function in one version of its code and configuration."""

    fingerprint: str
    most: int
    idle: deque[Worker] = field(default_factory=deque)
    size: int = 0
    retired: bool = False


class LambdaRuntime:
    """Runs functions. `environment` gives what is added to a worker's variables."""

    def __init__(
        self,
        state: Path,
        children: Children,
        pump: LogPump,
        logs: LogBook,
        metrics: MetricTable,
        environment: Callable[[dict[str, str]], dict[str, str]],
    ) -> None:
        self._children, self._pump, self._logs, self._metrics = children, pump, logs, metrics
        self._environment = environment
        self._code = CodeStore(state / "lambda")
        self._pools: dict[str, Pool] = {}
        self._workers: set[Worker] = set()
        self._free = threading.Condition()
        self._stopping = False

    def invoke(self, function: Any, payload: bytes) -> Outcome:
        """Runs a moto LambdaFunction to its end, in the caller's thread."""
        request_id = str(uuid.uuid4())
        call = Call(request_id, payload, function.function_arn, float(function.timeout))
        since = time.time()
        try:
            pool = self._pool(function)
            worker = self._borrow(pool, function)
        except LaptopStops:
            return Outcome(runtime_errors.laptop_stops(request_id), True, request_id)
        try:
            worker.invoke(call)
        finally:
            self._give_back(pool, worker)
        tail = "\n".join(line.text for line in self._logs.log(f"lambda/{function.function_name}").lines(40, since))
        return Outcome(call.answer, call.failed, request_id, tail[-4096:])

    def workers(self, function_name: str | None = None) -> int:
        """How many processes are alive (for one function)."""
        with self._free:
            return sum(p.size for name, p in self._pools.items() if function_name in (None, name))

    def sweep(self) -> None:
        """Ends workers that were idle for too long; called by the ticker."""
        now, tired = time.monotonic(), []
        with self._free:
            for pool in self._pools.values():
                while pool.idle:
                    patience = EXTRA_IDLE_S if pool.size > 1 else LAST_IDLE_S
                    if now - pool.idle[0].last_used < patience:
                        break
                    tired.append(pool.idle.popleft())
                    pool.size -= 1
            self._workers.difference_update(tired)
        for worker in tired:
            worker.kill()

    def stop(self) -> None:
        with self._free:
            self._stopping = True
            everyone = list(self._workers)
            self._free.notify_all()
        for worker in everyone:
            worker.kill()

    def _pool(self, function: Any) -> Pool:
        # A new code or configuration means new processes, as on AWS.
        fingerprint = json.dumps(
            [function.code_sha_256, function.handler, function.environment_vars, function.timeout, function.layers],
            sort_keys=True,
            default=str,
        )
        reserved = function.reserved_concurrency
        most = max(1, min(MOST_WORKERS_PER_FUNCTION, int(reserved))) if reserved else MOST_WORKERS_PER_FUNCTION
        with self._free:
            pool = self._pools.get(function.function_name)
            if pool is None or pool.fingerprint != fingerprint:
                if pool:
                    pool.retired = True
                    for worker in pool.idle:
                        self._workers.discard(worker)
                        worker.kill()
                pool = self._pools[function.function_name] = Pool(fingerprint, most)
            return pool

    def _borrow(self, pool: Pool, function: Any) -> Worker:
        with self._free:
            while True:
                if self._stopping:
                    raise LaptopStops("the laptop is stopping")
                while pool.idle:
                    worker = pool.idle.pop()  # the warmest; the coldest can then be swept
                    if not worker.dead:
                        return worker
                    pool.size -= 1
                    self._workers.discard(worker)
                if pool.size < pool.most:
                    pool.size += 1
                    break
                self._free.wait()
        try:
            worker = self._start(function)
        except BaseException:
            with self._free:
                pool.size -= 1
                self._free.notify()
            raise
        with self._free:
            self._workers.add(worker)
        return worker

    def _give_back(self, pool: Pool, worker: Worker) -> None:
        with self._free:
            if worker.dead or pool.retired or self._stopping:
                pool.size -= 1
                self._workers.discard(worker)
            else:
                pool.idle.append(worker)
            # All waiters share one condition, also those of other functions.
            self._free.notify_all()
        if pool.retired and not worker.dead:
            worker.kill()

    def _start(self, function: Any) -> Worker:
        root, layers = self._code.python_path(function)
        given = {name: str(value) for name, value in (function.environment_vars or {}).items()}
        group = f"/aws/lambda/{function.function_name}"
        environment = {
            **base_environment(),
            "LAMBDA_TASK_ROOT": str(root),
            "LAMBDA_RUNTIME_DIR": str(root),
            "PYTHONPATH": self._code.joined(root, layers),
            "_HANDLER": function.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
            "AWS_LAMBDA_LOG_GROUP_NAME": group,
            "AWS_LAMBDA_LOG_STREAM_NAME": f"laptop/[$LATEST]{uuid.uuid4().hex}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            **given,
            **self._environment(given),
        }
        log = self._logs.log(f"lambda/{function.function_name}")
        return Worker(function.handler, environment, root, self._children, self._pump, log, self._metrics.read_line)


_runtime: LambdaRuntime | None = None


def bind(runtime: LambdaRuntime | None) -> None:
    """Names the laptop whose workers serve from now on; None when it stops."""
    global _runtime
    _runtime = runtime


def bound() -> LambdaRuntime:
    """The runtime that serves now. Raises LaptopStops."""
    if _runtime is None:
        raise LaptopStops("no laptop is running")
    return _runtime


def _invoke_lambda(self: Any, event: Any = None) -> tuple[str, bool, str]:
    if _runtime is None:
        return runtime_errors.laptop_stops("none").decode(), True, ""
    payload = event if isinstance(event, str) else json.dumps({} if event is None else event)
    outcome = _runtime.invoke(self, payload.encode())
    return outcome.payload.decode(errors="replace"), outcome.failed, outcome.log_tail


def _invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> str | bytes:
    # moto's own callers (topics, buckets, log subscriptions) send no headers at all; AWS calls asynchronously there.
    kind = request_headers.get("x-amz-invocation-type") or "RequestResponse" if request_headers else "Event"
    if kind == "DryRun":
        return b""
    payload = (body.encode() if isinstance(body, str) else body) or b"{}"
    with contextlib.suppress(ValueError):
        payload = json.dumps(json.loads(payload)).encode()
    if kind == "Event":
        from local.hooks import lambda_async

        lambda_async.submit(self, payload)
        return b""
    answer, failed, logs = self._invoke_lambda(event=payload.decode())
    if failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    response_headers["x-amz-log-result"] = base64.b64encode(logs.encode()[-4096:]).decode()
    return answer.encode()


@once
def install() -> None:
    from moto.awslambda.models import LambdaFunction

    stock_init = LambdaFunction.__init__

    def keep_dead_letter_target(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        stock_init(self, account_id, spec, *args, **kwargs)
        # moto forgets this property.
        self.dead_letter_arn = (spec.get("DeadLetterConfig") or {}).get("TargetArn")

    replace(LambdaFunction, __init__=keep_dead_letter_target, _invoke_lambda=_invoke_lambda, invoke=_invoke)
