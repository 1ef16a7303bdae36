"""The FASTQ structure check against a slow twin, whatever the text and however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from biotheca.formats import native
from biotheca.formats.fastq import Defect, FastqCheck
from tests.depth import examples
from tests.unit.formats.making import cut_into, tiny_fastq, with_line, without_line
from tests.unit.formats.twin import judge

# What differs from engine to engine; of the counts, their table is compared.
OF_THE_ENGINE = {"engine", "_screen", "_direct_bytes", "counts"}


def _check(pieces: list[bytes], **sizes: int) -> FastqCheck:
    """What all engines of this machine say alike."""
    checks = []
    for engine in native.engines():
        sequences: list[bytes] = []
        check = FastqCheck(**sizes, engine=engine, screen=sequences.extend)
        for piece in pieces:
            check.feed(piece)
        check.finish()
        said = {key: value for key, value in vars(check).items() if key not in OF_THE_ENGINE}
        checks.append((said, check.counts.table, sequences, check))
    assert all(seen[:3] == checks[0][:3] for seen in checks)
    return checks[0][3]


def _found(check: FastqCheck) -> tuple[int, int, list[tuple[str, int]]]:
    return check.reads, check.bases, [(d.code, d.line) for d in check.defects]


# Lines that look like parts of records, so that random texts come near the rules from both sides.
_PIECES = (
    b"@r1|@r1 x|@|@ x|@@|ACGT|acgn|AC.T|ACXT|A||+|+r1|+r2|IIII|BBBB|@BBB|+BBB|II I|I\xffII|I|@n\xc3\xb8|ACGT\r|\r|@r\r"
)
_LINES = st.sampled_from([*_PIECES.split(b"|"), b"@" + b"n" * 257])
_TEXTS = st.builds(
    lambda lines, end: b"\n".join(lines) + end, st.lists(_LINES, max_size=14), st.sampled_from([b"", b"\n"])
)


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """A sound file with up to three bytes or lines changed."""
    text = tiny_fastq(draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(["byte", "cut", "insert", "drop line", "line"]))
        if kind == "byte":
            text = text[:at] + bytes([draw(st.integers(0, 255))]) + text[at + 1 :]
        elif kind == "cut":
            text = text[:at]
        elif kind == "insert":
            text = text[:at] + draw(st.sampled_from([b"\n", b"\r\n", b"@", b"+", b"\n\n", b"A"])) + text[at:]
        elif kind == "drop line":
            text = without_line(text, text.count(b"\n", 0, at) + 1)
        else:
            text = with_line(text, text.count(b"\n", 0, at) + 1, draw(_LINES))
    return text


@settings(max_examples=examples(400), deadline=None)
@example(text=b"\r\n@r1\n@r1 x\n+\n@r1\n\r", places=[], block=1)
@example(text=b"@r1\nACGT\nACGT\nACGT\nACGT\r\n@r1", places=[4], block=1)
@given(text=st.one_of(_TEXTS, _damaged()), places=st.lists(st.integers(0, 500), max_size=8), block=st.integers(1, 90))
def test_the_slow_twin_agrees_on_any_text_cut_anywhere(text: bytes, places: list[int], block: int) -> None:
    check = _check(cut_into(text, places), block_bytes=block)
    if check.counted["content_is_other"]:
        return  # judged by its magic number, which the twin does not know
    assert _found(check) == judge(text)


@settings(max_examples=examples(100), deadline=None)
@given(text=_damaged(), places=st.lists(st.integers(0, 500), max_size=8), block=st.integers(1, 90))
def test_defects_and_their_facts_do_not_depend_on_blocks(text: bytes, places: list[int], block: int) -> None:
    small, whole = _check(cut_into(text, places), block_bytes=block), _check([text])
    assert (small.defects, small.counted, small.crlf_lines, small.first_crlf_line) == (
        whole.defects,
        whole.counted,
        whole.crlf_lines,
        whole.first_crlf_line,
    )


def test_reads_and_bases_are_counted() -> None:
    assert _found(_check([tiny_fastq(reads=5, length=7)])) == (5, 35, [])


def test_every_iupac_letter_of_either_case_and_the_dot_are_bases() -> None:
    letters = b"ACGTUNRYKMSWBDHVacgtunrykmswbdhv."
    assert _found(_check([b"@r\n%b\n+\n%b\n" % (letters, b"I" * 33)])) == (1, 33, [])


@pytest.mark.parametrize("letter", [b"-", b"*", b"E", b" ", b"\0", b"0", b"\xc1"])
def test_anything_else_is_no_base(letter: bytes) -> None:
    check = _check([b"@r\nAC%bT\n+\nIIII\n" % letter])
    assert check.defects == [Defect("base", 2, {"read": b"r", "value": letter, "column": 3, "count": 1})]


def test_both_ends_of_the_quality_range_are_taken_and_their_neighbours_refused() -> None:
    assert _check([b"@r\nAC\n+\n!~\n"]).defects == []
    assert [d.code for d in _check([b"@r\nAC\n+\n \x7f\n"]).defects] == ["quality_character"]


def test_a_name_of_256_characters_is_taken_with_any_description_behind_it() -> None:
    header = b"@" + b"n" * 256 + b" " + b"d" * 5000
    assert _check([header + b"\nA\n+\nI\n"]).defects == []


def test_one_character_more_is_refused_wherever_the_read_stands() -> None:
    check = _check([tiny_fastq(3) + b"@" + b"n" * 257 + b"\nA\n+\nI\n" + tiny_fastq(3)])
    assert [(d.code, d.line) for d in check.defects] == [("name_length", 13)]


def test_a_quality_line_that_begins_like_a_header_is_not_taken_for_one() -> None:
    text = b"@r1\nACGT\n+\n@III\n@r2\nACGT\n+\n+III\n"
    assert _found(_check([text])) == (2, 8, [])


def test_after_a_missing_line_the_next_whole_read_is_found_again() -> None:
    for missing, code, line in [
        (5, "header_line", 5),
        (6, "plus_line", 7),
        (7, "plus_line", 7),
        (8, "quality_length", 8),
    ]:
        check = _check([without_line(tiny_fastq(reads=4, length=8), missing)])
        assert _found(check) == (3, 24, [(code, line)]), f"line {missing} missing"


def test_every_defect_is_counted_but_only_the_first_are_kept() -> None:
    check = _check([b"@r\nX\n+\nI\n" * 250], keep=100)
    assert len(check.defects) == 100
    assert check.counted["base"] == 250
    assert check.reads == 250


def test_a_line_without_end_stops_the_reading_before_it_fills_the_memory() -> None:
    check = FastqCheck(block_bytes=1000, max_line_bytes=10_000)
    check.feed(b"@r\nACGT\n+\nIIII\n")
    for _ in range(1000):
        check.feed(b"A" * 1000)
    check.finish()
    assert check.defects == [Defect("line_too_long", 5, {"limit_bytes": 10_000})]
    assert check.reads == 1


def test_multi_line_fastq_is_named_and_nothing_is_counted_from_it() -> None:
    check = _check([tiny_fastq(2) + b"@m\nACGT\nACGT\n+\nIIII\nIIII\n" + tiny_fastq(2)])
    assert _found(check) == (2, 16, [("multi_line", 11)])
