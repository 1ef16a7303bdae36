"""Memory of the whole stack (server and workers) stays flat over 10,000 requests."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import psutil
import requests

from local.stack import Stack
from tests.journeys.conftest import Person, draft, tiny_fastq

REQUESTS, WARM_UP = 10_000, 2_000
# What 8,000 more requests may cost. A leak of one kilobyte a request would be 8 MiB.
ALLOWED_BYTES = 12 * 1024**2


def _resident_bytes() -> int:
    me = psutil.Process(os.getpid())
    total = 0
    for process in (me, *me.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def test_memory_is_flat_over_ten_thousand_requests(stack: Stack, ana: Person) -> None:
    made = draft(ana, [("flat.fastq.gz", tiny_fastq())], "Flat memory")
    paths = ["/v1/health", "/v1/search?q=nothing", "/v1/me", f"/v1/submissions/{made['id']}", "/v1/records/CRA999999"]
    headers = {"Authorization": str(ana.session.headers["Authorization"])}

    def ask(numbers: range) -> None:
        with requests.Session() as session:
            session.headers.update(headers)
            for number in numbers:
                status = session.get(stack.front_url + paths[number % len(paths)], timeout=60).status_code
                assert status == (404 if number % len(paths) == 4 else 200)

    def ask_all(first: int, last: int) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(ask, (range(first, last, 2), range(first + 1, last, 2))))

    ask_all(0, WARM_UP)
    before = _resident_bytes()
    ask_all(WARM_UP, REQUESTS)
    grown = _resident_bytes() - before
    print(f"resident memory: {before / 2**20:.0f} MiB after {WARM_UP:,}, {grown / 2**20:+.1f} MiB after {REQUESTS:,}")
    assert grown < ALLOWED_BYTES
