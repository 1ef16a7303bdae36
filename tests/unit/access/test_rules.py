"""Who has a voice, what the voices decide, when a grant is worth something: against tables and by properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from biotheca import clock
from biotheca.access import rules
from biotheca.access.model import (
    TRANSITIONS,
    Committee,
    Grant,
    GrantState,
    Member,
    Request,
    Rule,
    State,
    Vote,
)
from tests.depth import examples

DAY = date(2026, 12, 1)
EARLY, SENT, LATE = "2026-11-01T00:00:00.000Z", "2026-11-20T00:00:00.000Z", "2026-11-21T00:00:00.000Z"


def member(name: str, **more: object) -> Member:
    return replace(Member(name, invited_at=EARLY, since=EARLY), **more)


def committee(rule: Rule, *members: Member) -> Committee:
    return Committee("HDAC000001", "Keepers", "", rule, members)


def request(*votes: tuple[str, bool], **more: object) -> Request:
    made = Request(
        "req_1", "wang", "SDC00001", "m", "HDAC000001", "full", State.SUBMITTED, SENT, SENT,
        submitted_at=SENT, waiting_since=SENT,
        votes=tuple(Vote(who, yes, f"2026-11-22T00:00:{n:02d}.000Z") for n, (who, yes) in enumerate(votes)),
    )  # fmt: skip
    return replace(made, **more)


def voices(found: Committee, asked: Request, day: date = DAY) -> list[str]:
    return [m.subject for m in rules.electorate(found, asked, day)]


CONTACT, DEPUTY = member("ana", contact=True), member("dora", deputy=True)


def test_the_requester_conflicts_invited_and_late_members_have_no_voice() -> None:
    found = committee(
        Rule.ALL, CONTACT, member("bo"), member("wang"), member("kim"), member("lu", since=""), member("mo", since=LATE)
    )
    assert voices(found, request(conflicts=("kim",))) == ["ana", "bo"]


def test_a_deputy_steps_in_for_a_contact_who_is_away_conflicted_or_asks_themselves() -> None:
    present = committee(Rule.CONTACT, CONTACT, member("bo"), DEPUTY)
    assert voices(present, request()) == ["ana"]
    away = committee(Rule.CONTACT, replace(CONTACT, away_until="2026-12-01"), member("bo"), DEPUTY)
    assert voices(away, request()) == ["dora"]
    assert voices(away, request(), DAY + timedelta(days=1)) == ["ana"]  # the day itself is still an absence
    assert voices(away, request(("ana", True))) == ["ana"]  # who is away and votes all the same is heard
    assert voices(present, request(conflicts=("ana",))) == ["dora"]
    assert voices(present, request(requester="ana")) == ["dora"]
    second = replace(DEPUTY, subject="dan", since="2026-11-02T00:00:00.000Z")
    assert voices(committee(Rule.ALL, *away.members, second), request()) == ["bo", "dora"]  # one for one


@pytest.mark.parametrize(
    ("rule", "votes", "decided"),
    [
        (Rule.ONE, [], None),
        (Rule.ONE, [("bo", True)], State.APPROVED),
        (Rule.ONE, [("bo", False), ("ana", True)], State.REJECTED),
        (Rule.CONTACT, [("bo", True)], None),
        (Rule.CONTACT, [("ana", False)], State.REJECTED),
        (Rule.MAJORITY, [("ana", True), ("bo", True)], None),
        (Rule.MAJORITY, [("ana", True), ("bo", True), ("cy", True)], State.APPROVED),
        (Rule.MAJORITY, [("ana", True), ("bo", False)], None),
        (Rule.MAJORITY, [("ana", False), ("bo", False)], State.REJECTED),  # two of four: no majority is left
        (Rule.ALL, [("ana", True), ("bo", True), ("cy", True)], None),
        (Rule.ALL, [("ana", True), ("bo", True), ("cy", True), ("di", True)], State.APPROVED),
        (Rule.ALL, [("ana", True), ("bo", False)], State.REJECTED),
        (Rule.ONE, [("wang", True), ("gone", True)], None),
    ],
)
def test_what_the_voices_of_four_decide(rule: Rule, votes: list[tuple[str, bool]], decided: State | None) -> None:
    four = committee(rule, CONTACT, member("bo"), member("cy"), member("di"))
    assert rules.outcome(four, request(*votes), DAY) == decided


NAMES = ["ana", "bo", "cy", "di", "wang", "gone"]


@given(
    rule=some.sampled_from(Rule),
    flags=some.lists(some.tuples(some.booleans(), some.booleans(), some.booleans()), min_size=4, max_size=4),
    votes=some.lists(some.tuples(some.sampled_from(NAMES), some.booleans()), max_size=6, unique_by=lambda v: v[0]),
    conflicts=some.lists(some.sampled_from(NAMES), max_size=3, unique=True),
)
@settings(max_examples=examples(300))
def test_a_voice_that_does_not_count_never_changes_the_outcome(
    rule: Rule,
    flags: list[tuple[bool, bool, bool]],
    votes: list[tuple[str, bool]],
    conflicts: list[str],
) -> None:
    """Leaving out what requester, conflicted and strangers said decides the same; an approval has a voice for it."""
    members = [
        member(name, contact=contact, deputy=deputy and not contact, away_until="2026-12-09" if away else "")
        for name, (contact, deputy, away) in zip(NAMES, flags, strict=False)
    ]
    found, asked = committee(rule, *members, member("wang")), request(*votes, conflicts=tuple(conflicts))
    decided = rules.outcome(found, asked, DAY)
    barred = {"wang", "gone", *conflicts}
    heard = tuple(v for v in asked.votes if v.subject not in barred)
    assert rules.outcome(found, replace(asked, votes=heard), DAY) == decided
    able = set(voices(found, asked))
    assert not able & barred
    if decided:
        assert any(v.approve == (decided == State.APPROVED) for v in heard if v.subject in able)
    if decided == State.APPROVED and rule == Rule.ALL:
        assert able <= {v.subject for v in heard if v.approve}


def test_a_committee_has_a_contact_who_joined_and_nobody_is_contact_and_deputy() -> None:
    assert rules.check_committee([CONTACT]) == []
    for wrong in ([member("bo")], [replace(CONTACT, since="")], [replace(CONTACT, deputy=True)]):
        assert {f.rule for f in rules.check_committee(wrong)} == {"access.contact"}


def test_rule_and_roles_stand_while_leaving_joining_and_names_do_not() -> None:
    before = committee(Rule.ALL, CONTACT, member("bo"))
    for free in (
        replace(before, name="Other"),
        replace(before, members=(CONTACT,)),
        replace(before, members=(*before.members, DEPUTY)),
        replace(before, members=(CONTACT, member("bo", away_until="2026-12-24"))),
    ):
        assert rules.may_change(before, free)
    for bound in (replace(before, rule=Rule.ONE), replace(before, members=(CONTACT, member("bo", contact=True)))):
        assert not rules.may_change(before, bound)


NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def grant(**more: object) -> Grant:
    ends = clock.stamp(NOW + timedelta(days=90))
    return replace(Grant("HREQ000001", "wang", "SDC00001", "HDAC000001", clock.stamp(NOW), ends), **more)


def test_a_grant_is_worth_something_from_its_first_moment_until_before_its_last() -> None:
    one = timedelta(milliseconds=1)
    end = NOW + timedelta(days=90)
    moments = {NOW - one: GrantState.FUTURE, NOW: GrantState.LIVE, end - one: GrantState.LIVE, end: GrantState.EXPIRED}
    assert {when: rules.state_of(grant(), when) for when in moments} == moments
    assert rules.state_of(grant(revoked_at="2026-12-02"), NOW) == GrantState.REVOKED
    assert rules.state_of(grant(closed_at="2026-12-02"), NOW) == GrantState.CLOSED
    assert rules.covers(grant(), NOW, "a.fq.gz") and rules.covers(grant(files=("a.fq.gz",)), NOW)
    assert not rules.covers(grant(files=("a.fq.gz",)), NOW, "b.fq.gz")


@given(some.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), some.integers(1, 12))
def test_months_end_on_the_same_day_or_the_last_of_a_shorter_month(start: datetime, months: int) -> None:
    ends = rules.grant_ends(start, months)
    assert (ends.year * 12 + ends.month) - (start.year * 12 + start.month) == months
    assert ends.time() == start.time()
    assert ends.day == start.day or (ends.day < start.day and (ends + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("days", "reminded", "due"),
    [(2, 0, None), (3, 0, 3), (3, 3, None), (8, 3, 7), (25, 0, 21), (29, 21, None), (30, 21, 30), (99, 30, None)],
)
def test_reminders_come_at_their_days_and_only_the_last_that_was_missed(
    days: int, reminded: int, due: int | None
) -> None:
    sent = NOW - timedelta(days=days)
    assert rules.reminder_due(request(waiting_since=clock.stamp(sent), reminded=reminded), NOW) == due


FULL = {
    "title": "Drought in seeds",
    "purpose": "To find variants that make rice bear drought.",
    "plan": "Align, call variants, test for association.",
    "output": "A paper and a list of variants",
    "organisation": "Institute of Rice",
    "position": "Postdoctoral researcher",
    "country": "China",
    "investigator": "Group of plant genomics",
    "for_profit": "no",
    "leaves_country": "no",
    "ethics_approval": "2026-IRB-017",
    "security": "On an encrypted server of the institute, deleted by June.",
    "months": 6,
    "data_use": ["DUO:0000042", "DUO:0000018"],
}


def test_a_whole_form_has_no_finding_and_each_missing_answer_has_one_at_its_place() -> None:
    assert rules.check_answers("full", FULL) == []
    asked = set(FULL) - {"months", "data_use"}
    assert {f.where for f in rules.check_answers("full", {})} == {f"/answers/{name}" for name in asked}
    assert {(f.rule, f.where) for f in rules.check_answers("short", {})} == {("metadata.required", "/answers/purpose")}


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("months", 13, "metadata.number"),
        ("data_use", ["DUO:9999999"], "metadata.choice"),
        ("for_profit", "perhaps", "metadata.choice"),
        ("password", "x", "metadata.unknown_field"),
    ],
)
def test_a_wrong_answer_is_found_at_its_field(name: str, value: object, rule: str) -> None:
    (found,) = rules.check_answers("full", FULL | {name: value})
    assert found.rule == rule and found.where.startswith(f"/answers/{name}")


def test_whoever_takes_data_abroad_says_where_to() -> None:
    (found,) = rules.check_answers("full", FULL | {"leaves_country": "yes"})
    assert (found.rule, found.where) == ("metadata.required", "/answers/destination")


def test_only_the_version_in_force_of_each_document_is_accepted() -> None:
    named = ("data_transfer_agreement",)
    assert rules.check_documents(named, {"data_transfer_agreement": 1}) == []
    for wrong in ({}, {"data_transfer_agreement": 2}, {"data_transfer_agreement": "1"}):
        assert [f.rule for f in rules.check_documents(named, wrong)] == ["access.document"]


def test_what_has_ended_stays_so_and_every_state_can_be_reached() -> None:
    ended = {state for state, following in TRANSITIONS.items() if not following}
    assert ended == {State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.REVOKED}
    assert {state for following in TRANSITIONS.values() for state in following} | {State.DRAFT} == set(State)
