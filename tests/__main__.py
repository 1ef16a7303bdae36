"""`python -m tests`: `make check` and the whole suite in six groups, three at a time, which is what `make test` runs.

Two laptop clouds cannot live in one process, because moto's backends are global: so each half of the journeys
has a process and a laptop of its own, tests of the laptop itself have another, and all that need none three more.
Journeys wait for one another's steps half of their time: on two processors a third group fills their pauses.
Which file is in which group and in which order never depends on the machine. What a group says is printed when
it ends. Words are handed on to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent
OF_THE_ARCHIVE = "journeys"
OF_THE_LAPTOP = ("local", "portal")
WITH_THEIR_OWN_LAPTOP = "tests/journeys/test_memory.py"
OF_SCIENCE = "unit"
CHECKS = "style, types, contracts"
FORMATS = ("deidentification", "formats", "lake", "mirror", "qc")  # half of the time of the unit tests
NO_TEST = 5  # pytest's exit code where the words chose none of a group
AT_ONCE = 3


def groups() -> dict[str, list[str]]:
    """What each group runs, the longest first."""
    journeys = sorted(p.relative_to(ROOT.parent).as_posix() for p in (ROOT / OF_THE_ARCHIVE).glob("test_*.py"))
    journeys.remove(WITH_THEIR_OWN_LAPTOP)
    folders = sorted(p.name for p in ROOT.iterdir() if p.is_dir() and any(p.rglob("test_*.py")))
    others = [f"tests/{f}" for f in folders if f not in (OF_THE_ARCHIVE, *OF_THE_LAPTOP, OF_SCIENCE)]
    unit = sorted((ROOT / OF_SCIENCE).glob("test_*.py")) + sorted(
        p for p in (ROOT / OF_SCIENCE).iterdir() if p.is_dir()
    )
    formats = [f"tests/{OF_SCIENCE}/{name}" for name in FORMATS]
    rules = [f"tests/{OF_SCIENCE}/{p.name}" for p in unit if p.name not in FORMATS and not p.name.startswith("_")]
    return {
        "journeys, one half": journeys[::2],
        "formats": formats,
        "journeys, the other half": journeys[1::2],
        "the laptop": [*(f"tests/{f}" for f in OF_THE_LAPTOP), WITH_THEIR_OWN_LAPTOP],
        "rules": rules,
        "clients, documents, templates": others,
    }


def main(words: list[str]) -> int:
    """0 if all groups pass (or have nothing to run)."""
    commands = {name: [sys.executable, "-m", "pytest", *paths, *words] for name, paths in groups().items()}
    waiting, running, codes = [*commands.items(), (CHECKS, ["make", "check"])], {}, []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            name, command = waiting.pop(0)
            print(f"begun: {name}", flush=True)
            out = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed when it is printed
            started = subprocess.Popen(command, cwd=ROOT.parent, stdout=out, stderr=subprocess.STDOUT)
            running[name] = started, out, time.monotonic()
        for name, (process, out, started) in list(running.items()):
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                process.returncode = os.waitstatus_to_exitcode(status)
                codes.append(process.returncode)
                del running[name]
                cpu_s = used.ru_utime + used.ru_stime
                _print(f"{name}: {time.monotonic() - started:.0f} s, {cpu_s:.0f} CPU seconds", out)
        time.sleep(0.2)
    passed = [code for code in codes if code != NO_TEST]
    return max(passed, key=abs) if passed else NO_TEST


def _print(title: str, out: IO[str]) -> None:
    with out:
        out.seek(0)
        print(f"==== {title}\n{out.read()}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
