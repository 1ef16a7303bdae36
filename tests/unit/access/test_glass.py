"""Staff and controlled files: nothing without a reason that its committee reads, and then for an hour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from biotheca.access import grants
from biotheca.access.glass.service import break_glass
from biotheca.access.glass.store import GlassStore
from biotheca.accounts.model import Person, Role
from biotheca.aws.tables import Table
from biotheca.errors import Invalid, NotAllowed, NotFound
from biotheca.publication import service as publishing
from biotheca.publication.access import Controlled
from biotheca.submissions.model import State
from tests.unit.access.making import BO, WANG, Desk, dataset, desk, later
from tests.unit.publication.test_release import brought
from tests.unit.world import ADA, ANA, CHEN, LI, MEI, World

WHY = "A reader reports that a file is cut; its first block is looked at."


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = desk(world, monkeypatch)
    found.joined(BO)
    return found


def reads(here: Desk, person: Person | None, accession: str = "") -> str:
    """`yes`, or the rule of the refusal, of the one way to a file."""
    (run,) = here.world.records.inside(accession or here.dataset, "run", 1, None)[0]
    try:
        publishing.permitted(
            here.world.records, person, run.accession, run.files[0]["name"], grants.Granted(here.store)
        )
    except Controlled as refusal:
        return refusal.rule
    return "yes"


def broken(here: Desk, person: Person, accession: str = "", reason: str = WHY) -> dict[str, Any]:
    return break_glass(here.store, _glass(here), here.world.records, person, accession or here.dataset, reason)


def _glass(here: Desk) -> GlassStore:
    return GlassStore(here.store.table, Table("outbox"))


def _told(here: Desk) -> list[dict[str, Any]]:
    return [body for kind, body in here.world.told() if kind == "GlassBroken"]


def test_no_staff_reads_a_file_of_a_released_dataset_before_they_wrote_why(here: Desk) -> None:
    assert {reads(here, person) for person in (CHEN, MEI, ADA)} == {"access.break_glass"}
    assert {reads(here, person) for person in (LI, WANG, None)} == {"access.controlled"}
    assert reads(here, ANA) == "yes"
    assert here.store.log_of(here.dataset, 9, None)[0][0]["person"] == "ana"
    owning = Person(ANA.subject, "", frozenset({Role.CURATOR}))
    assert reads(here, owning) == "yes"  # staff or not, it is hers


def test_curators_alone_read_what_is_under_review_and_only_before_release(here: Desk) -> None:
    waiting = brought(here.world, State.ARCHIVED, title="Under review", access="controlled").dataset or ""
    assert reads(here, CHEN, waiting) == "yes"
    assert reads(here, ADA, waiting) == "access.break_glass"
    (line,) = here.store.log_of(waiting, 9, None)[0]
    assert (line["person"], line["grant"]) == ("chen", "insider")
    broken(here, ADA, waiting)
    assert reads(here, ADA, waiting) == "yes"
    for change in ({"released_at": "2026-01-01T00:00:00Z"}, {"visibility": publishing.Visibility.SUPPRESSED}):
        record = here.world.records.get(waiting)
        assert record and not publishing.by_right(here.world.records, CHEN, replace(record, **change))


def test_broken_glass_opens_one_dataset_to_one_person_for_an_hour(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    other = dataset(here, "Another")
    made = broken(here, CHEN)
    assert reads(here, CHEN) == "yes"
    assert {reads(here, CHEN, other), reads(here, ADA), reads(here, MEI)} == {"access.break_glass"}
    assert reads(here, replace(CHEN, roles=frozenset({Role.SUBMITTER}))) == "access.controlled"  # no staff any more
    lines = here.store.log_of(here.dataset, 9, None)[0]
    assert [(row["grant"], bool(row["file"]), row.get("reason")) for row in lines] == [
        (made["id"], True, None),
        (made["id"], False, WHY),
    ]
    assert here.store.log_by("chen", 9, None)[0] == lines
    later(monkeypatch, minutes=61)
    assert reads(here, CHEN) == "access.break_glass"


def test_the_committee_is_told_at_once_and_the_reason_stands_in_its_log_alone(here: Desk) -> None:
    made = broken(here, ADA)
    (body,) = _told(here)
    assert body["people"] == ["ana", "bo"] and body["glass"] == made["id"] and body["person"] == "ada"
    assert WHY not in str(here.world.told())
    history = here.store.history(f"DAC#{here.committee}", 99, None)[0]
    assert [row["actor"] for row in history if row["event"] == "glass broken"] == ["ada"]


def test_while_it_lasts_again_changes_nothing_and_after_it_there_is_another(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = broken(here, CHEN)
    later(monkeypatch, minutes=30)
    again = broken(here, CHEN, reason="The same file, looked at once more.")
    assert (again["id"], again["ends_at"]) == (first["id"], first["ends_at"]) and len(_told(here)) == 1
    later(monkeypatch, minutes=31)
    assert broken(here, CHEN)["id"] != first["id"] and len(_told(here)) == 2
    assert len([row for row in here.store.log_of(here.dataset, 9, None)[0] if not row["file"]]) == 2


def test_nobody_else_breaks_it_and_a_reason_must_say_something(here: Desk) -> None:
    for person in (LI, WANG, ANA):
        words = set()
        for accession in (here.dataset, "CRA999999"):
            with pytest.raises(NotAllowed) as caught:
                broken(here, person, accession)
            words.add(caught.value.message)
        assert len(words) == 1
    for reason in ("", "because", " " * 40, "a" + " " * 40 + "b"):
        with pytest.raises(Invalid) as refused:
            broken(here, CHEN, reason=reason)
        assert [f.rule for f in refused.value.findings] == ["access.glass_reason"]
    with pytest.raises(NotFound):
        broken(here, CHEN, "CRA999999")
    open_one = brought(here.world, State.RELEASED, title="Open to all").dataset or ""
    with pytest.raises(Invalid, match="open"):
        broken(here, CHEN, open_one)
    assert _told(here) == [] and reads(here, CHEN) == "access.break_glass"
