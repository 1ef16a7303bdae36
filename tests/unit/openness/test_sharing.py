"""The sharing statistics, against the published table."""

from __future__ import annotations

from bench.openness_log import ASK_TWICE, NOW, PUBLISHED, published_log
from biotheca.openness import rules


def test_the_made_log_gives_the_published_rows_and_percentages():
    rows = rules.sharing(*published_log())
    for told in PUBLISHED:
        assert rows[told.group] == {
            "datasets": told.datasets,
            "requesters": told.requesters,
            "requesters_distinct": told.requesters,
            "requests": told.requests,
            "approvals": told.approvals,
            "approved_percent": {"GSA-Human": 33.9, "OMIX": 41.4, "OBIA": 17.9}[told.group],
        }
    total = rows["total"]
    assert [total[name] for name in ("datasets", "requesters", "requests", "approvals")] == [4756, 4829, 9383, 3242]
    assert total["approved_percent"] == 34.6


def test_who_asks_in_two_databases_counts_once_in_the_distinct_total():
    total = rules.sharing(*published_log())["total"]
    twice = ASK_TWICE + 9  # half of the smallest group's nineteen, too
    assert total["requesters_distinct"] == total["requesters"] - twice


def test_requests_for_what_is_no_controlled_dataset_are_left_out():
    datasets, requests = published_log()
    few = {name: group for name, group in datasets.items() if group == "OBIA"}
    assert rules.sharing(few, requests)["total"]["requests"] == 28
    assert rules.sharing({}, requests) == {}


def test_every_dataset_of_the_made_log_with_a_countable_request_gets_a_score_below_a_hundred():
    datasets, requests = published_log()
    tallies = rules.tallies(requests)
    rates = rules.rates_of(tallies.values(), NOW)
    scores = [rules.score_of("controlled", tally, rates, NOW).score for tally in tallies.values()]
    rated = [score for score in scores if score is not None]
    assert len(rated) > 300
    assert 0 <= min(rated) < 40 < 70 < max(rated) < 100
    assert set(tallies) <= set(datasets)
