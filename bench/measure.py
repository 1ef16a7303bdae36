"""How a bench measures: children with their CPU time and peak memory, contenders by turns, medians, one table."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil


@dataclass(frozen=True)
class Run:
    """One run of one contender."""

    seconds: float
    cpu_s: float
    peak_mib: float
    said: str = ""


def child(command: list[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end. Its peak memory is watched, because wait4 counts what the parent had at the fork."""
    started, peak = time.monotonic(), 0.0
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, env={**os.environ, **(environment or {})})
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, peak_mib(process.pid))
            time.sleep(0.01)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}\n{said}")
    return Run(seconds, used.ru_utime + used.ru_stime, peak, said)


def peak_mib(pid: int) -> float:
    """The highest resident size of a process so far; 0 when it has just ended."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0


def by_turns(contenders: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, Run]:
    """Every contender once a round, so that a busy moment hits all; medians of each figure, the highest peak."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            runs[name].append(contender())
    return {
        name: Run(
            median(r.seconds for r in done), median(r.cpu_s for r in done), max(r.peak_mib for r in done), done[-1].said
        )
        for name, done in runs.items()
    }


def tree_cpu_s(pid: int) -> float:
    """CPU seconds of a process and its living descendants so far."""
    total = 0.0
    for process in family(pid):
        used = process.cpu_times()
        total += used.user + used.system
    return total


def tree_peak_mib(pid: int) -> float:
    """Sum of the highest resident sizes of a process and its descendants; shared pages are counted in each."""
    return sum(peak_mib(process.pid) for process in family(pid))


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def table(title: str, heads: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table.

    >>> print(table("t", ["a", "b"], [["x", 1.5]]))
    ### t
    <BLANKLINE>
    | a | b |
    | --- | --- |
    | x | 1.5 |
    """
    lines = [f"### {title}", "", f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)])


def ratio(ours: float, peer: float) -> str:
    """
    >>> ratio(3, 2)
    '1.50'
    """
    return f"{ours / peer:.2f}" if peer else "-"


def load() -> str:
    """The machine's load over the last minute, and how many cores it has."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
