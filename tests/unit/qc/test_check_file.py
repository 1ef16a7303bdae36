"""The file check on every defect of the table, on real files, and on files larger than its memory."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import native
from biotheca.formats.containers import Limits
from biotheca.qc import Report, Verdict, check_file
from biotheca.qc.model import NoSuchCheck
from tests.depth import examples
from tests.real_data import real_files
from tests.unit.formats.making import bgzf, cut_into, gzip_member, tiny_fastq
from tests.unit.qc.defects import CASES

WARNINGS = {"qc.crlf", "qc.read_empty"}


def _check(stored: bytes, places: list[int] | None = None, name: str = "run/reads") -> Report:
    return check_file(cut_into(stored, places or []), hashlib.md5(stored).hexdigest(), "fastq", name)


@pytest.mark.parametrize("case", CASES)
def test_each_defect_is_found_alone_and_at_its_line_and_each_harmless_file_passes(case: str) -> None:
    stored, rules, line = CASES[case]
    report = _check(stored)
    assert tuple(f.rule for f in report.findings) == rules
    assert report.findings_total == len(rules)
    assert report.verdict is (Verdict.SOUND if set(rules) <= WARNINGS else Verdict.UNSOUND)
    if line:
        assert report.findings[0].where == f"reads:{line}"


@pytest.mark.parametrize("engine", native.engines())
def test_every_engine_writes_the_same_report(engine: str) -> None:
    many = gzip_member(
        tiny_fastq(20_000, 40) + b"@r\nAXA\n+\nIII\n" + tiny_fastq(20_000, 40).replace(b"\n+\n", b"\n+x\n", 3)
    )
    for stored in [*(case[0] for case in CASES.values()), many]:
        reports = [check_file([stored], None, "fastq", "reads", engine=one) for one in (engine, native.PYTHON)]
        assert reports[0] == reports[1]


@settings(max_examples=examples(150), deadline=None)
@given(case=st.sampled_from(sorted(CASES)), places=st.lists(st.integers(0, 10**6), max_size=12))
def test_the_report_does_not_depend_on_how_the_bytes_arrive(case: str, places: list[int]) -> None:
    stored = CASES[case][0]
    assert _check(stored, places) == _check(stored)


def test_digests_and_size_are_of_the_stored_bytes_even_of_a_broken_file() -> None:
    for stored, _, _ in CASES.values():
        report = _check(stored)
        assert report.md5 == hashlib.md5(stored).hexdigest()
        assert report.sha256 == hashlib.sha256(stored).hexdigest()
        assert report.size_bytes == len(stored)


def test_a_large_file_that_breaks_at_its_beginning_is_still_read_to_its_end() -> None:
    stored = b"\x1f\x8b\x08\xff" + bytes(300_000)
    report = check_file([stored[i : i + 1000] for i in range(0, len(stored), 1000)], None, "fastq", "a.fastq.gz")
    assert (report.size_bytes, report.md5) == (len(stored), hashlib.md5(stored).hexdigest())


def test_a_wrong_md5_is_named_with_both_values_and_stands_before_all_else() -> None:
    report = check_file([b"@r\nX\n+\nI\n"], "0" * 32, "fastq", "a.fq")
    assert [f.rule for f in report.findings] == ["qc.md5", "qc.base"]
    assert (report.findings[0].expected, report.findings[0].value) == ("0" * 32, report.md5)


def test_an_md5_may_be_declared_in_capitals_or_not_at_all() -> None:
    text = tiny_fastq()
    assert check_file([text], hashlib.md5(text).hexdigest().upper(), "fastq", "a.fq").verdict is Verdict.SOUND
    assert check_file([text], None, "fastq", "a.fq").verdict is Verdict.SOUND


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("a.fastq.gz", True),
        ("a.fq.bgz", True),
        ("A.FASTQ.GZ", True),
        ("a", True),
        ("a.fastq.bz2", False),
        ("a.fq", False),
    ],
)
def test_a_name_must_keep_what_its_ending_promises(name: str, sound: bool) -> None:
    report = _check(gzip_member(tiny_fastq()), name=f"inbox/x/{name}")
    assert [f.rule for f in report.findings] == ([] if sound else ["qc.name_and_content"])


def test_a_hundred_findings_are_kept_and_all_are_counted() -> None:
    report = check_file([b"".join(b"@r%d\nX\n+\nI\n" % n for n in range(5000))], "0" * 32, "fastq", "a.fq")
    assert len(report.findings) == 100
    assert report.findings[0].rule == "qc.md5"
    assert report.findings_total == 5001


def test_a_message_says_what_and_where_and_holds_no_bytes_a_terminal_would_obey() -> None:
    text = b"@r1\x1b[31m\nAC\x07T\n+\nIIII\n"
    for finding in _check(text, name="a.fq").findings:
        assert finding.message.isprintable()
        assert finding.where in ("a.fq:1", "a.fq:2")
        assert finding.mend
        json.dumps(finding.as_dict())


def test_the_report_is_json_of_the_agreed_shape() -> None:
    document = json.loads(json.dumps(_check(gzip_member(tiny_fastq(3, 8))).as_dict()))
    assert document.pop("seconds") >= 0
    fields = "version key size_bytes md5 sha256 format container reads bases screen statistics names duplicates verdict"
    assert list(document) == [*fields.split(), "findings", "findings_total", "counted"]
    wanted = {"version": 3, "key": "run/reads", "container": "gzip", "reads": 3, "bases": 24, "verdict": "sound"}
    assert wanted.items() <= document.items()


def test_an_unknown_format_is_a_fault_of_the_caller_and_not_of_the_data() -> None:
    with pytest.raises(NoSuchCheck, match="'bam'"):
        check_file([b""], None, "sff", "a.sff")


def test_a_bomb_is_refused() -> None:
    stored = gzip_member(b"A" * 3_000_000)
    report = check_file([stored], None, "fastq", "a.fastq.gz", limits=Limits(max_ratio=20, grace_bytes=1_000_000))
    assert [f.rule for f in report.findings] == ["qc.unpacks_too_far"]


def test_what_the_source_of_bytes_raises_is_passed_on() -> None:
    def broken() -> Iterator[bytes]:
        yield b"@r\n"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        check_file(broken(), None, "fastq", "a.fq")


@pytest.mark.parametrize("kind", ["gzip", "bgzf", "one line"])
def test_memory_does_not_grow_with_the_file(kind: str) -> None:
    text = tiny_fastq(reads=8000, length=100)
    line = bytes(random.Random(1).choices(b"ACGT", k=len(text)))
    stored = {"gzip": gzip_member(text), "bgzf": bgzf(text), "one line": gzip_member(line, level=1)}[kind]
    copies = 40 if kind == "one line" else 20
    tracemalloc.start()
    try:
        report = check_file((stored for _ in range(copies)), None, "fastq", "a.fastq.gz")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if kind == "one line":  # the longest line is held once, whatever follows it
        assert [f.rule for f in report.findings] == ["qc.line_too_long"]
        assert peak_bytes < 80 * 2**20
    else:
        assert report.reads == copies * 8000
        assert peak_bytes < 32 * 2**20


def test_many_reads_of_one_quality_are_warned_of_and_few_are_not() -> None:
    many = _check(b"".join(b"@r%d\nACGT\n+\nIIII\n" % at for at in range(10_000)))
    assert [(f.rule, f.facts["value"]) for f in many.findings] == [("qc.quality_constant", "I")]
    assert many.verdict == "sound"
    assert _check(b"".join(b"@r%d\nACGT\n+\nIIII\n" % at for at in range(9_999))).findings == ()


def test_more_warnings_than_are_kept_leave_a_file_sound() -> None:
    report = _check(b"".join(b"@r%d\n\n+\n\n" % at for at in range(500)) + b"@r\nA\n+\nI\n")
    assert report.verdict == "sound" and len(report.findings) == 100 and report.findings_total == 500


def test_long_reads_with_uuid_names_and_long_comments_pass() -> None:
    dice = random.Random(5)
    reads = []
    for length in (4_000_000, 1, 70_001):
        name = "-".join(dice.randbytes(n).hex() for n in (4, 2, 2, 2, 6))
        bases, qualities = (bytes(dice.choices(letters, k=length)) for letters in (b"ACGT", range(34, 84)))
        reads.append(b"@%b runid=%b ch=7 %b\n%b\n+\n%b\n" % (name.encode(), b"a" * 64, b"x" * 900, bases, qualities))
    report = _check(gzip_member(b"".join(reads), level=1))
    assert (report.verdict, report.findings, report.reads, report.bases) == ("sound", (), 3, 4_070_002)
    assert report.statistics and report.statistics["length_bases"]["max"] == 4_000_000
    assert report.names and report.names["platform"] == "ONT"


# What is known of files that came with the tools they test; any other file there must be sound FASTQ.
_KNOWN_UNSOUND = {
    "multiline.fq": "qc.multi_line",
    "simple.fastq.gz": "qc.base",
    "simple.fastq.bz2": "qc.base",
    "withplus.fastq": "qc.plus_name",
}


def test_real_reads_pass_and_are_counted_as_their_lines_say() -> None:
    for path in real_files(".fastq", ".fq", ".fastq.gz", ".fastq.bz2"):
        stored = path.read_bytes()
        report = check_file([stored], hashlib.md5(stored).hexdigest(), "fastq", path.name)
        if path.name in _KNOWN_UNSOUND:
            assert _KNOWN_UNSOUND[path.name] in {f.rule for f in report.findings}
            continue
        unpack = {".gz": gzip.decompress, ".bz2": bz2.decompress}.get(path.suffix, bytes)
        text = unpack(stored)
        lines = text.splitlines()
        assert report.verdict is Verdict.SOUND, path.name
        assert (report.reads, report.bases) == (len(lines) // 4, sum(map(len, lines[1::4])))


def test_alignment_files_are_refused_by_name() -> None:
    for path in real_files(".bam", ".cram"):
        report = check_file([Path(path).read_bytes()], None, "fastq", path.name)
        assert [f.facts["content"] for f in report.findings] == [path.suffix[1:].upper()]
