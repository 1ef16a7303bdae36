"""Tables, spectra, cytometry, matrices, images and archives through the file check, with all bounds."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats.listings import is_safe
from biotheca.qc import Verdict, check_file
from tests.depth import examples
from tests.unit.formats.making import cut_into
from tests.unit.qc.defects_omics import CASES, WARNED, fcs, h5ad, mzml, tiff, zipped

SMALL = [(form, case) for form, cases in CASES.items() for case, row in cases.items()]


@pytest.mark.parametrize(("form", "case"), SMALL)
def test_each_defect_is_told_however_the_bytes_are_cut(form: str, case: str) -> None:
    stored, rule, where = CASES[form][case]
    places = [n for n in (1, 30, 600, len(stored) - 4) if 0 < n < len(stored)]
    reports = [check_file(cut_into(stored, p), None, form, "a.dat") for p in ([], sorted(places))]
    assert reports[0] == reports[1]
    found = {finding.rule: finding.where for finding in reports[0].findings}
    assert (rule in found and found[rule].endswith(where)) if rule else not found, reports[0].findings
    assert (reports[0].verdict is Verdict.SOUND) is (rule is None or (form, case) in WARNED)


@pytest.mark.parametrize("form", sorted(CASES))
def test_empty_files_and_noise_are_unsound_and_never_raise(form: str) -> None:
    dice = random.Random(3)
    for stored in (b"", b"\0" * 100, dice.randbytes(5_000)):
        assert check_file([stored], None, form, "a.dat").verdict is Verdict.UNSOUND


BINARY = ["fcs", "h5ad", "mzml", "tiff", "xlsx", "zip", "7z"]


@settings(max_examples=examples(400), deadline=None)
@given(form=st.sampled_from(BINARY), seed=st.integers(0, 2**32), data=st.data())
def test_a_file_with_bytes_turned_or_cut_never_raises(form: str, seed: int, data: st.DataObject) -> None:
    dice, stored = random.Random(seed), bytearray(next(row[0] for row in CASES[form].values()))
    for at in dice.sample(range(len(stored)), min(len(stored), dice.randrange(1, 8))):
        stored[at] = dice.choice([0, 0xFF, 0x7F, 0x80, dice.randrange(256)])
    end = data.draw(st.integers(0, len(stored)))
    check_file([bytes(stored[:end])], None, form, "a.dat")


@pytest.mark.parametrize("form", ["fcs", "h5ad", "tiff", "zip", "7z"])
def test_a_file_cut_anywhere_is_unsound(form: str) -> None:
    stored = next(row[0] for row in CASES[form].values())
    for end in range(1, len(stored), max(1, len(stored) // 60)):
        assert check_file([stored[:end]], None, form, "a.dat").verdict is Verdict.UNSOUND, end


def test_what_the_writers_wrote_is_counted_as_they_say() -> None:
    counted = {
        "fcs": (fcs(7), 7),
        "mzml": (mzml(9), 9),
        "tiff": (tiff(images=5), 5),
        "h5ad": (h5ad(), 6),
        "zip": (zipped(*((f"{n}.csv", b"x") for n in range(300))), 300),
    }
    from biotheca.qc.content import Asked, look

    for form, (stored, count) in counted.items():
        assert look([stored], form, Asked()).content.lines == count, form


def test_a_zip_of_64_bits_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("a.csv", "b.csv"):
            with made.open(name, "w", force_zip64=True) as member:
                member.write(b"a,b\n1,2\n" * 100)
    assert b"PK\6\6" in out.getvalue()
    assert check_file([out.getvalue()], None, "zip", "a.zip").findings == ()


def test_the_end_of_a_large_file_is_found_and_its_middle_is_not_kept() -> None:
    def stored() -> Iterator[bytes]:
        with_list = zipped(("a.bin", b""), method=zipfile.ZIP_STORED)
        head, tail = with_list[:35], bytearray(with_list[35:])
        yield head
        for _ in range(200):
            yield bytes(1 << 20)
        size = (200 << 20).to_bytes(4, "little")
        tail[20:28] = size * 2
        at = tail.index(b"PK\5\6")
        tail[at + 16 : at + 20] = (35 + (200 << 20)).to_bytes(4, "little")
        yield bytes(tail)

    tracemalloc.start()
    report = check_file(stored(), None, "zip", "a.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.findings == () and report.size_bytes > 200 << 20
    assert peak < 100 << 20


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../../b", "a\\b", "C:/a", "a\x00b", "a\nb", "x" * 1_001])
def test_unsafe_names(name: str) -> None:
    assert not is_safe(name)


def test_a_table_of_many_rows_is_not_held() -> None:
    def rows() -> Iterator[bytes]:
        yield b"a,b,c\n"
        for _ in range(60):
            yield b"12345,67890,abcdef\n" * 20_000

    tracemalloc.start()
    report = check_file(rows(), None, "csv", "a.dat")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.verdict is Verdict.SOUND and peak < 40 << 20
