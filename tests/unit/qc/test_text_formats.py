"""VCF and FASTA through the file check: every defect on its line, what is harmless passes; htslib reads what passes."""

from __future__ import annotations

from pathlib import Path

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats.fasta import FastaCheck
from biotheca.formats.vcf import VcfCheck
from biotheca.qc import Verdict, check_file
from tests.depth import examples
from tests.unit.formats.making import cut_into
from tests.unit.qc.defects_text import FASTA, FASTA_CASES, HARMLESS, VCF, VCF_CASES

ROWS = [("vcf", name) for name in VCF_CASES] + [("fasta", name) for name in FASTA_CASES]
CASES = {"vcf": VCF_CASES, "fasta": FASTA_CASES}


@pytest.mark.parametrize(("form", "case"), ROWS)
def test_each_defect_is_found_on_its_line_however_the_bytes_are_cut(form: str, case: str) -> None:
    stored, rule, where = CASES[form][case]
    reports = [check_file(cut_into(stored, p), None, form, "a.dat") for p in ([], [1, 7, 30, 31, 32, len(stored) - 2])]
    assert reports[0] == reports[1]
    found = {finding.rule: finding.where for finding in reports[0].findings}
    if rule:
        assert reports[0].findings[0].rule == rule or (where == "" and rule in found)
        assert next(f.where for f in reports[0].findings if f.rule == rule) == f"a.dat{where}"
    else:
        assert not found
    assert (reports[0].verdict is Verdict.SOUND) is (case in HARMLESS[form])


@pytest.mark.parametrize("case", sorted(HARMLESS["vcf"] - {"CRLF", "gzip"}))
def test_what_is_called_sound_vcf_is_read_whole_by_htslib(case: str, tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(VCF_CASES[case][0])
    with pysam.VariantFile(str(path)) as file:
        records = sum(1 for _ in file)
    assert records == (0 if case == "no records" else 4)


@pytest.mark.parametrize("case", ["a column too few", "columns parted by blanks", "no version", "genotype of letters"])
def test_what_htslib_cannot_read_is_an_error_here(case: str, tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(VCF_CASES[case][0])
    with pytest.raises((OSError, ValueError)), pysam.VariantFile(str(path)) as file:
        for record in file:
            str(record)


def test_sound_sorted_vcf_in_bgzf_can_be_indexed_by_tabix_and_unsorted_cannot(tmp_path: Path) -> None:
    for case, good in (("sound", True), ("a contig comes back", False)):
        path = tmp_path / f"{good}.vcf.gz"
        with pysam.BGZFile(str(path), "wb") as file:
            file.write(VCF_CASES[case][0])
        if good:
            pysam.tabix_index(str(path), preset="vcf")
        else:
            with pytest.raises(OSError, match="index"):
                pysam.tabix_index(str(path), preset="vcf")


def test_fasta_counts_are_those_of_faidx(tmp_path: Path) -> None:
    path = tmp_path / "a.fa"
    path.write_bytes(FASTA)
    check = FastaCheck()
    check.feed(FASTA)
    check.finish()
    with pysam.FastaFile(str(path)) as file:
        assert (check.records, check.bases) == (file.nreferences, sum(file.lengths))
        text = "".join(file.fetch(name) for name in file.references)
    assert check.unknown_bases == text.count("N") and check.unknown_runs == 3


def test_a_chromosome_on_one_line_is_never_held_whole() -> None:
    check = FastaCheck()
    check.feed(b">chr1\n")
    for _ in range(64):
        check.feed(b"ACGTNNACGT" * 100_000)
        assert len(check._held) <= 2 * 2**20
    check.finish()
    assert (check.bases, check.unknown_runs, check.lines) == (64_000_000, 6_400_000, 2) and not check.defects


def test_names_beyond_the_limit_are_not_compared_and_that_is_said() -> None:
    check = FastaCheck(max_names=2)
    check.feed(b">a\nA\n>b\nA\n>c\nA\n>c\nA\n>a\nA\n")
    check.finish()
    assert {d.code: (d.line, d.facts.get("count")) for d in check.defects} == {
        "fasta_names_many": (5, 2),
        "fasta_name_twice": (9, None),
    }


@settings(max_examples=examples(150), deadline=None)
@given(
    base=st.sampled_from([VCF, FASTA]),
    changes=st.lists(
        st.tuples(st.integers(0, 2000), st.sampled_from([b"", b"\n", b"\t", b">", b"\xff", b"A", b":/"])), max_size=6
    ),
    block=st.integers(1, 400),
    cut=st.integers(0, 2000),
)
def test_blocks_and_cuts_change_nothing_and_nothing_raises(
    base: bytes, changes: list[tuple[int, bytes]], block: int, cut: int
) -> None:
    text = bytearray(base)
    for at, new in changes:
        text[at % (len(text) + 1) : at % (len(text) + 1) + 1] = new
    for kind in (VcfCheck, FastaCheck):
        told = []
        for size, pieces in ((2**20, [bytes(text)]), (block, cut_into(bytes(text), [cut, cut // 3]))):
            check = kind(block_bytes=size)
            check.read(pieces)
            check.finish()
            told.append((check.defects, check.counted, check.bases, None if check.stopped else check.lines))
        if kind is VcfCheck:
            assert told[0] == told[1]
        else:  # strange letters of one sequence are counted block by block
            assert [d[:2] for d in _places(told[0][0])] == [d[:2] for d in _places(told[1][0])]


def _places(defects: list) -> list[tuple[str, int]]:
    first: dict[str, int] = {}
    for one in defects:
        first.setdefault(one.code, one.line)
    return sorted((code, line) for code, line in first.items() if code != "content_is_other")
