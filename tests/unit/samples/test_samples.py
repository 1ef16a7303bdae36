"""Samples on their way to BioSample: only listed words leave, only once, under one number for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore
from biotheca.aws.tables import Table
from biotheca.publication.model import Record, Visibility
from biotheca.samples import rules, service
from biotheca.samples.store import OutwardStore
from biotheca.submissions.rules import check_document, errors_in
from tests.unit.members.human import TEMPLATES, human_document
from tests.unit.world import World, made

HUMAN = catalog.members()["gsa-human"]
BIOSAMPLE = catalog.members()["biosample"]
(WAY,) = service.ways()
_HABITS = {"smoker", "drinker", "occupation", "survival_time", "medical_history"}
_BODY = {"height", "weight", "bmi", "race", "ethnicity", "province", "birthplace"}
FORBIDDEN = _HABITS | _BODY | {"attributes", "family"}
CANARY = "canary-7f3a"


def record_of(kind: str, accession: str, entry: dict[str, Any], **more: Any) -> Record:
    shown, hidden = HUMAN.object_type(kind).split({k: v for k, v in entry.items() if k != "alias"})
    more |= {"sensitive": hidden, "created_at": "2026-01-01T00:00:00Z"}
    title = str(entry.get("title", ""))
    return Record(accession, kind, "gsa-human", entry["alias"], title, "sub_1", "ana", shown, **more)


def pair(template: str, **more: Any) -> tuple[Record, Record]:
    """(a sample, its person) as released."""
    document = human_document(template)
    links = {"individual": ["HRI000001"]}
    sample = record_of(
        "sample", "HRS000001", document["samples"][0], links=links, dataset="HRA000001",
        visibility=Visibility.PUBLIC, **more,
    )  # fmt: skip
    person = record_of("individual", "HRI000001", document["individuals"][0], visibility=Visibility.PUBLIC)
    return sample, person


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_arrives_is_a_right_biosample(template: str) -> None:
    """BioSample's own rules are the judge of what is made for it."""
    content = rules.content_of(WAY, *pair(template))
    assert content is not None
    entry = {"alias": "s1", **rules.linked(content, pair(template)[0], "https://example.org/HRA000001", "controlled")}
    assert errors_in(check_document(BIOSAMPLE, {"samples": [entry]})) == []
    expected = {"clinical_pathogen": "pathogen.clinical", "human_metagenome": "mims.human_gut"}
    assert content["sample_type"] == expected.get(template, "human")


def test_a_metagenome_from_elsewhere_is_a_metagenome() -> None:
    sample, person = pair("human_metagenome")
    sample = replace(sample, attributes=sample.attributes | {"environment_type": "skin"})
    content = rules.content_of(WAY, sample, person)
    assert content and content["sample_type"] == "metagenome" and content["host_subject_id"] == "HRI000001"


@given(st.sampled_from(TEMPLATES), st.data())
def test_no_field_outside_the_list_passes_whatever_a_template_gains(template: str, data: st.DataObject) -> None:
    """Every field that there is, and fields that there are not yet, hold a canary; only listed ones may carry it."""
    sample, person = pair(template)
    names = sorted({*HUMAN.object_type("sample").fields, *HUMAN.object_type("individual").fields, *FORBIDDEN, "new"})
    planted = data.draw(st.sets(st.sampled_from(names)), "planted")
    keep = {"template", "environment_type", "title"}
    more = {name: f"{CANARY}-{name}" for name in planted - keep}
    sample = replace(sample, attributes=sample.attributes | more)
    person = replace(person, attributes=person.attributes | more)
    content = rules.content_of(WAY, sample, person)
    assert content is not None
    listed = {
        place.rpartition(".")[2]
        for said in WAY.rows[sample.attributes["template"]].values()
        for place in (*said.get("from", ()), *said.get("join", ()))
    } | {"description"}
    carried = {name for name in more if any(f"{CANARY}-{name}" in str(v) for v in content.values())}
    assert carried <= listed and not listed & FORBIDDEN
    assert "new" not in content and "attributes" not in content


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with made(monkeypatch) as world:
        yield world


def _put(world: World, *found: Record) -> None:
    for record in found:
        item = {"pk": f"ACC#{record.accession}", "sk": "REC", **record.as_dict()}
        if record.dataset and record.dataset != record.accession:
            item |= {"dataset_key": f"DATASET#{record.dataset}", "inside_key": f"{record.type}#{record.accession}"}
        world.records.table.put(item)


def _study(world: World, template: str = "disease", count: int = 3) -> list[str]:
    sample, person = pair(template)
    study = record_of(
        "study", "HRA000001", human_document(template)["study"], dataset="HRA000001", visibility=Visibility.PUBLIC,
        access="controlled",
    )  # fmt: skip
    samples = [replace(sample, accession=f"HRS{n:06}") for n in range(1, count + 1)]
    _put(world, study, person, *samples)
    return [s.accession for s in samples]


def _minting() -> Mint:
    return Mint(AccessionStore(Table("accessions")))


def _run(world: World) -> dict[str, int]:
    return service.synchronise(world.records, _minting())


def test_each_sample_gets_one_number_and_repeated_runs_change_nothing(world: World) -> None:
    accessions = _study(world)
    assert service.note(world.records, {"dataset": "HRA000001"}) == 1
    assert _run(world) == {"datasets": 1, "created": 3, "changed": 0, "unchanged": 0}
    assert _run(world) == {"datasets": 0, "created": 0, "changed": 0, "unchanged": 0}
    numbers = []
    for accession in accessions:
        sample = world.records.get(accession)
        assert sample
        (number,) = sample.links["biosample"]
        there = world.records.get(number)
        assert there and there.links["synchronised_from"] == [accession] and there.visibility == Visibility.PUBLIC
        assert there.attributes["attributes"] == {"source sample": accession, "controlled access": "yes"}
        assert there.attributes["external_links"][0]["url"].endswith("/HRA000001")
        numbers.append(number)
    assert len(set(numbers)) == 3 and all(n.startswith("SAMC") for n in numbers)
    service.note(world.records, {"dataset": "HRA000001"})
    assert _run(world) == {"datasets": 1, "created": 0, "changed": 0, "unchanged": 3}


def test_a_correction_and_a_suppression_follow_under_the_same_number(world: World) -> None:
    (accession,) = _study(world, count=1)
    service.note(world.records, {"dataset": "HRA000001"})
    _run(world)
    sample = world.records.get(accession)
    assert sample
    number = sample.links["biosample"][0]
    changed = replace(sample, attributes=sample.attributes | {"tissue": "blood"})
    world.records.save(sample, changed, event="corrected", words="", actor="chen")
    service.note(world.records, {"accession": accession, "dataset": "HRA000001"})
    assert _run(world)["changed"] == 1
    there = world.records.get(number)
    assert there and there.attributes["tissue"] == "blood" and there.version == 2
    sample = world.records.get(accession)
    assert sample
    hidden = replace(sample, visibility=Visibility.SUPPRESSED, reason="Asked by its owner.")
    world.records.save(sample, hidden, event="suppressed", words="", actor="ada")
    service.note(world.records, {"accession": accession, "dataset": "HRA000001"})
    assert _run(world)["changed"] == 1
    there = world.records.get(number)
    assert there and there.visibility == Visibility.SUPPRESSED and there.links["synchronised_from"] == [accession]


def test_what_is_not_public_does_not_leave(world: World) -> None:
    (accession,) = _study(world, count=1)
    sample = world.records.get(accession)
    assert sample
    _put(world, replace(sample, visibility=Visibility.PRIVATE))
    service.note(world.records, {"dataset": "HRA000001"})
    assert _run(world) == {"datasets": 1, "created": 0, "changed": 0, "unchanged": 1}
    assert not [t for t, _ in world.told()]


def test_killed_after_a_number_was_taken_the_next_run_takes_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (accession,) = _study(world, count=1)
    service.note(world.records, {"dataset": "HRA000001"})

    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(OutwardStore, "sent_line", die)
        with pytest.raises(Killed):
            _run(world)
    assert OutwardStore(world.records).sent("biosample", accession) is None
    assert _run(world)["created"] == 1
    sample = world.records.get(accession)
    assert sample and sample.links["biosample"] == _minting().mint("sample", f"biosample/{accession}")


def test_noted_again_while_it_runs_it_waits_still(world: World) -> None:
    _study(world, count=1)
    store = OutwardStore(world.records)
    service.note(world.records, {"dataset": "HRA000001"})
    (row,) = store.waiting("biosample")
    world.records.table.put({**row, "at": "2099-01-01T00:00:00Z"})
    store.done("biosample", row)
    assert len(list(store.waiting("biosample"))) == 1
