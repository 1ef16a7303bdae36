"""The formula: against a slow second one, its promises as properties, and the corners that formula 1 got wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.openness import rules
from biotheca.openness.model import Outcome, Rates, Request, Tally
from tests.depth import examples
from tests.unit.openness.slow import slow_mean, slow_score

NOW = datetime(2026, 6, 1, tzinfo=UTC)
A, R, W = Outcome.APPROVED, Outcome.REJECTED, Outcome.WITHDRAWN
CONTROLLED = "controlled"
FIXED = Rates(0.7, 0.34)


def asked(ago: float, took: float | None = None, outcome: Outcome | None = None, name: str = "") -> Request:
    """A request so many days ago, decided after so many days."""
    then = NOW - timedelta(days=ago)
    return (
        Request(name or f"r{ago}-{took}-{outcome}", "D", then, then + timedelta(days=took or 0), outcome)
        if (outcome)
        else Request(name or f"r{ago}", "D", then)
    )


def tally(requests: list[Request]) -> Tally:
    return rules.tallies(requests).get("D", Tally())


def score(requests: list[Request], rates: Rates = FIXED, now: datetime = NOW):
    return rules.score_of(CONTROLLED, tally(requests), rates, now)


GOLDEN = [  # requests, p0, q0, score, stars
    ([(30, 2, A)], 0.7, 0.34, 74, 4.0),
    ([(30, 2, R)], 0.7, 0.34, 65, 3.5),
    ([(30, 14, A)], 0.7, 0.34, 61, 3.5),
    ([(30, 60, R)], 0.7, 0.34, 40, 2.5),
    ([(14, None, None)], 0.7, 0.34, 42, 2.5),
    ([(60, None, None)], 0.7, 0.34, 30, 2.0),
    ([(60, None, None)], 0.75, 0.0, 23, 2.0),  # 22.5, half up
    ([(400, None, None)] * 10, 0.7, 0.34, 9, 1.5),
    ([(400, None, None)] * 10, 0.0, 0.0, 0, 1.0),
    ([(100, 1, A)] * 10, 0.7, 0.34, 92, 4.5),
    ([(100, 1, A)] * 300, 1.0, 1.0, 99, 5.0),
    ([(100, 5, A), (90, 20, R), (80, 8, A), (50, None, None), (3, None, None), (9, 1, W)], 0.7, 0.34, 53, 3.0),
    ([(40, None, None)] * 9 + [(14, None, None)], 0.7, 0.34, 13, 1.5),
]


@pytest.mark.parametrize(("rows", "p0", "q0", "points", "stars"), GOLDEN)
def test_the_golden_table_is_met_by_both_programs(rows, p0, q0, points, stars):
    requests = [asked(*row, name=str(number)) for number, row in enumerate(rows)]
    found = score(requests, Rates(p0, q0))
    assert (found.score, found.stars) == (points, stars)
    assert slow_score(requests, p0, q0, NOW)[1] == points


def test_open_data_has_a_hundred_and_five_stars():
    found = rules.score_of("open", Tally(), FIXED, NOW)
    assert (found.score, found.stars, found.parts) == (100, 5.0, ())


@pytest.mark.parametrize("requests", [[], [asked(13.9)], [asked(30, 2, W)]], ids=["none", "young", "withdrawn"])
def test_without_a_countable_request_a_controlled_dataset_is_not_yet_rated(requests):
    assert score(requests).score is None


moments = st.integers(0, 200_000)  # minutes; thousands of days are of no more interest than hundreds
outcomes = st.sampled_from([A, R, W, None])
rates = st.builds(
    lambda p, share: Rates(p, p * share), st.floats(0, 1, allow_nan=False), st.floats(0, 1, allow_nan=False)
)


@st.composite
def logs(draw, most: int = 8):
    rows = draw(st.lists(st.tuples(moments, moments, outcomes), max_size=most))
    return [
        Request(
            str(number),
            "D",
            NOW - timedelta(minutes=ago),
            NOW - timedelta(minutes=ago - min(took, ago)) if outcome else None,
            outcome,
        )
        for number, (ago, took, outcome) in enumerate(rows)
    ]


@given(logs(), rates)
def test_the_score_is_that_of_the_slow_program(requests, given_rates):
    found, slow = score(requests, given_rates), slow_score(requests, given_rates.processed, given_rates.approved, NOW)
    assert (found.exact is None) == (slow is None)
    if slow:
        assert found.exact == pytest.approx(float(slow[0]), abs=1e-9)
        assert found.mean_days == pytest.approx(float(slow_mean(requests, NOW)), abs=1e-9)


@given(logs(), rates)
def test_a_score_is_between_0_and_99_and_its_parts_add_up(requests, given_rates):
    found = score(requests, given_rates)
    if found.score is not None:
        assert 0 <= found.score <= 99
        assert 1 <= found.stars <= 5 and (2 * found.stars) % 1 == 0
        assert sum(part.points for part in found.parts) == pytest.approx(found.exact)


@given(logs(), rates, st.integers(0, 300_000), st.integers(1, 300_000))
def test_silence_never_helps(requests, given_rates, start, more):
    early, late = (score(requests, given_rates, NOW + timedelta(minutes=m)) for m in (start, start + more))
    if early.exact is not None:
        assert late.exact <= early.exact + 1e-9
        assert late.score <= early.score


@given(logs(), rates, moments, st.integers(1, 300_000))
def test_a_new_request_that_nobody_answers_never_raises_the_score(requests, given_rates, ago, more):
    then = NOW + timedelta(minutes=more)
    without, with_it = (
        score(requests, given_rates, then),
        score([*requests, asked(ago / 1440, name="x")], given_rates, then),
    )
    if without.exact is not None:
        assert with_it.exact <= without.exact + 1e-9


@given(logs(), rates, moments)
def test_approving_adds_at_least_what_rejecting_does_and_deciding_a_late_one_always_adds(requests, given_rates, ago):
    one = asked(14 + ago / 1440, name="x")
    waits = score([*requests, one], given_rates)
    approved, rejected = (
        score([*requests, Request("x", "D", one.submitted_at, NOW, outcome)], given_rates) for outcome in (A, R)
    )
    assert approved.exact > rejected.exact > waits.exact


@given(logs(), rates, st.floats(0, 14, exclude_max=True), moments)
def test_rejecting_in_time_scores_more_than_never_answering(requests, given_rates, took, more):
    age = 14 + more / 1440
    assert (
        score([*requests, asked(age, took, R, name="x")], given_rates).exact
        > score([*requests, asked(age, name="x")], given_rates).exact
    )


@given(logs(), rates, st.integers(0, 7), st.integers(1, 60))
def test_a_slower_decision_never_scores_more(requests, given_rates, index, days):
    if index < len(requests) and requests[index].outcome in (A, R):
        one = requests[index]
        slower = Request(one.id, "D", one.submitted_at - timedelta(days=days), one.decided_at, one.outcome)
        changed = [*requests[:index], slower, *requests[index + 1 :]]
        assert score(changed, given_rates).exact <= score(requests, given_rates).exact + 1e-9


@given(logs(), rates, st.floats(0, 1), st.floats(0, 1))
def test_higher_rates_of_the_archive_never_lower_a_score(requests, given_rates, p_more, q_more):
    higher = Rates(
        given_rates.processed + (1 - given_rates.processed) * p_more,
        given_rates.approved + (1 - given_rates.approved) * q_more,
    )
    if (before := score(requests, given_rates)).exact is not None:
        assert score(requests, higher).exact >= before.exact - 1e-9


def test_formula_1_let_a_silent_committee_gain_by_a_new_request_and_formula_2_does_not():
    old = [asked(40, name=str(number)) for number in range(20)]
    fresh = [*old, asked(14, name="fresh")]
    before, then = (slow_score(log, 0.7, 0.34, NOW, formula=1)[0] for log in (old, fresh))
    assert then > before
    assert score(fresh).exact < score(old).exact


def test_formula_1_gave_a_hundred_to_controlled_data_and_formula_2_does_not():
    quick = [asked(100, 1, A, name=str(number)) for number in range(5)]
    assert slow_score(quick, 1.0, 1.0, NOW, formula=1)[1] == 100
    assert score(quick, Rates(1.0, 1.0)).score == 99


@given(logs(), rates)
def test_every_step_that_is_offered_raises_the_score_and_is_what_doing_it_gives(requests, given_rates):
    mine = tally(requests)
    here = rules.score_of(CONTROLLED, mine, given_rates, NOW).score
    for step in rules.would_raise(CONTROLLED, mine, given_rates, NOW):
        assert here is None or step.score > here
        if step.do == "approve_waiting":
            done = [Request(r.id, "D", r.submitted_at, NOW, A) if r.waits else r for r in requests]
            assert score(done, given_rates).score == step.score
            assert step.requests == sum(r.waits for r in requests)


def test_a_committee_is_told_what_answering_all_who_wait_would_do():
    steps = rules.would_raise(CONTROLLED, tally([asked(40), asked(50)]), FIXED, NOW)
    assert [(step.do, step.requests) for step in steps[:2]] == [("approve_late", 2), ("reject_late", 2)]
    assert [step.score for step in steps[:2]] == [56, 42]


@settings(max_examples=examples(200))
@given(st.data())
def test_one_event_at_a_time_gives_the_tally_of_the_whole_log(data):
    stands: dict[str, Request] = {}
    folded: dict[str, Tally] = {}
    for _ in range(data.draw(st.integers(0, 25))):
        name = data.draw(st.sampled_from("abcdef"))
        before = stands.get(name)
        dataset = before.dataset if before else data.draw(st.sampled_from(["D", "E"]))
        since = before.submitted_at if before else NOW - timedelta(minutes=data.draw(moments))
        outcome = data.draw(outcomes)
        now = Request(name, dataset, since, NOW if outcome else None, outcome)
        folded[dataset] = rules.after(folded.get(dataset, Tally()), before, now)
        stands[name] = now
    assert folded == rules.tallies(stands.values())


@given(logs())
def test_an_event_that_comes_twice_changes_nothing(requests):
    mine = tally(requests)
    for request in requests:
        assert rules.after(mine, request, request) == mine


def test_rates_are_of_all_countable_requests_of_the_archive():
    found = rules.rates_of(
        rules.tallies([asked(30, 2, A), asked(31, 2, R), asked(50), asked(3), asked(9, 1, W)]).values(), NOW
    )
    assert (found.processed, found.approved, found.day) == (2 / 3, 1 / 3, "2026-06-01")
    assert rules.rates_of([], NOW) == Rates(0.0, 0.0, "2026-06-01")
