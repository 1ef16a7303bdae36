"""The whole laptop cloud of Biotheca: Laptop with gate, lake, SQL, mailbox, traces and example people.

`Laptop` knows how to run any synthesised application; this module knows ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local import athena, keeping, lake_tables, mailbox, people, tracing
from local.gate import Faults, Keys, gate, install_checksums
from local.hooks.cfn_clients import client
from local.http_server import Response
from local.insdc.server import FeedServer
from local.laptop import PROJECT, Laptop
from local.surroundings import Credentials

STATE_DIR = PROJECT / ".biotheca"


class Stack(Laptop):
    """A laptop cloud that behaves as ours does in AWS."""

    def __init__(self, state_dir: Path = STATE_DIR, port: int = 0, front_port: int = 0) -> None:
        keys = Credentials()
        self.faults = Faults()
        # Links are judged by the machine's time, which is also what boto3 signs with; tests may shift it.
        self.link_age = timedelta(0)
        secrets = Keys({keys.access_key: keys.secret_key})

        def link_time() -> datetime:
            return datetime.now(UTC) + self.link_age

        def guarded(app: Any) -> Any:
            return gate(app, secrets, link_time, self.faults)

        super().__init__(state_dir, port, front_port, middlewares=[guarded], credentials=keys)
        self.traces = tracing.Daemon()
        self.environment["AWS_XRAY_DAEMON_ADDRESS"] = self.traces.address
        # INSDC on this machine: empty until somebody publishes a day (local.insdc.world).
        self.insdc = FeedServer(state_dir / "insdc")
        self.environment["BIOTHECA_ARTICLE_SOURCES"] = "{}"  # nobody outside this machine is asked
        self.environment["BIOTHECA_MIRROR_SOURCES"] = json.dumps(self.insdc.addresses())

    def start(self) -> Stack:
        """Serve an empty cloud."""
        lake_tables.install()
        install_checksums()
        mailbox.install()
        keys = self.credentials
        athena.install(lambda: self.endpoint_url, keys.access_key, keys.secret_key, keys.region)
        super().start()
        self.traces.start()
        self.insdc.start()
        self.keeper = keeping.Keeper(self)
        self._show(mailbox.pages(), "what the system mailed")
        self._show(self.traces.pages(), "traces of functions, newest first")
        return self

    def stop(self) -> None:
        """End everything; safe to call twice."""
        running = self._running
        super().stop()
        if running:
            self.traces.stop()
            self.insdc.stop()

    def deploy(self, assembly: Path, report: Callable[[str], None] = lambda text: None) -> dict[str, dict[str, str]]:
        """Create the stacks and the example people."""
        outputs = super().deploy(assembly, report)
        people.seed(client("cognito-idp"), self.output("UserPoolId"))
        return outputs

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments for a boto3 client of this laptop."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": self.credentials.region,
            "aws_access_key_id": self.credentials.access_key,
            "aws_secret_access_key": self.credentials.secret_key,
        }

    def _show(self, pages: dict[str, Callable[[], tuple[str, bytes]]], summary: str) -> None:
        for path, page in pages.items():
            self.front.pages.register(path.removeprefix("/_local"), _answering(page), summary)


def _answering(page: Callable[[], tuple[str, bytes]]) -> Callable[[Any], Response]:
    def answer(_request: Any) -> Response:
        kind, body = page()
        return Response(200, body, [("Content-Type", kind)])

    return answer
