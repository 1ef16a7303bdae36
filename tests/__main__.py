"""`python -m tests`: the whole suite in two processes side by side, which is what `make test` runs.

Two laptop clouds cannot live in one process, because moto's backends are global: tests of the laptop itself
run in one, all others (with the archive running on a laptop) in the other. Words are handed on to pytest.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OF_THE_LAPTOP = ("local", "portal")
NO_TEST = 5  # pytest's exit code where the words chose none of a half


def main(words: list[str]) -> int:
    """0 if both halves pass (or one has nothing to run)."""
    folders = sorted(p.name for p in ROOT.iterdir() if p.is_dir() and any(p.rglob("test_*.py")))
    halves = [[f for f in folders if f not in OF_THE_LAPTOP], [f for f in folders if f in OF_THE_LAPTOP]]
    with tempfile.TemporaryFile("w+") as second:
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "pytest", *(f"tests/{f}" for f in half), *words], cwd=ROOT.parent, stdout=out
            )
            for half, out in zip(halves, (None, second), strict=True)
        ]
        codes = [process.wait() for process in running]
        second.seek(0)
        print(second.read(), flush=True)
    passed = [code for code in codes if code != NO_TEST]
    return max(passed) if passed else NO_TEST


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
