"""The README's session is typed on a running laptop, and what the README shows is what comes back.

In the README `...` stands for whatever comes there. Submissions, accessions, times and addresses may be others,
but the same one must stay the same throughout the session.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0
SUBMISSION = r"sub_[0-9a-z]{26}"
ACCESSION = r"(?:PRJC[A-Z]|SAMC|CRA|CRX|CRR)\d{6,}"
# What differs from run to run: the pattern, and whether a later line must name the same.
VOLATILE = {SUBMISSION: True, ACCESSION: True, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": False, r"http://localhost:\d+": False}
LISTS = ("biotheca queue", "biotheca search")  # other tests' submissions stand in them too


def sessions(text: str) -> list[tuple[str, str]]:
    """(command, shown answer) of every console block, in order."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = piece.partition("\n")
            found.append((command, answer))
    return found


def fits(shown: str, said: str, known: dict[str, str]) -> bool:
    """Whether the answer is the one that is shown; what is seen for the first time goes into `known`."""
    new: list[str] = []
    pattern = ""
    for piece in re.split(rf"({'|'.join(VOLATILE)}|\.\.\.)", " ".join(shown.split())):
        volatile = next((one for one in VOLATILE if re.fullmatch(one, piece)), None)
        if piece == "...":
            pattern += ".*?"
        elif volatile is None:
            pattern += re.escape(piece)
        elif not VOLATILE[volatile]:
            pattern += volatile
        elif piece in known:
            pattern += re.escape(known[piece])
        elif piece in new:
            pattern += rf"\{new.index(piece) + 1}"
        else:
            new.append(piece)
            pattern += f"({volatile})"
    found = re.fullmatch(pattern, " ".join(said.split()))
    if found:
        known |= dict(zip(new, found.groups(), strict=True))
    return found is not None


def own_lines(said: str, known: dict[str, str]) -> str:
    """A list without the lines that name only what this session does not know."""
    names = set(known.values())
    wanted = []
    for line in said.splitlines():
        named = set(re.findall(f"{SUBMISSION}|{ACCESSION}", line))
        if not named or named & names:
            wanted.append(line)
    return "\n".join(wanted)


@pytest.fixture(scope="module")
def known(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The session, typed; what the README calls by a name -> what it was called here."""
    tmp_path = tmp_path_factory.mktemp("readme")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "BIOTHECA_SERVER": stack.front_url,
    }
    named: dict[str, str] = {}
    typed = sessions((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(typed) >= 8
    for command, shown in typed:
        real = re.sub(f"{SUBMISSION}|{ACCESSION}", lambda word: named.get(word[0], word[0]), command)
        until = time.monotonic() + WAIT_S
        while True:
            done = subprocess.run(
                real, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
            )
            said = own_lines(done.stdout, named) if command.startswith(LISTS) else done.stdout
            if done.returncode == 0 and fits(shown, said, named):
                break
            # What only looks may look again: the workflow takes its seconds.
            again = command.startswith(("biotheca status", *LISTS)) and time.monotonic() < until
            assert again, f"$ {real}\n{said}{done.stderr}\nthe README shows:\n{shown}"
            time.sleep(0.3)
    return named


def test_the_session_of_the_readme_is_what_happens(known: dict[str, str]) -> None:
    for pattern in (SUBMISSION, ACCESSION):
        assert any(re.fullmatch(pattern, word) for word in known)


def test_what_the_session_archived_is_tiered_and_carries_its_digest(known: dict[str, str], aws: Any) -> None:
    run = next(real for word, real in known.items() if word.startswith("CRR"))
    bucket = next(b["Name"] for b in aws("s3").list_buckets()["Buckets"] if "openarchive" in b["Name"])
    held = aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    of_run = [item for item in held if f"/{run}/" in item["Key"]]
    files = [item for item in of_run if item["Key"].endswith(".fq.gz")]
    beside = {item["Key"].removesuffix("_statistics.json") for item in of_run} & {
        item["Key"].removesuffix(".fq.gz") for item in files
    }
    assert len(of_run) == 4 and len(beside) == 2  # each file and what its check counted
    assert len(files) == 2 and {item["StorageClass"] for item in files} == {"INTELLIGENT_TIERING"}
    sent = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (ROOT / "examples" / "ecoli").glob("*.fq.gz")}
    assert {aws("s3").head_object(Bucket=bucket, Key=f["Key"])["Metadata"]["sha256"] for f in files} == sent
