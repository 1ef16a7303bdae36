"""The link in a mail: one member, one request, once, for two weeks; whatever is wrong with it has one answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from biotheca import catalog
from biotheca.access import clicks, committees, decisions, service
from biotheca.access.model import Rule, State
from biotheca.errors import NotFound
from tests.unit.access.making import BO, WANG, Desk, desk, later
from tests.unit.world import ANA, World


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = desk(world, monkeypatch)
    made.joined(BO)
    return made


def token(here: Desk, subject: str = "bo", number: str = "") -> str:
    request = here.store.request(number or here.asked().number)
    assert request
    return clicks.make(here.store, request, subject)


def test_opening_changes_nothing_and_confirming_is_the_members_voice_once(here: Desk) -> None:
    secret = token(here)
    before = here.world.dump()
    assert clicks.look(here.store, here.pool, secret).state == State.SUBMITTED
    assert here.world.dump() == before
    done = clicks.approve(here.store, here.pool, secret)
    assert (done.state, done.decided_by) == (State.APPROVED, "bo")
    for again in (clicks.look, clicks.approve):
        with pytest.raises(NotFound):
            again(here.store, here.pool, secret)
    assert secret not in here.world.dump()


def test_a_spent_link_does_not_speak_again_while_others_are_waited_for(here: Desk) -> None:
    committees.edit(here.store, ANA, here.committee, rule=Rule.ALL)
    secret, second = token(here), token(here, number="HREQ000001")
    assert clicks.approve(here.store, here.pool, secret).state == State.SUBMITTED
    with pytest.raises(NotFound):
        clicks.look(here.store, here.pool, secret)
    here.vote(BO, "HREQ000001", approve=False)  # decides: one no is enough
    for one in (secret, second):
        with pytest.raises(NotFound):
            clicks.approve(here.store, here.pool, one)


def _spent(here: Desk, secret: str) -> None:
    clicks.approve(here.store, here.pool, secret)


def _old(here: Desk, secret: str) -> None:
    row = here.store.click(clicks._digest(secret))
    assert row
    here.store.table.put(row | {"expires_at": "2026-01-01T00:00:00.000Z"})


def _removed(here: Desk, secret: str) -> None:
    committees.leave(here.store, ANA, here.committee, "bo")


def _closed(here: Desk, secret: str) -> None:
    here.pool.closed.add("bo")


def _decided(here: Desk, secret: str) -> None:
    here.vote(ANA, "HREQ000001")


def _conflicted(here: Desk, secret: str) -> None:
    decisions.declare_conflict(here.store, ANA, "HREQ000001", "bo")


def _returned(here: Desk, secret: str) -> None:
    decisions.give_back(here.store, ANA, "HREQ000001", "Which server?")


@pytest.mark.parametrize("spoil", [_spent, _old, _removed, _closed, _decided, _conflicted, _returned])
def test_a_link_that_is_no_longer_good_answers_as_one_that_never_was(
    here: Desk, spoil: Callable[[Desk, str], None]
) -> None:
    secret = token(here)
    spoil(here, secret)
    words = set()
    for one in (secret, "apr_" + "x" * 43, "", "x" * 9999):
        for act in (clicks.look, clicks.approve):
            with pytest.raises(NotFound) as told:
                act(here.store, here.pool, one)
            words.add((told.value.message, told.value.rule))
    assert len(words) == 1


def test_a_link_lasts_two_weeks(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = token(here)
    later(monkeypatch, days=13, hours=23)
    assert clicks.look(here.store, here.pool, secret)
    later(monkeypatch, hours=2)
    with pytest.raises(NotFound):
        clicks.approve(here.store, here.pool, secret)


def test_a_requester_in_the_committee_cannot_use_one(here: Desk) -> None:
    here.joined(WANG)
    with pytest.raises(NotFound):
        clicks.approve(here.store, here.pool, token(here, "wang"))


def test_only_members_of_such_databases_get_one_and_only_with_an_address(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"request": here.asked().number}
    line = clicks.MailLinks(here.store, "https://archive.example.org/").line(body, "bo", "en")
    assert "https://archive.example.org/approve.html#apr_" in line
    assert clicks.look(here.store, here.pool, line.rpartition("#")[2].strip()).number == body["request"]
    assert clicks.MailLinks(here.store, None).line(body, "bo", "en") == ""
    row = service.replace(catalog.members()["gsa"], one_click=False)
    monkeypatch.setitem(catalog.members(), "gsa", row)
    assert clicks.MailLinks(here.store, "https://archive.example.org").line(body, "bo", "zh") == ""
