"""The rules of copies: states, faults, descriptions, parts, pace, cost. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from biotheca import catalog, clock
from biotheca.sequences import capacity, pace, rules
from biotheca.sequences.model import (
    TRANSITIONS,
    Level,
    Place,
    Priority,
    SequenceFile,
    SourceBusy,
    SourceChanged,
    SourceFailed,
    State,
    TransitionRefused,
    WrongBytes,
)
from biotheca.sequences.rules import Policy

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
POLICY = Policy.of(catalog.sequences()["policy"])
ROW = SequenceFile("SRR000001", "a.sra", size_bytes=100, md5="0" * 32, md5_from="SRA package XML")


def in_state(state: State, **changes: object) -> SequenceFile:
    return replace(ROW, state=state, **changes)  # type: ignore[arg-type]


def test_every_state_has_a_row_in_the_table_and_no_other_step_can_be_made() -> None:
    assert set(TRANSITIONS) == set(State)
    for state in State:
        for target in State:
            row = in_state(state)
            if target is state or target in TRANSITIONS[state]:
                assert row.to(target).state is target
            else:
                with pytest.raises(TransitionRefused):
                    row.to(target)


def test_a_row_becomes_an_item_and_a_row_again() -> None:
    full = in_state(State.COPYING, alternatives=({"url": "u"},), exhausted=("x",), source_etag='"e"', attempt=2)
    assert SequenceFile.of({**full.as_dict(), "pk": "p", "queue_key": "q"}) == full


def test_policy_decides_what_is_copied_without_being_asked() -> None:
    rice = {"organism": "Oryza sativa", "taxon_id": 4530, "study": "SRP000001", "project": "PRJNA1"}
    by_rule = replace(POLICY, mode="rule", rule={"organisms": ["Oryza sativa"], "taxa": [], "studies": []})
    assert rules.wanted(POLICY, rice, is_new=True) is None  # as delivered: references, copies on request
    assert rules.wanted(by_rule, rice, is_new=True) is Priority.NEW
    assert rules.wanted(by_rule, rice, is_new=False) is Priority.BACKLOG
    assert rules.wanted(by_rule, {"organism": "Zea mays"}, is_new=True) is None
    assert rules.wanted(replace(by_rule, rule={"taxa": ["4530"]}), rice, is_new=True) is Priority.NEW
    assert rules.wanted(replace(POLICY, mode="all"), {}, is_new=False) is Priority.BACKLOG
    assert rules.wanted(replace(POLICY, mode="all"), {"status": "suppressed"}, is_new=True) is None
    with pytest.raises(ValueError, match=r"policy\.mode"):
        Policy.of(catalog.sequences()["policy"] | {"mode": "everything"})


def test_controlled_files_are_never_copied() -> None:
    assert rules.may_be_copied(ROW, "live") and rules.may_be_copied(ROW, "suppressed")
    assert not rules.may_be_copied(replace(ROW, cluster="dbgap"), "live")
    assert not rules.may_be_copied(ROW, "withdrawn") and not rules.may_be_copied(ROW, "unpublished")


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [rules.pause_s(POLICY, attempt) for attempt in (1, 2, 3, 9, 99)]
    assert pauses == [60, 120, 240, 15360, 21600]


def test_a_busy_source_is_waited_for_as_long_as_it_says_and_no_attempt_is_counted() -> None:
    row = rules.after_fault(in_state(State.COPYING), SourceBusy("429", "h", 4000), POLICY, NOW, others=True)
    assert (row.state, row.attempt, row.busy) == (State.REQUESTED, 0, 1)
    assert row.not_before == clock.stamp(NOW + timedelta(seconds=4000))


def test_what_failed_keeps_its_parts_and_what_changed_does_not() -> None:
    row = in_state(State.COPYING, upload_id="u", source_etag='"e"', key="k", source_url="https://x/")
    failed = rules.after_fault(row, SourceFailed("x"), POLICY, NOW, others=False)
    changed = rules.after_fault(row, SourceChanged("x"), POLICY, NOW, others=False)
    assert (failed.upload_id, failed.source_etag, failed.attempt) == ("u", '"e"', 1)
    assert (changed.upload_id, changed.source_etag, changed.key, changed.attempt) == (None, None, None, 1)
    assert failed.state is changed.state is State.REQUESTED and not failed.lease_owner


def test_parts_of_one_source_are_never_gone_on_with_from_another() -> None:
    row = in_state(State.COPYING, source_url="https://x/", source_etag='"e"', upload_id="u", key="k", copied_bytes=9)
    assert rules.from_source(row, "https://x/") == row
    other = rules.from_source(row, "https://y/")
    assert (other.source_url, other.upload_id, other.source_etag, other.copied_bytes) == ("https://y/", None, None, 0)


def test_bytes_that_nothing_bound_to_one_object_are_not_taken_even_at_the_lowest_level() -> None:
    row = replace(ROW, md5=None, source_size_bytes=100, source_etag="")
    with pytest.raises(WrongBytes, match="Nothing bound"):
        rules.proved(row, {"size_bytes": 100, "crc64nvme": None}, None, {})


def test_the_last_attempt_ends_in_quarantine() -> None:
    last = in_state(State.COPYING, attempt=POLICY.most_attempts - 1)
    row = rules.after_fault(last, SourceFailed("x"), POLICY, NOW, others=True)
    assert (row.state, row.error_rule) == (State.QUARANTINED, "sequences.given_up")


def test_wrong_bytes_are_had_from_another_source_before_they_are_given_up() -> None:
    row = in_state(State.COPIED, source_url="https://x/", key="k")
    fault = WrongBytes("sequences.wrong_md5", "x")
    again = rules.after_fault(row, fault, POLICY, NOW, others=True)
    assert (again.state, again.exhausted, again.key) == (State.REQUESTED, ("https://x/",), None)
    assert rules.after_fault(row, fault, POLICY, NOW, others=False).state is State.QUARANTINED


def test_withdrawn_is_a_tombstone_that_keeps_the_place_and_is_lifted() -> None:
    here = in_state(State.VERIFIED, key="k", version_id="v", level="L2")
    dead = rules.under_status(here, "withdrawn")
    assert (dead.state, dead.key, dead.was) == (State.GONE, "k", "VERIFIED")
    assert rules.under_status(dead, "withdrawn") == dead
    assert rules.under_status(dead, "live") == here
    copying = rules.under_status(in_state(State.COPYING, upload_id="u", key="k"), "unpublished")
    back = rules.under_status(copying, "live")
    assert (back.state, back.upload_id, back.key) == (State.REFERENCED, None, None)
    assert rules.under_status(here, "suppressed") == here


def test_other_bytes_in_the_metadata_make_a_copy_a_reference_again() -> None:
    here = in_state(State.VERIFIED, key="k", level="L2", verified_at="t")
    moved = rules.redescribed(here, replace(ROW, alternatives=({"url": "new"},)))
    assert (moved.state, moved.key, moved.alternatives) == (State.VERIFIED, "k", ({"url": "new"},))
    other = rules.redescribed(here, replace(ROW, md5="1" * 32))
    assert (other.state, other.key, other.level, other.md5) == (State.REFERENCED, None, None, "1" * 32)


def test_a_vanished_file_comes_back_with_a_new_address_only() -> None:
    gone = in_state(State.GONE, error_rule="sequences.vanished", exhausted=("u",))
    assert rules.redescribed(gone, ROW).state is State.GONE
    assert rules.redescribed(gone, replace(ROW, alternatives=({"url": "new"},))).state is State.REFERENCED


def test_asking_again_moves_forward_and_never_back() -> None:
    waits = rules.requested(ROW, Priority.BACKLOG, NOW, None)
    asked = rules.requested(waits, Priority.ASKED, NOW, "ada")
    assert (asked.priority, asked.requested_at) == (Priority.ASKED, waits.requested_at)
    assert rules.requested(asked, Priority.BACKLOG, NOW, None) == asked
    for state in (State.COPYING, State.COPIED, State.VERIFIED, State.ARCHIVED):
        assert rules.requested(in_state(state), Priority.ASKED, NOW, "ada") == in_state(state)
    assert rules.requested(in_state(State.GONE), Priority.ASKED, NOW, "ada").state is State.REQUESTED
    assert rules.requested(in_state(State.GONE, was="REFERENCED"), Priority.ASKED, NOW, "ada").state is State.GONE


@pytest.mark.parametrize(
    ("md5", "source_crc", "our_crc", "found", "level"),
    [
        ("0" * 32, None, None, "0" * 32, Level.L2),
        ("0" * 32, "c", "c", "0" * 32, Level.L2),
        (None, "c", "c", None, Level.L1),
        (None, None, "c", None, Level.L0),
        (None, "c", None, None, Level.L0),
    ],
)
def test_a_copy_is_proved_as_well_as_can_be(md5, source_crc, our_crc, found, level) -> None:  # type: ignore[no-untyped-def]
    row = replace(ROW, md5=md5, source_crc64nvme=source_crc, source_size_bytes=100, source_etag='"e"')
    assert rules.proved(row, {"size_bytes": 100, "crc64nvme": our_crc}, found, {}) is level


def test_anything_that_differs_is_named() -> None:
    row = replace(ROW, source_crc64nvme="c", source_size_bytes=100)
    for held, found, rule in (
        ({"size_bytes": 99, "crc64nvme": "c"}, "0" * 32, "wrong_size"),
        ({"size_bytes": 100, "crc64nvme": "d"}, "0" * 32, "wrong_checksum"),
        ({"size_bytes": 100, "crc64nvme": "c"}, "1" * 32, "wrong_md5"),
        ({"size_bytes": 100, "crc64nvme": "c"}, "2" * 32, "swapped"),
    ):
        with pytest.raises(WrongBytes) as refused:
            rules.proved(row, held, found, {"2" * 32: "b.sra"})
        assert refused.value.rule == f"sequences.{rule}"


def test_large_objects_of_a_bucket_are_a_jobs_work_and_the_web_is_a_functions() -> None:
    s3, web = Place("s3", "u", "AWS", "h"), Place("https", "u", "ENA", "h")
    large = replace(ROW, size_bytes=POLICY.job_above_bytes + 1)
    assert [rules.machine_of(POLICY, row, place) for row in (ROW, large) for place in (s3, web)] == ["slice"] * 2 + [
        "job",
        "slice",
    ]
    assert rules.machine_of_proof(POLICY, large) == "job"
    assert rules.machine_of_proof(POLICY, replace(large, streamed_md5="0" * 32)) == "function"  # nothing is read again
    assert rules.machine_of_proof(POLICY, replace(large, md5=None)) == "function"


def test_parts_cover_a_file_without_gap_and_fit_s3() -> None:
    for size in (1, 64 * 1024**2, 64 * 1024**2 + 1, 700 * 10**9, 48 * 10**12):
        step = rules.part_size_bytes(size)
        parts = rules.ranges(size, step)
        assert len(parts) <= 10_000 and parts[0][1] == 0 and parts[-1][2] == size - 1
        assert all(before[2] + 1 == after[1] for before, after in pairwise(parts))


def test_a_token_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    now = [0.0]
    bucket = pace.TokenBucket(rate=2, burst=2, clock=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [0, 0, 0.5, 1.0]
    now[0] = 10.0
    assert bucket.take() == 0  # no more than the burst was saved


def test_a_window_halves_on_busy_and_grows_by_one_a_round() -> None:
    window = pace.opened("h", 8)
    assert window.worse("2026").connections == 4
    low = window.worse("").worse("").worse("").worse("").worse("2026-12")
    assert (low.connections, low.closed_until) == (1, "2026-12")
    for _ in range(4):  # one good copy of one connection, then two of two ...
        low = low.better()
    assert low.connections == 3
    for _ in range(100):
        low = low.better()
    assert low.connections == 8


def test_the_cost_of_all_is_what_was_computed_by_hand() -> None:
    # 34.5 million runs of 313 MB on average: about 10.8 PB.
    told = capacity.estimate(34_500_000, 10_800 * 10**12, catalog.sequences()["prices"])
    assert 170 < told.copy_usd < 180 and told.requests == 34_500_000
    assert 210_000 < told.monthly_usd["STANDARD"] < 250_000
    assert 9_500 < told.monthly_usd["DEEP_ARCHIVE"] < 11_500
    assert 4_500 < told.vcpu_hours < 5_500
    assert capacity.estimate(1, 100 * 1024**3, catalog.sequences()["prices"], 1.0).requests == 201


def test_one_file_costs_what_its_share_of_many_would() -> None:
    prices = catalog.sequences()["prices"]
    one = capacity.copy_cost_micro_usd(313_000_000, prices)
    assert 10 < one < 30 and one * 34_500_000 / 1e6 < 1000
