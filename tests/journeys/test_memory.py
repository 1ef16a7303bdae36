"""Memory of the whole stack (server and workers) stays flat over 10,000 requests, in a laptop of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from local.people import PEOPLE
from tests.journeys.conftest import Person, draft, tiny_fastq

REQUESTS, WARM_UP = 10_000, 2_000
# What 8,000 more requests may cost. A leak of one kilobyte a request would be 8 MiB.
ALLOWED_BYTES = 8 * 1024**2


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """(pid, address of the front) of a laptop in a process of its own."""
    command = [sys.executable, "-m", "local", "--state", str(tmp_path), "up", "--port", "0", "--front-port", "0"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert child.stdout
    for line in child.stdout:
        if found := re.match(r"archive and portal\s+(\S+)", line):
            break
    else:
        raise AssertionError("the laptop did not start")
    yield child.pid, found[1]
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=30) == 0
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]


def _resident_bytes(pid: int) -> dict[str, int]:
    """Resident memory of the server and each of its children, by pid."""
    found = {}
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            found[f"{process.pid}"] = process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return found


def test_memory_is_flat_over_ten_thousand_requests(laptop: tuple[int, str]) -> None:
    pid, url = laptop
    ana = Person(url, PEOPLE[0].email)
    token = ana.post("/v1/sign-in", {"email": PEOPLE[0].email, "password": PEOPLE[0].password})["token"]
    ana.session.headers["Authorization"] = f"Bearer {token}"
    made = draft(ana, [("flat.fastq.gz", tiny_fastq())], "Flat memory")
    # The dear ones (several reads of tables each) are asked 500 times, the others up to 3,000 times.
    dear = ["/v1/me", f"/v1/submissions/{made['id']}"]
    cheap = ["/v1/search?q=nothing", "/v1/members", "/v1/records/CRA999999"] * 2
    paths = [*dear, *cheap, *["/v1/health", "/v1/rules/general.fault"] * 6]

    def ask(numbers: range) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            for number in numbers:
                status = session.get(url + paths[number % len(paths)], timeout=60).status_code
                assert status == (404 if "CRA999999" in paths[number % len(paths)] else 200)

    def ask_all(first: int, last: int) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(ask, (range(first, last, 2), range(first + 1, last, 2))))

    ask_all(0, WARM_UP)
    before = _resident_bytes(pid)
    ask_all(WARM_UP, REQUESTS)
    after = _resident_bytes(pid)
    grown = {key: (after[key] - before.get(key, 0)) / 2**20 for key in after}
    print(f"resident memory: {sum(before.values()) / 2**20:.0f} MiB after {WARM_UP:,}, then per process: {grown}")
    assert sum(after.values()) - sum(before.values()) < ALLOWED_BYTES, grown
