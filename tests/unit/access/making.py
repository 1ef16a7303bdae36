"""A released controlled dataset, its committee, and requests in some state, over the small cloud."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from biotheca import catalog, clock
from biotheca.access import committees, decisions, service
from biotheca.access.datasets import set_committee
from biotheca.access.model import Committee, Request, Rule
from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore
from biotheca.accounts.model import Person, Role
from biotheca.aws.tables import Table
from biotheca.publication import release
from biotheca.submissions.model import State
from tests.unit.access.test_rules import FULL
from tests.unit.publication.test_release import brought
from tests.unit.world import ANA, World, moto_tables

MEMBER = "gsa"
WANG, BO, CY, DORA = (Person(name, "", frozenset({Role.SUBMITTER})) for name in ("wang", "bo", "cy", "dora"))
AGREED = {"data_transfer_agreement": 1}
_MADE: dict[Rule, tuple[datetime, str, str, dict[str, Any]]] = {}  # when `desk` made what, and all tables after it


class Addresses:
    """A user pool in which everybody has an account under their name; those in `closed` may not sign in."""

    def __init__(self) -> None:
        self.closed: set[str] = set()

    def subject_of(self, email: str) -> str | None:
        return email.partition("@")[0] if email.endswith("@example.org") else None

    def person(self, subject: str) -> dict[str, object] | None:
        return {"email": f"{subject}@example.org", "enabled": subject not in self.closed}


@dataclass
class Desk:
    """The world with a committee and a controlled dataset under it."""

    world: World
    committee: str = ""
    dataset: str = ""
    pool: Addresses = field(default_factory=Addresses)

    @property
    def store(self):  # type: ignore[no-untyped-def]
        return self.world.access

    @property
    def now(self) -> Committee:
        found = self.store.committee(self.committee)
        assert found
        return found

    def numbers(self) -> Mint:
        return Mint(AccessionStore(Table("accessions")))

    def joined(self, person: Person, *, contact: bool = False, deputy: bool = False) -> None:
        email = f"{person.subject}@example.org"
        committees.invite(self.store, self.pool, ANA, self.committee, email, contact, deputy)
        committees.join(self.store, person, self.committee)

    def asked(self, person: Person = WANG, dataset: str = "", renews: str = "", **answers: object) -> Request:
        """A request that waits for the committee."""
        made = service.begin(self.store, self.world.records, person, dataset or self.dataset, renews)
        filled = {"purpose": FULL["purpose"], "months": 3} if renews else FULL | {"months": 3}
        service.edit(self.store, self.world.records, person, made.id, filled | answers, [], AGREED)
        return service.submit(self.store, self.world.records, self.numbers(), person, made.id)

    def vote(self, person: Person, number: str, approve: bool = True, reason: str = "Not ours to give.") -> Request:
        return decisions.vote(self.store, person, number, approve, "" if approve else reason)


def desk(world: World, monkeypatch: pytest.MonkeyPatch, rule: Rule = Rule.ONE) -> Desk:
    """Ana's committee (she alone) and her controlled dataset."""
    row = replace(catalog.members()[MEMBER], access_modes=("open", "controlled"), one_click=True)
    monkeypatch.setitem(catalog.members(), MEMBER, row)
    here = Desk(world)
    tables = moto_tables()
    if rule not in _MADE or clock.now() < _MADE[rule][0]:  # a test's clock may have been ahead of this one's
        here.committee = committees.form(here.store, here.numbers(), ANA, "Keepers", "", rule).number
        here.dataset = dataset(here)
        _MADE[rule] = clock.now(), here.committee, here.dataset, copy.deepcopy(tables)
    else:
        _, here.committee, here.dataset, kept = _MADE[rule]
        tables.update(copy.deepcopy(kept))
    return here


def dataset(here: Desk, title: str = "Synthetic reads") -> str:
    """Another controlled dataset under the same committee."""
    made = brought(here.world, State.ARCHIVED, title=title, access="controlled")
    set_committee(here.store, here.world.submissions, here.world.records, ANA, made.id, here.committee)
    release.release(here.world.submissions, here.world.records, made.id)
    return made.dataset or ""


def later(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    """Move the clock on, from where it stands."""
    before = clock.now()
    monkeypatch.setattr(clock, "now", lambda: before + timedelta(**by))
