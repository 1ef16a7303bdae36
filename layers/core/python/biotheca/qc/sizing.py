"""What the check of a file needs, from its size and its name: processors, memory, scratch disk, time, dollars.

Pure; the measured rates and the prices are data (catalog/sizing.yaml). The plan of a round writes the answer beside
each file, and the state machine chooses the machine by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from biotheca import catalog

_MIB, _GIB = 2**20, 2**30
# Memory that Fargate sells with so many processors, in MiB.
_LEAST_MEMORY = {1: 2048, 2: 4096, 4: 8192, 8: 16384}


@dataclass(frozen=True)
class Sizing:
    """`machine` is a row of the catalog. `reads` is an estimate, `seconds` the whole job with its start."""

    machine: str
    vcpus: int
    memory_mib: int
    scratch_bytes: int
    reads: int
    seconds: float
    dollars: float


def container_named(name: str) -> str:
    """What container a file's name speaks of. BGZF is not told by names, so gzip is meant by .gz.

    >>> container_named("a.fastq.gz"), container_named("a.bam"), container_named("a.fq.bz2"), container_named("a.fastq")
    ('gzip', 'bgzf', 'bzip2', 'plain')
    """
    low = name.lower()
    for endings, container in (
        ((".gz", ".tgz"), "gzip"),
        ((".bam", ".bcf", ".bgz", ".bgzf"), "bgzf"),
        ((".bz2",), "bzip2"),
    ):
        if low.endswith(endings):
            return container
    return "plain"


def size(size_bytes: int, container: str, ordered_names: bool = False, saved: bool = True) -> Sizing:
    """What a file of so many stored bytes needs. `ordered_names`: it is known that names need no scratch disk.
    `saved`: the check of its format can be saved.

    Raises KeyError for a container that the catalog does not know.
    """
    row: dict[str, Any] = catalog.sizing()
    rates = row["containers"][container]
    reads = -(-size_bytes // rates["bytes_per_read"])
    scratch = 0 if ordered_names else reads * _bytes_of_name(reads)
    vcpus = rates["vcpus"]
    # More processors where the job would else last over an hour.
    while vcpus < rates["most_vcpus"] and _seconds(size_bytes, rates, vcpus) > 3600:
        vcpus *= 2
    memory = row["memory_mib"]
    wanted = memory["base"] + memory["per_vcpu"] * vcpus + (memory["spool"] if scratch else 0)
    memory_mib = max(wanted, _LEAST_MEMORY[vcpus])
    seconds = row["start_s"] + _seconds(size_bytes, rates, vcpus)
    price = row["dollars"]
    hourly = vcpus * price["vcpu_hour"] + memory_mib / 1024 * price["gib_hour"]
    return Sizing(
        _machine(scratch, saved and rates.get("resumable", False)),
        vcpus,
        memory_mib,
        scratch,
        reads,
        seconds,
        hourly * seconds / 3600,
    )


def _seconds(size_bytes: int, rates: dict[str, Any], vcpus: int) -> float:
    rate = min(rates["megabytes_per_s"] * vcpus / rates["vcpus"], catalog.sizing()["md5_megabytes_per_s"])
    return float(size_bytes / (rate * 1e6))


def _bytes_of_name(reads: int) -> int:
    row = catalog.sizing()["scratch_bytes_per_read"]
    return int(row["large"] if reads >= row["large_from_reads"] else row["small"])


def _machine(scratch_bytes: int, resumable: bool) -> str:
    """The smallest machine with so much scratch disk; else the largest, whose check then says what it lacked.

    Of two alike the one that may be taken away, which costs a third, if the check can go on elsewhere.
    """
    machines = [(m["scratch_gib"], not m.get("spot"), name, m) for name, m in catalog.sizing()["machines"].items()]
    usable = [row for row in sorted(machines, key=lambda row: row[:3]) if resumable or not row[3].get("spot")]
    fitting = [name for gib, _, name, _ in usable if gib * _GIB >= scratch_bytes]
    return fitting[0] if fitting else usable[-1][2]
