"""Encrypting and decrypting a file of 1 GiB from disk to nowhere, beside the crypt4gh package in the same run."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path

from bench.measure import by_turns, child, ratio, table

SIZE_BYTES, ROUNDS = 1024**3, 3
_KEYS = """
import sys
from biotheca.formats import crypt4gh_header
key, reader = bytes([1]) * 32, crypt4gh_header.public_key_of(bytes([1]) * 32)
source, target = open(sys.argv[1], "rb", buffering=0), open(sys.argv[2], "wb", buffering=0)
"""
OURS = {
    "encrypt": "from biotheca.formats.crypt4gh import encrypt\n"
    "for piece in encrypt(iter(lambda: source.read(1 << 20), b''), [reader]): target.write(piece)",
    "decrypt": "from biotheca.formats.crypt4gh import decrypt\n"
    "for piece in decrypt(iter(lambda: source.read(1 << 20), b''), [key]): target.write(piece)",
}
PEERS = {
    "encrypt": "from crypt4gh import lib\nlib.encrypt([(0, bytes([2]) * 32, reader)], source, target)",
    "decrypt": "from crypt4gh import lib\nlib.decrypt([(0, key, None)], source, target)",
}


def run(folder: Path) -> str:
    """One table; rates are of plain bytes."""
    plain, stored = folder / "plain.bin", folder / "plain.bin.c4gh"
    if not plain.exists() or plain.stat().st_size != SIZE_BYTES:
        with plain.open("wb") as file:
            for _ in range(SIZE_BYTES >> 20):
                file.write(os.urandom(1 << 20))
    child(_words(OURS["encrypt"], plain, stored))
    rows = []
    for verb, source in (("encrypt", plain), ("decrypt", stored)):
        contenders = {
            "ours": lambda verb=verb, source=source: child(_words(OURS[verb], source, Path("/dev/null"))),
            "peer": lambda verb=verb, source=source: child(_words(PEERS[verb], source, Path("/dev/null"))),
        }
        told = by_turns(contenders, ROUNDS)
        names = {"ours": "ours", "peer": f"crypt4gh=={importlib.metadata.version('crypt4gh')}"}
        for name, one in told.items():
            rate = SIZE_BYTES / 1e6 / one.cpu_s
            figures = [f"{rate:.0f}", f"{one.cpu_s:.2f}", f"{one.seconds:.2f}", f"{one.peak_mib:.0f}"]
            rows.append([f"{verb}, {names[name]}", *figures, ratio(told["peer"].cpu_s, one.cpu_s)])
    heads = ["", "MB per CPU-second", "CPU s", "seconds", "peak MiB", "its rate / crypt4gh's"]
    return table(f"Crypt4GH: a file of 1 GiB (medians of {ROUNDS})", heads, rows)


def _words(program: str, source: Path, target: Path) -> list[str]:
    return [sys.executable, "-c", _KEYS + program, str(source), str(target)]
