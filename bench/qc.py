"""The FASTQ check with everything on, beside decompression alone and beside its peers, each on the same file in turn.

Peers are used where they are installed (Debian: isal tabix seqkit fastp fastqc samtools); what is missing is said.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.measure import Run, by_turns, child, ratio, table

READS, ROUNDS, FEW_READS = 10_000_000, 5, 1_000_000
SOURCE = Path(__file__).with_name("generate.c")
BIOTHECA = str(Path(sys.executable).parent / "biotheca")

# On the small file: commands that would take minutes on the large one. (label, program, words, promised share of CPU)
PEERS = (
    ("seqkit stats -a", "seqkit", "seqkit stats -a -j 2 {file}", "0.50"),
    ("fastp -w 2", "fastp", "fastp -i {file} -w 2 -A -Q -L -G -j {out}/fastp.json -h {out}/fastp.html", "0.20"),
    ("fastQValidator", "fastQValidator", "fastQValidator --file {file}", "0.15"),
    ("FastQC", "fastqc", "fastqc -t 1 -q -o {out} {file}", "0.10"),
    ("fq lint", "fq", "fq lint {file}", "0.65"),
    ("fastq_info", "fastq_info", "fastq_info {file}", "-"),
)


def generator(folder: Path) -> str:
    """The compiled generator of reads."""
    program = folder / "generate"
    if not program.exists():
        subprocess.run(["cc", "-O2", str(SOURCE), "-lm", "-o", str(program)], check=True)
    return str(program)


def reads_file(folder: Path, kind: str, reads: int, packer: str = "gzip -6", ending: str = "gz") -> Path:
    """A file of seeded reads, made once."""
    path = folder / f"{kind}-{reads}.fastq.{ending}"
    if not path.exists():
        words = f"{generator(folder)} {kind} {reads}{' 1' if kind == 'illumina' else ''} | {packer}"
        with path.with_suffix(".part").open("wb") as file:
            subprocess.run(["sh", "-c", words], stdout=file, check=True)
        path.with_suffix(".part").rename(path)
    return path


def ours(path: Path, *words: str) -> Callable[[], Run]:
    """The whole command, its start included: both digests, the declared MD5, statistics, duplicate names, a report."""
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    report = path.with_suffix(".json")
    command = [BIOTHECA, "qc", str(path), "--md5", md5, "--json", str(report), *words]
    return lambda: child(command)


def shell(words: str) -> Callable[[], Run]:
    """A command of a peer, its output thrown away."""
    return lambda: child(["sh", "-c", f"exec {words} > /dev/null 2>&1"])


def run(folder: Path) -> str:
    """The tables."""
    large = reads_file(folder, "illumina", READS)
    small = reads_file(folder, "illumina", FEW_READS)
    blocks = reads_file(folder, "illumina", READS, "bgzip -c -@ 2", "bgzf.gz") if shutil.which("bgzip") else None
    pores = reads_file(folder, "nanopore", 100_000)
    floors = {f"{READS:,} x 150, gzip": (large, f"igzip -d -c {large}", "1.30")}
    if blocks:
        floors[f"{READS:,} x 150, BGZF"] = (blocks, f"bgzip -d -c -@ 2 {blocks}", "1.5")
    floors["100,000 nanopore reads, gzip"] = (pores, f"igzip -d -c {pores}", "-")
    rows = []
    for label, (path, floor, bar) in floors.items():
        done = by_turns({"ours": ours(path), "floor": shell(floor)}, ROUNDS)
        rows.append([label, floor.replace(str(path), "F"), *_figures(done["ours"], done["floor"]), bar])
    heads = ["file", "decompression alone", "our s", "its s", "s ratio", "our CPU s", "its CPU s", "peak MiB", "bar"]
    title = f"`biotheca qc` against decompression alone (medians of {ROUNDS})"
    return "\n\n".join([table(title, heads, rows), _beside_peers(folder, small), _missing()])


def _figures(one: Run, other: Run) -> list[str]:
    seconds = [f"{one.seconds:.2f}", f"{other.seconds:.2f}", ratio(one.seconds, other.seconds)]
    return [*seconds, f"{one.cpu_s:.2f}", f"{other.cpu_s:.2f}", f"{one.peak_mib:.0f}"]


def _beside_peers(folder: Path, path: Path) -> str:
    out = folder / "peers-out"
    out.mkdir(exist_ok=True)
    contenders = {"biotheca qc": ours(path)}
    bars = {"biotheca qc": "-"}
    for label, program, words, bar in PEERS:
        if shutil.which(program):
            contenders[label] = shell(words.format(file=path, out=out))
            bars[label] = bar
    done = by_turns(contenders, ROUNDS)
    mine = done["biotheca qc"]
    rows = [
        [
            label,
            f"{took.seconds:.2f}",
            f"{took.cpu_s:.2f}",
            ratio(mine.cpu_s, took.cpu_s),
            bars[label],
            f"{took.peak_mib:.0f}",
        ]
        for label, took in done.items()
    ]
    heads = ["", "s", "CPU s", "our CPU / its CPU", "bar", "peak MiB"]
    return table(f"{FEW_READS:,} x 150, gzip: beside its peers (medians of {ROUNDS})", heads, rows)


def _missing() -> str:
    lacking = [label for label, program, _, _ in PEERS if not shutil.which(program)]
    return f"Not installed here, so not measured: {', '.join(lacking)}." if lacking else "All peers were there."
