"""Who refers to a record, from which submission or record; umbrellas in a tree; what a release pulls up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.aws import session
from biotheca.aws.tables import Table
from biotheca.errors import Invalid, NotFound
from biotheca.publication import exchange, service
from biotheca.publication.model import Record, Visibility
from biotheca.publication.rules import pointers, records_of
from biotheca.publication.store import RecordStore
from biotheca.submissions import service as submitting
from biotheca.submissions.model import ArchiveObject, State, Submission
from biotheca.submissions.store import SubmissionStore
from tests.unit.submissions.making import project

ANA = Person("ana", "ana@example.org", frozenset())
BIOPROJECT = catalog.members()["bioproject"]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RecordStore, SubmissionStore]]:
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    with mock_aws():
        session.client.cache_clear()
        for name, keys in (("records", {"pk": "HASH", "sk": "RANGE"}), ("outbox", {"pk": "HASH"})):
            boto3.client("dynamodb").create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in keys],
                KeySchema=[{"AttributeName": n, "KeyType": kind} for n, kind in keys.items()],
            )
        yield RecordStore(Table("records")), SubmissionStore(Table("records"), Table("outbox"))
        session.client.cache_clear()


def put(records: RecordStore, numbers: dict[str, str], rows: list[dict[str, Any]], number: int = 1) -> list[Record]:
    """Records of a submission of projects as publication writes them, public."""
    submission = Submission(
        f"sub_{number}", "bioproject", "ana", "t", State.ACCEPTED, "immediately", None, "now", "now"
    )
    objects = [
        ArchiveObject("project", r["alias"], {k: v for k, v in r.items() if k != "alias"}, n, numbers[r["alias"]])
        for n, r in enumerate(rows)
    ]
    made = records_of(BIOPROJECT, submission, objects, [])
    for record in made:
        records.put_new(replace(record, visibility=Visibility.PUBLIC))
    records.put_pointers(pointers(BIOPROJECT, made))
    return made


def test_a_tree_of_umbrellas_shows_what_is_above_and_pages_what_is_below(
    tables: tuple[RecordStore, SubmissionStore],
) -> None:
    records, _ = tables
    numbers = {"top": "PRJCA000001", "mid": "PRJCA000002"}
    rows = [project("top", project_type="umbrella"), project("mid", project_type="umbrella", umbrella="top")]
    put(records, numbers, rows)
    for n in range(3, 8):
        put(records, {"leaf": f"PRJCA00000{n}"}, [project("leaf", umbrella="PRJCA000002")], n)
    found, following = exchange.tree(records, None, "PRJCA000002", 2, None)
    assert [node["accession"] for node in found["above"]] == ["PRJCA000001"]
    below = [node["accession"] for node in found["items"]]
    while following:
        found, following = exchange.tree(records, None, "PRJCA000002", 2, following)
        below += [node["accession"] for node in found["items"]]
    assert below == [f"PRJCA00000{n}" for n in range(3, 8)]
    top, _ = exchange.tree(records, None, "PRJCA000001", 50, None)
    assert [node["accession"] for node in top["items"]] == ["PRJCA000002"]
    leaf, _ = exchange.tree(records, None, "PRJCA000007", 50, None)
    assert [node["accession"] for node in leaf["above"]] == ["PRJCA000002", "PRJCA000001"]


def test_what_refers_to_a_record_is_told_until_it_is_gone(tables: tuple[RecordStore, SubmissionStore]) -> None:
    records, submissions = tables
    put(records, {"top": "PRJCA000001"}, [project("top", project_type="umbrella")])
    assert service.pointing_at(records, submissions, "PRJCA000001") == ([], None)
    assert not service.is_pointed_at(records, submissions, "PRJCA000001")
    draft = Submission("sub_9", "bioproject", "ana", "t", State.DRAFT, "immediately", None, "now", "now")
    submissions.create(draft, "ana")
    document = {"projects": [project("leaf", umbrella="PRJCA000001")]}
    submitting.describe(submissions, ANA, "sub_9", document, service.Registry(records))
    rows, _ = service.pointing_at(records, submissions, "PRJCA000001")
    assert rows == [{"link": "submission", "by": "sub_9"}]
    assert service.is_pointed_at(records, submissions, "PRJCA000001")
    submitting.describe(submissions, ANA, "sub_9", {"projects": [project("leaf")]}, service.Registry(records))
    assert not service.is_pointed_at(records, submissions, "PRJCA000001")


def test_a_record_that_another_record_refers_to_is_pointed_at(tables: tuple[RecordStore, SubmissionStore]) -> None:
    records, submissions = tables
    put(records, {"top": "PRJCA000001"}, [project("top", project_type="umbrella")])
    put(records, {"leaf": "PRJCA000002"}, [project("leaf", umbrella="PRJCA000001")], 2)
    rows, _ = service.pointing_at(records, submissions, "PRJCA000001")
    assert rows == [{"link": "projects", "by": "PRJCA000002"}]
    assert not service.is_pointed_at(records, submissions, "PRJCA000002")


def test_a_private_record_of_another_person_is_not_known(tables: tuple[RecordStore, SubmissionStore]) -> None:
    records, submissions = tables
    (made,) = put(records, {"top": "PRJCA000001"}, [project("top", project_type="umbrella")])
    records.table.put({"pk": "ACC#PRJCA000001", "sk": "REC", **replace(made, owner="li").as_dict()})
    registry = service.Registry(records)
    assert registry.known(ANA, ["PRJCA000001"]) == {}
    assert set(registry.known(replace(ANA, subject="li"), ["PRJCA000001"])) == {"PRJCA000001"}
    draft = Submission("sub_9", "bioproject", "ana", "t", State.DRAFT, "immediately", None, "now", "now")
    submissions.create(draft, "ana")
    with pytest.raises(Invalid):
        document = {"projects": [project("leaf", umbrella="PRJCA000001")]}
        submitting.describe(submissions, ANA, "sub_9", document, registry)
    with pytest.raises(NotFound):
        exchange.xml(records, ANA, "PRJCA000001", "", 10, None)
