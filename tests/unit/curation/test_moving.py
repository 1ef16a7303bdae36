"""A curator moves a submission to the member where it belongs: under its rules, with its files, and told to all."""

from __future__ import annotations

from typing import Any

import pytest

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.curation import moving, service
from biotheca.curation.model import OwnWork, Stale
from biotheca.errors import Conflict, Invalid, NotAllowed
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from tests.unit.members.human import omix_document
from tests.unit.world import ADA, ANA, CHEN, LI, World, metadata

READS = [("r1.fastq.gz", b"1")]
RICE = (4530, "Oryza sativa")
WHY = "Raw reads of rice belong there."


def brought(world: World, state: State = State.DATA_REVIEW) -> Submission:
    """Raw reads of rice in the member for whatever other data there is, uploaded and checked."""
    document = omix_document(READS, RICE)
    document["files"][0]["file_type"] = "fastq"
    made = submitting.open_submission(world.submissions, ANA, "omix", "Reads of rice", "immediately", None)
    submitting.describe(world.submissions, ANA, made.id, document)
    now = world.put(submitting.submit(world.submissions, ANA, made.id).id, state)
    world.set_files(now, FileState.QC_PASSED, size_bytes=7, sha256="0", key="inbox/place", version_id="v1")
    return now


def for_reads() -> dict[str, Any]:
    """The same file as the archive of raw reads wants it described."""
    document = metadata()
    (run,) = document["runs"]
    run["files"] = omix_document(READS)["files"][0]["files"]
    return document


def move(world: World, submission: Submission, person: Person = CHEN, **more: Any) -> Submission:
    given = {"document": for_reads()} | more
    return moving.move(world.submissions, person, submission.id, given.pop("target", "gsa"), WHY, **given)


def test_the_hint_leads_to_a_move_and_the_owner_hands_it_in_there(world: World) -> None:
    made = brought(world)
    assert "files.raw_reads" in {f["rule"] for f in world.submissions.findings(made)}
    (file,) = world.submissions.files(made)
    moved = move(world, made)
    assert (moved.member, moved.state, moved.round) == ("gsa", State.REVISION_REQUESTED, made.round)
    (kept,) = world.submissions.files(moved)
    same = ("id", "name", "md5", "state", "size_bytes", "sha256", "key", "version_id")
    assert [getattr(kept, name) for name in same] == [getattr(file, name) for name in same]
    assert kept.owner_alias == "r1" and {o.type for o in world.submissions.objects(moved)} == {
        "project", "sample", "study", "experiment", "run"
    }  # fmt: skip
    again = submitting.submit(world.submissions, ANA, made.id)
    assert again.state == State.SUBMITTED and not world.submissions.awaits_files(again)  # nothing is sent twice


def test_history_event_and_the_former_document_tell_what_it_was(world: World) -> None:
    made = brought(world)
    move(world, made)
    lines = [x for x in world.submissions.history(made.id, 100, None)[0] if x["event"] == "moved"]
    assert [(x["actor"], WHY in x["words"]) for x in lines] == [(CHEN.subject, True)]
    (body,) = [b for kind, b in world.told() if kind == "CurationDecided"]
    assert (body["decision"], body["stage"], body["member"], body["event"]) == ("return", "data", "gsa", "moved")
    former = world.submissions.kept_document(made.id, "omix")
    assert {o.type for o in former} == {"study", "file"} and len(former) == 2
    assert moving.move(world.submissions, CHEN, made.id, "gsa", WHY).member == "gsa"  # again changes nothing
    assert sum(x["event"] == "moved" for x in world.submissions.history(made.id, 100, None)[0]) == 1


def test_where_the_targets_rules_do_not_hold_nothing_is_moved_and_all_is_told(world: World) -> None:
    made = brought(world)
    before = world.submissions.get(made.id)
    with pytest.raises(Invalid) as told:
        move(world, made, document=None)  # no sample, no experiment: the archive of reads cannot take it so
    assert {"metadata.incomplete"} <= {f.rule for f in told.value.findings}
    people = for_reads()
    people["samples"][0] |= {"organism": "Homo sapiens", "taxon_id": 9606}
    with pytest.raises(Invalid) as told:
        move(world, made, document=people)
    assert "metadata.taxon_elsewhere" in {f.rule for f in told.value.findings}
    less = for_reads()
    less["runs"][0]["files"] = [{"name": "other.fastq.gz", "md5": "0" * 32}]
    with pytest.raises(Invalid) as told:
        move(world, made, document=less)
    assert [f.value for f in told.value.findings if f.rule == "curation.move_file"] == ["r1.fastq.gz"]
    with pytest.raises(Invalid):
        move(world, made, target="no-such")
    assert world.submissions.get(made.id) == before and world.submissions.kept_document(made.id, "omix") == []


def test_a_mode_that_the_target_does_not_offer_stands_in_the_way(world: World) -> None:
    made = world.put(brought(world).id, State.DATA_REVIEW, access="controlled")
    with pytest.raises(Invalid) as told:
        move(world, made)
    assert "access.mode" in {f.rule for f in told.value.findings}


def test_it_is_for_curators_before_numbers_and_on_what_they_saw(world: World) -> None:
    made = brought(world)
    for person in (ANA, LI, ADA):
        with pytest.raises(NotAllowed):
            move(world, made, person)
    with pytest.raises(Stale):
        move(world, made, version=1)
    world.put(made.id, State.DATA_REVIEW, owner=CHEN.subject)
    with pytest.raises(OwnWork):
        move(world, made)
    for state in (State.ACCEPTED, State.ARCHIVED, State.RELEASED, State.FILES_CHECKING):
        world.put(made.id, state, owner=ANA.subject)
        with pytest.raises(Conflict):
            move(world, made)


@pytest.mark.parametrize("state", [State.METADATA_REVIEW, State.DATA_REVIEW])
def test_the_step_that_waits_is_answered(world: World, state: State) -> None:
    made = brought(world, state)
    step = "metadata" if state == State.METADATA_REVIEW else "decision"
    world.put(made.id, state, tokens={step: "token"})
    answered = []

    class Flow:
        def answer(self, token: str, output: dict[str, Any]) -> None:
            answered.append((token, output))

    move(world, made)
    stage = "metadata" if state == State.METADATA_REVIEW else "data"
    assert service.resume_after_decision(world.submissions, Flow(), made.id, made.round, stage)  # type: ignore[arg-type]
    assert answered == [("token", {"decision": "return"})]


def test_what_both_members_know_by_the_same_names_is_carried() -> None:
    members = catalog.members()
    document = metadata()
    document["study"]["description"] = "Reads that a seeded generator wrote for a test."
    found = moving.carried(members["gsa"], members["omix"], document)
    assert set(found) == {"project", "study"}
    assert found["study"]["title"] == document["study"]["title"] and set(found["study"]) <= {
        "alias", "attributes", *members["omix"].object_type("study").fields
    }  # fmt: skip
