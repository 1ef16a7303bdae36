"""moto on a free port, with or without the gate in front, and boto3 clients for it.

`serving()` is in this process; `serving_apart()` in one of its own, which a test may empty.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local.gate import Faults, gate

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
logging.getLogger("werkzeug").setLevel(logging.ERROR)


class QuietHandler(MotoRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        pass


@dataclass
class Served:
    """A running server. `ahead` moves the clock that ends presigned URLs."""

    gated: bool = True
    ahead: timedelta = timedelta(0)
    faults: Faults = field(default_factory=Faults)
    url: str = ""
    clients: dict[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def client(
        self, service: str, key: str = KEY, secret: str = SECRET, region: str = "us-east-1", **config: Any
    ) -> Any:
        options = {"signature_version": "s3v4"} if service == "s3" else {}
        options |= {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 0}}
        options |= config
        wanted = repr((service, region, key, secret, sorted(options.items(), key=str)))
        if wanted not in self.clients:  # making one costs more than most tests
            self.clients[wanted] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                config=Config(**options),
            )
        return self.clients[wanted]

    def bucket(self, prefix: str = "b") -> str:
        name = f"{prefix}-{uuid.uuid4().hex[:12]}"
        self.client("s3").create_bucket(Bucket=name)
        return name


@contextlib.contextmanager
def serving(gated: bool = True, wrap: Callable[[Any], Any] = lambda app: app) -> Iterator[Served]:
    served = Served(gated)
    app: Any = DomainDispatcherApplication(create_backend_app)
    if gated:
        app = gate(app, {KEY: SECRET}, served.now, served.faults)
    server = make_server("127.0.0.1", 0, wrap(app), threaded=True, request_handler=QuietHandler)
    served.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def serving_apart() -> Iterator[Served]:
    """A gated server with the hooks of the lake, in a process of its own. Its faults are set over HTTP."""
    server = subprocess.Popen([sys.executable, "-m", "tests.local.served"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield Served(url=server.stdout.readline().strip())
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    from local import lake_tables

    lake_tables.install()
    with serving() as apart:
        print(apart.url, flush=True)
        while True:
            time.sleep(3600)
