"""Puts the archive's laptop together: the S3 gate, lake tables, people and mail beside the bare Laptop.

Each neighbour is one line here; `python -m local up`, the demo and the tests all start from these two functions.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from local.laptop import Laptop
from local.surroundings import Credentials
from local.synthesis import assembly as synthesised

Report = Callable[[str], None]


def new_laptop(state_dir: Path, port: int = 0, front_port: int = 0) -> Laptop:
    """A laptop that is not yet started."""
    return Laptop(state_dir, port, front_port, middlewares=(), credentials=Credentials())


@contextmanager
def serve(
    laptop: Laptop, assembly: Path | None = None, empty: bool = False, report: Report = lambda text: None
) -> Iterator[Laptop]:
    """Starts, deploys the archive (or `assembly`, or nothing if `empty`), seeds people; stops at the end."""
    started = time.monotonic()
    with ThreadPoolExecutor(1) as synthesis:
        # Both take seconds and neither needs the other.
        wanted = None if empty else assembly or synthesis.submit(synthesised, laptop.state_dir)
        with laptop:
            report(f"started in {time.monotonic() - started:.1f} s")
            if wanted is not None:
                laptop.deploy(wanted if isinstance(wanted, Path) else wanted.result(), report)
                if assembly is None:
                    _seed(laptop)
                report(f"ready after {time.monotonic() - started:.1f} s")
            yield laptop


def _seed(laptop: Laptop) -> None:
    if importlib.util.find_spec("local.people"):
        importlib.import_module("local.people").seed(laptop)
