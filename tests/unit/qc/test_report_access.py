"""Who sees the report of a file, and what an item of the records keeps of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest

from biotheca.accounts.model import Person, Role
from biotheca.aws import buckets
from biotheca.errors import NotFound
from biotheca.qc import report_html, report_json, service
from biotheca.qc.store import ReportStore
from biotheca.submissions.model import DataFile, FileState, State, Submission
from tests.unit.qc.reports import report_of, some_reads
from tests.unit.world import ADA, ANA, CHEN, LI, World, made

READS = some_reads(40)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with made(monkeypatch) as world:
        boto3.client("s3").create_bucket(Bucket="derived")
        yield world


@pytest.fixture
def reports(world: World) -> ReportStore:
    return ReportStore("derived")


def checked(world: World, reports: ReportStore) -> tuple[Submission, DataFile]:
    """A submission whose one file was checked, as job and workflow leave it."""
    submission = world.at(State.FILES_CHECKING)
    (file,) = world.set_files(submission, FileState.CHECKING)
    report = report_of(READS, file.name) | {"engine": "C"}
    key = reports.report_key(submission.id, 1, file.id)
    buckets.put_document("derived", key, report)
    page = report_html.page(report_json.document([report]))
    buckets.put_text("derived", reports.page_key(key), page, "text/html; charset=utf-8")
    assert service.note_verdict(world.submissions, reports, submission.id, file.id, key) == "unsound"
    return submission, world.submissions.file(file.id)[1]


def test_owner_curator_and_data_manager_see_the_report_and_everybody_else_meets_what_is_unknown(
    world: World, reports: ReportStore
) -> None:
    submission, file = checked(world, reports)
    for person in (ANA, CHEN, ADA):
        assert service.report_of(world.submissions, person, submission.id, file.id) == file
    stranger = Person("new", "", frozenset({Role.SUBMITTER}))
    told = set()
    for person in (LI, stranger):
        for asked in (submission.id, "sub_" + "z" * 26):
            with pytest.raises(NotFound) as refused:
                service.report_of(world.submissions, person, asked, file.id)
            told.add(refused.value.message.replace(asked, "IT"))
    assert len(told) == 1


def test_a_file_of_another_submission_or_without_a_report_is_not_found(world: World, reports: ReportStore) -> None:
    submission, file = checked(world, reports)
    other = world.at(State.FILES_CHECKING, title="Other reads")
    (unread,) = world.submissions.files(other)
    for where, asked in ((other, file.id), (other, unread.id), (submission, unread.id), (submission, "file_x")):
        with pytest.raises(NotFound):
            service.report_of(world.submissions, ANA, where.id, asked)


def test_the_document_and_the_page_of_a_file_are_those_of_its_check(world: World, reports: ReportStore) -> None:
    _, file = checked(world, reports)
    document = service.document_of(reports, file)
    assert document["files"][0]["statistics"]["reads"] == 40 and document["engine"] == "C"
    assert document["files"][0]["name"] == file.name
    page = service.page_of(reports, file)
    assert page.startswith("<!doctype html>") and f"<h1>{file.name}</h1>" in page


def test_the_answer_on_a_terabyte_file_leaves_the_digests_of_its_names_out(world: World, reports: ReportStore) -> None:
    _, file = checked(world, reports)
    report = reports.report(file.report or "") or {}
    assert service.document_of(reports, file)["files"][0]["names"] == report["names"]
    many = report | {"names": report["names"] | {"digests": ["0" * 32] * 230_000}}  # 15,000 million reads
    buckets.put_document("derived", file.report or "", many)
    document = service.document_of(reports, file)
    assert document["files"][0]["names"]["digests_left_out"] == 230_000
    assert len(json.dumps(document)) < 1_000_000  # a function may answer 6 MB
    assert reports.report(file.report or "") == many  # what runs are judged by


def test_the_record_keeps_a_few_numbers_and_never_the_statistics(world: World, reports: ReportStore) -> None:
    _, file = checked(world, reports)
    assert file.measured is not None and file.reads == 40
    counted = report_of(READS)["statistics"]
    assert file.measured == {
        "engine": "C",
        "length_min": 60,
        "length_max": 60,
        "length_mean": 60,
        "gc_share": round(counted["gc_share"], 6),
        "n_share": round(counted["n_share"], 6),
        "q20_share": round(counted["q20_share"], 6),
        "q30_share": round(counted["q30_share"], 6),
        "encoding": "Sanger, Illumina 1.8+",
        "duplicate_names": 0,
    }
    item = json.dumps(file.as_dict() | {"findings": []}, default=str)
    assert len(item) < 2000 and "cycles" not in item
