"""A petabyte in two days: files arrive, wait for a machine and are checked, with measured rates and AWS's limits.

A simulation of events, not of bytes: arrivals of files at 6.5 GB/s with sizes as archives see them, a Map of one
workflow a submission, Batch's rate of submissions and its processors. Nothing here is timed.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import table
from biotheca.qc.sizing import size

PETABYTE = 1024**5
DAYS = 2
SUBMITS_PER_S = 50  # Batch: SubmitJob calls a second and account
MEDIAN_BYTES, SIGMA, LARGEST_BYTES = 4e9, 1.6, 1.1e12  # log-normal; the largest is a terabyte
BGZF_SHARE = 0.15  # BAM and bgzip


@dataclass
class Outcome:
    """What a simulation came to. Times in seconds from the first arrival."""

    files: int = 0
    stored_bytes: int = 0
    ended_s: float = 0.0
    busy_vcpu_s: float = 0.0
    most_vcpus: int = 0
    dollars: float = 0.0
    waits_s: list[float] = field(default_factory=list)


def arrivals(total_bytes: int, seconds: float, seed: int = 7) -> Iterator[tuple[float, int, str]]:
    """(second, stored bytes, container) of files that come evenly over the time until they are so many bytes."""
    dice = random.Random(seed)  # noqa: S311 - the same files for everybody
    sent = 0
    while sent < total_bytes:
        size_bytes = int(min(dice.lognormvariate(math.log(MEDIAN_BYTES), SIGMA), LARGEST_BYTES, total_bytes - sent))
        size_bytes = max(size_bytes, 1)
        sent += size_bytes
        # A file is there when its last byte is.
        yield seconds * sent / total_bytes, size_bytes, "bgzf" if dice.random() < BGZF_SHARE else "gzip"


def simulate(total_bytes: int, seconds: float, vcpus: int, seed: int = 7) -> Outcome:
    """Check all files that arrive, first come first served, with so many processors at once."""
    told = Outcome()
    free = vcpus
    running: list[tuple[float, int]] = []  # (when it ends, its processors)
    next_submit = clock = 0.0
    for arrived, size_bytes, container in arrivals(total_bytes, seconds, seed):
        needed = size(size_bytes, container)
        if needed.vcpus > vcpus:
            raise ValueError(f"a job wants {needed.vcpus} processors, there are {vcpus}")
        clock = max(clock, arrived, next_submit)
        next_submit = clock + 1 / SUBMITS_PER_S
        while running and (running[0][0] <= clock or free < needed.vcpus):
            ends, given = heapq.heappop(running)
            free += given
            clock = max(clock, ends)
        free -= needed.vcpus
        heapq.heappush(running, (clock + needed.seconds, needed.vcpus))
        told.files += 1
        told.stored_bytes += size_bytes
        told.busy_vcpu_s += needed.vcpus * needed.seconds
        told.most_vcpus = max(told.most_vcpus, vcpus - free)
        told.dollars += needed.dollars
        told.waits_s.append(clock - arrived)
        told.ended_s = max(told.ended_s, clock + needed.seconds)
    return told


def run(folder: Path) -> str:
    """The table."""
    del folder
    seconds = DAYS * 86400.0
    rows = []
    for vcpus in (64, 96, 128, 256, 512):
        told = simulate(PETABYTE, seconds, vcpus)
        waits = sorted(told.waits_s)
        rows.append(
            [
                vcpus,
                f"{told.files:,}",
                told.most_vcpus,
                f"{waits[len(waits) // 2] / 60:.1f}",
                f"{waits[int(len(waits) * 0.99)] / 60:.1f}",
                f"{(told.ended_s - seconds) / 3600:.1f}",
                f"{told.stored_bytes / told.ended_s / 1e9:.2f}",
                f"{told.dollars:,.0f}",
            ]
        )
    heads = ["vCPUs at most", "files", "used", "median wait min", "99 % min", "done h later", "GB/s", "dollars"]
    return table("1 PB in two days: checks of files by processors (simulated)", heads, rows)
