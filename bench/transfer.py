"""A large file in parts: boto3 straight to stock moto, boto3 through the gate, and `biotheca`'s own client.

The same file by turns in the same run. The client reads the file once more than boto3 (its MD5 is compared with the
declared one before anything is sent) and makes a SHA-256 of each part, which the gate compares.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import table, tree_cpu_s
from bench.sending import Archive, archive, declared, noise
from bench.servers import server

SIZE_MIB, ROUNDS, PROMISE = 256, 7, 0.7
Figures = tuple[float, float, float]


def _timed(pid: int, work: Callable[[], object]) -> Figures:
    """Seconds, CPU seconds of the server, CPU seconds of the client."""
    cpu, own, started = tree_cpu_s(pid), time.process_time(), time.monotonic()
    work()
    return time.monotonic() - started, tree_cpu_s(pid) - cpu, time.process_time() - own


def _by_client(there: Archive, path: Path, md5: str) -> Figures:
    made = declared(there.client, [(path.name, md5)], "Bench of transfers")
    took = _timed(there.pid, lambda: there.client.upload(made["id"], [path], jobs=4))
    _discarded(there, made)
    return took


def _discarded(there: Archive, made: dict[str, Any]) -> None:
    there.client.session.call("DELETE", f"/v1/submissions/{made['id']}")


def run(folder: Path) -> str:
    """The table."""
    path = folder / "transfer.bin"
    md5 = noise(path, SIZE_MIB * 2**20, 1)
    took: dict[str, list[Figures]] = {}
    with server(False) as stock, server(True) as gated, archive(folder) as there:
        places = {"boto3 straight to stock moto": stock, "boto3 through the gate": gated}
        clients = {name: place.client("s3") for name, place in places.items()}
        for client in clients.values():
            client.create_bucket(Bucket="bench")
        for _ in range(ROUNDS):
            for name, client in clients.items():
                work = lambda client=client: client.upload_file(str(path), "bench", "k")  # noqa: E731
                took.setdefault(name, []).append(_timed(places[name].pid, work))
                client.delete_object(Bucket="bench", Key="k")
            took.setdefault("biotheca's client to the laptop", []).append(_by_client(there, path, md5))
    path.unlink()
    plain = median(seconds for seconds, *_ in took["boto3 straight to stock moto"])
    rows = []
    for name, figures in took.items():
        seconds, server_s, client_s = (median(f[n] for f in figures) for n in range(3))
        rate = SIZE_MIB / seconds
        rows.append(
            [name, f"{seconds:.2f}", f"{rate:.0f}", f"{plain / seconds:.2f}", f"{server_s:.2f}", f"{client_s:.2f}"]
        )
    heads = ["", "seconds", "MiB/s", "rate / plain boto3's rate", "CPU s of the server", "CPU s of the client"]
    return table(f"Sending {SIZE_MIB} MiB in parts ({PROMISE} of plain boto3 was promised)", heads, rows)
