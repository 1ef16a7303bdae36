"""A small cloud in this process for tests of services: tables shaped as the templates shape them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from biotheca.access.store import AccessStore
from biotheca.accounts.model import Person, Role
from biotheca.aws import session
from biotheca.aws.tables import Table, unmarshal
from biotheca.curation.store import Desk
from biotheca.publication.store import RecordStore
from biotheca.search.store import WordIndex
from biotheca.submissions import service as submitting
from biotheca.submissions.model import DataFile, FileState, State, Submission
from biotheca.submissions.store import SubmissionStore
from tests.journeys.conftest import document

ANA = Person("ana", "", frozenset({Role.SUBMITTER}))
LI = Person("li", "", frozenset({Role.SUBMITTER}))
CHEN = Person("chen", "", frozenset({Role.CURATOR}))
MEI = Person("mei", "", frozenset({Role.CURATOR}))
ADA = Person("ada", "", frozenset({Role.DATA_MANAGER, Role.ADMINISTRATOR}))
INDEXES = {
    "by_owner": ("owner_key", "created_at"),
    "by_state": ("state_key", "updated_at"),
    "by_release_date": ("release_key", "release_on"),
    "by_dataset": ("dataset_key", "inside_key"),
    "by_group": ("group_key", "updated_at"),
    "by_queue": ("queue_key", "queue_position"),
    "by_assignee": ("assignee_key", "queue_position"),
}

ACCESS_INDEXES = {
    "by_requester": ("requester_key", "created_at"),
    "by_committee": ("committee_key", "submitted_at"),
    "by_dataset": ("dataset_key", "submitted_at"),
    "by_submitted": ("all_key", "submitted_at"),
    "by_queue": ("queue_key", "queue_position"),
}


def _table(name: str, sort: bool, indexes: dict[str, tuple[str, str]]) -> None:
    keys = [("pk", "HASH")] + ([("sk", "RANGE")] if sort else [])
    names = {name for name, _ in keys} | {part for pair in indexes.values() for part in pair}
    more: dict[str, Any] = {}
    if indexes:
        more["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": first, "KeyType": "HASH"},
                    {"AttributeName": second, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, (first, second) in indexes.items()
        ]
    session.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in sorted(names)],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


@dataclass
class World:
    """The stores, and short ways to a submission in some state."""

    submissions: SubmissionStore = field(default_factory=lambda: SubmissionStore(Table("records"), Table("outbox")))
    desk: Desk = field(default_factory=lambda: Desk(Table("records")))
    records: RecordStore = field(default_factory=lambda: RecordStore(Table("records"), Table("outbox")))
    access: AccessStore = field(default_factory=lambda: AccessStore(Table("access"), Table("outbox")))
    index: WordIndex = field(default_factory=lambda: WordIndex(Table("search")))

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """(type, body) of every line of the outbox, in no order."""
        items = boto3.client("dynamodb").scan(TableName="outbox")["Items"]
        return [(e["type"], e["body"]) for e in (unmarshal(item)["envelope"] for item in items)]

    def dump(self) -> str:
        """Every item of every table as text."""
        dynamodb = boto3.client("dynamodb")
        return "\n".join(
            str(item)
            for name in dynamodb.list_tables()["TableNames"]
            for item in dynamodb.scan(TableName=name)["Items"]
        )

    def draft(self, runs: int = 1, title: str = "Synthetic reads", person: Person = ANA) -> Submission:
        made = submitting.open_submission(self.submissions, person, "gsa", title, "immediately", None)
        return submitting.describe(self.submissions, person, made.id, metadata(runs, title))

    def at(self, state: State, runs: int = 1, title: str = "Synthetic reads", **changed: Any) -> Submission:
        """A submission in a state, files with it; the steps before are not played."""
        made = submitting.submit(self.submissions, ANA, self.draft(runs, title).id)
        self.warn(made, changed.pop("warnings", []))
        return self.put(made.id, state, **changed)

    def put(self, submission_id: str, state: State, **changed: Any) -> Submission:
        """Write a state past the table of transitions."""
        from dataclasses import replace

        from biotheca.submissions import store as kept

        old = self.submissions.get(submission_id)
        new = replace(old, state=state, **changed)
        if state in kept.REVIEWS and not changed.get("since"):
            new = replace(new, since=old.updated_at)
        self.submissions.records.put(kept._item(new))
        return new

    def warn(self, submission: Submission, warnings: list[dict[str, Any]]) -> Submission:
        """Findings of the document in force, as its checks would have left them."""
        item = {"pk": f"SUB#{submission.id}", "sk": f"FIND#{submission.generation}#000000", "findings": warnings}
        self.submissions.records.put(item)
        return submission

    def set_files(self, submission: Submission, state: FileState, **changed: Any) -> list[DataFile]:
        from dataclasses import replace

        files = self.submissions.files(submission)
        return [self.submissions.save_file(submission.id, replace(f, state=state, **changed)) for f in files]


def metadata(runs: int = 1, title: str = "Synthetic reads") -> dict[str, Any]:
    """A right document of so many runs, each with a file, a sample and an experiment of its own."""
    whole = document([("r1.fastq.gz", b"1")], title)
    for number in range(2, runs + 1):
        for section, name in (("samples", "s"), ("experiments", "e"), ("runs", "r")):
            row = dict(whole[section][0]) | {"alias": f"{name}{number}"}
            whole[section].append(row)
        whole["samples"][-1]["title"] = f"{title} sample number {number}"
        whole["samples"][-1]["isolate"] = f"isolate {number}"
        whole["experiments"][-1] |= {"sample": f"s{number}", "title": f"{title} library {number}"}
        file = {"name": f"r{number}.fastq.gz", "md5": f"{number:032x}"}
        whole["runs"][-1] |= {"experiment": f"e{number}", "files": [file], "title": f"{title} run {number}"}
    return whole


_EMPTY: dict[str, Any] = {}  # the tables, made by the first test of the process


def _tables() -> None:
    _table("records", True, INDEXES)
    _table("outbox", False, {})
    _table("access", True, ACCESS_INDEXES)
    _table("search", True, {})
    _table("accessions", False, {})
    _table("openness", True, {"by_score": ("list_key", "list_position")})


def moto_tables() -> dict[str, Any]:
    """moto's tables by name, where a copy of them may be kept or put back."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    return dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables


@contextmanager
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A World that ends with the block."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session.client.cache_clear()
    with mock_aws():
        if not _EMPTY:
            _tables()
            _EMPTY.update(copy.deepcopy(moto_tables()))
        else:
            moto_tables().update(copy.deepcopy(_EMPTY))
        yield World()
    session.client.cache_clear()
