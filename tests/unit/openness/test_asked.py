"""Requests of the access table as openness counts them, through everything that can become of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from biotheca import clock
from biotheca.access import decisions, grants, reminders, service
from biotheca.aws.tables import Table
from biotheca.openness import rules
from biotheca.openness.asked import AskedRequests
from biotheca.openness.model import Outcome
from biotheca.openness.service import rebuild, take
from biotheca.openness.store import OpennessStore
from functions import stores
from functions.openness import handler
from tests.unit.access.making import BO, MEMBER, WANG, Desk, desk, later
from tests.unit.world import ANA, World


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = desk(world, monkeypatch)
    later(monkeypatch, days=0)  # the clock stands but where a test moves it
    return made


def test_a_request_waits_from_the_day_on_which_it_came_the_last_time(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AskedRequests(here.store)
    draft = service.begin(here.store, here.world.records, WANG, here.dataset)
    assert log.request(draft.id) is None and list(log.requests()) == []
    service.withdraw(here.store, WANG, draft.id)
    assert log.request(draft.id) is None
    number = here.asked().number
    first = log.request(number)
    assert first and first.waits and (first.id, first.dataset, first.requester) == (number, here.dataset, "wang")
    later(monkeypatch, days=5)
    decisions.give_back(here.store, ANA, number, "Which variants?")
    back = log.request(number)
    assert back and back.outcome == Outcome.WITHDRAWN and back.decided_at == first.submitted_at + timedelta(days=5)
    later(monkeypatch, days=20)
    service.submit(here.store, here.world.records, here.numbers(), WANG, number)
    again = log.request(number)
    assert again and again.waits and again.submitted_at == first.submitted_at + timedelta(days=25)
    later(monkeypatch, days=2)
    here.vote(ANA, number)
    decided = log.request(number)
    assert decided and (decided.outcome, decided.took_ms) == (Outcome.APPROVED, 2 * 86_400_000)
    assert list(log.requests()) == [decided]


def test_what_was_decided_stays_so_with_the_day_of_the_decision(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AskedRequests(here.store)
    revoked, closed, ended = (here.asked(person, months=1).number for person in (WANG, BO, BO))
    later(monkeypatch, days=1)
    for number in (revoked, closed, ended):
        here.vote(ANA, number)
    before = {number: log.request(number) for number in (revoked, closed, ended)}
    later(monkeypatch, days=10)
    grants.revoke(here.store, ANA, revoked, "The purpose has changed.")
    grants.close(here.store, BO, closed, "Done.", True)
    later(monkeypatch, days=60)
    reminders.sweep(here.store, list)
    states = {number: here.store.request(number).state for number in before}
    assert states == {revoked: "revoked", closed: "expired", ended: "expired"}
    assert {number: log.request(number) for number in before} == before
    assert {request.outcome for request in before.values() if request} == {Outcome.APPROVED}
    row = rules.sharing({here.dataset: MEMBER}, log.requests())["total"]
    assert (row["requests"], row["approvals"], row["requesters_distinct"]) == (3, 3, 2)


def test_who_never_answers_a_question_or_takes_a_request_back_counts_as_withdrawn(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AskedRequests(here.store)
    silent, taken, refused = (here.asked(person).number for person in (WANG, BO, BO))
    decisions.give_back(here.store, ANA, silent, "Which variants?")
    service.withdraw(here.store, BO, taken)
    here.vote(ANA, refused, approve=False)
    later(monkeypatch, days=200)
    reminders.sweep(here.store, list)
    assert here.store.request(silent).state == "expired"
    outcomes = [found.outcome for n in (silent, taken, refused) if (found := log.request(n))]
    assert outcomes == [Outcome.WITHDRAWN, Outcome.WITHDRAWN, Outcome.REJECTED]


@pytest.fixture
def doors(here: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "1")
    used = (stores.records, stores.openness, stores.access, stores.asked)
    for name in ("records", "outbox", "openness", "access"):
        monkeypatch.setenv(f"BIOTHECA_{name.upper()}_TABLE", name)
    for store in used:
        store.cache_clear()
    yield here
    for store in used:
        store.cache_clear()


def _hear(here: Desk) -> None:
    """Everything that the outbox holds comes to the door, the last first."""
    told = reversed(here.world.told())
    rows = [
        {"messageId": str(n), "body": json.dumps({"detail": {"correlation_id": "c", "type": kind, "body": body}})}
        for n, (kind, body) in enumerate(told)
        if kind in {*handler.OF_REQUESTS, "DatasetReleased", "RecordChanged", "SubmissionChanged"}
    ]
    assert handler.follow({"Records": rows}, None) == {"batchItemFailures": []}


def test_the_door_counts_requests_from_their_events_and_the_daily_run_what_none_told(
    doors: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    openness, log = OpennessStore(Table("openness")), AskedRequests(doors.store)
    approved, waits = doors.asked().number, doors.asked(BO).number
    later(monkeypatch, days=4)
    doors.vote(ANA, approved)
    later(monkeypatch, days=16)
    _hear(doors)
    row = openness.standing(doors.dataset)
    assert row and row.listed and (row.decided, row.approved, row.waiting) == (1, 1, 1)
    assert rebuild(openness, log) == 0 and not take(openness, log, waits)
    tally = rules.tallies(log.requests())[doors.dataset]
    rates = rules.rates_of([tally], clock.now())
    assert row.score == rules.score_of("controlled", tally, rates, clock.now()).score
    doors.vote(ANA, waits, approve=False)  # and its event is lost
    assert handler.recompute({}, None) | {"day": ""} == {"day": "", "datasets": 1, "changed": 0, "missed": 1}
    assert (row := openness.standing(doors.dataset)) and (row.decided, row.waiting) == (2, 0)
    assert handler.recompute({}, None)["missed"] == 0
    kept = list(openness.table.every("pk = :p", {"p": f"SET#{doors.dataset}"}))
    assert len(kept) > 2 and not any("wang" in str(item) for item in kept)
