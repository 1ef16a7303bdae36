"""What is said of a run's files together, and that workflow and `biotheca check` say the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from biotheca import catalog
from biotheca.aws import buckets
from biotheca.curation import service as desk
from biotheca.curation.figures import figures
from biotheca.curation.model import Decision, Undecided
from biotheca.curation.rules import fingerprint
from biotheca.qc import check_file, runs, service
from biotheca.qc.runs import CheckedFile, CheckedRun, check_run
from biotheca.qc.store import ReportStore
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from biotheca.taxonomy.model import subset
from biotheca.taxonomy.service import Taxonomy
from biotheca_client.folders import Folder
from tests.journeys.conftest import document, tiny_fastq
from tests.unit import world as worlds
from tests.unit.qc.defects import CASES
from tests.unit.world import ANA, CHEN, World

MEMBER = next(m for m in catalog.members().values() if any(k.files and k.files.get("mates") for k in m.objects))
HUMAN = {"reads": 100_000, "marker_reads": 900, "bases": 10_100_000}
CLEAN = HUMAN | {"marker_reads": 0}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with worlds.made(monkeypatch) as made:
        yield made


def _run(*reads: int | None, taxon: int = 562, screen: dict[str, int] = CLEAN) -> CheckedRun:
    files = tuple(CheckedFile(f"r_{n}.fastq.gz", "fastq", count, screen) for n, count in enumerate(reads, 1))
    return CheckedRun("run", "R1", files, subset()[taxon])


def test_mates_of_different_length_are_one_error_with_both_files_and_both_counts() -> None:
    (found,) = check_run(MEMBER, _run(1000, 998))
    assert (found.rule, found.severity) == ("qc.mates_differ", "error")
    wanted = {"run": "R1", "file": "r_1.fastq.gz", "other": "r_2.fastq.gz", "reads": 1000, "other_reads": 998}
    assert wanted.items() <= found.facts.items()
    for word in ("r_1.fastq.gz", "r_2.fastq.gz", "1000", "998", "R1"):
        assert word in found.message
    assert found.mend


def test_equal_mates_and_single_files_are_not_compared() -> None:
    assert check_run(MEMBER, _run(1000, 1000)) == check_run(MEMBER, _run(1000)) == []


def test_a_run_of_human_reads_is_a_warning_unless_a_primate_is_declared() -> None:
    (found,) = check_run(MEMBER, _run(1000, 1000, screen=HUMAN))
    assert (found.rule, found.severity) == ("qc.human_reads", "warning")
    assert "95 % confidence" in found.message and "1800 of 200000" in found.message
    assert check_run(MEMBER, _run(1000, 1000, taxon=9544, screen=HUMAN)) == []  # macaques have Alu repeats
    assert check_run(MEMBER, _run(1000, 1000, taxon=10090, screen=HUMAN))  # mice have none


def test_a_member_that_does_not_screen_takes_human_reads() -> None:
    kinds = tuple(replace(k, files=k.files and {**k.files, "screened": None}) for k in MEMBER.objects)
    assert check_run(replace(MEMBER, objects=kinds), _run(1000, 1000, screen=HUMAN)) == []


def test_the_organism_of_a_run_is_found_through_its_references() -> None:
    whole = document([("r.fastq.gz", b"1")])
    fields = {
        (kind.type, row["alias"]): row for kind in MEMBER.objects for row in submitting.rules.objects_of(whole, kind)
    }
    (alias,) = (row["alias"] for row in whole["runs"])
    assert runs.organism(MEMBER, fields, "run", alias) == whole["samples"][0]["taxon_id"]
    outside = fields | {("experiment", whole["experiments"][0]["alias"]): {"sample": "SAMC000001"}}
    assert runs.organism(MEMBER, outside, "run", alias) is None


# --- in the workflow ---


def _described(world: World, bodies: list[bytes]) -> tuple[Submission, list[tuple[str, bytes]]]:
    named = [(f"mate_{n}.fastq.gz", body) for n, body in enumerate(bodies, 1)]
    made = submitting.open_submission(world.submissions, ANA, MEMBER.id, "Pairs of reads", "immediately", None)
    submitting.describe(world.submissions, ANA, made.id, document(named))
    return submitting.submit(world.submissions, ANA, made.id), named


def _checked(world: World, submission: Submission, bodies: dict[str, bytes], **screen: int) -> None:
    """Every file with what its own check says, as the job and `note_verdict` leave it."""
    world.put(submission.id, State.FILES_CHECKING)
    for file in world.submissions.files(submission):
        report = check_file([bodies[file.name]], file.md5, "fastq", file.name).as_dict()
        assert report["verdict"] == "sound"
        told = {"reads": report["reads"], "screen": report["screen"] | screen, "findings": report["findings"]}
        world.submissions.save_file(submission.id, replace(file, state=FileState.QC_PASSED, **told))


def test_the_workflow_returns_unequal_mates_once_and_takes_the_mended_one_without_the_other(world: World) -> None:
    submission, named = _described(world, [tiny_fastq(20), tiny_fastq(19, mate=2)])
    _checked(world, submission, dict(named))
    for _ in range(2):  # a replay finds the same and writes nothing
        said = service.judge(world.submissions, Taxonomy(), submission.id)
        assert said == {"verdict": "unsound", "files": 2, "failed": 2, "unchecked": 0, "made_anew": False}
    lines, _ = world.submissions.history(submission.id, 100, None)
    assert sum("are the mates of run" in line["words"] for line in lines) == 1
    files = world.submissions.files(submission)
    assert [[f["rule"] for f in file.findings] for file in files] == [["qc.mates_differ"]] * 2
    returned = service.return_files(world.submissions, submission.id)
    assert returned.state == State.FILES_FAILED
    mended = [named[0], (named[1][0], tiny_fastq(20, mate=2))]
    submission = submitting.describe(world.submissions, ANA, submission.id, document(mended))
    kept, fresh = world.submissions.files(submission)
    assert (kept.state, fresh.state) == (FileState.QC_PASSED, FileState.DECLARED)
    _checked(world, submission, dict(mended))
    assert service.judge(world.submissions, Taxonomy(), submission.id)["verdict"] == "sound"
    assert all(file.findings == [] for file in world.submissions.files(submission))


def test_a_run_with_human_reads_waits_for_a_curators_own_decision(world: World) -> None:
    submission, named = _described(world, [tiny_fastq(20)])
    _checked(world, submission, dict(named), **HUMAN)
    assert service.judge(world.submissions, Taxonomy(), submission.id)["verdict"] == "sound"
    world.put(submission.id, State.DATA_REVIEW)
    with pytest.raises(Undecided):
        desk.decide(world.submissions, world.desk, CHEN, submission.id, Decision("accept"))
    (row,) = desk.desk(world.submissions, world.desk, CHEN, submission.id)["checklist"]
    assert row["must_be_decided"] and row["found"]["rule"] == "qc.human_reads"
    harmless = {"finding": fingerprint(row["found"]), "decision": "harmless", "text": "mapped to the host instead"}
    desk.check(world.submissions, world.desk, CHEN, submission.id, [harmless])
    desk.decide(world.submissions, world.desk, CHEN, submission.id, Decision("accept"))
    assert world.submissions.get(submission.id).state == State.ACCEPTED


def _noted(world: World, reports: ReportStore, submission: Submission, bodies: list[bytes]) -> dict[str, str]:
    """File id -> verdict, after each file was checked by its job and the workflow noted the report."""
    world.put(submission.id, State.FILES_CHECKING)
    verdicts = {}
    for file, body in zip(world.set_files(submission, FileState.CHECKING), bodies, strict=True):
        report = check_file([body], hashlib.md5(body).hexdigest(), file.format, "reads")
        key = reports.report_key(submission.id, 1, file.id)
        buckets.put_document(reports.bucket, key, report.as_dict())
        verdicts[file.id] = service.note_verdict(world.submissions, reports, submission.id, file.id, key)
    return verdicts


def test_every_seeded_fault_is_caught_clean_files_pass_without_staff_and_the_share_is_told(world: World) -> None:
    boto3.client("s3").create_bucket(Bucket="derived")
    reports = ReportStore("derived")
    only_warned = {"qc.crlf", "qc.read_empty"}
    bad = [stored for stored, rules, _ in CASES.values() if set(rules) - only_warned]
    clean = [stored for stored, rules, _ in CASES.values() if not set(rules) - only_warned]
    assert len(bad) > 40 and len(clean) > 12
    faulty = submitting.submit(world.submissions, ANA, world.draft(len(bad)).id)
    assert set(_noted(world, reports, faulty, bad).values()) == {"unsound"}
    said = service.judge(world.submissions, Taxonomy(), faulty.id)
    told = {"verdict": "unsound", "files": len(bad), "failed": len(bad), "unchecked": 0, "made_anew": False}
    assert said == told
    assert service.return_files(world.submissions, faulty.id).state == State.FILES_FAILED
    sound = submitting.submit(world.submissions, ANA, world.draft(len(clean), "Clean reads").id)
    assert set(_noted(world, reports, sound, clean).values()) == {"sound"}
    assert service.judge(world.submissions, Taxonomy(), sound.id)["verdict"] == "sound"
    assert not desk.ask(world.submissions, sound.id, 1, "token", "data")  # the checks are over; now a curator is asked
    assert world.submissions.get(sound.id).state == State.DATA_REVIEW
    (step,) = [s for s in figures(world.submissions, CHEN)["steps"] if s["step"] == "files_checking"]
    assert (step["ended"], step["ended_well"], step["automatic_share"]) == (2, 1, 1.0)


@pytest.mark.parametrize(
    "bodies, rule",
    [
        ((tiny_fastq(20), tiny_fastq(20)), "qc.mates_same"),
        ((tiny_fastq(20, mate=2), tiny_fastq(20)), "qc.mates_swapped"),
        ((tiny_fastq(20), tiny_fastq(20, mate=2, first=1)), "qc.mates_order"),
    ],
)
def test_the_workflow_compares_names_by_the_reports_of_both_files(
    world: World, bodies: tuple[bytes, bytes], rule: str
) -> None:
    boto3.client("s3").create_bucket(Bucket="derived")
    reports = ReportStore("derived")
    submission, _ = _described(world, list(bodies))
    assert set(_noted(world, reports, submission, list(bodies)).values()) == {"sound"}
    for _ in range(2):
        assert service.judge(world.submissions, Taxonomy(), submission.id, reports)["verdict"] == "unsound"
    files = world.submissions.files(submission)
    assert [[f["rule"] for f in file.findings] for file in files] == [[rule]] * 2


# --- in a folder ---


def test_a_folder_is_told_of_its_mates_what_the_workflow_says(world: World, tmp_path: Path) -> None:
    bodies = [tiny_fastq(20), tiny_fastq(19, mate=2)]
    submission, named = _described(world, bodies)
    _checked(world, submission, dict(named))
    service.judge(world.submissions, Taxonomy(), submission.id)
    for name, body in named:
        (tmp_path / name).write_bytes(body)
    whole: dict[str, Any] = {"member": MEMBER.id, "title": "Pairs of reads", "metadata": document(named)}
    (tmp_path / "submission.json").write_text(json.dumps(whole))
    reports = Folder(tmp_path).reports()
    assert [r["verdict"] for r in reports] == ["unsound"] * 2
    assert [r["md5"] for r in reports] == [hashlib.md5(body).hexdigest() for body in bodies]
    stored = [file.findings for file in world.submissions.files(submission)]
    assert [json.dumps(r["findings"]) for r in reports] == [json.dumps(f) for f in stored]
