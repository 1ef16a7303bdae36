"""A short run of the fuzzer's harness; the long one is `python -m tests.unit.formats.fuzz 600`."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from biotheca.formats import native
from biotheca.formats.native import build
from tests.unit.formats.fuzz import SANITIZERS, compile_with, mutated, seeds


def test_mutated_inputs_break_no_bound_and_engines_agree(tmp_path: Path) -> None:
    compiler = build.compiler()
    if compiler is None:
        assert native.engines() == [native.PYTHON]
        return
    program = tmp_path / "replay"
    compile_with(compiler, SANITIZERS, program, "-DREPLAY")
    seed = random.randrange(2**32)
    files = []
    for number, data in enumerate(seeds() + mutated(1500, seed)):
        files.append(tmp_path / str(number))
        files[-1].write_bytes(data)
    ran = subprocess.run([program, *files], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, f"seed {seed}: {ran.stderr[-3000:]}"
    assert ran.stdout.split() == [str(len(files)), "inputs"]
