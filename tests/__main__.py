"""`python -m tests`: the whole suite, two processes at a time, which is what `make test` runs.

Two laptop clouds cannot live in one process, because moto's backends are global. So first the journeys run
in two workers, each with a laptop of its own, by whole files; then tests of the laptop itself in one process
beside all others, which need none, in the other. Words are handed on to pytest.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent
OF_THE_ARCHIVE = ("journeys",)
OF_THE_LAPTOP = ("local", "portal")
NO_TEST = 5  # pytest's exit code where the words chose none of a group
WORKERS = ("-n", "2", "--dist", "loadfile")


def main(words: list[str]) -> int:
    """0 if all groups pass (or have nothing to run)."""
    folders = sorted(p.name for p in ROOT.iterdir() if p.is_dir() and any(p.rglob("test_*.py")))
    others = [f for f in folders if f not in OF_THE_ARCHIVE + OF_THE_LAPTOP]
    codes = [_begun(OF_THE_ARCHIVE, [*WORKERS, *words], None).wait()]
    with tempfile.TemporaryFile("w+") as kept:
        running = [_begun(others, words, None), _begun(OF_THE_LAPTOP, words, kept)]
        codes += [process.wait() for process in running]
        kept.seek(0)
        print(kept.read(), flush=True)
    passed = [code for code in codes if code != NO_TEST]
    return max(passed) if passed else NO_TEST


def _begun(folders: list[str] | tuple[str, ...], words: list[str], out: IO[str] | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pytest", *(f"tests/{f}" for f in folders), *words]
    return subprocess.Popen(command, cwd=ROOT.parent, stdout=out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
