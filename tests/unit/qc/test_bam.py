"""BAM through the file check: every defect at its record, harmless oddities pass, counts are those of samtools."""

from __future__ import annotations

from pathlib import Path

import pysam
import pytest

from biotheca.formats import native
from biotheca.qc import Verdict, check_file
from tests.real_data import real_files
from tests.unit.formats.making import cut_into
from tests.unit.formats.making_bam import bam, record
from tests.unit.qc.defects_bam import CASES, HARMLESS


@pytest.mark.parametrize("case", CASES)
def test_each_defect_is_found_at_its_record_by_every_engine(case: str) -> None:
    stored, rule, where = CASES[case]
    reports = [
        check_file(cut_into(stored, places), None, "bam", "a.bam", engine=engine)
        for engine in native.engines()
        for places in ([], [1, 20, len(stored) // 2, len(stored) - 9])
    ]
    assert all(report == reports[0] for report in reports)
    found = {finding.rule: finding.where for finding in reports[0].findings}
    if rule:
        assert rule in found and found[rule].endswith(f"a.bam{where}" if where else found[rule])
    else:
        assert not found
    assert (reports[0].verdict is Verdict.SOUND) is (case in HARMLESS)


def test_a_finding_says_record_and_read_and_how_to_mend_it() -> None:
    stored, _, _ = CASES["a quality of 94"]
    (finding,) = check_file([stored], None, "bam", "runs/a.bam").findings
    assert finding.where == "a.bam:record 5" and finding.facts["record"] == 5 and finding.facts["read"] == "r1"
    assert finding.message == "Record 5 of a.bam (read 'r1') has a quality of 94 at base 2."
    assert "0 to 93" in finding.mend


@pytest.mark.parametrize("source", ["again", "stream"])
@pytest.mark.parametrize("method", ["auto", "spool", "bloom"])
def test_a_read_that_stands_twice_is_found_at_its_primary_records_whatever_the_order(method: str, source: str) -> None:
    made = [record(b"M01:7:A:1:1101:%d:%d" % (n * 7 % 997, n), flag) for n in range(600) for flag in (77, 141)]
    made += [made[100], made[101][:18] + b"\x04\x08" + made[101][20:]]  # the second is supplementary
    stored = bam(*made)
    chunks = [stored[at : at + 999] for at in range(0, len(stored), 999)]
    report = check_file(chunks if source == "again" else iter(chunks), None, "bam", "a.bam", duplicates=method)
    (finding,) = report.findings
    assert (finding.rule, finding.where) == ("qc.duplicate_name", "a.bam:primary record 1201")
    assert finding.message.startswith("Read 'M01:7:A:1:1101:350:50/1', primary record 1201 of a.bam, has the name of ")
    assert (report.duplicates or {})["examples"] == [{"name": "M01:7:A:1:1101:350:50/1", "lines": [101, 1201]}]
    assert (report.duplicates or {})["checked"] == report.reads == 1201 and report.names is None


@pytest.mark.parametrize("case", sorted(HARMLESS))
def test_what_is_called_harmless_is_read_by_samtools_with_the_same_counts(case: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bam"
    path.write_bytes(CASES[case][0])
    report = check_file([CASES[case][0]], None, "bam", "a.bam")
    assert (report.reads, report.bases) == _by_htslib(str(path))


@pytest.mark.parametrize(
    "case", ["cut in a block", "one bit turned", "header cut", "last record cut", "a record of 3 bytes"]
)
def test_what_samtools_cannot_read_is_an_error_here(case: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bam"
    path.write_bytes(CASES[case][0])
    with pytest.raises((OSError, ValueError)):
        _by_htslib(str(path))


def test_real_files_pass_with_the_counts_that_samtools_gives() -> None:
    for path in real_files(".bam"):
        reads, bases = _by_htslib(str(path))
        report = check_file([path.read_bytes()], None, "bam", path.name)
        assert (report.verdict, report.reads, report.bases) == (Verdict.SOUND, reads, bases), path.name


def _by_htslib(path: str) -> tuple[int, int]:
    with pysam.AlignmentFile(path, check_sq=False) as file:
        primary = [one for one in file.fetch(until_eof=True) if not one.flag & 0x900]
    return len(primary), sum(one.query_length for one in primary)
