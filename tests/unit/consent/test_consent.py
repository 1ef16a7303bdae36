"""A withdrawal that dies anywhere is ended by the next run, and nothing of a person's neighbours is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from biotheca.accounts.model import Person, Role
from biotheca.aws import buckets
from biotheca.consent import service
from biotheca.consent import store as kept
from biotheca.errors import NotFound
from biotheca.publication.model import Record, Visibility
from biotheca.qc.store import ReportStore
from biotheca.submissions import service as submitting
from biotheca.uploads.store import Inbox
from tests.unit.members.human import human_document
from tests.unit.world import ADA, ANA, LI, World, made

BUCKETS = ("inbox", "controlled", "derived")


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with made(monkeypatch) as world:
        for name in BUCKETS:
            boto3.client("s3").create_bucket(Bucket=name)
            boto3.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        yield world


def released(world: World) -> str:
    """A submission of two people as it stands after release; returns its id."""
    submission = submitting.open_submission(world.submissions, ANA, "gsa-human", "Two people", "immediately", None)
    document = human_document("disease")
    document["study"] |= {
        "trios": "yes",
        "family": [
            {"family": "F1", "individual": "P000", "mother": "P001"},
            {"family": "F1", "individual": "P001"},
        ],
    }
    submitting.describe(world.submissions, ANA, submission.id, document)
    rows = [("HRA000001", "study", "hra1", [], {"family": document["study"]["family"]})]
    for n, code in enumerate(("P000", "P001"), 1):
        needs = [f"HRI{n:06}", f"HRS{n:06}", f"HRX{n:06}"]
        rows += [
            (needs[0], "individual", code, [], {"occupation": "keeper"}),
            (needs[1], "sample", f"S{code}", needs[:1], {}),
            (needs[2], "experiment", f"E{code}", needs[1:2], {}),
            (f"HRR{n:06}", "run", f"R{code}", needs[2:], {}),
        ]
    for accession, kind, alias, needs, sensitive in rows:
        files = [_file(accession)] if kind == "run" else []
        record = Record(
            accession, kind, "gsa-human", alias, f"Title of {alias}", submission.id, "ana", {"said": alias},
            sensitive=sensitive, needs=needs, files=files, dataset="HRA000001", visibility=Visibility.PUBLIC,
            created_at="2026-01-01T00:00:00Z", released_at="2026-01-01T00:00:00Z",
        )  # fmt: skip
        world.records.table.put({"pk": f"ACC#{accession}", "sk": "REC", **record.as_dict()})
        world.records.put_references(record)
        world.records.put_row(accession, "VER#", "000001", {"attributes": {"said": f"earlier {alias}"}})
    return submission.id


def _file(accession: str) -> dict[str, Any]:
    """A file in two versions, with its statistics."""
    for key in (accession, f"{accession}.json"):
        for body in (b"one", b"two"):
            boto3.client("s3").put_object(Bucket="controlled", Key=key, Body=body)
    statistics = {"name": "s", "bucket": "controlled", "key": f"{accession}.json"}
    return {"name": f"{accession}.fq.gz", "bucket": "controlled", "key": accession, "statistics": statistics}


def forget(world: World, accession: str = "HRI000001") -> dict[str, Any]:
    return service.forget(world.submissions, world.records, Inbox("inbox"), ReportStore("derived"), accession)


def withdraw(world: World, person: Person = ANA, accession: str = "HRI000001") -> dict[str, Any]:
    return service.withdraw(world.submissions, world.records, person, accession)


def test_everything_below_the_person_goes_and_nothing_of_the_neighbour(world: World) -> None:
    submission = released(world)
    withdraw(world)
    forget(world)
    proof = service.report(world.records, ANA, "HRI000001")
    assert proof["proved"] and {r["accession"][:3] for r in proof["records"]} == {"HRI", "HRS", "HRX", "HRR"}
    dump = world.dump()
    for gone in ("Title of P000", "earlier P000", "earlier RP000", "'said': {'S': 'P000'}"):
        assert gone not in dump
    for stays in ("Title of P001", "earlier P001"):
        assert stays in dump
    assert buckets.versions("controlled", "HRR000001") == [] and len(buckets.versions("controlled", "HRR000002")) == 2
    study = world.records.get("HRA000001")
    assert study and study.sensitive["family"] == [{"family": "F1", "individual": "P001"}]
    objects = world.submissions.objects(world.submissions.get(submission))
    people = {o.alias: o.attributes for o in objects if o.type == "individual"}
    assert people["P000"] == {} and people["P001"]["gender"] == "female"
    assert submitting.pedigree(world.submissions, ANA, submission) == "F1\tP001\t0\t0\t2\t2\n"


@pytest.mark.parametrize("at", range(8))
def test_killed_at_any_deletion_or_write_the_next_run_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    released(world)
    withdraw(world)
    left = at

    def dying(real: Any) -> Any:
        def call(*words: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*words, **more)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(kept, "delete_every_version", dying(kept.delete_every_version))
        patched.setattr(world.records, "save", dying(world.records.save))
        with pytest.raises(Killed):
            forget(world)
    assert not service.report(world.records, ANA, "HRI000001")["proved"]
    forget(world)
    proof = service.report(world.records, ANA, "HRI000001")
    assert proof["proved"] and len(proof["records"]) == 4 and len(proof["objects"]) >= 2


def test_a_proof_is_no_proof_once_something_is_there_again(world: World) -> None:
    released(world)
    withdraw(world)
    forget(world)
    boto3.client("s3").put_object(Bucket="controlled", Key="HRR000001", Body=b"back")
    assert not service.report(world.records, ANA, "HRI000001")["proved"]


def test_who_may_ask(world: World) -> None:
    released(world)
    curator = Person("mei", "", frozenset({Role.CURATOR}))
    for person in (LI, curator):
        with pytest.raises(NotFound):
            withdraw(world, person)
    with pytest.raises(service.NoPerson):
        withdraw(world, ANA, "HRS000001")
    assert withdraw(world, ADA)["state"] == "asked" == withdraw(world, ANA)["state"]
    with pytest.raises(NotFound):
        service.report(world.records, ANA, "HRI000002")
    private = world.records.get("HRI000002")
    assert private
    world.records.table.put(
        {"pk": "ACC#HRI000002", "sk": "REC", **replace(private, visibility=Visibility.PRIVATE).as_dict()}
    )
    with pytest.raises(NotFound):
        withdraw(world, LI, "HRI000002")
    assert [t for t, _ in world.told()].count("ConsentWithdrawn") == 1
