"""Step Functions: moto's interpreter, switched on, with Batch's letter case mended and its memory bounded.

We stay on JSONPath without variables: moto evaluates neither JSONata nor Assign.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import Any

from local.hooks.cfn_clients import client
from local.hooks.patching import once, replace

KEPT_EXECUTIONS = 2_000

_finished: deque[tuple[Any, Any]] = deque()
_lock = threading.Lock()


@once
def install() -> None:
    from moto.core.config import default_user_config
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_batch
    from moto.stepfunctions.parser.backend import execution
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    _mend_batch(state_task_service_batch)
    _use_our_clients()
    _name_every_execution(StepFunctionsParserBackend)
    _forget_old_executions(execution)
    _drop_ended_threads()


def _mend_batch(module: Any) -> None:
    """batch:submitJob speaks PascalCase in state machines and camelCase in the API; moto leaves the step empty."""
    task = module.StateTaskServiceBatch

    def shape(self: Any, action: str | None, side: str) -> Any:
        operation = {"submit_job": "SubmitJob", "describe_jobs": "DescribeJobs"}[self._get_boto_service_action(action)]
        return getattr(client("batch").meta.service_model.operation_model(operation), side)

    def normalise_parameters(
        self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        # The environment flag that moto adds is already in the API's case; equal cases pass through.
        self._to_boto_request(parameters, shape(self, service_action_name, "input_shape"))

    def normalise_response(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        self._from_boto_response(response, shape(self, service_action_name, "output_shape"))

    replace(task, _normalise_parameters=normalise_parameters, _normalise_response=normalise_response)


def _use_our_clients() -> None:
    """moto makes a client per task (tens of milliseconds) with credentials that the S3 gate would refuse."""

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        return client(service, region)

    import moto.stepfunctions.parser.asl.utils.boto_client  # noqa: F401

    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser") and hasattr(module, "boto_client_for"):
            replace(module, boto_client_for=boto_client_for)


def _name_every_execution(backend: Any) -> None:
    import uuid

    stock = backend.start_execution

    def start_execution(self: Any, state_machine_arn: str, name: Any = None, *args: Any, **kwargs: Any) -> Any:
        return stock(self, state_machine_arn, name or str(uuid.uuid4()), *args, **kwargs)

    replace(backend, start_execution=start_execution)


def _forget_old_executions(module: Any) -> None:
    communication = module.BaseExecutionWorkerCommunication
    stock = communication.terminated

    def terminated(self: Any) -> None:
        stock(self)
        _remember(self.execution)

    replace(communication, terminated=terminated)


def _remember(execution: Any) -> None:
    from moto.stepfunctions.responses import get_backend

    with _lock:
        _finished.append((execution.account_id, execution))
        while len(_finished) > KEPT_EXECUTIONS:
            account, oldest = _finished.popleft()
            for machine in get_backend(account, oldest.region_name).state_machines:
                if machine.arn == oldest.state_machine_arn and oldest in machine.executions:
                    machine.executions.remove(oldest)


def _drop_ended_threads() -> None:
    """moto keeps every thread it ever started, for its own tests."""
    from moto.stepfunctions.parser import utils

    class Alive(list[Any]):
        def append(self, thread: Any) -> None:
            if len(self) > 200:
                self[:] = [t for t in self if t.is_alive()]
            super().append(thread)

    kept = Alive(utils.TMP_THREADS)
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser") and hasattr(module, "TMP_THREADS"):
            replace(module, TMP_THREADS=kept)


def reset() -> None:
    with _lock:
        _finished.clear()
