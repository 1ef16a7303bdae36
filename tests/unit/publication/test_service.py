"""From accepted to public over a small cloud: numbers, parts, records, release."""

from __future__ import annotations

from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore
from biotheca.aws.tables import Table
from biotheca.curation import service as curating
from biotheca.curation.model import Decision
from biotheca.publication import service
from biotheca.submissions.model import FileState, State, Submission
from tests.unit.world import CHEN, World


def archived(world: World, submission: Submission) -> dict[str, object]:
    """Play the steps after acceptance; the copies themselves are not made."""
    mint = Mint(AccessionStore(Table("accessions")))
    service.mint(world.submissions, mint, submission.id)
    for item in service.plan_archive(world.submissions, world.records, submission.id):
        _, file = world.submissions.file(item["file_id"])
        from dataclasses import replace

        kept = {"name": f"{file.name}", "run": "", "size_bytes": 1, "md5": file.md5, "sha256": "0", "key": "k"}
        world.submissions.save_file(submission.id, replace(file, state=FileState.ARCHIVED, archived=kept))
    return service.close_archive(world.submissions, world.records, submission.id)


def test_a_part_is_archived_the_rest_stays_under_review_and_numbers_are_never_given_twice(world: World) -> None:
    made = world.at(State.DATA_REVIEW, runs=3)
    world.set_files(made, FileState.QC_PASSED, size_bytes=1, sha256="0")
    part = curating.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept", runs=["r2"]))
    assert archived(world, part)["rest"] == "keep"
    now = world.submissions.get(made.id)
    assert now.state == State.DATA_REVIEW and now.dataset
    numbered = {o.alias: o.accession for o in world.submissions.objects(now) if o.accession}
    assert set(numbered) == {"p1", "st1", "s2", "e2", "r2"}
    whole = curating.decide(world.submissions, world.desk, CHEN, made.id, Decision("accept"))
    assert whole.batch == 2 and archived(world, whole)["rest"] == ""
    objects = world.submissions.objects(world.submissions.get(made.id))
    assert all(o.accession for o in objects) and len({o.accession for o in objects}) == len(objects)
    assert {o.alias: o.accession for o in objects if o.alias in numbered} == numbered
    assert world.submissions.get(made.id).state == State.ARCHIVED
    runs, _ = world.records.inside(now.dataset, "run", 10, None)
    assert len(runs) == 3
