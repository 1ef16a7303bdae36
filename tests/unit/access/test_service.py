"""Requests, decisions, grants and the log over a small cloud: who may what, in one write, and again without effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from biotheca import clock
from biotheca.access import committees, decisions, grants, reminders, service
from biotheca.access.figures import facts, totals
from biotheca.access.model import (
    CommitteeBusy,
    GrantState,
    NoVoice,
    Rule,
    StaleAccess,
    State,
    WrongRequestState,
)
from biotheca.access.rules import state_of
from biotheca.errors import Invalid, NotFound
from biotheca.publication import reviews
from biotheca.publication import service as publishing
from biotheca.publication.access import Controlled
from biotheca.publication.model import Door, WrongVisibility
from tests.unit.access.making import BO, CY, DORA, WANG, Desk, dataset, desk, later
from tests.unit.world import ADA, ANA, CHEN, LI, World


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return desk(world, monkeypatch)


def _reads(here: Desk, person: Any, accession: str = "") -> bool:
    try:
        publishing.visible(
            here.world.records, person, accession or here.dataset, Door.FILES, grants.Granted(here.store)
        )
    except Controlled:
        return False
    return True


def _told(here: Desk, kind: str) -> list[dict[str, Any]]:
    return [body for name, body in here.world.told() if name == kind]


def test_an_approval_is_a_grant_that_its_end_and_a_revocation_shut_at_once(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = here.asked()
    assert (asked.state, asked.number, _reads(here, WANG)) == (State.SUBMITTED, "HREQ000001", False)
    done = here.vote(ANA, asked.number)
    assert (done.state, done.decided_by, done.committee_version) == (State.APPROVED, "ana", 1)
    assert _reads(here, WANG) and not _reads(here, LI) and not _reads(here, None)
    (decided,) = _told(here, "AccessDecided")
    assert decided["decision"] == "approved" and decided["policy"] == "1" and decided["actor"] == "ana"
    second = here.vote(ANA, here.asked(months=1).number)
    grants.revoke(here.store, ANA, done.number, "Misused.")
    assert _reads(here, WANG) is False  # nor does the other, which is the same person's to the same data
    assert {r.state for r in (here.store.request(n.number) for n in (done, second)) if r} == {State.REVOKED}
    third = here.vote(ANA, here.asked().number)
    assert _reads(here, WANG) and third.state == State.APPROVED
    later(monkeypatch, days=93)
    assert _reads(here, WANG) is False


def test_a_grant_opens_its_dataset_alone_and_its_files_alone(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    other = dataset(here, "Another study")
    here.vote(ANA, here.asked(dataset=other).number)
    assert _reads(here, WANG, other) and not _reads(here, WANG)
    (grant,) = here.store.grants("wang")
    limited = grants.replace(grant, files=("one.fq.gz",))
    here.store.table.put({"pk": "PERSON#wang", "sk": f"GRANT#{other}#{grant.request}", **limited.as_dict()})
    assert grants.may_read_files(here.store, WANG, other, "one.fq.gz") == limited
    assert grants.may_read_files(here.store, WANG, other, "two.fq.gz") is None
    assert grants.may_read_files(here.store, WANG, here.dataset, "one.fq.gz") is None


def test_one_rejection_needs_a_reason_and_is_read_by_the_requester(here: Desk) -> None:
    number = here.asked().number
    with pytest.raises(Invalid) as told:
        here.vote(ANA, number, approve=False, reason=" ")
    assert [f.rule for f in told.value.findings] == ["access.reason_needed"]
    done = here.vote(ANA, number, approve=False)
    assert (done.state, done.reason) == (State.REJECTED, "Not ours to give.")
    assert here.store.grants("wang") == [] and not _reads(here, WANG)
    with pytest.raises(WrongRequestState):
        here.vote(ANA, number)


def test_a_returned_request_comes_back_under_its_number_and_its_voices_are_void(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.joined(BO)
    here.joined(CY)
    committees.edit(here.store, ANA, here.committee, rule=Rule.ALL)
    number = here.asked().number
    here.vote(BO, number)
    back = decisions.give_back(here.store, CY, number, "Which server?")
    assert (back.state, back.votes, back.reason) == (State.RETURNED, (), "Which server?")
    again = service.submit(here.store, here.world.records, here.numbers(), WANG, back.id)
    assert (again.state, again.number) == (State.SUBMITTED, number)
    assert here.store.undecided(here.committee) == 1
    for person in (ANA, BO, CY):
        done = here.vote(person, number)
    assert done.state == State.APPROVED and here.store.undecided(here.committee) == 0


def test_everything_may_be_done_twice(here: Desk) -> None:
    made = service.begin(here.store, here.world.records, WANG, here.dataset, idempotency_key="k")
    assert service.begin(here.store, here.world.records, WANG, here.dataset, idempotency_key="k").id == made.id
    first = committees.form(here.store, here.numbers(), ANA, "Twice", "", Rule.ONE, "k")
    assert committees.form(here.store, here.numbers(), ANA, "Twice", "", Rule.ONE, "k") == first
    here.joined(BO)
    committees.edit(here.store, ANA, here.committee, rule=Rule.ALL)
    asked = here.asked()
    assert service.submit(here.store, here.world.records, here.numbers(), WANG, asked.id).version == asked.version
    one = here.vote(ANA, asked.number)
    assert here.vote(ANA, asked.number) == one
    done = here.vote(BO, asked.number)
    assert here.vote(BO, asked.number) == done and len(here.store.grants("wang")) == 1
    ended = grants.revoke(here.store, ANA, asked.number, "Misused.")
    assert grants.revoke(here.store, ANA, asked.number, "Again.") == ended
    gone = here.asked()
    assert service.withdraw(here.store, WANG, gone.id) == service.withdraw(here.store, WANG, gone.id)


def test_what_is_not_ones_own_is_as_unknown_as_what_there_is_not(here: Desk) -> None:
    number = here.asked().number
    draft = service.begin(here.store, here.world.records, WANG, here.dataset).id
    here.vote(ANA, here.asked(person=CY).number)
    acts: list[Callable[[str], Any]] = [
        lambda n: service.show(here.store, LI, n),
        lambda n: service.edit(here.store, here.world.records, LI, n, {}, [], {}),
        lambda n: service.submit(here.store, here.world.records, here.numbers(), LI, n),
        lambda n: service.withdraw(here.store, LI, n),
        lambda n: here.vote(LI, n),
        lambda n: here.vote(WANG, n),
        lambda n: decisions.give_back(here.store, LI, n, "x"),
        lambda n: decisions.declare_conflict(here.store, LI, n, "ana"),
        lambda n: service.begin(here.store, here.world.records, LI, here.dataset, renews=n),
        lambda n: here.vote(ADA, n),
    ]
    for act in acts:
        words = set()
        for name in (number, "HREQ999999", "nonsense"):
            with pytest.raises(NotFound) as told:
                act(name)
            words.add(told.value.message.replace(name, "IT"))
        assert len(words) == 1
    with pytest.raises(NotFound):
        service.show(here.store, ANA, draft)  # a draft is its requester's alone, whatever the committee
    assert service.show(here.store, ADA, number).number == number
    for act in (
        lambda: grants.revoke(here.store, LI, "HREQ000002", "x"),
        lambda: grants.close(here.store, LI, "HREQ000002", "", True),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_member_who_asks_for_the_data_has_no_hand_in_it(here: Desk) -> None:
    here.joined(BO)
    number = here.asked(person=BO).number
    for act in (
        lambda: here.vote(BO, number),
        lambda: decisions.give_back(here.store, BO, number, "x"),
        lambda: decisions.declare_conflict(here.store, BO, number, "ana"),
    ):
        with pytest.raises(NotFound):
            act()
    here.vote(ANA, number)
    with pytest.raises(NotFound):
        grants.revoke(here.store, BO, number, "x")


def test_a_conflict_takes_the_voice_and_what_was_said(here: Desk) -> None:
    here.joined(BO)
    committees.edit(here.store, ANA, here.committee, rule=Rule.ALL)
    number = here.asked().number
    here.vote(BO, number)
    with pytest.raises(NotFound):
        decisions.declare_conflict(here.store, BO, number, "ana")  # of another only a contact may
    assert decisions.declare_conflict(here.store, ANA, number, "bo").votes == ()
    with pytest.raises(NoVoice):
        here.vote(BO, number)
    assert here.vote(ANA, number).state == State.APPROVED


def test_who_decides_stands_while_something_is_undecided(here: Desk) -> None:
    here.joined(BO)
    here.joined(DORA, deputy=True)
    number = here.asked().number
    for act in (
        lambda: committees.edit(here.store, ANA, here.committee, rule=Rule.ALL),
        lambda: committees.set_roles(here.store, ANA, here.committee, "bo", True, None),
        lambda: committees.set_roles(here.store, ANA, here.committee, "dora", None, False),
    ):
        with pytest.raises(CommitteeBusy):
            act()
    assert committees.edit(here.store, ANA, here.committee, name="Keepers of all").name == "Keepers of all"
    here.joined(CY)
    with pytest.raises(NoVoice):  # sent before Cy joined
        here.vote(CY, number)
    with pytest.raises(NoVoice):  # Ana, the contact, is there
        here.vote(DORA, number)
    committees.set_away(here.store, ANA, here.committee, "ana", "2027-01-31")
    assert here.vote(DORA, number).state == State.APPROVED
    assert committees.edit(here.store, ANA, here.committee, rule=Rule.ALL).rule == Rule.ALL
    versions, _ = here.store.versions(here.committee, 100, None)
    assert [v.version for v in versions] == list(range(1, len(versions) + 1)) and versions[-1] == here.now
    assert (versions[0].rule, versions[0].members[0].subject) == (Rule.ONE, "ana")


def test_a_member_taken_out_has_no_voice_from_then_on_nor_has_what_they_said(here: Desk) -> None:
    for person in (BO, CY):
        here.joined(person)
    committees.edit(here.store, ANA, here.committee, rule=Rule.MAJORITY)
    number = here.asked().number
    here.vote(BO, number)
    committees.leave(here.store, ANA, here.committee, "bo")
    with pytest.raises(NotFound):
        here.vote(BO, number)
    assert here.vote(ANA, number).state == State.SUBMITTED  # one of two, where with Bo's it were two of three
    assert here.vote(CY, number).state == State.APPROVED
    with pytest.raises(Invalid):
        committees.leave(here.store, ANA, here.committee, "ana")


def test_a_vote_that_races_with_a_removal_is_not_written(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    here.joined(BO)
    number = here.asked().number
    before = here.now
    committees.leave(here.store, ANA, here.committee, "bo")
    real = type(here.store).committee
    monkeypatch.setattr(type(here.store), "committee", lambda *_: before)  # Bo's call had read it a moment ago
    with pytest.raises(StaleAccess):
        here.vote(BO, number)
    monkeypatch.setattr(type(here.store), "committee", real)
    asked = here.store.request(number)
    assert asked and asked.state == State.SUBMITTED and here.store.grants("wang") == []


def test_a_renewal_begins_where_the_grant_ends_and_is_its_holders_alone(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = here.vote(ANA, here.asked().number)
    later(monkeypatch, days=80)
    renewal = here.asked(renews=first.number, months=2)
    assert (renewal.form, renewal.renews) == ("short", first.number)
    here.vote(ANA, renewal.number)
    old, new = here.store.grants("wang", here.dataset)
    assert new.starts_at == old.ends_at and _reads(here, WANG)
    later(monkeypatch, days=30)
    assert _reads(here, WANG) and state_of(old, service.clock.now()) == GrantState.EXPIRED
    closed = grants.close(here.store, WANG, renewal.number, "Nothing is left.", True)
    assert closed.closed_at and not _reads(here, WANG)
    other = dataset(here, "Another study")
    with pytest.raises(NotFound):
        service.begin(here.store, here.world.records, WANG, other, renews=first.number)


def test_a_closing_report_attests_that_the_data_are_gone(here: Desk) -> None:
    number = here.vote(ANA, here.asked().number).number
    with pytest.raises(Invalid) as told:
        grants.close(here.store, WANG, number, "", False)
    assert [f.rule for f in told.value.findings] == ["access.deleted"]
    assert grants.close(here.store, WANG, number, "", True) == grants.close(here.store, WANG, number, "Again", True)


def test_only_public_controlled_datasets_are_asked_for_and_only_their_files(here: Desk) -> None:
    open_one = publishing.visible(here.world.records, CHEN, here.dataset)
    made = service.begin(here.store, here.world.records, WANG, here.dataset)
    with pytest.raises(Invalid) as told:
        service.edit(here.store, here.world.records, WANG, made.id, {}, ["CRR999999_f1.fq.gz"], {})
    assert [f.rule for f in told.value.findings] == ["access.not_in_dataset"]
    here.world.records.table.put({"pk": f"ACC#{here.dataset}", "sk": "REC", **open_one.as_dict(), "access": "open"})
    with pytest.raises(Invalid) as told:
        service.begin(here.store, here.world.records, LI, here.dataset)
    assert [f.rule for f in told.value.findings] == ["access.open_already"]
    with pytest.raises(NotFound):
        service.begin(here.store, here.world.records, WANG, "CRA999999")


def test_a_reviewers_link_shows_no_files_of_what_is_controlled(here: Desk) -> None:
    with pytest.raises(WrongVisibility):
        reviews.make(here.world.submissions, here.world.records, ANA, here.dataset, "J", 9, True)
    reviews.make(here.world.submissions, here.world.records, ANA, here.dataset, "J", 9, False)
    record = here.world.records.get(here.dataset)
    assert record
    with pytest.raises(NotFound):  # made while the dataset was open
        reviews.files(here.world.records, record, {"data": True}, 9, None)


def test_figures_count_people_requests_and_approvals(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    other = dataset(here, "Another study")
    one = here.vote(ANA, here.asked().number)
    here.vote(ANA, here.asked(person=CY).number, approve=False)
    service.withdraw(here.store, WANG, here.asked(dataset=other).id)
    here.asked(person=CY, dataset=other)
    service.begin(here.store, here.world.records, CY, other)  # never handed in: no request
    here.vote(ANA, here.asked(renews=one.number).number)
    grants.revoke(here.store, ADA, one.number, "Misused.")
    found = list(facts(here.store))
    shown = [(f.dataset == other, f.requester, f.outcome, f.renewal, bool(f.decided_at)) for f in found]
    assert shown == [
        (False, "wang", "approved", False, True),
        (False, "cy", "rejected", False, True),
        (True, "wang", "withdrawn", False, False),
        (True, "cy", None, False, False),
        (False, "wang", "approved", True, True),
    ]
    assert [f.number for f in facts(here.store, other)] == [f.number for f in found if f.dataset == other]
    assert totals(facts(here.store)) == {"gsa": {"requesters": 2, "requests": 5, "approvals": 2}}


def test_each_link_is_a_line_under_dataset_and_person_and_an_event(here: Desk) -> None:
    number = here.vote(ANA, here.asked().number).number
    door = grants.Granted(here.store)
    door.note_link(WANG, here.dataset, {"name": "a.fq.gz", "size_bytes": 7})
    door.note_link(ANA, here.dataset, {"name": "a.fq.gz", "size_bytes": 7})
    by_wang, _ = here.store.log_by("wang", 9, None)
    of_dataset, _ = here.store.log_of(here.dataset, 9, None)
    assert [(r["person"], r["grant"]) for r in of_dataset] == [("ana", "insider"), ("wang", number)]
    assert by_wang == of_dataset[1:]
    assert {b["grant"] for b in _told(here, "ControlledFileLinked")} == {"insider", number}


def test_no_event_and_no_line_of_history_holds_what_a_form_says(here: Desk) -> None:
    asked = here.asked(organisation="Institute of Secrets", investigator="Prof. Hidden")
    here.vote(ANA, asked.number, approve=False, reason="No.")
    lines, _ = here.store.history(f"REQ#{asked.id}", 99, None)
    text = f"{here.world.told()}{lines}"
    assert "HREQ000001" in text and "Secrets" not in text and "Hidden" not in text


# --- the clock ---


def _swept(here: Desk) -> dict[str, int]:
    return reminders.sweep(here.store, lambda: ["ada"])


def test_reminders_go_to_those_whose_voice_is_missing_once_each_and_to_staff_after_thirty_days(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.joined(BO)
    committees.edit(here.store, ANA, here.committee, rule=Rule.ALL)
    number = here.asked().number
    here.vote(BO, number)
    assert _swept(here) == {}
    for day in (3, 4, 3, 4, 7, 9):  # days 3, 7, 10, 14, 21, 30
        later(monkeypatch, days=day)
        _swept(here)
        assert _swept(here) == {}
    told = sorted((int(b["days"]), b["to"], tuple(b["people"])) for b in _told(here, "AccessReminded"))
    people = [(day, "committee", ("ana",)) for day in (3, 7, 14, 21)]
    assert told == [*people, (30, "staff", ("ada",))]
    assert here.vote(ANA, number).state == State.APPROVED


def test_the_sweep_notes_what_has_ended_and_what_was_never_answered(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, silent = here.vote(ANA, here.asked().number), here.asked(person=CY)
    decisions.give_back(here.store, ANA, silent.number, "Which server?")
    later(monkeypatch, days=95)
    assert _swept(here) == {"given up": 1, "expired": 1}
    assert _swept(here) == {}
    for number in (ended.number, silent.number):
        asked = here.store.request(number)
        assert asked and asked.state == State.EXPIRED
    assert here.store.undecided(here.committee) == 0
    assert [b["change"] for b in _told(here, "GrantChanged")].count("expired") == 1


def test_a_reader_hears_14_and_3_days_before_a_grant_ends_once_each(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = here.vote(ANA, here.asked(months=1).number).number
    (grant,) = here.store.grants("wang")
    length = clock.parse(grant.ends_at) - clock.now()
    later(monkeypatch, days=length.days - 15)
    assert _swept(here) == {}
    swept = []
    for _ in range(14):
        later(monkeypatch, days=1)
        swept.append(_swept(here))
        assert _swept(here) == {}
    assert [day for day, done in zip(range(15, 1, -1), swept, strict=True) if done] == [14, 3]
    told = [(b["person"], b["request"], b["days"]) for b in _told(here, "GrantChanged") if b["change"] == "ending"]
    assert sorted(told) == [("wang", number, "14"), ("wang", number, "3")]


@pytest.mark.parametrize("ended", ["revoked", "closed", "prolonged"])
def test_nobody_is_reminded_of_a_grant_that_has_ended_or_goes_on(
    here: Desk, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    number = here.vote(ANA, here.asked(months=1).number).number
    if ended == "revoked":
        grants.revoke(here.store, ADA, number, "Misused.")
    elif ended == "closed":
        grants.close(here.store, WANG, number, "Done.", True)
    else:
        here.vote(ANA, here.asked(renews=number).number)
    later(monkeypatch, days=26)
    assert _swept(here) == {}
    assert [b for b in _told(here, "GrantChanged") if b["change"] == "ending"] == []


def test_a_sweep_that_comes_late_reminds_once_and_a_lost_race_reminds_nobody(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = here.vote(ANA, here.asked(months=1).number)
    (grant,) = here.store.grants("wang")
    later(monkeypatch, days=(clock.parse(grant.ends_at) - clock.now()).days - 1)
    assert _swept(here) == {"ending": 1} and _swept(here) == {}
    with pytest.raises(StaleAccess):
        grants.remind(here.store, request, grant, 3, clock.now())
    assert [b["days"] for b in _told(here, "GrantChanged") if b["change"] == "ending"] == ["2"]


def test_when_those_who_were_waited_for_are_gone_the_sweep_decides_by_what_was_said(here: Desk) -> None:
    for person in (BO, CY):
        here.joined(person)
    committees.edit(here.store, ANA, here.committee, rule=Rule.ALL)
    number = here.asked().number
    here.vote(ANA, number)
    here.vote(BO, number)
    committees.leave(here.store, CY, here.committee, "cy")
    assert _swept(here) == {"settled": 1}
    asked = here.store.request(number)
    assert asked and asked.state == State.APPROVED and _reads(here, WANG)
