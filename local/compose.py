"""Starts the archive's whole laptop cloud for the command line: synthesis beside the start, then the deployment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from local.keeping import KEYS_FILE
from local.laptop import Laptop
from local.people import PEOPLE
from local.stack import Stack
from local.synthesis import assembly as synthesised

Report = Callable[[str], None]


def new_laptop(state_dir: Path, port: int = 0, front_port: int = 0, bare: bool = False) -> Laptop:
    """A laptop that is not yet started: the archive's with gate, lake and people, or a bare one for other stacks."""
    return Laptop(state_dir, port, front_port) if bare else Stack(state_dir, port, front_port)


@contextmanager
def serve(
    laptop: Laptop, assembly: Path | None = None, empty: bool = False, report: Report = lambda text: None
) -> Iterator[Laptop]:
    """Starts and deploys the archive (or `assembly`, or nothing if `empty`); stops at the end."""
    started = time.monotonic()
    with ThreadPoolExecutor(1) as synthesis:
        # Both take seconds and neither needs the other.
        wanted = None if empty else assembly or synthesis.submit(synthesised, laptop.state_dir)
        with laptop:
            report(f"started in {time.monotonic() - started:.1f} s")
            if wanted is not None:
                laptop.deploy(wanted if isinstance(wanted, Path) else wanted.result(), report)
                report(f"ready after {time.monotonic() - started:.1f} s")
            yield laptop


def welcome(laptop: Laptop, report: Report) -> None:
    """Addresses, keys and example people of a laptop that serves."""
    report(f"\narchive and portal  {laptop.front_url}")
    report(f"what it mails       {laptop.front_url}/_local/mail")
    report(f"traces of functions {laptop.front_url}/_local/traces")
    report(f"AWS APIs            {laptop.endpoint_url}")
    if isinstance(laptop, Stack):
        report(f"AWS keys            AWS_SHARED_CREDENTIALS_FILE={laptop.state_dir / KEYS_FILE}")
    report("\nexample people (biotheca login --email ...)")
    for person in PEOPLE:
        report(f"  {person.email:<18} {person.password:<24} {person.words}")
    report("\nCtrl-C ends it.")
