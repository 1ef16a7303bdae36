"""The curators' desk: queues, assignment, checklist, parts, decisions that race with others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from biotheca.catalog.reasons import return_reasons
from biotheca.curation import figures, rules, service
from biotheca.curation.model import Decision, NotWaiting, OwnWork, Stale, Taken, Undecided
from biotheca.errors import Invalid, NotAllowed, NotFound
from biotheca.submissions import service as submitting
from biotheca.submissions.model import State, WrongState
from tests.unit.world import ADA, ANA, CHEN, LI, MEI, World, metadata

PRIVATE = {
    "rule": "privacy.phone",
    "where": "/samples/0/title",
    "value": "138...",
    "message": "A number.",
    "severity": "warning",
}
DRAGGED = {"rule": "plausibility.counting", "where": "/samples", "message": "Counts up.", "severity": "warning"}


def test_clean_metadata_is_accepted_without_staff_and_with_an_open_warning_a_curator_is_asked(world: World) -> None:
    clean = submitting.submit(world.submissions, ANA, world.draft().id)
    assert service.ask(world.submissions, clean.id, 1, "token", "metadata")
    assert world.submissions.get(clean.id).state == State.METADATA_ACCEPTED
    asked = world.at(State.SUBMITTED, warnings=[DRAGGED])
    assert not service.ask(world.submissions, asked.id, 1, "token", "metadata")
    assert world.submissions.get(asked.id).state == State.METADATA_REVIEW
    waiting, _ = service.queue(world.submissions, CHEN, "metadata", 10, None)
    assert [s.id for s in waiting] == [asked.id]
    service.decide(world.submissions, world.desk, CHEN, asked.id, Decision("accept"))
    accepted = world.submissions.get(asked.id)
    assert accepted.state == State.METADATA_ACCEPTED and service.open_findings(world.submissions, accepted) == []


def test_a_warning_once_let_pass_is_not_asked_again_in_the_next_round(world: World) -> None:
    passed = world.at(State.SUBMITTED, warnings=[DRAGGED], approved=[rules.fingerprint(DRAGGED)])
    assert service.ask(world.submissions, passed.id, 1, "token", "metadata")


def test_a_repeated_step_asks_with_its_new_token_and_decides_nothing_twice(world: World) -> None:
    made = submitting.submit(world.submissions, ANA, world.draft().id)
    service.ask(world.submissions, made.id, 1, "one", "metadata")
    service.ask(world.submissions, made.id, 1, "two", "metadata")
    now = world.submissions.get(made.id)
    assert now.tokens["metadata"] == "two"
    assert [kind for kind, _ in world.told()].count("MetadataAccepted") == 1


def test_a_late_step_of_an_older_round_changes_nothing(world: World) -> None:
    made = world.at(State.SUBMITTED, round=2)
    assert not service.ask(world.submissions, made.id, 1, "old", "metadata")
    assert world.submissions.get(made.id).state == State.SUBMITTED


def test_the_queue_has_priority_first_then_the_longest_waiting(world: World) -> None:
    first, second, urgent = (
        world.at(State.DATA_REVIEW, title=f"Number {n}", since=f"2026-03-0{n}T00:00:00.000Z") for n in (1, 2, 3)
    )
    service.set_priority(world.submissions, ADA, urgent.id, "priority")
    waiting, _ = service.queue(world.submissions, CHEN, "data", 10, None)
    assert [s.id for s in waiting] == [urgent.id, first.id, second.id]
    page, cursor = service.queue(world.submissions, CHEN, "data", 2, None)
    rest, _ = service.queue(world.submissions, CHEN, "data", 2, cursor)
    assert [s.id for s in page + rest] == [urgent.id, first.id, second.id]


def test_only_staff_sees_the_queue_and_an_unknown_view_is_named(world: World) -> None:
    with pytest.raises(NotAllowed):
        service.queue(world.submissions, ANA, "data", 10, None)
    with pytest.raises(Invalid):
        service.queue(world.submissions, CHEN, "everything", 10, None)


def test_each_view_shows_its_states(world: World) -> None:
    states = {
        "checks": State.FILES_CHECKING,
        "failed": State.FILES_FAILED,
        "held": State.HELD,
        "data": State.DATA_REVIEW,
    }
    made = {view: world.at(state, title=f"View {view}").id for view, state in states.items()}
    for view, identifier in made.items():
        found, _ = service.queue(world.submissions, CHEN, view, 10, None)
        assert [s.id for s in found] == [identifier], view


def test_a_second_curator_is_told_that_it_is_taken(world: World) -> None:
    made = world.at(State.DATA_REVIEW)
    service.assign(world.submissions, CHEN, made.id)
    service.assign(world.submissions, CHEN, made.id)  # again changes nothing
    for act in (
        lambda: service.assign(world.submissions, MEI, made.id),
        lambda: service.unassign(world.submissions, MEI, made.id),
        lambda: service.decide(world.submissions, world.desk, MEI, made.id, Decision("accept")),
    ):
        with pytest.raises(Taken) as told:
            act()
        assert told.value.rule == "curation.taken" and CHEN.subject not in told.value.message
    assert [s.id for s in service.queue(world.submissions, CHEN, "mine", 10, None)[0]] == [made.id]
    assert service.queue(world.submissions, MEI, "mine", 10, None)[0] == []
    handed_over = service.assign(world.submissions, ADA, made.id, take_over=True)
    assert handed_over.assignee == ADA.subject


def test_of_two_curators_at_the_same_moment_one_gets_a_clear_conflict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.at(State.DATA_REVIEW)
    real = world.submissions.get

    def chen_is_faster(identifier: str):  # type: ignore[no-untyped-def]
        seen = real(identifier)
        monkeypatch.setattr(world.submissions, "get", real)
        service.assign(world.submissions, CHEN, identifier)
        return seen

    monkeypatch.setattr(world.submissions, "get", chen_is_faster)
    with pytest.raises(Taken):
        service.assign(world.submissions, MEI, made.id)
    assert real(made.id).assignee == CHEN.subject


def test_a_decision_on_what_was_changed_since_is_refused(world: World) -> None:
    made = world.at(State.DATA_REVIEW)
    seen = world.submissions.get(made.id).version
    service.set_priority(world.submissions, ADA, made.id, "priority")
    with pytest.raises(Stale):
        service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept", version=seen))
    assert world.submissions.get(made.id).state == State.DATA_REVIEW


def test_the_submitter_cannot_edit_under_review_and_a_curator_cannot_accept_what_is_edited(world: World) -> None:
    made = world.at(State.DATA_REVIEW)
    with pytest.raises(WrongState):
        submitting.describe(world.submissions, ANA, made.id, metadata())
    seen = world.submissions.get(made.id).version
    reason = [{"code": "sample.dates", "text": "They count up."}]
    service.decide(world.submissions, world.desk, MEI, made.id, Decision("return", reason))
    submitting.describe(world.submissions, ANA, made.id, metadata(title="Mended reads"))
    with pytest.raises(NotWaiting):
        service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept", version=seen))
    assert world.submissions.get(made.id).state == State.REVISION_REQUESTED


def test_an_edit_that_lands_between_reading_and_accepting_is_a_conflict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.at(State.DATA_REVIEW)
    stale = world.submissions.get(made.id)
    service.set_priority(world.submissions, ADA, made.id, "priority")
    monkeypatch.setattr(world.submissions, "get", lambda identifier: stale)
    with pytest.raises(Stale):
        service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept"))


def test_the_next_in_the_queue_is_the_first_that_nobody_has_and_never_ones_own(world: World) -> None:
    first = world.at(State.DATA_REVIEW, since="2026-03-01T00:00:00.000Z")
    second = world.at(State.DATA_REVIEW, since="2026-03-02T00:00:00.000Z")
    own = world.at(State.DATA_REVIEW, since="2026-02-01T00:00:00.000Z", owner=CHEN.subject)
    assert service.take_next(world.submissions, CHEN, "data").id == first.id
    assert service.take_next(world.submissions, CHEN, "data").id == second.id
    with pytest.raises(NotFound):
        service.take_next(world.submissions, CHEN, "data")
    with pytest.raises(OwnWork):
        service.decide(world.submissions, world.desk, CHEN, own.id, Decision("accept"))


def test_acceptance_wants_a_decision_on_each_finding_of_private_content(world: World) -> None:
    made = world.at(State.METADATA_REVIEW, warnings=[DRAGGED, PRIVATE])
    with pytest.raises(Undecided):
        service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept"))
    row = {"finding": rules.fingerprint(PRIVATE), "decision": "return", "text": "a real number"}
    service.check(world.submissions, world.desk, CHEN, made.id, [row])
    with pytest.raises(Undecided):
        service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept"))
    service.check(world.submissions, world.desk, CHEN, made.id, [row | {"decision": "harmless"}])
    shown = service.desk(world.submissions, world.desk, CHEN, made.id)["checklist"]
    assert [(r["must_be_decided"], r["decision"]) for r in shown] == [(True, "harmless"), (False, None)]
    service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept"))
    assert world.submissions.get(made.id).state == State.METADATA_ACCEPTED
    with pytest.raises(Invalid):
        service.check(world.submissions, world.desk, CHEN, made.id, [row | {"finding": "0" * 16}])


def test_a_return_needs_coded_reasons_of_the_catalogue(world: World) -> None:
    made = world.at(State.DATA_REVIEW)
    for reasons, rule in (([], "curation.reason_needed"), ([{"code": "nope", "text": "x"}], "curation.reason_code")):
        with pytest.raises(Invalid) as told:
            service.decide(world.submissions, world.desk, CHEN, made.id, Decision("return", reasons))
        assert told.value.findings[0].rule == rule


def test_every_reason_has_texts_in_both_languages_and_an_object_to_point_to() -> None:
    types = {"submission", "study", "individual", "sample", "experiment", "run"}
    found = return_reasons()
    assert len(found) == 40
    for code, row in found.items():
        assert row["points_to"] in types and row["text"]["en"].endswith("."), code
        assert any("\u4e00" <= letter <= "\u9fff" for letter in row["text"]["zh"]), code


def test_a_part_names_runs_that_wait_and_not_all_of_them(world: World) -> None:
    made = world.at(State.DATA_REVIEW, runs=3)
    for runs in (["r9"], ["r1", "r2", "r3"], ["s1"]):
        with pytest.raises(Invalid) as told:
            service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept", runs=runs))
        assert told.value.findings[0].rule == "curation.batch"
    with pytest.raises(Invalid):  # the rest that is returned wants reasons
        service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept", runs=["r1"], rest="return"))
    part = service.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept", runs=["r1"]))
    assert (part.state, part.batch, part.rest) == (State.ACCEPTED, 1, "keep")
    assert world.submissions.batch(made.id, 1) == ["r1"]


def test_notes_are_for_curators_alone(world: World) -> None:
    made = world.at(State.DATA_REVIEW)
    service.note(world.submissions, world.desk, CHEN, made.id, "Ask about the dates.")
    (found,), _ = service.notes(world.submissions, world.desk, MEI, made.id, 10, None)
    assert found["text"] == "Ask about the dates."
    with pytest.raises(NotAllowed):
        service.notes(world.submissions, world.desk, ANA, made.id, 10, None)


def test_rounds_are_counted_with_the_time_of_each(world: World) -> None:
    made = world.at(State.DATA_REVIEW)
    reason = [{"code": "sample.dates", "text": "They count up."}]
    service.decide(world.submissions, world.desk, CHEN, made.id, Decision("return", reason))
    submitting.submit(world.submissions, ANA, made.id)
    first, second = service.rounds(world.submissions, made.id)
    assert first["round"] == 1 and first["outcome"] == "revision requested"
    assert first["submitted_at"] <= first["ended_at"] <= second["submitted_at"] and "ended_at" not in second


def test_a_submitter_sees_the_place_in_the_queue_and_no_date_before_there_is_one(world: World) -> None:
    others = [world.at(State.DATA_REVIEW, since=f"2026-03-0{n}T00:00:00.000Z") for n in (1, 2, 3)]
    mine = world.at(State.DATA_REVIEW, since="2026-03-04T00:00:00.000Z")
    told = figures.place(world.submissions, mine)
    assert told and (told["position"], told["length"], told["expected_on"]) == (4, 4, None) and told["words"]
    for submission in others:
        service.decide(world.submissions, world.desk, CHEN, submission.id, Decision("accept"))
    told = figures.place(world.submissions, world.submissions.get(mine.id))
    assert told and (told["position"], told["length"], told["decisions_seen"]) == (1, 1, 3) and told["expected_on"]
    assert figures.place(world.submissions, world.at(State.ARCHIVED)) is None


def test_an_expected_date_is_the_median_wait_and_never_in_the_past() -> None:
    since, day = datetime(2026, 3, 1, tzinfo=UTC), 86_400.0
    assert rules.expected([day, day], since, 1, since) is None
    assert rules.expected([day, 3 * day, 20 * day], since, 1, since) == since + timedelta(days=3)
    late = since + timedelta(days=10)
    assert rules.expected([2 * day] * 3, since, 1, late) == late + timedelta(days=1)


def test_the_share_that_needed_nobody_is_reported(world: World) -> None:
    for warnings in ([], [], [], [DRAGGED]):
        made = world.at(State.SUBMITTED, warnings=warnings)
        service.ask(world.submissions, made.id, 1, "token", "metadata")
    waiting, _ = service.queue(world.submissions, CHEN, "metadata", 10, None)
    service.decide(world.submissions, world.desk, CHEN, waiting[0].id, Decision("accept"))
    shown = figures.figures(world.submissions, CHEN)
    (step,) = [s for s in shown["steps"] if s["step"] == "metadata_review"]
    assert (step["ended"], step["ended_well"], step["automatic_share"]) == (4, 4, 0.75)
    assert shown["waiting"] == {"metadata": 0, "data": 0}
    with pytest.raises(NotAllowed):
        figures.figures(world.submissions, LI)


def test_warnings_that_the_checks_of_a_document_find_stay_with_the_submission(world: World) -> None:
    made = world.draft()
    document = metadata(1, "Names a person")
    document["samples"][0]["description"] = "Patient name: Zhang Weimin, cultured from a swab"
    described = submitting.describe(world.submissions, ANA, made.id, document)
    assert described.warnings == 1
    (found,) = service.open_findings(world.submissions, described)
    assert found["rule"] == "privacy.person_name"
