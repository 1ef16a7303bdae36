"""What names say of a run: mates out of order, the same file twice, swapped files, lanes, platform, layout, lengths."""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from biotheca import catalog
from biotheca.qc import check_file
from biotheca.qc.locating import locator
from biotheca.qc.mates import RULES, CheckedFile, Declared, Locate, of_names, of_pair
from tests.journeys.conftest import document

READS = 70_000


def _record(name: str, comment: str, n: int) -> bytes:
    return f"@{name}{comment}\n{'ACGT'[n % 4] * 9}{'ACGT'[n // 4 % 4]}\n+\nIIIIIIIII{chr(40 + n % 30)}\n".encode()


def _names(count: int = 12, lane: int = 1) -> list[str]:
    return [f"M01:7:A:{lane}:1101:{15 + n % 7}:{1000 + n}" for n in range(count)]


def _text(names: list[str], comment: str) -> bytes:
    shift = 5 if comment.endswith("2") or " 2" in comment else 0
    return b"".join(_record(name, comment, n + shift) for n, name in enumerate(names))


def _checked(text: bytes, name: str) -> CheckedFile:
    report = check_file([text], None, "fastq", name).as_dict()
    assert report["verdict"] == "sound", report["findings"]
    return CheckedFile.of(name, report)


def _said(one: bytes, two: bytes, locate: Locate | None = None) -> list[Any]:
    return list(of_pair("R1", _checked(one, "r_1.fastq"), _checked(two, "r_2.fastq"), locate))


@pytest.mark.parametrize(
    "first, second",
    [(" 1:N:0:A", " 2:N:0:A"), ("/1", "/2"), (".1", ".2"), ("_1 length=10", "_2 length=10"), ("", "")],
)
def test_mates_in_order_are_no_finding_however_their_names_end(first: str, second: str) -> None:
    one, two = _text(_names(), first), _text(_names(), second).replace(b"\nA", b"\nT")
    assert _said(one, two) == []


def test_mates_out_of_order_are_located_to_the_block_and_where_both_can_be_read_to_the_line() -> None:
    names = _names(READS)
    moved = [*names]
    moved[66_000], moved[66_001] = moved[66_001], moved[66_000]
    one, two = _text(names, "/1"), _text(moved, "/2")
    (found,) = _said(one, two)
    assert (found.rule, found.severity) == ("qc.mates_order", "error")
    wanted = {"first_read": 65_537, "last_read": READS, "blocks": 1, "of": 2, "other": "r_2.fastq", "run": "R1"}
    assert wanted.items() <= found.facts.items()
    assert "reads 65537 to 70000" in found.message
    (found,) = _said(one, two, locator(partial(_pieces, one), partial(_pieces, gzip.compress(two, 1))))
    line = 4 * 66_000 + 1
    assert (found.facts["number"], found.facts["line"], found.facts["other_line"]) == (66_001, line, line)
    assert names[66_000] in found.message and moved[66_000] in found.message and str(line) in found.message


def _pieces(data: bytes) -> list[bytes]:
    return [data[at : at + 50_000] for at in range(0, len(data), 50_000)]


def test_the_same_reads_given_twice_are_found_as_the_same_bytes_and_packed_anew() -> None:
    text = _text(_names(), "/1")
    for other in (text, gzip.compress(text), text.replace(b"\n", b"\r\n")):
        name = "r_2.fastq.gz" if other[:2] == b"\x1f\x8b" else "r_2.fastq"
        found = list(of_pair("R1", _checked(text, "r_1.fastq"), _checked(other, name)))
        assert [f.rule for f in found] == ["qc.mates_same"]
    assert found[0].severity == "error"


def test_the_same_reads_under_the_names_of_the_other_mate_are_found_where_they_are_many() -> None:
    one, two = _text(_names(150), "/1"), _text(_names(150), "/2")
    again = one.replace(b"/1\n", b" 2:N:0:A\n").replace(b"@M01", b"@M99")
    assert [f.rule for f in _said(one, again)] == ["qc.mates_same"]
    assert _said(one, two) == []
    few = _text(_names(9), "/1")
    assert _said(few, few.replace(b"/1\n", b"/2\n")) == [], "nine reads may be alike by chance"


@pytest.mark.parametrize("labels, said", [(("/2", "/1"), "2 and 1"), ((" 1:N:0:A",) * 2, "1 and 1")])
def test_files_whose_names_tell_another_read_number_than_their_place(labels: tuple[str, str], said: str) -> None:
    one, two = _text(_names(), labels[0]), _text(_names(), labels[1]).replace(b"\nA", b"\nT")
    (found,) = _said(one, two)
    assert (found.rule, found.value) == ("qc.mates_swapped", said)


def test_mates_of_different_number_are_told_so_and_not_that_they_are_out_of_order() -> None:
    assert [f.rule for f in _said(_text(_names(9), "/1"), _text(_names(8), "/2"))] == ["qc.mates_differ"]


def _of_names(text: bytes, declared: Declared, files: int = 1) -> list[tuple[str, str]]:
    file = _checked(text, "r.fastq")
    return [(f.rule, f.value) for f in of_names("R1", [file] * files, declared)]


def test_lanes_platform_layout_and_length_are_compared_with_what_was_declared() -> None:
    right = Declared("ILLUMINA", "SINGLE", (10,))
    text = _text(_names(), " 1:N:0:A")
    assert _of_names(text, right) == _of_names(text, Declared()) == []
    both = text + _text(_names(lane=2), " 1:N:0:A")
    assert _of_names(both, right) == [("qc.lanes_mixed", "M01:7:A:1, M01:7:A:2")]
    assert _of_names(text, replace(right, platform="OXFORD_NANOPORE")) == [("qc.platform_differs", "Illumina")]
    assert _of_names(text, replace(right, read_lengths=(150,))) == [("qc.read_length_differs", "10")]
    assert _of_names(text, replace(right, read_lengths=(None,))) == []
    interleaved = b"".join(_record(name, mate, 3) for name in _names() for mate in ("/1", "/2"))
    assert [rule for rule, _ in _of_names(interleaved, right)] == ["qc.layout_differs"]
    nanopore = _text([f"0d61b2c0-1f3e-4d40-9a3c-8f0c4f0f3d{n:02d}" for n in range(12)], "")
    assert _of_names(nanopore, Declared("OXFORD_NANOPORE")) == []
    assert _of_names(nanopore, Declared("ILLUMINA")) == [("qc.platform_differs", "ONT")]


def test_names_of_platforms_are_terms_of_the_vocabulary() -> None:
    known = set(catalog.vocabulary("platform"))
    assert all(set(platforms) <= known for platforms in catalog.platforms_of_names().values())
    assert {"Illumina", "ONT", "PacBio"} <= set(catalog.platforms_of_names())


def test_what_is_declared_is_found_by_references_where_the_catalog_says() -> None:
    from biotheca.qc import runs
    from biotheca.submissions.rules import objects_of

    member = next(m for m in catalog.members().values() if any(k.files and k.files.get("declared") for k in m.objects))
    whole = document([("r_1.fastq.gz", b"1"), ("r_2.fastq.gz", b"2")])
    fields = {(kind.type, row["alias"]): row for kind in member.objects for row in objects_of(whole, kind)}
    alias = whole["runs"][0]["alias"]
    assert runs.declared(member, fields, "run", alias) == Declared("ILLUMINA", "PAIRED", (50, 50))
    assert runs.declared(member, {}, "run", alias) == Declared()


def test_each_rule_of_runs_has_a_test_here() -> None:
    assert len(RULES) == 8
