"""The laptop cloud as one object: start, deploy, stop. Command line: local.__main__.

Everything that it starts (threads, children, sockets) it also ends; a second one in the same
process must wait for that, because moto's backends are global.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from local import deploy as deployment
from local import hooks, laptop_pages, server
from local.background import Background
from local.clock import SettableClock
from local.event_sources import EventSources
from local.front import Front
from local.hooks import (
    batch_runtime,
    cfn_clients,
    event_targets,
    hearing,
    lambda_async,
    lambda_runtime,
    step_functions,
)
from local.logs import LogBook, LogPump
from local.metrics import MetricTable
from local.processes import Children
from local.surroundings import Credentials, Surroundings
from local.ticker import Ticker

PROJECT = Path(__file__).resolve().parent.parent

_one_at_a_time = threading.Lock()


class Laptop:
    """moto with executors. `port` is moto's, `front_port` the HTTP API's and the portal's; 0 = any free.

    `middlewares` wrap moto's WSGI application, the first one outermost.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int = 0,
        front_port: int = 0,
        middlewares: Sequence[server.Middleware] = (),
        credentials: Credentials | None = None,
        portal: Path | None = None,
    ) -> None:
        self.state_dir = Path(state_dir).resolve()
        self.credentials = credentials or Credentials()
        self.outputs: dict[str, dict[str, str]] = {}
        self.clock = SettableClock(self.state_dir / "clock")
        self.logs = LogBook(self.state_dir / "logs")
        self.metrics = MetricTable()
        self.moto = server.MotoServer(port, middlewares)
        self.front = Front(front_port, portal or PROJECT / "portal", self.clock)
        self.ticker = Ticker(self.clock)
        self.event_sources = EventSources()
        self.environment: dict[str, str] = {}  # more variables for every worker and job; filled before start
        self._running = False
        laptop_pages.register(self)

    @property
    def endpoint_url(self) -> str:
        """The address of all AWS APIs."""
        return self.moto.endpoint_url

    @property
    def front_url(self) -> str:
        """The address of the archive's HTTP API and portal."""
        return self.front.url

    def start(self) -> Laptop:
        """Serves an empty cloud. Raises server.PortTaken."""
        if not _one_at_a_time.acquire(timeout=30):
            raise RuntimeError("another laptop is running in this process")
        self._running = True
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def deploy(self, assembly: Path, report: deployment.Report = lambda text: None) -> dict[str, dict[str, str]]:
        """Creates the assembly's stacks. Raises deployment.DeploymentFailed."""
        self.outputs.update(deployment.deploy(Path(assembly), self.credentials, self.endpoint_url, report))
        self.front.reload()
        return self.outputs

    def output(self, key: str) -> str:
        """An output by its key, whichever stack it is of."""
        for outputs in self.outputs.values():
            if key in outputs:
                return outputs[key]
        raise KeyError(key)

    def quiet(self) -> AbstractContextManager[None]:
        """While entered, what is written to buckets and tables is no news to anybody; what runs goes on."""
        return hearing.quiet()

    def stop(self) -> None:
        """Ends all; safe to call twice."""
        if not self._running:
            return
        self._running = False
        try:
            self._stop()
        finally:
            _one_at_a_time.release()

    def __enter__(self) -> Laptop:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        hooks.install()
        server.forget_everything()
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.moto.start()
        self.front.start()
        self.surroundings = Surroundings(
            self.endpoint_url,
            self.front_url,
            self.credentials,
            self.clock.path,
            self.state_dir / "aws-config",
            self.environment,
        )
        self.surroundings.write_aws_config()
        self.children, self.pump = Children(), LogPump()
        self.deliveries, self.invocations = Background("deliveries", 8), Background("invocations", 16)
        environment = self.surroundings.environment
        self.lambdas = lambda_runtime.LambdaRuntime(
            self.state_dir, self.children, self.pump, self.logs, self.metrics, environment
        )
        self.batch = batch_runtime.BatchRuntime(PROJECT, self.children, self.pump, self.logs, environment)
        address = cfn_clients.Address(
            self.endpoint_url, self.credentials.region, self.credentials.access_key, self.credentials.secret_key
        )
        cfn_clients.bind(address)
        lambda_runtime.bind(self.lambdas)
        lambda_async.bind(self.invocations)
        batch_runtime.bind(self.batch)
        event_targets.bind(self.deliveries)
        self.event_sources.start()
        self.ticker.start()
        self.ticker.every(5.0, self.lambdas.sweep)

    def _stop(self) -> None:
        self.ticker.stop()
        self.event_sources.ask_to_stop()
        for name in ("lambdas", "batch"):
            if executor := getattr(self, name, None):
                executor.stop()
        for name in ("deliveries", "invocations"):
            if background := getattr(self, name, None):
                background.stop()
        self.event_sources.stop()
        self.front.stop()
        self.moto.stop()
        for module in (cfn_clients, lambda_runtime, lambda_async, batch_runtime, event_targets):
            module.bind(None)
        if children := getattr(self, "children", None):
            children.stop()
        if pump := getattr(self, "pump", None):
            pump.stop()
        step_functions.reset()
        server.forget_everything()
