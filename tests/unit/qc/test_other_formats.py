"""CRAM, BCF and archives through the file check: every defect is told, counts are samtools', nothing is fetched."""

from __future__ import annotations

import random
import socket
import threading
from pathlib import Path

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats.cram import CramCheck
from biotheca.formats.htslib import Htslib
from biotheca.qc import Verdict, check_file
from tests.depth import examples
from tests.real_data import real_files
from tests.unit.formats.making import cut_into
from tests.unit.qc.defects_other import CASES, TAR_CASES, WARNED, cram


@pytest.mark.parametrize(("form", "case"), [(form, case) for form, cases in CASES.items() for case in cases])
def test_each_defect_is_told_with_its_place_however_the_bytes_are_cut(form: str, case: str) -> None:
    stored, rule, where = CASES[form][case]
    reports = [check_file(cut_into(stored, p), None, form, "a.dat") for p in ([], [1, 30, 600, len(stored) - 4])]
    assert reports[0] == reports[1]
    found = {finding.rule: finding.where for finding in reports[0].findings}
    assert (rule in found and found[rule].endswith(where)) if rule else not found
    assert (reports[0].verdict is Verdict.SOUND) is (rule is None or case in WARNED)


@pytest.mark.parametrize("version", ["2.1", "3.0", "3.1"])
def test_primary_reads_of_cram_are_those_that_samtools_counts(version: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cram"
    path.write_bytes(cram(version))
    told = pysam.view("-c", "-F", "0x900", str(path))
    report = check_file([cram(version)], None, "cram", "a.cram")
    assert (report.reads, int(told)) == (8, 8)


def test_real_cram_files_pass_with_the_counts_that_samtools_gives_though_their_reference_is_absent() -> None:
    for path in real_files(".cram"):
        report = check_file([path.read_bytes()], None, "cram", path.name)
        told = pysam.view("-c", "-F", "0x900", "--input-fmt-option", "required_fields=3", str(path))
        assert (report.verdict, report.reads) == (Verdict.SOUND, int(told)), report.findings


def test_no_reference_is_fetched_even_if_the_header_says_where_it_is() -> None:
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: asked.append(server.accept()), daemon=True).start()
        place = f"http://127.0.0.1:{server.getsockname()[1]}/ref.fa"
        report = check_file([cram("3.0", f"\tUR:{place}")], None, "cram", "a.cram")
    assert report.verdict is Verdict.SOUND and not asked


@settings(max_examples=examples(300), deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 3000))
def test_a_cram_file_with_bytes_turned_never_raises_and_blocks_are_proved(seed: int, cut: int) -> None:
    dice, stored = random.Random(seed), bytearray(cram())
    for at in dice.sample(range(26, len(stored)), dice.randrange(1, 4)):
        stored[at] ^= dice.randrange(1, 256)
    found = []
    for pieces in ([bytes(stored)], cut_into(bytes(stored), [cut])):
        check = CramCheck(deep=False)
        check.read(pieces)
        check.finish()
        found.append(check.defects)
    assert found[0] == found[1] and any(d.code != "not_decoded" for d in found[0])


def test_without_htslib_cram_is_looked_at_from_outside_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Htslib, "installed", staticmethod(lambda: False))
    for form in ("cram", "bcf"):
        report = check_file([CASES[form]["sound"][0]], None, form, "a.dat")
        assert [f.rule for f in report.findings] == ["qc.not_decoded"] and report.verdict is Verdict.SOUND


@settings(max_examples=examples(200), deadline=None)
@given(seed=st.integers(0, 2**32), case=st.sampled_from(["sound", "a link", "matrix"]))
def test_a_mutated_archive_never_raises(seed: int, case: str) -> None:
    dice, stored = random.Random(seed), bytearray(TAR_CASES[case][0])
    for _ in range(dice.randrange(1, 6)):
        stored[dice.randrange(len(stored))] = dice.randrange(256)
    del stored[dice.randrange(len(stored)) + 1 if dice.random() < 0.3 else len(stored) :]
    check_file([bytes(stored)], None, "10x", "a.tar")
