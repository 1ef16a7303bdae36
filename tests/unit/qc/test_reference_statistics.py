"""The oracle of the statistics, against numbers counted by hand."""

from __future__ import annotations

import itertools

from tests.unit.qc.reference_statistics import row_of, rows_to, statistics


def test_every_cycle_lies_in_one_row_and_rows_follow_one_another() -> None:
    rows = rows_to(70_000)
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(rows))
    assert all(row_of(cycle) == (a, b) for a, b in rows for cycle in (a, b))
    assert {b - a + 1 for a, b in rows if a > 4096 and b <= 8192} == {256}


def test_two_reads_counted_by_hand() -> None:
    found = statistics([("ACGN", "I5+!"), ("Gc", "II")])
    assert (found["reads"], found["bases"]) == (2, 6)
    assert found["length_bases"] == {"min": 2, "max": 4, "mean": 3.0, "n50": 4, "histogram": [[2, 2, 1], [4, 4, 1]]}
    assert found["letters"] == {"A": 1, "C": 2, "G": 2, "T": 0, "N": 1, "other": 0}
    assert (found["gc_share"], found["n_share"]) == (4 / 6, 1 / 6)
    assert (found["q20_share"], found["q30_share"]) == (4 / 6, 3 / 6)
    assert (found["quality"]["offset"], found["quality"]["lowest"], found["quality"]["highest"]) == (33, 0, 40)
    assert found["quality"]["mean"] == (40 + 20 + 10 + 0 + 40 + 40) / 6
    cycles = found["cycles"]
    assert (cycles["from"], cycles["to"], cycles["reads"]) == ([1, 2, 3, 4], [1, 2, 3, 4], [2, 2, 1, 1])
    assert (cycles["p10"], cycles["p50"], cycles["p90"]) == ([40, 20, 10, 0], [40, 20, 10, 0], [40, 40, 10, 0])
    assert (cycles["G"], cycles["C"]) == ([1, 0, 1, 0], [0, 2, 0, 0])
    assert {q: n for q, n in enumerate(found["read_quality"]) if n} == {17: 1, 40: 1}
    assert {gc: n for gc, n in enumerate(found["read_gc"]) if n} == {50: 1, 100: 1}


def test_an_adapter_counts_from_the_cycle_at_which_it_begins() -> None:
    read = "TTAGATCGGAAGAG"
    found = statistics([(read, "I" * 14), ("T" * 14, "I" * 14)])["adapters"]
    assert found["sampled_reads"] == 2
    assert [row["name"] for row in found["found"]] == ["Illumina Universal Adapter"]
    assert (found["found"][0]["reads"], found["found"][0]["share"]) == (1, 0.5)
    assert found["found"][0]["cumulative"] == [0, 0] + [0.5] * 12


def test_old_illumina_qualities_are_told_by_their_range_and_no_reads_have_no_numbers() -> None:
    old = statistics([("ACGT", "hhdB")])
    assert (old["quality"]["offset"], old["quality"]["highest"], old["cycles"]["p50"]) == (64, 40, [40, 40, 36, 2])
    none = statistics([])
    assert (none["reads"], none["gc_share"], none["cycles"]["from"]) == (0, 0.0, [])
