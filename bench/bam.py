"""The check of BAM with everything on (both digests, statistics, screen, same names) against `samtools view -c`, which
unpacks and parses the same records, on one unaligned file."""

from __future__ import annotations

import importlib
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from bench.measure import by_turns, child, ratio, table

RECORDS, LENGTH, ROUNDS = 2_000_000, 100, 5

OURS = """
import sys
from biotheca.qc import check_file
with open(sys.argv[1], "rb") as file:
    chunks = iter(lambda: file.read(1 << 20), b"")
    report = check_file(chunks, None, "bam", "reads.bam", threads=int(sys.argv[2]))
assert report.verdict == "sound" and report.reads == int(sys.argv[3]), report.findings
"""


def reads_file(folder: Path) -> Path:
    """Two million records of an unaligned file: names, 100 bases, four levels of quality."""
    pysam = importlib.import_module("pysam")
    path = folder / f"reads-{RECORDS}.bam"
    if path.exists():
        return path
    dice = random.Random(7)  # noqa: S311 - the same file for everybody
    pool = [dice.randbytes(LENGTH // 2).translate(_TWO_BASES) for _ in range(5_000)]
    qualities = [bytes(dice.choices((37, 25, 11, 2), [85, 8, 5, 2], k=LENGTH)) for _ in range(5_000)]
    text = b"@HD\tVN:1.6\tSO:unsorted\n@RG\tID:one\tSM:s\n"
    part = path.with_suffix(".part")
    with pysam.BGZFile(str(part), "wb") as file:
        file.write(b"BAM\1" + struct.pack("<i", len(text)) + text + bytes(4))
        for n in range(RECORDS):
            name = b"SIM:1:FC:1:%d:%d:%d\0" % (n % 96, n, n)
            body = struct.pack("<iiBBHHHIiii", -1, -1, len(name), 0, 4680, 0, 4, LENGTH, -1, -1, 0)
            body += name + dice.choice(pool) + dice.choice(qualities) + b"RGZone\0"
            file.write(struct.pack("<I", len(body)) + body)
    part.rename(path)
    return path


_TWO_BASES = bytes((1, 2, 4, 8)[k & 3] << 4 | (1, 2, 4, 8)[k >> 2 & 3] for k in range(256))


def run(folder: Path) -> str:
    """The table. samtools is taken from the system, installed with apt-get where it is absent."""
    if not shutil.which("samtools"):
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "samtools"], check=True, capture_output=True)
    path = str(reads_file(folder))
    words = [path, "1", str(RECORDS)]
    contenders = {
        "samtools view -c": lambda: child(["samtools", "view", "-c", path]),
        "biotheca check_file, one thread": lambda: child([sys.executable, "-c", OURS, *words]),
        "biotheca check_file, two threads": lambda: child([sys.executable, "-c", OURS, path, "2", str(RECORDS)]),
    }
    done = by_turns(contenders, ROUNDS)
    peer = done["samtools view -c"]
    rows = [
        [
            name,
            f"{took.seconds:.2f}",
            f"{took.cpu_s:.2f}",
            ratio(took.seconds, peer.seconds),
            ratio(took.cpu_s, peer.cpu_s),
            f"{took.peak_mib:.0f}",
            "1.3" if "two" in name else "-",
        ]
        for name, took in done.items()
    ]
    title = f"Checking {RECORDS:,} unaligned records of {LENGTH} bases ({Path(path).stat().st_size / 1e6:.0f} MB BAM)"
    heads = ["", "seconds", "CPU s", "s / samtools' s", "CPU / samtools' CPU", "peak MiB", "bar for s"]
    return table(title, heads, rows)
