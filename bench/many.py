"""Ten thousand small files in one command, beside s5cmd sending the same folder straight to stock moto."""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

from bench.measure import child, table, tree_cpu_s
from bench.sending import archive, declared
from bench.servers import server

FILES, LEAST_BYTES, MOST_BYTES = 10_000, 200, 4_000


def _made(folder: Path) -> list[tuple[str, str]]:
    """The files, and their names with MD5."""
    dice, declared_files = random.Random(3), []  # noqa: S311
    folder.mkdir(exist_ok=True)
    for number in range(FILES):
        body, name = dice.randbytes(dice.randint(LEAST_BYTES, MOST_BYTES)), f"cell{number:05}.fastq.gz"
        (folder / name).write_bytes(body)
        declared_files.append((name, hashlib.md5(body, usedforsecurity=False).hexdigest()))
    return declared_files


def run(folder: Path) -> str:
    """The table. Raises RuntimeError if a file did not arrive."""
    files = _made(folder / "cells")
    s5cmd = str(Path(sys.executable).parent / "s5cmd")
    with server(False) as stock:
        stock.client("s3").create_bucket(Bucket="bench")
        cpu = tree_cpu_s(stock.pid)
        command = [s5cmd, "--endpoint-url", stock.url, "cp", f"{folder / 'cells'}/*", "s3://bench/cells/"]
        peer, peer_server_s = child(command, stock.environment()), tree_cpu_s(stock.pid) - cpu
    with archive(folder) as there:
        made = declared(there.client, files, "Bench of many files")
        cpu = tree_cpu_s(there.pid)
        words = [sys.executable, "-m", "biotheca_client.cli", "upload", made["id"], str(folder / "cells")]
        ours = child(words, there.environment())
        ours_server_s = tree_cpu_s(there.pid) - cpu
        states = {file["state"] for file in there.client.files(made["id"])}
        if not states <= {"uploading", "received"}:
            raise RuntimeError(f"states of the files: {states}")
        again = child(words, there.environment())
    rows = [
        [name, f"{r.seconds:.0f}", f"{FILES / r.seconds:.0f}", f"{r.cpu_s:.1f}", f"{server_s:.0f}", f"{r.peak_mib:.0f}"]
        for name, r, server_s in (
            ("biotheca upload", ours, ours_server_s),
            ("s5cmd to stock moto", peer, peer_server_s),
        )
    ]
    rows.append(["biotheca upload again (nothing to send)", f"{again.seconds:.0f}", "", f"{again.cpu_s:.1f}", "", ""])
    heads = ["", "seconds", "files/s", "CPU s of the client", "CPU s of the server", "peak MiB of the client"]
    return table(f"{FILES:,} small files in one command", heads, rows)
