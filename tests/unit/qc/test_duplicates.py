"""Reads of the same name: each is found with both its lines, whatever the method, the engine and the source."""

from __future__ import annotations

import errno
import gzip
import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from biotheca.formats import names, native
from biotheca.qc import Verdict, check_file
from biotheca.qc.model import NoScratch, SourceChanged
from tests.unit.formats.making import tiny_fastq, with_line

METHODS = ("auto", "spool", "bloom")
ENGINES = [native.PYTHON, *native.engines()[:1]]


def _record(name: str) -> bytes:
    return f"@{name} 1:N:0:A\nACGT\n+\nIIII\n".encode()


def _file(count: int = 3000) -> list[bytes]:
    return [_record(f"M01:7:A:1:{1101 + n // 1000}:{n * 7 % 997}:{1000 + n % 1000}") for n in range(count)]


def _places(report: Any) -> list[tuple[int, int]]:
    found = [f for f in report.findings if f.rule == "qc.duplicate_name"]
    return [(f.facts["first_line"], f.facts["line"]) for f in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("source", ["again", "stream"])
def test_near_and_far_repeats_are_found_at_their_lines(method: str, engine: str, source: str) -> None:
    reads = _file()
    reads[20:20] = [reads[19]]
    reads += [reads[5], reads[5], reads[-1]]
    text = b"".join(reads)
    chunks = [text[at : at + 9999] for at in range(0, len(text), 9999)]
    given = chunks if source == "again" else iter(chunks)
    report = check_file(given, None, "fastq", "a.fastq", engine=engine, duplicates=method)
    assert _places(report) == [(77, 81), (21, 12_005), (21, 12_009), (12_001, 12_013)]
    assert report.findings_total == 4 and report.verdict is Verdict.UNSOUND
    told = report.duplicates or {}
    assert (told["duplicate_names"], told["repeated_reads"], told["checked"]) == (3, 4, 3004)
    assert told["confirmed"] is True
    assert [e["lines"] for e in told["examples"]] == [[77, 81], [21, 12_005, 12_009], [12_001, 12_013]]
    assert told["examples"][0]["name"] == "M01:7:A:1:1101:133:1019"


def test_a_method_can_be_chosen_and_names_need_not_be_compared() -> None:
    text = b"".join([*_file(), _file()[0]])
    used = {m: (check_file([text], None, "fastq", "a.fastq", duplicates=m).duplicates or {}) for m in names.METHODS}
    assert {m: told["method"] for m, told in used.items()} == {
        "auto": "spool",  # a tile came back
        "spool": "spool",
        "bloom": "bloom",
        "off": "off",
    }
    assert used["off"]["duplicate_names"] == 0
    bloom = used["bloom"]["bloom"]
    assert (bloom["hashes"], bloom["bits_a_name"], bloom["false_rate"]) == (30, 43.13, 1e-9)
    assert bloom["bytes"] * 8 == bloom["bits"] >= 43.13 * bloom["design_names"] and bloom["expected_false"] < 1e-9


def test_no_other_findings_hide_that_names_stand_twice() -> None:
    bad = b"".join(b"@b%d\nXX\n+\nII\n" % n for n in range(500))
    report = check_file([bad + _record("a") + _record("a")], None, "fastq", "a.fastq")
    assert len(report.findings) == 100 and report.findings_total == 501
    assert _places(report) == [(2001, 2005)]
    many = b"".join(_record("a") for _ in range(1000))
    report = check_file([bad + many], None, "fastq", "a.fastq")
    lines = [f.facts["line"] for f in report.findings]
    assert report.findings_total == 1499 and lines == sorted(lines)
    assert len(_places(report)) == 10


def test_lines_are_right_where_the_file_has_other_defects_before() -> None:
    text = with_line(tiny_fastq(300), 401, b"\n\n@r101") + b"@r7/1\nA\n+\nI\n"
    for engine in ENGINES:
        for given in ([text], iter([text])):
            report = check_file(given, None, "fastq", "a.fastq", engine=engine)
            assert [(f.rule, f.facts["line"]) for f in report.findings] == [
                ("qc.blank_line", 401),
                ("qc.duplicate_name", 1203),
            ]
            assert _places(report) == [(25, 1203)]


def test_names_before_the_end_of_the_proof_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "EARLY_NAMES", 200)
    reads = _file(60_000)
    text = b"".join([*reads, reads[3], reads[59_999]])
    for engine, packed in itertools.product(ENGINES, (text, gzip.compress(text, 1))):
        opened: list[bytes] = []

        def again(packed: bytes = packed, opened: list[bytes] = opened) -> list[bytes]:
            opened.append(packed)
            return [packed]

        report = check_file(iter([packed]), None, "fastq", "a", engine=engine, again=again)
        assert _places(report) == [(13, 240_001), (239_997, 240_005)]
        assert len(opened) == 2, "once for the names before, once to confirm"


def test_a_file_in_order_is_read_once() -> None:
    for engine in ENGINES:
        report = check_file(iter([b"".join(_file())]), None, "fastq", "a", engine=engine, again=lambda: 1 / 0)  # type: ignore
        assert report.duplicates and report.duplicates["method"] == "window"


def test_more_repeats_than_are_looked_at_again_are_counted_all() -> None:
    if not native.has_kernel():
        return  # minutes in Python
    dice = random.Random(2)
    reads = [b"@%x\nA\n+\nI\n" % dice.getrandbits(64) for _ in range(70_000)]
    report = check_file([b"".join(reads + reads)], None, "fastq", "a.fastq")
    told = report.duplicates or {}
    assert (told["duplicate_names"], told["repeated_reads"], told["confirmed"]) == (70_000, 70_000, False)
    assert {row["rule"]: row["count"] for row in report.counted}["qc.duplicate_name"] == 70_000
    assert len(report.findings) == 100


def test_a_stream_without_scratch_disk_is_told_to_be_suspected_only(tmp_path: Path) -> None:
    text = b"".join([*_file(), _file()[0]])
    report = check_file(iter([text]), None, "fastq", "a.fastq", scratch=tmp_path / "none")
    assert [(f.rule, f.severity) for f in report.findings] == [("qc.duplicate_names_suspected", "warning")]
    assert (report.duplicates or {})["suspected_names"] == 1 and "bloom" in report.findings[0].message
    again = check_file([text], None, "fastq", "a.fastq", scratch=tmp_path / "none")
    assert _places(again) == [(1, 12_001)]


class _FullDisk:
    """A scratch file on a disk that has no room left."""

    def __init__(self) -> None:
        self._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_scratch_disk_is_a_fault_of_ours_and_no_verdict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(names.Names, "_file", lambda self: _FullDisk())

    def stream() -> Iterator[bytes]:
        dice = random.Random(1)
        for _ in range(100):
            yield b"".join(b"@%x\nA\n+\nI\n" % dice.getrandbits(64) for _ in range(1000))

    with pytest.raises(NoScratch, match=f"{tmp_path}.*No space left.*bytes a read.*bloom"):
        check_file(stream(), None, "fastq", "a.fastq", scratch=tmp_path)


def test_a_file_that_changed_between_two_looks_is_a_fault_of_ours() -> None:
    text = b"".join([*_file(), _file()[0]])
    with pytest.raises(SourceChanged):
        check_file(iter([text]), None, "fastq", "a.fastq", again=lambda: [text[:-30]])


def test_nothing_is_left_on_scratch_disk(tmp_path: Path) -> None:
    for method in METHODS:
        check_file(iter([b"".join(_file())]), None, "fastq", "a.fastq", scratch=tmp_path, duplicates=method)
        assert list(tmp_path.iterdir()) == []
