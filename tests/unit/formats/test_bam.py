"""The kernel for BAM: it agrees with the Python reader on every file, and reads no byte beyond its text."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import native
from biotheca.formats.bam import BamCheck
from biotheca.formats.counts import READS, Counts
from biotheca.formats.native import build
from tests.depth import examples
from tests.unit.formats.making_bam import HEADER, header, many, record

COMPILED = native.engines()[:-1]
ORDERS = ("unsorted", "coordinate", "queryname")


class Names:
    """Keeps every name that it is told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def feed(self, records: native.Records, line: int) -> None:
        assert line == len(self.told) + 1
        self.told += records.headers()

    def add(self, header: bytes, line: int) -> None:
        assert line == len(self.told) + 1
        self.told.append(header)


def _everything(text: bytes, engine: str, block_bytes: int = 2**21, cuts: Sequence[int] = ()) -> tuple[object, ...]:
    sequences: list[bytes] = []
    names = Names()
    check = BamCheck(block_bytes=block_bytes, engine=engine, screen=sequences.extend, names=names)
    for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True):
        check.feed(text[a:b])
    check.finish()
    counts = (check.reads, check.bases, check.lines, check.failed, check.unmapped, check.without_qualities)
    table = check.counts.table.tobytes()
    return (*counts, check.stopped, check.defects, dict(check.counted), table, sequences, names.told)


def test_all_sound_records_are_passed_by_the_kernel_with_the_reads_as_they_came_from_the_sequencer() -> None:
    made = many(400)
    text = header() + b"".join(made)
    expected = _everything(text, native.PYTHON)
    assert expected[2] == 400 and not expected[7]
    for engine in COMPILED:
        assert _everything(text, engine) == expected
    if COMPILED:
        lengths = struct.pack("=2I", 1000, 500)
        counts, before = Counts(COMPILED[0]), (-1, -1, b"")
        assert counts.by_kernel
        passed = native.scan_bam(COMPILED[0], text, len(header()), lengths, b"one\0", before, 0, counts.by_kernel)
        assert (passed.end, passed.count) == (len(text), 400)  # not one was left to Python
        assert len(passed.records) == passed.reads == counts.table[READS]


def test_a_reversed_mate_is_given_as_the_sequencer_read_it() -> None:
    text = header() + record(b"x", 147, 0, 5, bases="ACGTM", next_place=(0, 1))
    for engine in native.engines():
        assert _everything(text, engine)[-2:] == ([b"KACGT"], [b"x/2"])


def test_large_pieces_are_read_as_small_ones_wherever_they_cut_a_record() -> None:
    long = record(b"long", bases="ACGT" * 40_000)
    text = header() + b"".join(many(900, 3)) + long + b"".join(many(900, 4))
    expected = _everything(text, native.PYTHON)
    dice = random.Random(5)
    for engine in native.engines()[-2:]:
        for _ in range(40):
            cuts = sorted(dice.randrange(len(text)) for _ in range(3))
            assert _everything(text, engine, cuts=cuts) == expected
            assert _everything(text[:-9], engine, cuts=cuts[:2])[7][-1].code == "bam_record_cut"


def test_a_name_tells_a_read_from_others_only_where_its_flags_do() -> None:
    """SAM specification 1.4: neither or both of 0x40 and 0x80 say that the place in the template is not known."""
    flags = {4: b"x", 77: b"x/1", 141: b"x/2", 13: b"", 205: b""}
    text = header() + b"".join(record(b"x", flag) for flag in flags) + record(b"*")
    for engine in native.engines():
        assert _everything(text, engine)[-1] == [*flags.values(), b""]


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    dice = random.Random(draw(st.integers(0, 2**32)))
    records = many(draw(st.integers(1, 40)), dice.randrange(10**6))
    if dice.random() < 0.5:
        records.sort(key=lambda r: struct.unpack_from("<ii", r, 4) if r[4:8] != b"\xff" * 4 else (99, 0))
    text = bytearray(header(HEADER.replace("unsorted", dice.choice(ORDERS))) + b"".join(records))
    first = 0 if dice.random() < 0.1 else len(header())
    for _ in range(draw(st.integers(0, 8))):
        at = dice.randrange(first, len(text)) if first < len(text) else 0
        way = dice.randrange(8)
        if way < 6:
            text[at] = dice.choice([0, 1, 4, 0x20, 0x7F, 0xFF, dice.randrange(256)])
        elif way == 6:
            del text[at : at + dice.randrange(1, 9)]
        else:
            text[at:at] = dice.randbytes(dice.randrange(1, 9))
    return bytes(text)


@settings(max_examples=examples(300), deadline=None)
@given(text=_mutated(), block=st.integers(1, 20_000), cut=st.integers(0, 10**6))
def test_kernel_and_python_find_the_same_in_mutated_files_however_they_are_cut(
    text: bytes, block: int, cut: int
) -> None:
    expected = _everything(text, native.PYTHON)
    cuts = sorted({cut % (len(text) + 1), cut // 7 % (len(text) + 1)})
    for engine in native.engines()[-2:]:
        assert _everything(text, engine, block, cuts) == expected


@settings(max_examples=examples(200), deadline=None)
@given(text=st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda b: header() + b)))
def test_random_bytes_never_raise(text: bytes) -> None:
    expected = _everything(text, native.PYTHON)
    assert all(_everything(text, engine) == expected for engine in COMPILED)
    assert expected[7] or expected[2]


@pytest.mark.parametrize("order", ORDERS)
def test_wherever_a_block_ends_engines_agree(order: str) -> None:
    text = header(HEADER.replace("unsorted", order)) + b"".join(many(6, 5)) + record(tags=b"q")
    expected = _everything(text, native.PYTHON)
    for engine in native.engines()[-2:]:
        for place in range(1, len(text)):
            assert _everything(text, engine, place) == expected
            assert _everything(text, engine, 10**6, [place]) == expected
            assert _everything(text, engine, 1, [place]) == expected


def test_no_byte_beyond_the_records_is_read_and_nothing_is_undefined(tmp_path: Path) -> None:
    cc = build.compiler()
    if cc is None:
        assert not COMPILED
        return
    dice, texts = random.Random(11), [b"".join(many(12, seed)) for seed in range(25)]
    for text in list(texts):
        for _ in range(10):
            odd = bytearray(text)
            for _ in range(dice.randrange(1, 4)):
                odd[dice.randrange(len(odd))] = dice.choice([0, 0xFF, dice.randrange(256)])
            texts.append(bytes(odd))
    corpus, program = tmp_path / "corpus", tmp_path / "harness"
    corpus.write_bytes(b"".join(len(text).to_bytes(4, sys.byteorder) + text for text in texts))
    flags = ["-std=c11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{build.FOLDER}"]
    kernel = [str(path) for path in build.sources() if not path.name.endswith("module.c")]
    harness = str(Path(__file__).with_name("harness_bam.c"))
    subprocess.run([cc, *flags, *kernel, harness, "-o", str(program)], check=True, timeout=120)
    told = subprocess.run([str(program), str(corpus)], capture_output=True, text=True, check=False, timeout=120)
    assert told.returncode == 0, told.stderr[-3000:]
    assert int(told.stdout) > 1000  # records were passed
