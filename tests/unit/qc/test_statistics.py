"""The statistics of a report against the plain reference, for all engines and however the file is cut."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import counts, native
from biotheca.formats.counts import Counts
from biotheca.formats.fastq import BASES, FastqCheck
from biotheca.qc.adapters import ADAPTERS, Adapters
from biotheca.qc.statistics import statistics
from tests.depth import examples
from tests.real_data import real_files
from tests.unit.qc import reference_statistics as reference

Reads = list[tuple[str, str]]


def _text(reads: Reads) -> bytes:
    return "".join(f"@r{at}\n{s}\n+\n{q}\n" for at, (s, q) in enumerate(reads)).encode()


def _told(text: bytes, engine: str, block_bytes: int = 2**21) -> dict[str, Any]:
    adapters = Adapters()
    check = FastqCheck(engine=engine, screen=adapters.take, block_bytes=block_bytes)
    for at in range(0, len(text), 70_000):
        check.feed(text[at : at + 70_000])
    check.finish()
    return statistics(check.counts, adapters.result(check.counts.table[counts.LONGEST]))


def _same(told: dict[str, Any], expected: dict[str, Any]) -> None:
    """Equal in all, but for rounding and for the N50 of long reads."""
    long = expected["length_bases"]["n50"] > counts.SINGLE
    n50 = told["length_bases"].pop("n50")
    assert n50 == pytest.approx(expected["length_bases"].pop("n50"), rel=0.004 if long else 0)
    assert dict(_leaves(told)) == pytest.approx(dict(_leaves(expected)))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and word, with the way to it."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, f"{path}/{key}")
    else:
        yield path, value


@st.composite
def _reads(draw: st.DrawFn) -> Reads:
    dice = random.Random(draw(st.integers(0, 2**32)))
    lengths = draw(
        st.sampled_from([[1, 2, 7, 8, 9], [30, 31, 32, 33, 150], [151], [511, 512, 513, 544, 545, 700, 5000]])
    )
    lowest, highest = draw(st.sampled_from([(33, 126), (33, 74), (66, 104), (66, 126), (53, 90), (33, 33)]))
    reads = []
    for _ in range(draw(st.integers(1, 60))):
        length = dice.choice(lengths)
        bases = "".join(dice.choices("ACGTacgtNnU.RYk", [9] * 4 + [2] * 4 + [1] * 7, k=length))
        if length > 20 and dice.random() < 0.3:
            at = dice.randrange(length - 12)
            bases = bases[:at] + dice.choice(list(ADAPTERS.values())).decode() + bases[at + 12 :]
        reads.append((bases, "".join(chr(dice.randint(lowest, highest)) for _ in range(length))))
    return reads


@settings(max_examples=examples(40), deadline=None)
@given(reads=_reads(), block=st.integers(1, 40_000))
def test_statistics_are_those_of_the_plain_reference(reads: Reads, block: int) -> None:
    for engine in native.engines():
        _same(_told(_text(reads), engine, block), reference.statistics(reads))


def test_statistics_of_real_files_are_those_of_the_plain_reference() -> None:
    for path in real_files(".fastq", ".fq"):
        lines = path.read_text().splitlines()
        reads = list(zip(lines[1::4], lines[3::4], strict=False))
        if len(lines) % 4 or not all(len(s) == len(q) and s for s, q in reads) or "\r" in path.read_text():
            continue
        check = FastqCheck()
        check.feed(path.read_bytes())
        check.finish()
        if check.counted or not reads:
            continue
        for engine in native.engines():
            _same(_told(path.read_bytes(), engine), reference.statistics(reads))


@settings(max_examples=examples(25), deadline=None)
@given(reads=_reads(), cut=st.floats(0, 1))
def test_parts_add_up_to_the_whole_and_survive_being_saved(reads: Reads, cut: float) -> None:
    at = int(len(reads) * cut)
    whole, *parts = (FastqCheck() for _ in range(3))
    for check, some in zip((whole, *parts), (reads, reads[:at], reads[at:]), strict=True):
        check.feed(_text(some))
        check.finish()
    taken = Counts()
    taken.load(parts[0].counts.saved())
    taken.merge(parts[1].counts)
    assert taken.table == whole.counts.table


def test_reads_with_letters_and_qualities_that_are_none_are_counted_alike_by_all_engines() -> None:
    text = (
        b"@a\nAC-*\xff\n+\nI \x01\xff~\n@b\nACGT\n+\nIIII\n"
        + b"@c\n"
        + BASES * 30
        + b"\n+\n"
        + b"\x1fI\x7f" * 340
        + b"\n"
    )
    tables = []
    for engine in native.engines():
        check = FastqCheck(engine=engine)
        check.feed(text)
        check.finish()
        tables.append(check.counts.table)
    assert all(table == tables[0] for table in tables)
    assert tables[0][counts.READS] == 3 - (len(BASES) * 30 != 1020)


def test_few_quality_levels_are_counted_as_many_are_and_when_they_change_too() -> None:
    # Few levels have a way of their own, which is chosen anew every 65,535 reads.
    dice = random.Random(5)
    parts = [("F:,#", 300), ("FF:,#Z", 69_000), ("GI?5+", 3_000), ("".join(map(chr, range(33, 74))), 67_000)]
    reads = [
        ("".join(dice.choices("ACGT", k=n)), "".join(dice.choices(levels, k=n)))
        for levels, count in parts
        for n in dice.choices((1, 31, 32, 36), (1, 2, 2, 30), k=count)
    ]
    text = _text(reads)
    twin = Counts(native.PYTHON)
    twin.add([s.encode() for s, _ in reads], [q.encode() for _, q in reads])
    for engine in native.engines():
        check = FastqCheck(engine=engine)
        check.feed(text)
        check.finish()
        assert check.counts.table == twin.table, engine


def test_a_saved_state_of_another_kind_is_refused() -> None:
    other = Counts()
    other._raw = other._raw[:-1]
    with pytest.raises(ValueError, match="a table has"):
        Counts().load(other.saved())


def test_the_sample_of_adapters_is_the_same_however_the_reads_come() -> None:
    dice = random.Random(1)
    reads = [b"".join(dice.choices([b"ACGT", b"AGATCGGAAGAG", b"TT"], k=9)) for _ in range(5000)]
    results = []
    for size in (1, 7, 5000):
        sample = Adapters(most=100)
        for at in range(0, len(reads), size):
            sample.take(reads[at : at + size])
        results.append(sample.result(100))
    assert results[0] == results[1] == results[2]
    assert 50 <= results[0]["sampled_reads"] <= 100
