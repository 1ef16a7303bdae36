"""Release and what comes after: cascade, dates, visibility by every door, corrections, versions, additions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from biotheca import clock
from biotheca.catalog.archive import day_of
from biotheca.curation import service as curating
from biotheca.curation.model import Decision
from biotheca.errors import Invalid, NotAllowed, NotFound
from biotheca.publication import exchange, release, service, versions, visibility
from biotheca.publication.model import (
    CHANGES,
    MATRIX,
    Door,
    Record,
    ReferredTo,
    StaleRecord,
    Visibility,
    Withdrawn,
    WrongVisibility,
)
from biotheca.publication.rules import effective
from biotheca.search import service as searching
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from tests.unit.publication.test_service import archived
from tests.unit.world import ADA, ANA, CHEN, LI, World, metadata


def brought(world: World, state: State, runs: int = 1, title: str = "Synthetic reads", **changed: Any) -> Submission:
    """A submission brought to archived or released, the copies not made."""
    made = world.at(State.DATA_REVIEW, runs=runs, title=title, **changed)
    world.set_files(made, FileState.QC_PASSED, size_bytes=1, sha256="0")
    archived(world, curating.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept")))
    if state == State.RELEASED:
        release.release(world.submissions, world.records, made.id)
    return world.submissions.get(made.id)


def numbers(world: World, submission: Submission) -> dict[str, str]:
    return {o.alias: o.accession or "" for o in world.submissions.objects(submission)}


def seen(world: World, accession: str) -> Visibility:
    found = world.records.get(accession)
    assert found
    return found.visibility


def refreshed(world: World, accession: str) -> None:
    searching.refresh(world.index, world.records, accession)


# --- release ---


def test_releasing_data_pulls_its_parents_up_and_no_sibling(world: World) -> None:
    one, other = brought(world, State.ARCHIVED), brought(world, State.ARCHIVED, title="Another study")
    told = release.would_release(world.records, world.records.get(one.dataset or "") or pytest.fail("no record"))
    assert {row["type"] for row in told["items"]} == {"project", "sample", "study", "experiment", "run"}
    assert told["count"] == 5 and seen(world, one.dataset or "") == Visibility.PRIVATE  # a dry run does nothing
    release.release(world.submissions, world.records, one.id)
    assert {seen(world, a) for a in numbers(world, one).values()} == {Visibility.PUBLIC}
    assert {seen(world, a) for a in numbers(world, other).values()} == {Visibility.PRIVATE}


def test_a_private_parent_that_another_submission_registered_is_pulled_up(world: World) -> None:
    owner, user = brought(world, State.ARCHIVED), brought(world, State.ARCHIVED, title="Uses the other's project")
    project = numbers(world, owner)["p1"]
    study = world.records.get(user.dataset or "")
    assert study
    world.records.save(study, replace(study, needs=[project]), event="x", words="x", actor="test")
    release.release(world.submissions, world.records, user.id)
    assert seen(world, project) == Visibility.PUBLIC and seen(world, owner.dataset or "") == Visibility.PRIVATE
    changed = [body for kind, body in world.told() if kind == "RecordChanged"]
    assert [(b["accession"], b["change"]) for b in changed] == [(project, "released")]


def test_a_sample_pulls_its_project_up_and_a_project_pulls_nothing(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    named = numbers(world, made)
    release.release_record(world.submissions, world.records, named["s1"])
    public = {alias for alias, accession in named.items() if seen(world, accession) == Visibility.PUBLIC}
    assert public == {"s1", "p1"}
    other = brought(world, State.ARCHIVED, title="Project alone")
    named = numbers(world, other)
    release.release_record(world.submissions, world.records, named["p1"])
    assert {a for a, n in named.items() if seen(world, n) == Visibility.PUBLIC} == {"p1"}


def test_an_umbrella_is_pulled_up_with_its_project(world: World) -> None:
    made, umbrella = brought(world, State.ARCHIVED), brought(world, State.ARCHIVED, title="Umbrella")
    project, above = numbers(world, made)["p1"], numbers(world, umbrella)["p1"]
    found = world.records.get(project)
    assert found
    world.records.save(found, replace(found, needs=[above]), event="x", words="x", actor="test")
    release.release(world.submissions, world.records, made.id)
    assert seen(world, above) == Visibility.PUBLIC


def test_a_run_is_not_released_without_its_dataset(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    with pytest.raises(WrongVisibility):
        release.set_record_release(
            world.submissions, world.records, ANA, numbers(world, made)["r1"], "immediately", None
        )


def test_a_date_begins_at_midnight_where_the_archive_stands() -> None:
    assert str(day_of(datetime(2026, 3, 1, 15, 59, tzinfo=UTC))) == "2026-03-01"
    assert str(day_of(datetime(2026, 3, 1, 16, 0, tzinfo=UTC))) == "2026-03-02"


def test_the_clock_releases_at_the_date_and_not_before_and_a_postponed_one_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = day_of(clock.now())
    day, later = (str(today + timedelta(days=n)) for n in (20, 40))
    made = brought(world, State.ARCHIVED, release_mode="on_date", release_on=day)
    dataset = made.dataset or ""
    assert release.release_due(world.submissions, world.records) == []
    release.set_release(world.submissions, world.records, ANA, made.id, "on_date", later)
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=21))
    assert release.release_due(world.submissions, world.records) == []
    assert seen(world, dataset) == Visibility.PRIVATE
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=35))
    for _ in range(2):
        release.release_due(world.submissions, world.records)
    near = [body for kind, body in world.told() if kind == "ReleaseNear"]
    assert [(body["accession"], body["release_on"]) for body in near] == [(dataset, later)]  # told once
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=41))
    assert release.release_due(world.submissions, world.records) == [dataset]
    assert release.release_due(world.submissions, world.records) == []
    assert seen(world, dataset) == Visibility.PUBLIC


def test_a_date_in_the_past_or_beyond_two_years_is_refused_and_after_release_there_is_none(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    today = day_of(clock.now())
    for day in (str(today - timedelta(days=1)), str(today + timedelta(days=800)), "soon"):
        with pytest.raises(Invalid):
            release.set_release(world.submissions, world.records, ANA, made.id, "on_date", day)
    with pytest.raises(NotFound):
        release.set_release(world.submissions, world.records, LI, made.id, "immediately", None)
    release.release(world.submissions, world.records, made.id)
    with pytest.raises(WrongVisibility):
        release.set_release(world.submissions, world.records, ANA, made.id, "on_date", str(today + timedelta(days=9)))


def test_release_now_is_asked_for_by_event_and_done_by_the_listener(world: World) -> None:
    day = str(day_of(clock.now()) + timedelta(days=20))
    made = brought(world, State.ARCHIVED, release_mode="on_date", release_on=day)
    release.set_record_release(world.submissions, world.records, ANA, made.dataset or "", "immediately", None)
    (body,) = [body for kind, body in world.told() if kind == "ReleaseRequested"]
    for _ in range(2):
        release.release_record(world.submissions, world.records, body["accession"])
    assert seen(world, made.dataset or "") == Visibility.PUBLIC
    assert [kind for kind, _ in world.told()].count("DatasetReleased") == 1


# --- visibility ---

DOORS = {
    "private": "",
    "public": "search accession listing files resolver lake",
    "suppressed": "accession resolver",
    "withdrawn": "",
    "replaced": "accession resolver",
}


@pytest.mark.parametrize("name", DOORS)
def test_what_a_stranger_meets_at_each_door_is_the_matrix_of_insdc(world: World, name: str) -> None:
    made = brought(world, State.RELEASED if name != "private" else State.ARCHIVED, runs=1)
    dataset, other = made.dataset or "", brought(world, State.RELEASED, title="Takes its place").dataset
    act = {"suppressed": "suppress", "withdrawn": "withdraw", "replaced": "replace"}.get(name)
    if act:
        successor = other if act == "replace" else None
        visibility.change(world.records, ADA, dataset, act, "Its reads are mixed up", successor)
    refreshed(world, dataset)

    def open_at(door: Door) -> bool:
        if door == Door.SEARCH:
            return bool(searching.find(world.index, dataset, 5, None)[0])
        if door == Door.LAKE:
            run = world.records.get(numbers(world, made)["r1"])
            return bool(run and Door.LAKE in MATRIX[service.met(world.records, run)])
        calls = {
            Door.ACCESSION: lambda: service.visible(world.records, None, dataset),
            Door.RESOLVER: lambda: service.visible(world.records, None, dataset, Door.RESOLVER),
            Door.LISTING: lambda: service.inside(world.records, None, dataset, "run", 5, None),
            Door.FILES: lambda: service.files(world.records, LI, dataset, 5, None),
        }
        try:
            calls[door]()
        except (NotFound, Withdrawn):
            return False
        return True

    assert {str(door) for door in Door if open_at(door)} == set(DOORS[name].split())
    if name == "withdrawn":  # its number keeps a tombstone, with the reason and nothing of what it named
        with pytest.raises(Withdrawn) as told:
            service.visible(world.records, None, dataset)
        assert "Its reads are mixed up" in told.value.message and made.title not in told.value.message
    if name == "private":
        with pytest.raises(NotFound) as unknown:
            service.visible(world.records, None, "CRA999999")
        with pytest.raises(NotFound) as private:
            service.visible(world.records, None, dataset)
        assert private.value.message.replace(dataset, "X") == unknown.value.message.replace("CRA999999", "X")


def test_what_lies_in_a_dataset_is_hidden_as_much_as_the_dataset_and_the_owner_still_sees_it(world: World) -> None:
    made = brought(world, State.RELEASED)
    run = numbers(world, made)["r1"]
    visibility.change(world.records, ADA, made.dataset or "", "suppress", "Asked for by its owner")
    assert service.visible(world.records, None, run).accession == run
    with pytest.raises(NotFound):
        service.files(world.records, None, run, 5, None)
    assert service.files(world.records, ANA, run, 5, None)[0]
    visibility.change(world.records, ADA, made.dataset or "", "withdraw", "Not theirs to give")
    with pytest.raises(Withdrawn):
        service.visible(world.records, None, run)


def test_the_xml_of_a_public_dataset_holds_no_run_that_strangers_may_not_list(world: World) -> None:
    made = brought(world, State.RELEASED, runs=2)
    hidden, public = (numbers(world, made)[name] for name in ("r1", "r2"))
    visibility.change(world.records, ADA, hidden, "withdraw", "Not theirs to give")
    told = exchange.xml(world.records, None, made.dataset or "", "run", 10, None)[0].decode()
    assert public in told and hidden not in told


@pytest.mark.parametrize("own", Visibility)
@pytest.mark.parametrize("of_dataset", Visibility)
def test_the_effective_visibility_opens_no_door_that_either_closes(own: Visibility, of_dataset: Visibility) -> None:
    assert MATRIX[effective(own, of_dataset)] <= MATRIX[own] & MATRIX[of_dataset]


def test_no_visibility_leads_back_to_private() -> None:
    assert all(Visibility.PRIVATE not in after for after in CHANGES.values())


def test_restoring_brings_a_record_back_everywhere_and_history_keeps_every_step(world: World) -> None:
    made = brought(world, State.RELEASED)
    dataset = made.dataset or ""
    for act in ("suppress", "restore", "withdraw", "restore"):
        visibility.change(world.records, ADA, dataset, act, f"Because of {act}")
        visibility.change(world.records, ADA, dataset, act, f"Because of {act}")  # twice is once
    refreshed(world, dataset)
    refreshed(world, dataset)
    assert [hit["accession"] for hit in searching.find(world.index, dataset, 5, None)[0]] == [dataset]
    lines, _ = world.records.history(dataset, 10, None)
    assert [line["event"] for line in lines] == ["suppressed", "restored", "withdrawn", "restored"]
    assert [b["change"] for k, b in world.told() if k == "RecordChanged"].count("restored") == 2


def test_only_data_managers_change_visibility_and_a_private_record_is_not_suppressed(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    for person in (ANA, LI, CHEN):
        with pytest.raises(NotAllowed):
            visibility.change(world.records, person, made.dataset or "", "suppress", "I may not")
    with pytest.raises(WrongVisibility):
        visibility.change(world.records, ADA, made.dataset or "", "suppress", "It is private")


def test_a_record_is_replaced_by_a_public_one_of_its_type_alone(world: World) -> None:
    made, other = brought(world, State.RELEASED), brought(world, State.ARCHIVED, title="Still private")
    dataset = made.dataset or ""
    for successor in (None, dataset, numbers(world, made)["r1"]):
        with pytest.raises(Invalid):
            visibility.change(world.records, ADA, dataset, "replace", "Wrong", successor)
    with pytest.raises(WrongVisibility):
        visibility.change(world.records, ADA, dataset, "replace", "Private", other.dataset)


def test_a_project_or_sample_in_use_is_neither_deleted_nor_withdrawn(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    named = numbers(world, made)
    for alias in ("p1", "s1"):
        with pytest.raises(ReferredTo) as told:
            visibility.delete(world.submissions, world.records, ANA, named[alias])
        assert {"p1": named["st1"], "s1": named["e1"]}[alias] in told.value.message
        with pytest.raises(ReferredTo):
            visibility.change(world.records, ADA, named[alias], "withdraw", "Unused")
    study = world.records.get(named["st1"])
    sample = world.records.get(named["s1"])
    assert study and sample
    for record in (study, sample):  # once nothing points at it any more, it can go, once
        gone = replace(record, visibility=Visibility.WITHDRAWN)
        world.records.save(record, gone, event="x", words="x", actor="test")
    visibility.delete(world.submissions, world.records, ANA, named["p1"])
    visibility.delete(world.submissions, world.records, ANA, named["p1"])
    with pytest.raises(NotFound):  # it never was public: nothing tells that it was there
        service.visible(world.records, None, named["p1"])


# --- corrections and versions ---


def corrected(world: World, accession: str, changes: dict[str, Any], verdict: str = "accept") -> Record:
    asked = versions.request(world.submissions, world.records, ANA, accession, changes, "A slip of the pen.")
    reasons = [] if verdict == "accept" else [{"code": "other", "text": "It was right."}]
    return versions.decide(world.records, CHEN, accession, asked["id"], verdict, reasons)


def test_a_correction_makes_a_next_version_and_the_first_stays_resolvable(world: World) -> None:
    made = brought(world, State.RELEASED)
    sample = numbers(world, made)["s1"]
    refreshed(world, sample)
    before = world.records.get(sample)
    done = corrected(world, sample, {"title": "Corrected title of a sample", "strain": "K-12"})
    assert before and (done.version, done.title) == (2, "Corrected title of a sample")
    assert versions.version(world.records, None, sample, 1)["attributes"] == before.attributes
    assert [v["version"] for v in versions.versions(world.records, None, sample, 10, None)[0]] == [1, 2]
    told = versions.difference(world.records, None, sample, 1, 2)["fields"]
    assert told == [
        {"field": "strain", "from": before.attributes.get("strain"), "to": "K-12"},
        {"field": "title", "from": before.title, "to": "Corrected title of a sample"},
    ]
    refreshed(world, sample)
    assert searching.find(world.index, "Corrected", 5, None)[0] and not [
        hit for hit in searching.find(world.index, "Synthetic", 50, None)[0] if hit["accession"] == sample
    ]
    with pytest.raises(NotFound):
        versions.version(world.records, None, sample, 3)


def test_a_refused_correction_changes_nothing_and_is_not_accepted_later(world: World) -> None:
    made = brought(world, State.RELEASED)
    sample = numbers(world, made)["s1"]
    asked = versions.request(world.submissions, world.records, ANA, sample, {"strain": "K-12"}, "")
    assert [row["id"] for row in versions.waiting(world.records, CHEN, 10, None)[0]] == [asked["id"]]
    with pytest.raises(Invalid):
        versions.decide(world.records, CHEN, sample, asked["id"], "return", [])
    reasons = [{"code": "other", "text": "It was right."}]
    versions.decide(world.records, CHEN, sample, asked["id"], "return", reasons)
    assert versions.waiting(world.records, CHEN, 10, None)[0] == []
    with pytest.raises(versions.CorrectionDecidedAlready):
        versions.decide(world.records, CHEN, sample, asked["id"], "accept", [])
    found = world.records.get(sample)
    assert found and found.version == 1


def test_a_correction_is_held_to_the_rules_of_the_catalogue_and_cannot_move_the_record(world: World) -> None:
    made = brought(world, State.RELEASED)
    named = numbers(world, made)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("s1", {}),
        ("s1", {"taxon_id": 9606}),
        ("s1", {"organism": None}),
        ("e1", {"sample": "SAMC000001"}),
        ("r1", {"files": []}),
        ("s1", {"no_such_field": "x"}),
    ]
    for alias, changes in wrong:
        with pytest.raises(Invalid):
            versions.request(world.submissions, world.records, ANA, named[alias], changes, "")
    with pytest.raises(NotFound):
        versions.request(world.submissions, world.records, LI, named["s1"], {"strain": "x"}, "")


def test_of_two_corrections_accepted_at_once_the_slower_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = brought(world, State.RELEASED)
    sample = numbers(world, made)["s1"]
    stale = world.records.get(sample)
    asked = versions.request(world.submissions, world.records, ANA, sample, {"strain": "second"}, "")
    corrected(world, sample, {"strain": "first"})
    monkeypatch.setattr(world.records, "get", lambda accession: stale)
    with pytest.raises(StaleRecord):
        versions.decide(world.records, CHEN, sample, asked["id"], "accept", [])


# --- additions ---


def addition(world: World, dataset: str, replaces: str | None = None) -> Submission:
    """An archived submission that adds one run to a dataset."""
    extends = release.to_extend(world.submissions, world.records, ANA, "gsa", dataset)
    made = submitting.open_submission(world.submissions, ANA, "gsa", "More reads", "immediately", None, extends=extends)
    whole = metadata(2, "More reads")
    document = {section: whole[section][1:] for section in ("samples", "experiments", "runs")}
    if replaces:
        document["runs"][0]["replaces"] = replaces
    described = submitting.describe(world.submissions, ANA, made.id, document)
    submitting.submit(world.submissions, ANA, described.id)
    now = world.put(described.id, State.DATA_REVIEW)
    world.set_files(now, FileState.QC_PASSED, size_bytes=1, sha256="0")
    archived(world, curating.decide(world.submissions, world.desk, CHEN, now.id, Decision("accept")))
    return world.submissions.get(now.id)


def test_new_runs_join_a_released_dataset_as_its_next_version_after_a_review_of_their_own(world: World) -> None:
    made = brought(world, State.RELEASED)
    dataset = made.dataset or ""
    more = addition(world, dataset)
    assert more.dataset == dataset and len(service.inside(world.records, None, dataset, "run", 9, None)[0]) == 1
    for _ in range(2):
        release.release(world.submissions, world.records, more.id)
    runs = [r.accession for r in service.inside(world.records, None, dataset, "run", 9, None)[0]]
    assert len(runs) == 2 and world.submissions.get(more.id).state == State.RELEASED
    told = versions.difference(world.records, None, dataset, 1, 2)
    assert set(told["added"]) == {numbers(world, more)["e2"], numbers(world, more)["r2"]} and told["removed"] == []
    found = world.records.get(dataset)
    assert found and found.version == 2


def test_a_run_that_replaces_another_takes_its_place_on_release(world: World) -> None:
    made = brought(world, State.RELEASED)
    dataset, old = made.dataset or "", numbers(world, made)["r1"]
    more = addition(world, dataset, replaces=old)
    assert seen(world, old) == Visibility.PUBLIC
    release.release(world.submissions, world.records, more.id)
    new = numbers(world, more)["r2"]
    found = world.records.get(old)
    assert found and (found.visibility, found.replaced_by) == (Visibility.REPLACED, new)
    assert [r.accession for r in service.inside(world.records, None, dataset, "run", 9, None)[0]] == [new]
    assert service.visible(world.records, None, old).replaced_by == new


def test_what_extends_a_private_dataset_waits_for_it(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    more = addition(world, made.dataset or "")
    release.release(world.submissions, world.records, more.id)
    assert world.submissions.get(more.id).state == State.ARCHIVED
    release.release(world.submissions, world.records, made.id)
    assert world.submissions.get(more.id).state == State.RELEASED
    assert len(service.inside(world.records, None, made.dataset or "", "run", 9, None)[0]) == 2


def test_nobody_extends_anothers_dataset_nor_a_run(world: World) -> None:
    made = brought(world, State.RELEASED)
    with pytest.raises(NotFound):
        release.to_extend(world.submissions, world.records, LI, "gsa", made.dataset or "")
    with pytest.raises(Invalid):
        release.to_extend(world.submissions, world.records, ANA, "gsa", numbers(world, made)["r1"])


# --- groups ---


def test_the_group_that_shares_a_submission_sees_its_private_records_and_no_other_group_does(world: World) -> None:
    made = brought(world, State.ARCHIVED)
    dataset = made.dataset or ""
    mate, other = (
        replace(LI, subject=name, groups=frozenset({group})) for name, group in (("mei", "g1"), ("bo", "g2"))
    )
    with pytest.raises(NotFound):
        service.visible(world.records, mate, dataset)
    world.put(made.id, State.ARCHIVED, group="g1")
    assert service.visible(world.records, mate, dataset).accession == dataset
    with pytest.raises(NotFound):
        service.visible(world.records, other, dataset)
