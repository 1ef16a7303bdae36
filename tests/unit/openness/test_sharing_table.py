"""The table of sharing: datasets by access mode as the family publishes them, and the median time of an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.openness.model import Outcome, Request, Standing
from biotheca.openness.sharing import Placed, table
from tests.depth import examples

# Rows 1, 9 and 10 of table 1 as published for four databases: datasets, open, controlled, and their totals.
PUBLISHED = {"a": (16_001, 16_001, 0), "b": (6_602, 1_559, 5_043), "c": (6_229, 2_925, 3_304), "d": (6, 1, 5)}
TOTAL = (28_838, 20_486, 8_352)
START = datetime(2026, 3, 1, tzinfo=UTC)


def _modes(row: dict[str, int]) -> tuple[int, int, int]:
    return row["datasets"], row["open_datasets"], row["controlled_datasets"]


def test_the_counts_by_access_mode_have_the_shape_of_the_published_table() -> None:
    sets = (
        Standing(f"{member}{mode}{n}", access=mode, member=member, listed=True)
        for member, (_, free, held) in PUBLISHED.items()
        for mode, count in (("open", free), ("controlled", held))
        for n in range(count)
    )
    made = table(PUBLISHED, sets, [])
    assert {row["member"]: _modes(row) for row in made["members"]} == PUBLISHED
    assert _modes(made["total"]) == TOTAL


def test_a_database_without_datasets_has_its_row_of_zeros() -> None:
    (row,) = table(["a"], [], [])["members"]
    assert _modes(row) == (0, 0, 0) and row["median_days"] is None


def _asked(number: int, days: float | None, member: str = "a", committee: str = "HDAC000001") -> Placed:
    ended = None if days is None else START + timedelta(days=days)
    outcome = Outcome.APPROVED if ended else None
    return Placed(Request(str(number), "D", START, ended, outcome, f"p{number % 2}"), member, committee)


def test_the_median_is_of_decisions_alone_by_database_and_committee() -> None:
    asked = [_asked(0, 1), _asked(1, 2), _asked(2, 90), _asked(3, None), _asked(4, 5, "b", "HDAC000002")]
    made = table(["a", "b"], [], asked)
    assert [row["median_days"] for row in made["members"]] == [2.0, 5.0]
    assert [(row["committee"], row["median_days"]) for row in made["committees"]] == [
        ("HDAC000001", 2.0),
        ("HDAC000002", 5.0),
    ]
    assert (made["total"]["requests"], made["total"]["decided"], made["total"]["requesters"]) == (5, 4, 2)
    assert made["total"]["median_days"] == 3.5  # of 1, 2, 5, 90


@settings(max_examples=examples(200))
@given(
    days=st.lists(st.one_of(st.none(), st.integers(0, 400)), max_size=9),
    members=st.lists(st.sampled_from("ab"), max_size=9),
)
def test_half_of_the_answers_took_no_longer_and_half_no_shorter(days: list[int | None], members: list[str]) -> None:
    asked = [_asked(n, day, member) for n, (day, member) in enumerate(zip(days, members, strict=False))]
    made = table("ab", [], asked)
    for row, name in [(made["total"], "ab"), *((r, r["member"]) for r in made["members"])]:
        took = [d for d, one in zip(days, asked, strict=False) if d is not None and one.member in name]
        middle = row["median_days"]
        assert (middle is None) == (not took)
        if middle is not None:
            assert 2 * sum(d <= middle for d in took) >= len(took) <= 2 * sum(d >= middle for d in took)
    assert made["total"]["requests"] == sum(row["requests"] for row in made["members"])
