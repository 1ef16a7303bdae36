"""The client as a stranger installs it: its wheel in a fresh environment, no package of the server, no compiler."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.formats.making import bgzf, tiny_fastq

ROOT = Path(__file__).resolve().parents[2]
TEXT = tiny_fastq(20, 30)
MATE = TEXT.replace(b" 1:N", b" 2:N")
SERVER = ("chalice", "aws_lambda_powertools", "moto", "aws_cdk", "pyarrow", "functions", "local", "infra")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`biotheca` of an environment that holds the client alone, of the versions of the lock."""
    place = tmp_path_factory.mktemp("stranger")
    uv, python = str(Path(sys.executable).parent / "uv"), str(place / "venv" / "bin" / "python")

    def run(*words: str) -> None:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr

    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place))
    (wheel,) = place.glob("*.whl")
    run(uv, "venv", "--quiet", "--python", sys.executable, str(place / "venv"))
    wanted = f"biotheca[client] @ {wheel.as_uri()}"
    run(uv, "pip", "install", "--quiet", "--python", python, "--constraint", "requirements/dev.lock", wanted)
    return place / "venv" / "bin" / "biotheca"


def ran(program: Path, *words: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "BIOTHECA"))}
    environment["PATH"] = "/nowhere"
    command = [str(program), "qc", *map(str, words)]
    return subprocess.run(command, env=environment, input=given, capture_output=True, timeout=60)


def test_nothing_of_the_server_came_along(program: Path) -> None:
    asked = "import importlib.util, sys; print(*(n for n in sys.argv[1:] if importlib.util.find_spec(n)))"
    words = [str(program.with_name("python")), "-I", "-c", asked, "biotheca_client", *SERVER]
    assert subprocess.run(words, capture_output=True, text=True, cwd="/", timeout=60).stdout.split() == [
        "biotheca_client"
    ]


@pytest.mark.parametrize("stored", [TEXT, gzip.compress(TEXT), bgzf(TEXT)], ids=["plain", "gzip", "BGZF"])
def test_sound_reads_exit_0_and_are_counted(program: Path, tmp_path: Path, stored: bytes) -> None:
    path = tmp_path / ("a.fastq" if stored == TEXT else "a.fastq.gz")
    path.write_bytes(stored)
    done = ran(program, path, "--md5", hashlib.md5(stored).hexdigest(), "--json", "-")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (file,) = told["files"]
    assert told["verdict"] == "pass" and (file["reads"], file["bases"]) == (20, 600)
    assert file["sha256"] == hashlib.sha256(stored).hexdigest()


def test_mates_standard_input_page_and_policy_are_there_and_exit_codes_tell_bad_from_unread(
    program: Path, tmp_path: Path
) -> None:
    one, two, policy = tmp_path / "a_R1.fastq", tmp_path / "a_R2.fastq.gz", tmp_path / "policy.yaml"
    one.write_bytes(TEXT)
    two.write_bytes(gzip.compress(MATE))
    done = ran(program, one, two, "--html", tmp_path / "page.html", "--json", tmp_path / "told.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads((tmp_path / "told.json").read_text())["files"]) == 2
    assert "a_R2.fastq.gz" in (tmp_path / "page.html").read_text()

    twice = ran(program, one, one)
    assert twice.returncode == 1 and b"the very same" in twice.stdout, twice.stdout + twice.stderr

    broken = ran(program, "-", "--json", "-", given=TEXT + b"@r\nAX\n+\nII\n")
    (found,) = json.loads(broken.stdout)["findings"]
    assert (broken.returncode, found["rule"], found["line"]) == (1, "qc.base", 82)

    policy.write_text("qc.crlf: error\n")
    windows = TEXT.replace(b"\n", b"\r\n")
    assert ran(program, "-", given=windows).returncode == 0
    assert ran(program, "-", "--policy", policy, given=windows).returncode == 1

    for words in ((tmp_path / "absent.fastq",), (tmp_path,), (one, "--format", "docx"), (one, "--md5", "x"), ()):
        assert ran(program, *words).returncode == 2, words
    policy.write_text("qc.nothing: error\n")
    assert ran(program, one, "--policy", policy).returncode == 2
