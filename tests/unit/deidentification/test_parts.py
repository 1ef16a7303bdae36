"""A submission in parts says and makes what one job does, byte for byte; a killed or missing part releases nothing."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.deidentification import __main__ as job
from batch.deidentification import parts as steps
from biotheca.aws import buckets
from biotheca.aws.buckets import ObjectMissing
from biotheca.deidentification import service
from biotheca.deidentification.parts import parted
from biotheca.deidentification.store import task_at
from biotheca.submissions.model import Submission
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_bad_input import lettered
from tests.unit.deidentification.test_workflow import Cloud, slices, zipped
from tests.unit.deidentification.test_workflow import cloud as cloud


def archives() -> dict[str, bytes]:
    """Series over two archives, a copy, a twin, two patients in a series, a text in pixels, one that is no archive."""
    twins = [as_bytes(ct(31, SeriesInstanceUID="1.2.3.30", SeriesDescription=words)) for words in ("AX", "COR")]
    mixed = [as_bytes(ct(n, SeriesInstanceUID="1.2.3.88", PatientID=f"P{n}")) for n in (41, 42)]
    other = {"copy.dcm": slices()["a/1.dcm"], "6.dcm": as_bytes(ct(6)), "t1.dcm": twins[0], "m1.dcm": mixed[0]}
    return {
        "one.zip": zipped(**slices(), **{"t2.dcm": twins[1], "m2.dcm": mixed[1], "letters.dcm": lettered()}),
        "two.zip": zipped(**other),
        "wrong.zip": b"no archive",
    }


def planned(cloud: Cloud, made: Submission, part_files: int = 3) -> str:
    """The task of the round, with small parts."""
    place = service.plan(cloud.submissions, cloud.inbox, cloud.reports, made.id, 1)["task"]
    bucket, _, key = place.removeprefix("s3://").partition("/")
    buckets.put_document(bucket, key, task_at(place) | {"part_files": part_files})
    return place


def step(place: str, *words: str) -> int:
    return job.main(["--task", place, *words])


def in_parts(cloud: Cloud, made: Submission) -> int:
    """All steps; how many parts there were."""
    place = planned(cloud, made)
    assert step(place, "--step", "survey") == job.DONE
    manifest = buckets.get_document("derived", cloud.reports.parts_key(made.id, 1))
    for row in reversed(manifest):
        assert step(place, "--step", "part", "--part", row["part"]) == job.DONE
    assert step(place, "--step", "gather") == job.DONE
    return len(manifest)


def everything(cloud: Cloud, made: Submission) -> dict[str, bytes]:
    """What a round made, by key: packed series, metadata, pictures, report. What steps tell each other is left out."""
    s3 = boto3.client("s3")
    places = [("inbox", cloud.inbox.prefix_made(made.id)), ("derived", cloud.reports.prefix(made.id, 1))]
    found = {}
    for bucket, prefix in places:
        for row in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            if "/made/parts/" not in row["Key"]:
                found[row["Key"]] = s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
    return found


def test_parts_make_what_one_job_makes_byte_for_byte(cloud: Cloud) -> None:
    made = cloud.submitted(archives(), "zip")
    assert step(planned(cloud, made)) == job.DONE
    whole, outcome = everything(cloud, made), cloud.reports.outcome(made.id, 1)
    assert outcome and outcome["released"] == 6 and outcome["copies"] == 1 and len(outcome["refused"]) == 1
    assert len([key for key in whole if key.endswith(".png")]) == 1
    for key in whole:
        boto3.client("s3").delete_object(Bucket="inbox" if "/made/" in key else "derived", Key=key)
    assert cloud.reports.outcome(made.id, 1) is None

    assert in_parts(cloud, made) > 2
    assert cloud.reports.outcome(made.id, 1) == outcome
    parts = everything(cloud, made)
    assert set(parts) == set(whole)
    different = [key for key in whole if whole[key] != parts[key] and not key.endswith("outcome.json")]
    assert not different
    again = everything(cloud, made)
    in_parts(cloud, made)
    assert everything(cloud, made) == again


def test_without_one_part_nothing_is_gathered_and_the_round_has_no_outcome(cloud: Cloud) -> None:
    made = cloud.submitted(archives(), "zip")
    place = planned(cloud, made)
    assert step(place, "--step", "survey") == job.DONE
    assert step(place, "--step", "part", "--part", "1") == job.DONE
    assert step(place, "--step", "gather") == job.FAULT
    with pytest.raises(service.NoOutcome):
        service.note(cloud.submissions, cloud.reports, made.id, 1)


def test_a_part_that_is_killed_runs_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cloud.submitted(archives(), "zip")
    place = planned(cloud, made)
    assert step(place, "--step", "survey") == job.DONE

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(steps, "keep_document", killed)
        step(place, "--step", "part", "--part", "0")
    with pytest.raises(ObjectMissing):
        buckets.get_document("inbox", f"{cloud.inbox.prefix_made(made.id)}parts/part-0.json")
    assert in_parts(cloud, made) > 2
    assert service.note(cloud.submissions, cloud.reports, made.id, 1)["released"] == 6


def test_few_archives_are_one_jobs_work_and_more_are_many(cloud: Cloud) -> None:
    few = cloud.submitted({f"{n}.zip": b"x" for n in range(4)}, "zip")
    assert service.plan(cloud.submissions, cloud.inbox, cloud.reports, few.id, 1)["jobs"] == "one"
    more = cloud.submitted({f"{n}.zip": b"x" for n in range(5)}, "zip")
    assert service.plan(cloud.submissions, cloud.inbox, cloud.reports, more.id, 1)["jobs"] == "many"
    bare = cloud.submitted({f"{n}.dcm": b"x" for n in range(9)}, "dicom")
    assert service.plan(cloud.submissions, cloud.inbox, cloud.reports, bare.id, 1)["jobs"] == "one"


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 12), st.integers(1, 200))
def test_every_series_lies_whole_in_one_part(lengths: list[int], most_files: int, most_bytes: int) -> None:
    groups = [[f"f/{n:03}/{place}" for place in range(length)] for n, length in enumerate(lengths)]
    sizes = {name: 1 + place for group in groups for place, name in enumerate(group)}
    made = parted(groups, sizes, most_files, most_bytes)
    assert [group for part in made for group in part] == groups
    for part in made:
        files = sum(map(len, part))
        size = sum(sizes[name] for group in part for name in group)
        assert len(part) == 1 or (files <= most_files and size <= most_bytes)
