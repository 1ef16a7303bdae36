"""htslib (by pysam) in a process of its own, fed through a pipe: its crash, its noise and its memory are not ours.

    python -m biotheca.formats.htslib cram < file      one line of JSON: records, reads, fault
    python -m biotheca.formats.htslib bcf < file       VCF as text

No reference is fetched: what it is needed for (bases, TLEN) is not asked of htslib, and its paths lead nowhere.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

# All fields of a record (htslib's SAM_*) but SEQ, 0x200, and TLEN, 0x100: both need the reference.
_FIELDS = 0x1FFF & ~0x300
_NOWHERE = {"REF_PATH": "/nonexistent/%s", "REF_CACHE": "/nonexistent/%s", "HTS_PATH": ""}
_TOLD_BYTES = 2000
_SECONDS = 600  # for its last words, when it has all bytes


@dataclass(frozen=True)
class Deep:
    """What htslib said of a file: all records, primary ones, and what stopped it."""

    records: int = 0
    reads: int = 0
    fault: str = ""


class Htslib:
    """The process. `feed` bytes, then `finish`; it may end before it has them all, which is not told to the feeder."""

    def __init__(self, what: str) -> None:
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish
        self._process = subprocess.Popen(
            [sys.executable, "-m", "biotheca.formats.htslib", what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._told,
            env={**os.environ, **_NOWHERE, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        self._open = True

    @staticmethod
    def installed() -> bool:
        return importlib.util.find_spec("pysam") is not None

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file."""
        if self._open and self._process.stdin:
            try:
                self._process.stdin.write(piece)
            except (BrokenPipeError, OSError):
                self._open = False

    def lines(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """What it writes while `pieces` are fed. What they raise passes, when it has ended."""
        met: list[BaseException] = []

        def feed() -> None:
            try:
                for piece in pieces:
                    self.feed(piece)
            except BaseException as fault:
                met.append(fault)
            self._close()

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        output: IO[bytes] | None = self._process.stdout
        while output and (data := output.read(256 * 1024)):
            yield data
        feeder.join()
        if met:
            raise met[0]

    def finish(self, useful: bool = True) -> Deep:
        """Its verdict. If that is not `useful` any more, it is not waited for."""
        self._close()
        if not useful:
            self._process.kill()
        said = b""
        try:
            said, _ = self._process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        fault = self._fault()
        with contextlib.suppress(ValueError, TypeError):
            found: dict[str, Any] = json.loads(said)
            return Deep(found["records"], found["reads"], found["fault"] and f"{found['fault']} {fault}".strip())
        return Deep(fault=fault or f"htslib ended with {self._process.returncode}")

    def ended_badly(self) -> str:
        """After `lines`: why it did not come to the end; empty if it did."""
        code = self._process.wait(timeout=_SECONDS)
        fault = self._fault()
        return (fault or f"htslib ended with {code}") if code else ""

    def _close(self) -> None:
        self._open = False
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.stdin = None

    def _fault(self) -> str:
        """htslib's own words: the errors among them, else the last line."""
        self._told.seek(0)
        lines = self._told.read(65536).decode("utf-8", "replace").splitlines()
        self._told.close()
        lines = [line for line in lines if "Could not retrieve index" not in line]  # which a pipe cannot have
        errors = [line for line in lines if line.startswith("[E::")] or lines[-1:]
        return " ".join(dict.fromkeys(errors))[:_TOLD_BYTES]


def _cram() -> dict[str, Any]:
    pysam = importlib.import_module("pysam")
    records = reads = 0
    fault = ""
    options = [b"required_fields=%d" % _FIELDS, b"decode_md=0"]
    try:
        with pysam.AlignmentFile("-", "rc", check_sq=False, format_options=options) as file:
            for record in file.fetch(until_eof=True):
                records += 1
                reads += not record.flag & 0x900
    except (OSError, ValueError) as met:
        fault = str(met)
    return {"records": records, "reads": reads, "fault": fault}


def _bcf() -> None:
    pysam = importlib.import_module("pysam")
    write = sys.stdout.write
    with pysam.VariantFile("-") as file:
        write(str(file.header))
        for record in file:
            write(str(record))


def main(words: list[str]) -> int:
    """0, or 1 if the file could not be read."""
    if words == ["cram"]:
        print(json.dumps(_cram()))
        return 0
    try:
        _bcf()
    except (OSError, ValueError) as met:
        print(met, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
