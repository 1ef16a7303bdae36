"""Reads per second of the file check against parsers that do less, on one gzip FASTQ of random reads."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

from bench.measure import Run, by_turns, child, ratio, table

PEERS = {"dnaio": "1.2.4", "pysam": "0.24.1", "pyfastx": "2.3.1"}
READS, LENGTH, ROUNDS = 1_000_000, 100, 3

OURS = """
import sys
from biotheca.qc import check_file
with open(sys.argv[1], "rb") as file:
    report = check_file(iter(lambda: file.read(1 << 20), b""), sys.argv[2], "fastq", "reads.fastq.gz")
assert report.verdict == "sound", report
"""
# The same without anything compiled of ours, and with the standard library's zlib.
FALLBACK = """
from biotheca.formats import gzip_members, native
gzip_members.INFLATERS.pop("igzip", None)
native._built = None
"""
# What decompression alone costs: the floor.
IGZIP = "import sys; from isal import igzip\nwith igzip.open(sys.argv[1]) as f:\n  while f.read(1 << 20): pass"
CODE = {
    "dnaio": "import dnaio, sys\nwith dnaio.open(sys.argv[1]) as f: print(sum(1 for _ in f))",
    "dnaio + md5": (
        "import dnaio, hashlib, sys\n"
        "with open(sys.argv[1], 'rb') as f: print(hashlib.file_digest(f, 'md5').hexdigest())\n"
        "with dnaio.open(sys.argv[1]) as f: print(sum(1 for _ in f))"
    ),
    "pysam FastxFile": "import pysam, sys\nprint(sum(1 for _ in pysam.FastxFile(sys.argv[1], persist=False)))",
    "pyfastx": "import pyfastx, sys\nprint(sum(1 for _ in pyfastx.Fastq(sys.argv[1], build_index=False)))",
}


def reads_file(folder: Path) -> Path:
    """A million reads with qualities as a sequencer gives them, compressed at level 6."""
    path = folder / f"reads-{READS}.fastq.gz"
    if path.exists():
        return path
    dice = random.Random(7)  # noqa: S311 - the same file for everybody
    pool = ["".join(dice.choices("ACGT", k=LENGTH)) for _ in range(5_000)]
    qualities = ["".join(dice.choices("FFFFFFF:,#", k=LENGTH)) for _ in range(5_000)]
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        for start in range(0, READS, 10_000):
            lines = (
                f"@SIM:1:FC:1:{n % 96}:{n}:{n} 1:N:0:A\n{dice.choice(pool)}\n+\n{dice.choice(qualities)}\n"
                for n in range(start, start + 10_000)
            )
            file.write(packer.compress("".join(lines).encode()))
        file.write(packer.flush())
    part.rename(path)
    return path


def peers_python(folder: Path) -> str:
    """An environment of their own for the peers, made once."""
    python = folder / "peers" / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "peers")], check=True)
        wanted = [f"{name}=={version}" for name, version in PEERS.items()]
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *wanted], check=True)
    return str(python)


def run(folder: Path) -> str:
    """The table."""
    path, python = reads_file(folder), peers_python(folder)
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    contenders = {"biotheca check_file": lambda: child([sys.executable, "-c", OURS, str(path), md5])}
    contenders["the same, Python engine and zlib"] = _running([sys.executable, "-c", FALLBACK + OURS, str(path), md5])
    contenders["igzip alone (floor)"] = _running([sys.executable, "-c", IGZIP, str(path)])
    for name, code in CODE.items():
        contenders[name] = _running([python, "-c", code, str(path)])
    contenders["gzip -t (floor)"] = _running(["gzip", "-t", str(path)])
    done = by_turns(contenders, ROUNDS)
    ours = done["biotheca check_file"]
    rows = [
        [
            name,
            f"{READS / took.seconds / 1e6:.2f} M",
            f"{took.cpu_s:.2f}",
            ratio(ours.seconds, took.seconds),
            f"{took.peak_mib:.0f}",
        ]
        for name, took in done.items()
    ]
    title = f"Checking {READS:,} reads of {LENGTH} bases ({path.stat().st_size / 1e6:.0f} MB gzip)"
    return table(title, ["", "reads/s", "CPU s", "our time / its time", "peak MiB"], rows)


def _running(command: list[str]) -> Callable[[], Run]:
    return lambda: child(command)
