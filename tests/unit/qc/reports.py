"""Reports for the tests of what is made of them: real ones of small files, with statistics from the oracle."""

from __future__ import annotations

import random
from typing import Any

from biotheca.qc import check_file
from tests.unit.qc.reference_statistics import Reads, statistics

ADAPTER = "AGATCGGAAGAGCACACGTCTGAACTCCAGTCAC"


def some_reads(count: int = 200, length: int = 60, seed: int = 1) -> Reads:
    """Reads whose quality falls along the read; every tenth runs into an adapter."""
    dice = random.Random(seed)
    made = []
    for number in range(count):
        sequence = "".join(dice.choices("ACGTN", [29, 21, 20, 29.5, 0.5], k=length))
        if number % 10 == 0 and length > 40:
            at = dice.randrange(10, length - 14)
            sequence = (sequence[:at] + ADAPTER)[:length].ljust(length, "A")
        values = [max(2, min(41, round(dice.gauss(37 - 12 * (at / length) ** 3, 2)))) for at in range(length)]
        made.append((sequence, "".join(chr(33 + value) for value in values)))
    return made


def fastq(reads: Reads) -> bytes:
    """The reads as a file, names in an instrument's order."""
    named = (f"@A0:1:F:1:1101:{n}:{n} 1:N:0:ATC\n{s}\n+\n{q}\n" for n, (s, q) in enumerate(reads, 1))
    return "".join(named).encode()


def report_of(reads: Reads, name: str = "reads_1.fastq", text: bytes | None = None) -> dict[str, Any]:
    """The check's report of these reads (or of another text under their numbers), names and statistics filled in."""
    report = check_file([fastq(reads) if text is None else text], None, "fastq", name).as_dict()
    compared = {"method": "window", "checked": len(reads), "duplicate_names": 0, "examples": []}
    labels = {"1": len(reads), "2": 0, "none": 0}
    names = {"digests": [], "labels": labels, "lanes": ["1"], "platform": "Illumina"}
    return report | {"statistics": statistics(reads), "duplicates": compared, "names": names}
