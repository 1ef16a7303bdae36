"""Decompression bombs under limits of memory and processor time: each in a process of its own, one finding each."""

from __future__ import annotations

import bz2
import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

MEMORY_BYTES, SECONDS = 200 * 2**20, 15
STORED_BYTES = 10_000_000

_CHILD = f"""
import json, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY_BYTES}, {MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
from biotheca.qc import check_file
with open(sys.argv[1], "rb") as file:
    report = check_file(iter(lambda: file.read(2**20), b""), None, "fastq", "reads")
print(json.dumps(report.as_dict()))
"""


def _endless(unit: bytes) -> bytes:
    """10 MB of one gzip member that unpack to about 10 GB of one line again and again; it has no end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stretch = packer.compress(unit * (2**22 // len(unit))) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stretch * (STORED_BYTES // len(stretch))


def _members() -> bytes:
    member = gzip.compress(bytes(2**22), 9)
    return member * (STORED_BYTES // len(member))


BOMBS = {
    "zeros": lambda: _endless(b"\0"),
    "line ends": lambda: _endless(b"\n"),
    "lines that are no reads": lambda: _endless(b"X\n"),
    "lines that begin like reads": lambda: _endless(b"@\n"),
    "one read again and again": lambda: _endless(b"@r\nA\n+\nI\n"),
    "one bad read again and again": lambda: _endless(b"@r\nX\n+\nI\n"),
    "many members of zeros": _members,
    "bzip2 of zeros": lambda: bz2.compress(bytes(2**27), 9),
}


def _report(folder: Path, stored: bytes) -> dict:
    file = folder / "reads"
    file.write_bytes(stored)
    ran = subprocess.run([sys.executable, "-c", _CHILD, str(file)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-500:]
    report: dict = json.loads(ran.stdout)
    assert report["size_bytes"] == len(stored)
    return report


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_costs_little_memory_and_few_seconds_and_is_one_finding(kind: str, tmp_path: Path) -> None:
    report = _report(tmp_path, BOMBS[kind]())
    assert [f["rule"] for f in report["findings"]] == ["qc.unpacks_too_far"]
    assert (report["findings_total"], report["verdict"]) == (1, "unsound")


def test_a_bomb_within_a_gzip_file_is_never_unpacked(tmp_path: Path) -> None:
    report = _report(tmp_path, gzip.compress(_endless(b"\0")[: 4 * 2**20], 9))
    assert [f["rule"] for f in report["findings"]] == ["qc.content_is_other"]


def test_the_limits_of_the_child_hold(tmp_path: Path) -> None:
    greedy = _CHILD.replace("from biotheca.qc", f"hoard = bytearray({MEMORY_BYTES})\nfrom biotheca.qc")
    ran = subprocess.run([sys.executable, "-c", greedy, "x"], capture_output=True, text=True, timeout=60)
    assert "MemoryError" in ran.stderr
