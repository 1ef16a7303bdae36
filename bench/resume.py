"""An upload that is killed again and again at random moments: what is sent twice, and whether the file is whole."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.measure import table
from bench.sending import Archive, archive, declared, reads

KILLS, PARTS, PART_MIB = 50, 60, 5
LONGEST_LIFE_S = 2.0  # a start takes half a second: some die before the first byte, some after several parts


def _begun(there: Archive, submission: str, path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "biotheca_client.cli", "upload", submission, str(path), "--jobs", "1"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env={**os.environ, **there.environment()}, stdout=quiet, stderr=quiet)


def _killed(there: Archive, submission: str, path: Path, wait_s: float) -> bool:
    """Whether the process still lived after so long; it does no longer."""
    process = _begun(there, submission, path)
    time.sleep(wait_s)
    process.kill()
    return process.wait() == -signal.SIGKILL


def _held_bytes(there: Archive, file_id: str) -> int:
    parts = there.client.session.pages(f"/v1/files/{file_id}/parts")
    return sum(int(part["size_bytes"]) for part in parts)


def _file(there: Archive, submission: str) -> dict[str, Any]:
    return next(iter(there.client.files(submission)))


def run(folder: Path) -> str:
    """The table. Raises RuntimeError if the file does not arrive whole."""
    path, dice = folder / "resume.fastq.gz", random.Random(50)  # noqa: S311
    md5, size_bytes = reads(path, PARTS * PART_MIB * 2**20, 2)
    kills, again, worst = 0, 0, 0
    with archive(folder) as there:
        made = declared(there.client, [(path.name, md5)], "Bench of resumed uploads")
        file_id = _file(there, made["id"])["id"]
        there.client.session.call("POST", f"/v1/files/{file_id}/upload", {"size_bytes": size_bytes})
        started = time.monotonic()
        while kills < KILLS:
            received, held = there.received_bytes(), _held_bytes(there, file_id)
            # The last parts are kept for the run that ends well: until then few may be sent in one life.
            short = held > (PARTS - 5) * PART_MIB * 2**20
            if not _killed(there, made["id"], path, dice.uniform(0.0, 0.4 if short else LONGEST_LIFE_S)):
                raise RuntimeError(f"the upload ended by itself after {kills} kills: send more parts")
            kills += 1
            twice = _settled(there) - received - (_held_bytes(there, file_id) - held)
            again, worst = again + twice, max(worst, twice)
        if _begun(there, made["id"], path).wait():
            raise RuntimeError("the last run did not end well")
        seconds = time.monotonic() - started
        there.client.session.call("POST", f"/v1/submissions/{made['id']}/submit")
        there_now = _digest(there, made["id"])
        state = _file(there, made["id"])["state"]
    with path.open("rb") as file:
        here = hashlib.file_digest(file, "sha256").hexdigest()
    path.unlink()
    if there_now != here:
        raise RuntimeError(f"the SHA-256 there is {there_now}, here {here}")
    part = PART_MIB * 2**20
    rows: list[list[Any]] = [
        ["kills", kills, KILLS],
        ["bytes sent again, MiB", f"{again / 2**20:.1f}", f"{kills * PART_MIB}"],
        ["the costliest kill, parts", f"{worst / part:.2f}", "1"],
        ["the file at the end", f"{state}, SHA-256 equal", "whole"],
        ["seconds for all", f"{seconds:.0f}", ""],
    ]
    title = f"An upload of {size_bytes / 2**20:.0f} MiB in {PARTS} parts, killed {KILLS} times"
    return table(title, ["", "ours", "at most"], rows)


def _settled(there: Archive) -> int:
    """Received bytes when nothing comes in any more."""
    before = -1
    while (now := there.received_bytes()) != before:
        before = now
        time.sleep(0.1)
    return now


def _digest(there: Archive, submission: str) -> str:
    """The SHA-256 that the archive computed from the stored bytes, once its checks (of the MD5 too) have passed."""
    for _ in range(600):
        file = _file(there, submission)
        if file["sha256"] or file["findings"]:
            return str(file["sha256"] or file["findings"])
        time.sleep(0.2)
    raise RuntimeError("the file was never checked")
