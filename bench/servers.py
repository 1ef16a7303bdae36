"""A moto server of its own process for a bench: stock, or behind the gate. Prints its address, serves until killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

KEY, SECRET = "AKIDBENCH", "bench-secret-of-no-account"


@dataclass(frozen=True)
class Server:
    """A running one."""

    url: str
    pid: int

    def environment(self) -> dict[str, str]:
        """What a child needs to talk to it."""
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        return keys | {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}

    def client(self, service: str) -> Any:
        make: Any = boto3.client  # its stubs want the service's name as a literal
        return make(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )


@contextmanager
def server(gated: bool) -> Iterator[Server]:
    """Start one and end it."""
    command = [sys.executable, "-m", "bench.servers", "gated" if gated else "stock"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield Server(process.stdout.readline().strip(), process.pid)
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _serve(gated: bool) -> None:
    from local.gate import Faults, Keys, gate, install_checksums
    from local.server import MotoServer

    faults, keys = Faults(), Keys({KEY: SECRET})
    if gated:
        install_checksums()
    wrap = [lambda app: gate(app, keys, lambda: datetime.now(UTC), faults)] if gated else []
    moto = MotoServer(0, wrap)
    moto.start()
    print(moto.endpoint_url, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    _serve(sys.argv[1] == "gated")
