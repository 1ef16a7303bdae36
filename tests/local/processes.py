"""Laptops in processes of their own, for tests that end one."""

from __future__ import annotations

import configparser
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from local.lock import Running, running
from tests.local.conftest import wait_for


@dataclass
class Process:
    """A laptop in a process of its own."""

    state: Path
    who: Running
    process: subprocess.Popen[str]

    def aws(self, service: str) -> Any:
        ini = configparser.ConfigParser()
        ini.read(self.state / "aws-credentials")
        return boto3.client(service, endpoint_url=self.who.endpoint_url, region_name="us-east-1", **ini["default"])

    def page(self, name: str, **query: str) -> Any:
        return requests.get(f"{self.who.front_url}/_local/{name}", params=query, timeout=30).json()


def command(state: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "local", "--state", str(state), *words]


def ask(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(state, *words), capture_output=True, text=True, timeout=120)


@contextmanager
def serving(state: Path, *words: str) -> Iterator[Process]:
    """`python -m local WORDS` until it says that Ctrl-C ends it; ends it."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "output").open("w") as output:
        process = subprocess.Popen(
            command(state, *words, "--port", "0", "--front-port", "0"),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:

            def ready() -> Any:
                assert process.poll() is None, (state / "output").read_text()[-2000:]
                return "Ctrl-C ends it" in (state / "output").read_text()

            wait_for(ready, 480, "the laptop")
            who = running(state)
            assert who
            yield Process(state, who, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=180)
