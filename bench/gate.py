"""What the S3 gate (signatures, expiry, checksums) costs on PUT and GET, against the same moto without it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import peak_mib, ratio, table, tree_cpu_s
from bench.servers import Server, server

SIZES = {"1 kB": (1_000, 100), "64 MiB": (64 * 1024 * 1024, 1)}
ROUNDS = 5


def _timed(where: Server, count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds and CPU milliseconds of the server, each per call."""
    cpu, started = tree_cpu_s(where.pid), time.monotonic()
    for _ in range(count):
        work()
    return (time.monotonic() - started) / count * 1e3, (tree_cpu_s(where.pid) - cpu) / count * 1e3


def _read(client: Any) -> bytes:
    body: bytes = client.get_object(Bucket="bench", Key="k")["Body"].read()
    return body


def run(folder: Path) -> str:
    """The table."""
    took: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    with server(True) as gated, server(False) as stock:
        places = {"gate": gated, "stock": stock}
        clients = {name: place.client("s3") for name, place in places.items()}
        for client in clients.values():
            client.create_bucket(Bucket="bench")
        for size, (length, count) in SIZES.items():
            body = os.urandom(length)
            for _ in range(ROUNDS):
                for name, client in clients.items():
                    put = partial(client.put_object, Bucket="bench", Key="k", Body=body)
                    get = partial(_read, client)
                    for verb, work in (("PUT", put), ("GET", get)):
                        took.setdefault((size, verb, name), []).append(_timed(places[name], count, work))
        peaks = {name: peak_mib(place.pid) for name, place in places.items()}
    rows = []
    for size in SIZES:
        for verb in ("PUT", "GET"):
            ms = {name: median(t[0] for t in took[size, verb, name]) for name in clients}
            cpu = {name: median(t[1] for t in took[size, verb, name]) for name in clients}
            figures = [f"{ms['gate']:.1f}", f"{ms['stock']:.1f}", ratio(ms["gate"], ms["stock"])]
            rows.append([f"{verb} {size}", *figures, f"{cpu['gate']:.1f}", f"{cpu['stock']:.1f}"])
    rows.append(
        ["peak MiB", f"{peaks['gate']:.0f}", f"{peaks['stock']:.0f}", ratio(peaks["gate"], peaks["stock"]), "", ""]
    )
    heads = ["", "gate, ms", "stock moto, ms", "gate / stock", "gate, CPU ms", "stock, CPU ms"]
    return table("S3 through the gate", heads, rows)
