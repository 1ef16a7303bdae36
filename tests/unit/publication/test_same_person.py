"""Links of one person's records in two databases: who may make them, who sees them, how they go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from biotheca.accounts.model import Person
from biotheca.errors import Invalid, NotFound
from biotheca.publication import same_person
from biotheca.publication.model import Record, Visibility
from biotheca.publication.uses import below
from tests.unit.world import ANA, CHEN, LI, World, made

SEQUENCED, IMAGED, SAMPLE, SERIES = "HRI000001", "OBII000001", "HRS000001", "OBIE000001"


class People(World):
    """Ana's released individual of one database with a sample, and an owner's of another with a series."""

    def person(self, owner: Person = ANA, seen: Visibility = Visibility.PUBLIC) -> None:
        self._put(Record(SEQUENCED, "individual", "gsa-human", "p1", "P1", "sub_1", ANA.subject, {}), seen)
        self._put(Record(IMAGED, "imaged_individual", "obia", "x", "F", "sub_2", owner.subject, {}), seen)
        for number, kind, member, above, of in (
            (SAMPLE, "sample", "gsa-human", SEQUENCED, ANA),
            (SERIES, "series", "obia", IMAGED, owner),
        ):
            self._put(Record(number, kind, member, "a", "t", "sub_3", of.subject, {}, needs=[above]), seen)

    def _put(self, record: Record, seen: Visibility) -> None:
        record = replace(record, created_at="2026-01-01T00:00:00Z")
        self.records.put_new(record)
        self.records.put_references(record)
        if seen == Visibility.PUBLIC:
            self.records.publish(record.accession, "2026-01-01T00:00:00Z")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    with made(monkeypatch):
        yield People()


def numbers(world: People, person: Person | None, accession: str) -> list[tuple[str, str]]:
    return [(row["accession"], row["state"]) for row in same_person.listed(world.records, person, accession)]


def test_a_link_of_ones_own_is_made_at_once_shown_both_ways_and_leads_to_everything(world: People) -> None:
    world.person()
    first = same_person.link(world.records, ANA, SEQUENCED, IMAGED.lower())
    assert first["state"] == "made" and same_person.link(world.records, ANA, IMAGED, SEQUENCED)["state"] == "made"
    for reader in (None, LI, ANA, CHEN):
        assert numbers(world, reader, SEQUENCED) == [(IMAGED, "made")]
        assert numbers(world, reader, IMAGED) == [(SEQUENCED, "made")]
        hanging = {row["accession"] for row in below(world.records, reader, SEQUENCED)["items"]}
        assert hanging == {SAMPLE, IMAGED, SERIES}
        assert {row["accession"] for row in below(world.records, reader, IMAGED)["items"]} == {
            SERIES,
            SEQUENCED,
            SAMPLE,
        }
        pairs, _ = same_person.joint(world.records, reader, 50, None)
        assert [[one["accession"] for one in row["records"]] for row in pairs] == [[IMAGED, SEQUENCED]]
    words = [row["words"] for row in world.records.history(IMAGED, 50, None)[0]]
    assert [w for w in words if "linked" in w] == ["It was linked with another record of the same person."]
    assert SEQUENCED not in str(words)

    same_person.unlink(world.records, ANA, IMAGED, SEQUENCED)
    assert numbers(world, ANA, SEQUENCED) == numbers(world, ANA, IMAGED) == []
    assert {row["accession"] for row in below(world.records, None, SEQUENCED)["items"]} == {SAMPLE}
    assert same_person.joint(world.records, None, 50, None) == ([], None)
    with pytest.raises(NotFound):
        same_person.unlink(world.records, ANA, IMAGED, SEQUENCED)


def test_a_link_to_somebody_elses_record_needs_their_word(world: People) -> None:
    world.person(owner=LI)
    assert same_person.link(world.records, ANA, SEQUENCED, IMAGED)["state"] == "asked"
    assert same_person.link(world.records, ANA, SEQUENCED, IMAGED)["state"] == "asked", "asking twice agrees to nothing"
    for reader in (None, CHEN):
        assert numbers(world, reader, SEQUENCED) == numbers(world, reader, IMAGED) == []
        assert same_person.joint(world.records, reader, 50, None)[0] == []
    for reader in (ANA, LI):
        assert numbers(world, reader, SEQUENCED) == [(IMAGED, "asked")]
    with pytest.raises(NotFound):
        same_person.link(world.records, LI, SEQUENCED, IMAGED)
    assert same_person.link(world.records, LI, IMAGED, SEQUENCED)["state"] == "made"
    assert numbers(world, None, IMAGED) == [(SEQUENCED, "made")]
    with pytest.raises(NotFound):
        same_person.unlink(world.records, CHEN, IMAGED, SEQUENCED)
    same_person.unlink(world.records, LI, SEQUENCED, IMAGED)
    assert numbers(world, ANA, IMAGED) == []


def test_a_private_record_is_named_to_nobody_who_may_not_see_it(world: People) -> None:
    world.person(seen=Visibility.PRIVATE)
    same_person.link(world.records, ANA, SEQUENCED, IMAGED)
    world.records.publish(SEQUENCED, "2026-01-01T00:00:00Z")
    for reader in (None, LI):
        assert numbers(world, reader, SEQUENCED) == []
        assert IMAGED not in str(below(world.records, reader, SEQUENCED))
        assert same_person.joint(world.records, reader, 50, None)[0] == []
        with pytest.raises(NotFound) as private:
            same_person.listed(world.records, reader, IMAGED)
        with pytest.raises(NotFound) as unknown:
            same_person.listed(world.records, reader, "OBII999999")
        assert str(private.value).replace(IMAGED, "IT") == str(unknown.value).replace("OBII999999", "IT")
    assert numbers(world, ANA, SEQUENCED) == [(IMAGED, "made")]
    with pytest.raises(NotFound):
        same_person.link(world.records, LI, SEQUENCED, IMAGED)


def test_what_is_never_one_person_is_refused(world: People) -> None:
    world.person()
    for one, two in ((SEQUENCED, SERIES), (SAMPLE, IMAGED), (SEQUENCED, SEQUENCED)):
        with pytest.raises(Invalid) as refused:
            same_person.link(world.records, ANA, one, two)
        assert refused.value.findings[0].rule == "publication.same_person_types"
