"""`biotheca qc`: the file check here, without an archive, for people and for programs."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from lxml import html

from biotheca.qc import report_json
from tests.clients.conftest import CommandLine, Ran
from tests.unit.formats.making import tiny_fastq

VALIDATOR = jsonschema.Draft202012Validator(report_json.schema())
SOUND, BAD = tiny_fastq(20, 30), tiny_fastq(20, 30) + b"@r\nAX\n+\nII\n"


@pytest.fixture
def alone(tmp_path: Path) -> CommandLine:
    """A command line whose archive does not answer."""
    return CommandLine(tmp_path / "home", "http://127.0.0.1:9")


def files(folder: Path, **contents: bytes) -> list[str]:
    """Packed files by name; '__' stands for '.'."""
    paths = [folder / name.replace("__", ".") for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return [str(path) for path in paths]


def piped(alone: CommandLine, data: bytes, *words: str) -> Ran:
    """The command as a process that is given bytes."""
    process = alone.start("qc", *words)
    assert process.stdin and process.stdout and process.stderr
    process.stdin.buffer.write(data)  # type: ignore[attr-defined]
    out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err)


def test_a_sound_file_is_told_in_one_line_and_exits_0(alone: CommandLine, tmp_path: Path) -> None:
    (path,) = files(tmp_path, a__fastq__gz=SOUND)
    ran = alone("qc", path, "--md5", hashlib.md5(Path(path).read_bytes()).hexdigest().upper())
    assert (ran.code, ran.err) == (0, "")
    assert "20 reads; 600 bases" in ran.out and ran.out.endswith("Sound.\n")


def test_a_defect_exits_1_with_file_line_and_how_to_mend_it(alone: CommandLine, tmp_path: Path) -> None:
    (path,) = files(tmp_path, a__fastq=BAD)
    ran = alone("qc", path)
    assert ran.code == 1
    assert "a.fastq:82: error:" in ran.out and "Write unknown bases as N" in ran.out and "[qc.base]" in ran.out
    assert alone("qc", path, "--md5", "0" * 32).out.count("[qc.md5]") == 1


def test_reads_of_the_same_name_are_told_with_both_lines(alone: CommandLine, tmp_path: Path) -> None:
    (path,) = files(tmp_path, a__fastq=SOUND + b"@r3 1:N:0:ATC\nAC\n+\nII\n")
    ran = alone("qc", path, "--json", "-")
    assert ran.code == 1
    VALIDATOR.validate(ran.json)
    found = ran.json["duplicates"]
    assert (found["checked"], found["duplicate_names"], found["confirmed"]) == (21, 1, True)
    assert found["examples"] == [{"file": "a.fastq", "name": "r3", "lines": [9, 81]}]
    off = alone("qc", path, "--json", "-", "--duplicates", "off")
    assert (off.code, off.json["duplicates"]["method"]) == (0, "off")


def test_mates_are_judged_together(alone: CommandLine, tmp_path: Path) -> None:
    paths = files(tmp_path, s_R1__fastq__gz=SOUND, s_R2__fastq__gz=tiny_fastq(19, 30))
    ran = alone("qc", *paths, "--json", "-")
    assert ran.code == 1
    found = [f for f in ran.json["findings"] if f["rule"] == "qc.mates_differ"]
    assert found[0]["facts"]["reads"] == 20 and found[0]["facts"]["other_reads"] == 19
    assert [f["reads"] for f in ran.json["files"]] == [20, 19]
    VALIDATOR.validate(ran.json)


def test_programs_get_json_of_the_published_shape_and_nothing_else(alone: CommandLine, tmp_path: Path) -> None:
    (path,) = files(tmp_path, a__fastq__gz=BAD)
    ran = alone("qc", path, "--json", "-")
    assert (ran.code, ran.err) == (1, "")
    VALIDATOR.validate(ran.json)
    assert (
        ran.json["verdict"] == "fail"
        and ran.json["files"][0]["md5"] == hashlib.md5(Path(path).read_bytes()).hexdigest()
    )
    assert (ran.json["findings"][0]["line"], ran.json["findings"][0]["file"]) == (82, "a.fastq.gz")
    assert json.loads(alone("qc", "--schema").out) == report_json.schema()


def test_json_and_page_go_to_files_and_say_the_same(alone: CommandLine, tmp_path: Path) -> None:
    (path,) = files(tmp_path, a__fastq__gz=SOUND)
    ran = alone("qc", path, "--json", str(tmp_path / "o.json"), "--html", str(tmp_path / "o.html"))
    assert ran.code == 0 and ran.out.endswith("Sound.\n")
    document = json.loads((tmp_path / "o.json").read_text())
    VALIDATOR.validate(document)
    page = html.document_fromstring((tmp_path / "o.html").read_text())
    assert page.xpath("//h1")[0].text_content() == "a.fastq.gz" == document["files"][0]["name"]


def test_standard_input_is_a_file_like_any_other(alone: CommandLine) -> None:
    ran = piped(alone, SOUND, "-", "--json", "-")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["files"][0]["md5"] == hashlib.md5(SOUND).hexdigest()
    assert piped(alone, gzip.compress(BAD)[:-9], "-").code == 1


def test_a_policy_changes_what_fails(alone: CommandLine, tmp_path: Path) -> None:
    path, policy = files(tmp_path, a__fastq=BAD, p__yaml=b"qc.base: off\n")
    assert alone("qc", path, "--policy", policy).code == 0
    Path(policy).write_text("qc.bsae: off\nqc.base: fatal\n")
    ran = alone("qc", path, "--policy", policy)
    assert ran.code == 2 and "qc.bsae" in ran.err and "fatal" in ran.err and "error, warning, hint" in ran.err


def test_whatever_cannot_be_read_or_is_wrong_use_exits_2(alone: CommandLine, tmp_path: Path) -> None:
    (path,) = files(tmp_path, a__fastq=SOUND)
    for words, said in (
        ([str(tmp_path / "none.fastq")], "No such file"),
        ([str(tmp_path)], "directory"),
        (["-", "-"], "read once"),
        ([path, "--md5", "abc"], "no MD5"),
        ([path, "--md5", "0" * 32, "--md5", "0" * 32], "once a file"),
        ([path, "--format", "sonnet"], "sonnet"),
        ([path, "--policy", str(tmp_path / "none.yaml")], "none.yaml"),
        ([path, "--json", "-", "--html", "-"], "standard output"),
        ([path, "--json", str(tmp_path / "no" / "o.json")], "no folder"),
        ([path, path, path], "unexpected extra argument"),
        ([], "FILE"),
    ):
        ran = alone("qc", *words)
        assert ran.code == 2 and said in ran.err and ran.out == "", words


def test_a_fault_of_the_check_itself_is_never_told_as_bad_data(
    alone: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("biotheca_client.file_check.check_file", broken)
    ran = alone("qc", *files(tmp_path, a__fastq=SOUND))
    assert ran.code == 2 and "says nothing about the file" in ran.err


def test_a_terminal_shows_how_far_it_is_and_ctrl_c_ends_it_cleanly(alone: CommandLine, tmp_path: Path) -> None:
    """A pipe that never ends, a terminal for standard error: the bar is drawn, Ctrl-C gives 130 and no traceback."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "biotheca_client.cli", "qc", "-"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, env=alone.environment | {"TERM": "xterm"}, stdin=pipe, stdout=pipe, stderr=follower
    )
    assert process.stdin and process.stdout
    process.stdin.write(SOUND * 2000)
    process.stdin.flush()
    shown = b""
    until = time.monotonic() + 30
    while b"MiB" not in shown and time.monotonic() < until:
        shown += os.read(leader, 4096)
    assert b"stdin" in shown and b"MiB" in shown
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert process.stdout.read() == b""
    os.close(follower)
    os.set_blocking(leader, False)
    shown += os.read(leader, 65536)
    assert b"nothing was written" in shown and b"Traceback" not in shown
