"""The job's door: what it does, how it ends, what its help says."""

from __future__ import annotations

import json

import boto3
import pytest

from batch.sequences.__main__ import CALLED_WRONGLY, DONE, FAULT, main
from biotheca.sequences.model import State
from tests.unit.sequences.mirror import RUN, Mirror
from tests.unit.sequences.strict_s3 import Thing

DATA = b"reads of a large object"


@pytest.fixture
def cloud(small: Mirror, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    for name in ("mirror-bucket", "sra-pub-run-odp"):
        boto3.client("s3").create_bucket(Bucket=name)
    boto3.client("s3").put_object(Bucket="sra-pub-run-odp", Key="sra/a", Body=DATA)
    monkeypatch.setenv("BIOTHECA_MIRROR_TABLE", "mirror")
    monkeypatch.setenv("BIOTHECA_MIRROR_BUCKET", "mirror-bucket")
    small.note(small.in_a_bucket("a", Thing.holding(DATA)))
    small.ask()
    return small


def words(small: Mirror, verb: str) -> list[str]:
    (task,) = small.claim()
    return [verb, "--run", RUN, "--file", "a", "--owner", task["owner"]]


def test_a_job_copies_and_proves(cloud: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(cloud, "copy")) == DONE
    assert cloud.row("a").state is State.VERIFIED
    said = json.loads(capsys.readouterr().out)
    assert (said["event"], said["run"], said["state"]) == ("file brought", RUN, "VERIFIED")


def test_a_job_of_another_owner_does_nothing(cloud: Mirror) -> None:
    command = words(cloud, "copy")
    assert main([*command[:-1], "somebody-else"]) == DONE
    assert cloud.row("a").state is State.COPYING


def test_a_job_that_only_proves_copies_nothing(cloud: Mirror) -> None:
    assert main(words(cloud, "prove")) == DONE
    assert cloud.row("a").state is State.COPYING


def test_a_fault_of_ours_is_tried_again(cloud: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    command = words(cloud, "copy")
    monkeypatch.setenv("BIOTHECA_MIRROR_TABLE", "no-such-table")
    assert main(command) == FAULT


def test_a_job_called_wrongly_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paste", "--run", RUN]) == CALLED_WRONGLY
    assert main(["--help"]) == DONE
    told = capsys.readouterr().out
    assert "Reads:" in told and "Writes:" in told
