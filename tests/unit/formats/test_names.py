"""Read names: the kernel says what its twin says, and both what a plain set of names says."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import mmh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import names as module
from biotheca.formats import names_looks, names_twin, native
from biotheca.formats.bloom import Bloom, Design
from biotheca.formats.names import BLOOM, SPOOL, WINDOW, Candidates, Names, ScratchFault, matching
from biotheca.formats.names_key import hash_of, key_of, murmur128
from biotheca.formats.names_log import NameLog
from biotheca.formats.names_looks import Looks
from tests.depth import examples
from tests.real_data import real_files

ENGINES = [native.PYTHON, *native.engines()[:1]]


def _looked_at(
    headers: Sequence[bytes], engine: str, duplicates: str = "auto", block: int = 1000, again: bool = True
) -> tuple[Names, Candidates]:
    """The whole way: blocks of records, those that are missing once more, candidates."""
    names = Names(duplicates, again=again, engine=engine)
    for at in range(0, len(headers), block):
        names.feed(native.Records.of(headers[at : at + block]), 1 + 4 * at)
    names.close()
    for at in range(0, names.missing, block):
        names.feed_missing(native.Records.of(headers[at : at + block]))
    return names, names.candidates()


def _confirmed(headers: Sequence[bytes], names: Names, candidates: Candidates) -> tuple[int, int]:
    """Names that stand more than once, and reads beyond the first of each, among the candidates."""
    records = native.Records.of(headers)
    table = names.looks.table(candidates.prints)
    met = Counter(key_of(headers[at]) for at in matching(names.looks, candidates, table, records))
    return sum(n > 1 for n in met.values()), sum(n - 1 for n in met.values())


def _oracle(headers: Sequence[bytes]) -> tuple[int, int]:
    met = Counter(key for key in map(key_of, headers) if key[0])
    return sum(n > 1 for n in met.values()), sum(n - 1 for n in met.values())


def _agrees(headers: Sequence[bytes], duplicates: str = "auto", block: int = 1000) -> str:
    """The method that was used, if every engine finds what the set finds and says the same of it all."""
    said = []
    for engine in ENGINES:
        names, candidates = _looked_at(headers, engine, duplicates, block)
        assert _confirmed(headers, names, candidates) == _oracle(headers), (engine, candidates.method)
        if candidates.method != BLOOM:
            assert candidates.repeats >= _oracle(headers)[1]
        said.append((candidates.method, sorted(memoryview(candidates.prints).cast("Q")), names.facts(), names.checked))
    assert all(one == said[0] for one in said)
    return said[0][0]


def test_the_hash_is_that_of_mmh3_in_the_kernel_and_in_python() -> None:
    dice = random.Random(3)
    for size in [*range(70), 1000]:
        text = dice.randbytes(size)
        whole = mmh3.hash128(text)
        assert hash_of(text) == murmur128(text) == (whole & (2**64 - 1), whole >> 64)


def _illumina(tiles: int, reads: int, read: int = 1) -> list[bytes]:
    return [
        b"M01:7:000-A:1:%d:%d:%d %d:N:0:ATC" % (1101 + tile, (row * 7919) % 30000, 1000 + row // 3, read)
        for tile in range(tiles)
        for row in range(reads)
    ]


SRA = [b"SRR001666.%d %d length=36" % (n, n) for n in range(1, 3000)]
MGI = [b"V300012345L1C001R%03d%07d/1" % (row, n) for row in range(3) for n in range(1000)]
PACBIO = [b"m64011_190830_220126/%d/%d_%d" % (hole, a, a + 900) for hole in range(500) for a in (0, 950)]


@pytest.mark.parametrize("headers", [_illumina(3, 1500), SRA, MGI, PACBIO], ids=["Illumina", "SRA", "MGI", "PacBio"])
def test_native_orders_are_proven_by_the_window_and_a_repeat_in_them_is_found(headers: list[bytes]) -> None:
    ordered = sorted(headers, key=lambda h: h) if headers is MGI else headers
    assert _agrees(ordered) == WINDOW
    assert _agrees([*ordered[:700], ordered[699], *ordered[700:]]) == WINDOW
    assert _agrees([*ordered, ordered[-1], ordered[-5]]) == WINDOW


def test_disorder_within_the_window_is_borne_in_either_order_of_the_two_numbers() -> None:
    dice = random.Random(5)
    rows = sorted(_illumina(1, 90_000), key=lambda h: [int(n) for n in h.split(b" ")[0].split(b":")[5:]][::-1])
    columns = sorted(rows, key=lambda h: [int(n) for n in h.split(b" ")[0].split(b":")[5:]])
    for headers in (rows, columns):
        shaken = [h for _, h in sorted((at + dice.randrange(1500), h) for at, h in enumerate(headers))]
        assert _agrees(shaken, block=30_000) == WINDOW
        assert _agrees([*shaken[:50_000], shaken[49_000], *shaken[50_000:]], block=30_000) == WINDOW


def test_what_the_order_cannot_prove_goes_to_the_spool_with_all_names_before_it() -> None:
    ordered = _illumina(2, 1000)
    for more in ([ordered[0]], [ordered[0].replace(b"1101", b"1101:9")], [b"no-number"], ordered[:10], [b"1" * 40]):
        assert _agrees(ordered + more) == SPOOL


def test_names_that_came_before_the_early_ones_were_dropped_are_fed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EARLY_NAMES", 500)
    ordered = _illumina(3, 1000)
    for engine in ENGINES:
        _, candidates = _looked_at([*ordered, ordered[3], ordered[2700]], engine, block=100)
        assert (candidates.method, candidates.names, candidates.repeats) == (SPOOL, 2, 2)
    assert _agrees([*ordered, b"x", ordered[1]], block=77) == SPOOL


_part = st.sampled_from([b"", b"0", b"00", b"07", b"7", b"1", b"9" * 18, b"1" * 19, b"1073741824", b"x", b"-5", b"12"])
_separator = st.sampled_from([b":", b":", b":", b"/", b".", b"_"])
_name = st.lists(st.tuples(_part, _separator), min_size=1, max_size=8).map(
    lambda parts: b"".join(a + b for a, b in parts)
)
_comment = st.sampled_from(
    [b"", b"", b" 1:N:0:A", b" 2:Y:0:A", b"\t1:N:0", b"/1", b"/2", b" 1", b" 1:N", b"\x0b2:N:0:"]
)
_shaped = st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 5)).map(lambda t: b"A:1:F:1:%d:%d:%d" % t)
_headers = st.lists(st.tuples(st.one_of(_name, _shaped), _comment).map(b"".join), max_size=60)


@settings(max_examples=examples(300), deadline=None)
@given(_headers, st.booleans(), st.integers(1, 70))
def test_names_of_any_shape_and_order_are_found_as_by_a_set(headers: list[bytes], rising: bool, block: int) -> None:
    _agrees(sorted(headers) if rising else headers, block=block)


@settings(max_examples=examples(30), deadline=None)
@given(_headers, st.sampled_from(["spool", "bloom", "off"]))
def test_each_method_says_the_same_in_every_engine(headers: list[bytes], method: str) -> None:
    if method == "off":
        assert {_looked_at(headers, engine, "off")[1].method for engine in ENGINES} == {"off"}
    else:
        assert _agrees(headers, method) == method


def test_a_stream_keeps_its_names_for_a_second_look() -> None:
    headers = [b"a 1:N:0:A", b"b/2", b" odd", b"", b"c\t2:Y:1", b"d 2:Y"]
    for engine in ENGINES:
        with tempfile.TemporaryFile(buffering=0) as file:
            log = NameLog(file, Looks(engine))
            log.feed(native.Records.of(headers[:4]), 1)
            log.feed(native.Records.of(headers[4:]), 40)
            kept = [(key_of(h), line + 4 * k) for r, line in log.blocks() for k, h in enumerate(r.headers())]
        assert kept == [(key_of(h), line) for h, line in zip(headers, (1, 5, 9, 13, 40, 44), strict=True)]


@pytest.mark.parametrize("width", [7, 8])
def test_a_spool_of_tiny_chunks_and_parts_finds_each_repeat(tmp_path: Path, width: int) -> None:
    if not native.has_kernel():
        return  # the twin's spool has parts and chunks of its own
    dice = random.Random(9)
    values = [dice.getrandbits(40) for _ in range(60_000)]
    values += dice.choices(values, k=500) + [values[7]] * 5000 + [dice.getrandbits(40)] * 9000
    dice.shuffle(values)
    met = Counter(values)
    hashes = [hash_of(b"%x" % value) for value in values]
    kernel = native.kernel()
    for chunk, most in ((64, 40), (512, 3000), (65536, 10**6)):
        with tempfile.TemporaryFile(dir=tmp_path, buffering=0) as file:
            spool = kernel.spool(file.fileno(), width, chunk, most)
            packed = b"".join(one.to_bytes(8, "little") + two.to_bytes(8, "little") for one, two in hashes)
            kernel.spool_feed(spool, packed)
            found, names, repeats, _ = kernel.spool_result(spool)
        twice = {value for value, n in met.items() if n > 1}
        assert (names, repeats) == (len(twice), sum(n - 1 for n in met.values()))
        assert set(memoryview(found).cast("Q")) == {hash_of(b"%x" % value)[0] for value in twice}
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_the_folder_and_what_is_needed() -> None:
    full = Path("/dev/full")
    headers = [b"%x" % n for n in range(3000)]
    for engine in ENGINES:
        names = Names("spool", engine=engine)
        with full.open("wb", buffering=0) as file:
            names._store = _tiny_spool(names.looks, file)
            with pytest.raises(ScratchFault, match=r"No space left on device.*7 bytes a read.*bloom"):
                names.feed(native.Records.of(headers), 1)
                names.candidates()


def _tiny_spool(looks: Looks, file: object) -> object:
    if not looks.compiled:
        return names_twin.Spool(file, held_names=100)  # type: ignore[arg-type]
    spool = names_looks._Spool(file, False)  # type: ignore[arg-type]
    spool._state = native.kernel().spool(file.fileno(), 7, 64, 100)  # type: ignore[attr-defined]
    return spool


def test_without_a_scratch_folder_bloom_filters_are_used_and_spool_alone_refuses(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(ScratchFault, match="gone"):
        Names("spool", scratch=gone)
    for engine in ENGINES:
        names = Names(scratch=gone, engine=engine)
        names.feed(native.Records.of([b"b", b"a", b"b"]), 1)
        candidates = names.candidates()
        assert (candidates.method, candidates.names, candidates.repeats) == (BLOOM, 1, 1)


def test_the_filter_never_misses_and_is_wrong_as_often_as_designed() -> None:
    dice = random.Random(11)
    count = 200_000
    names = [b"%x" % dice.getrandbits(96) for _ in range(2 * count)]
    looks = Looks()
    hashes = [looks.facts().feed(native.Records.of(part)) for part in (names[:count], names[count:])]
    design = Design(count, 9.5851, 7)  # 1 in 100
    bloom = Bloom(design, looks.compiled)
    assert sum(bloom.filters[0].look(hashes[0], add=True)) < count * 0.01
    assert all(bloom.filters[0].look(hashes[0], add=False)), "a name that was put in is always met"
    wrong = sum(bloom.filters[0].look(hashes[1], add=False))
    expected = count * design.false_rate(count)
    assert abs(wrong - expected) < 5 * expected**0.5 and 1900 < expected < 2100
    strict = Bloom(Design(count), looks.compiled)
    strict.feed(hashes[0])
    strict.feed(hashes[1])  # a second filter follows
    strict.feed(hashes[0][:1600])
    _, found, repeats, _ = strict.result()
    assert (found, repeats) == (100, 100), "every repeat is found, and nothing else"
    assert strict.parameters()["filters"] == 2 and strict.parameters()["expected_false"] < 1e-3


@pytest.mark.parametrize(
    "header, platform, lane",
    [
        (b"HISEQ_HU01:89:H7YRLADXX:1:1101:1116:2123 1:N:0:ATCACG", "Illumina", "HISEQ_HU01:89:H7YRLADXX:1"),
        (b"HWUSI-EAS100R:6:73:941:1973#0/1", "Illumina", "HWUSI-EAS100R:6"),
        (b"m64011_190830_220126/4194370/ccs", "PacBio", None),
        (b"m140913_050931_42139_c100713652400000001823152404301535_s1_p0/9/1607_26058", "PacBio", None),
        (b"0d61b2c0-1f3e-4d40-9a3c-8f0c4f0f3d11 runid=1", "ONT", None),
        (b"V300012345L1C001R0010000007/1", "MGI/BGI", "V300012345L1"),
        (b"ABCDE:00123:00456", "Ion Torrent", None),
        (b"SRR001666.17 17 length=36", "SRA", None),
        (b"read17", None, None),
    ],
)
def test_names_tell_the_platform_and_the_lane(header: bytes, platform: str | None, lane: str | None) -> None:
    for engine in ENGINES:
        names = Names("off", engine=engine)
        names.feed(native.Records.of([header]), 1)
        facts = names.facts()
        assert (facts.platform, facts.lanes) == (platform, (lane,) if lane else ())


def test_digests_know_names_and_their_order_and_not_the_read_number() -> None:
    def digests(headers: list[bytes]) -> tuple[str, ...]:
        names = Names("off")
        names.feed(native.Records.of(headers), 1)
        return names.facts().digests

    one, two = _illumina(1, 70_000), _illumina(1, 70_000, read=2)
    assert digests(one) == digests(two) and len(digests(one)) == 2
    moved = [*two[:66_000], two[66_001], two[66_000], *two[66_002:]]
    assert [a == b for a, b in zip(digests(one), digests(moved), strict=True)] == [True, False]
    names = Names("off")
    names.feed(native.Records.of([b"a/1", b"a/2", b"b 2:N:0:A", b"c"]), 1)
    assert names.facts().labels == {"1": 1, "2": 2, "none": 1}


def test_memory_is_a_fifteenth_of_that_of_a_set_of_names_and_less() -> None:
    if not native.has_kernel():
        return  # ten times slower in Python
    root, mib = Path(__file__).parents[3], {}
    for method, order in (("set", "shuffled"), ("bloom", "shuffled"), ("auto", "shuffled"), ("auto", "instrument")):
        words = [sys.executable, "-m", "bench.names_case", method, "2000000", order, "0"]
        told = subprocess.run(words, cwd=root, capture_output=True, check=True, timeout=120).stdout
        mib[method, order] = json.loads(told)["mib"]
    ratios = {case: mib["set", "shuffled"] / used for case, used in mib.items()}
    assert ratios["bloom", "shuffled"] >= 15 and ratios["auto", "instrument"] >= 15, ratios


def test_real_files_are_proven_by_their_order_as_a_set_of_names_says() -> None:
    for path in real_files(".fastq.gz"):
        headers = [line[1:] for line in gzip.decompress(path.read_bytes()).split(b"\n")[:-1:4]]
        names, candidates = _looked_at(headers, native.engines()[0])
        assert _confirmed(headers, names, candidates) == _oracle(headers)
        if path.parent.name == "real":
            assert (candidates.method, candidates.names) == (WINDOW, 0), path.name
