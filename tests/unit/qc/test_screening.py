"""The screen for human reads: what it finds, what it leaves alone, and what it costs.

Oracles: real human and bacterial reads where a folder beside the repository holds them; Alu copies mutated as in the
genome, in random sequence, everywhere.
"""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import pytest

from biotheca.formats import native
from biotheca.formats.fastq import FastqCheck
from biotheca.qc.screening import Screen, estimate, expected_share, marker_words, poisson_bounds, policy
from tests.real_data import folder_of, real_files
from tests.unit.formats.making import gzip_member
from tests.unit.qc.test_check_file import _check

LENGTH = 101


def _screened(reads: list[bytes], at_once: int = 1000) -> dict[str, int]:
    screen = Screen()
    for start in range(0, len(reads), at_once):
        screen.take(reads[start : start + at_once])
    return screen.result()


def _random_reads(count: int, gc: float, dice: random.Random, length: int = LENGTH) -> list[bytes]:
    weights = ((1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2)
    return [bytes(dice.choices(b"ACGT", weights, k=length)) for _ in range(count)]


def _copies(count: int, dice: random.Random) -> list[bytes]:
    """Reads out of Alu copies that aged 5 to 15 %, of either strand."""
    found = []
    for _ in range(count):
        whole = bytearray(dice.choice(list(policy()["markers"].values())).encode())
        age = dice.uniform(0.05, 0.15)
        for at in range(len(whole)):
            if dice.random() < age:
                whole[at] = dice.choice(b"ACGT")
        at = dice.randrange(len(whole) - LENGTH)
        read = bytes(whole[at : at + LENGTH])
        found.append(read if dice.random() < 0.5 else read.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1])
    return found


# --- everywhere ---


def test_the_compiled_search_marks_the_same_reads_however_often_the_sample_is_halved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = random.Random(5)
    reads = _copies(300, dice) + _random_reads(700, 0.5, dice, 50)
    dice.shuffle(reads)
    text = b"".join(b"@r\n%b\n+\n%b\n" % (read, b"I" * len(read)) for read in reads * 3)
    monkeypatch.setitem(policy(), "sample_reads", 64)
    found = []
    for engine in native.engines():
        screen = Screen()
        check = FastqCheck(block_bytes=9_000, screen=screen.take, engine=engine)
        for at in range(0, len(text), 9_000):
            check.feed(text[at : at + 9_000])
        check.finish()
        found.append(screen.result())
    assert found[0]["marker_reads"] > 5
    assert all(one == found[0] for one in found)


def test_no_marker_is_near_what_other_animals_have() -> None:
    size = policy()["word_bases"]
    for text in policy()["avoid"].values():
        for strand in (text, text.translate(str.maketrans("ACGT", "TGCA"))[::-1]):
            words = {strand[at : at + size].encode() for at in range(len(strand) - size + 1)}
            assert not words & marker_words()
            assert (
                _screened([strand[at : at + LENGTH].encode() for at in range(len(strand) - LENGTH)])["marker_reads"]
                == 0
            )
    assert 500 < len(marker_words()) < 5000


@pytest.mark.parametrize("gc", [0.25, 0.42, 0.65])
def test_aged_copies_in_random_reads_are_counted_and_random_reads_are_not(gc: float) -> None:
    dice = random.Random(7)
    background = _random_reads(20_000, gc, dice)
    assert _screened(background)["marker_reads"] == 0
    copies = _copies(400, dice)
    found = _screened(background + copies)["marker_reads"]
    assert 0.2 * len(copies) < found < len(copies)  # old copies have no word of 21 bases left


def test_the_sample_is_bounded_even_and_the_same_however_the_reads_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(policy(), "sample_reads", 100)
    alu = policy()["markers"]["AluSx"].encode()[100:201]
    reads = [alu if n >= 3000 else b"A" * 50 for n in range(4000)]
    results = [_screened(reads, at_once) for at_once in (1, 7, 1000, 4000)]
    assert all(result == results[0] for result in results)
    assert 50 <= results[0]["reads"] <= 100
    assert abs(results[0]["marker_reads"] / results[0]["reads"] - 0.25) < 0.03  # the last quarter of the file
    assert results[0]["bases"] == sum(len(r) for r in reads[::64])  # 4000 reads, doubled until 100 suffice


def test_the_report_of_a_file_tells_its_screen_whatever_the_defects() -> None:
    alu = policy()["markers"]["AluY"].encode()[:LENGTH]
    text = b"".join(b"@r%d\n%b\n+\n%b\n" % (n, alu, b"I" * LENGTH) for n in range(10))
    wanted = {"reads": 10, "marker_reads": 10, "bases": 10 * LENGTH}
    assert (
        _check(gzip_member(text)).screen
        == _check(text.lower().replace(b"@r", b"@r").replace(b"i", b"I")).screen
        == wanted
    )
    bad = text + b"@bad\nACGT\n+\nIII\n"
    assert _check(bad).screen == wanted


def test_few_or_short_reads_flag_nothing() -> None:
    assert estimate([]) is None
    assert estimate([{"reads": 100, "marker_reads": 0, "bases": 2000}]) is None  # 20 bases hold no word
    few = estimate([{"reads": 200, "marker_reads": 4, "bases": 200 * LENGTH}])
    assert few and few.share > policy()["threshold"] and not few.flagged


def test_an_estimate_has_bounds_that_narrow_with_the_count() -> None:
    # Exact bounds of a Poisson mean (Garwood 1936): 0 -> 3.69, 1 -> 0.0253..5.572, 20 -> 12.217..30.888.
    for count, low, high in ((0, 0, 3.689), (1, 0.0253, 5.572), (20, 12.217, 30.888)):
        assert poisson_bounds(count) == pytest.approx((low, high), abs=0.09)
    one = estimate([{"reads": 100_000, "marker_reads": 20, "bases": 100_000 * LENGTH}])
    two = estimate([{"reads": 1_000_000, "marker_reads": 200, "bases": 1_000_000 * LENGTH}])
    assert one and two and one.low < two.low < two.share < two.high < one.high


def test_the_expected_share_grows_with_the_reads_length_and_meets_the_measured_points() -> None:
    for length, share in policy()["expected_share"].items():
        assert expected_share(length) == pytest.approx(share)
    shares = [expected_share(length) for length in range(21, policy()["read_bases"] + 1)]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] < 0.1


# --- where real reads are ---


def _reads_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()[1::4]


def _human() -> list[bytes]:
    """The half of the human reads on which nothing was calibrated."""
    return [read for path in real_files("_R1_001.fastq.gz", "_R2_001.fastq.gz") for read in _reads_of(path)[1::2]]


def _bacteria(count: int, dice: random.Random) -> list[bytes]:
    """Reads cut evenly out of the genomes that are there, of either strand; prints how many files were read."""
    folder = folder_of("taxonomy")
    files = sorted(folder.glob("*.fa.gz")) if folder else []
    print(f"real data: {len(files)} genomes read")
    genomes = []
    for path in files:
        text = gzip.decompress(path.read_bytes()).upper()
        genomes += [b"".join(part.split(b"\n")[1:]) for part in text.split(b">")[1:]]
    genomes = [g for g in genomes if len(g) > 10 * LENGTH]
    if not genomes:
        return []
    found = []
    for genome in dice.choices(genomes, [len(g) for g in genomes], k=count):
        at = dice.randrange(len(genome) - LENGTH)
        found.append(genome[at : at + LENGTH])
    return found


def test_real_human_reads_are_flagged_and_their_share_is_near_one() -> None:
    if human := _human():
        told = estimate([_screened(human)])
        assert told and told.flagged and told.low <= 1 and told.share > 0.8, told


def test_one_percent_of_human_reads_among_bacteria_is_found_and_bacteria_alone_are_not() -> None:
    human, dice = _human(), random.Random(11)
    bacteria = _bacteria(100_000, dice)
    if not (human and bacteria):
        return
    alone = _screened(bacteria)
    assert alone["marker_reads"] == 0
    for share, count in ((0.01, 100_000), (0.05, 20_000)):
        for _ in range(5):
            spiked = bacteria[: count - int(share * count)] + dice.sample(human, int(share * count))
            dice.shuffle(spiked)
            told = estimate([_screened(spiked)])
            assert told and told.flagged and told.low < share < told.high * 1.3, (share, told)


def test_no_stretch_of_a_bacterial_genome_is_a_marker_read() -> None:
    folder = folder_of("taxonomy")
    files = sorted(folder.glob("*.fa.gz")) if folder else []
    print(f"real data: {len(files)} genomes read")
    for path in files:
        genome = gzip.decompress(path.read_bytes()).upper().replace(b"\n", b"")
        assert _screened([genome[at : at + 300] for at in range(0, len(genome), 250)])["marker_reads"] == 0, path.name


def test_a_read_costs_some_microseconds() -> None:
    reads = _random_reads(20_000, 0.42, random.Random(3), 150)
    began = time.process_time()
    _screened(reads)
    each_us = (time.process_time() - began) / len(reads) * 1e6
    print(f"the screen takes {each_us:.1f} us of processor time a read of 150 bases")
    assert each_us < 40
