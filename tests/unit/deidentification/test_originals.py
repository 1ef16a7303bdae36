"""What was sent goes with the clock: after its release, when it is given up, withdrawn, or returned and left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from biotheca import clock
from biotheca.aws import buckets
from biotheca.deidentification import originals
from biotheca.publication.model import Visibility
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from tests.unit.deidentification.test_bad_input import instances
from tests.unit.deidentification.test_workflow import MEMBER, Cloud, collection, slices, zipped
from tests.unit.deidentification.test_workflow import cloud as cloud
from tests.unit.world import ANA

DAY_S = 86_400


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "clock"
    monkeypatch.setenv("BIOTHECA_CLOCK_FILE", str(place))
    return place


def de_identified(cloud: Cloud) -> Submission:
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    return cloud.submissions.get(sent.id)


def left(cloud: Cloud, made: Submission) -> list[str]:
    """Keys of every version in the inbox below the submission."""
    found = boto3.client("s3").list_object_versions(Bucket="inbox", Prefix=f"submissions/{made.id}/")
    return [row["Key"] for row in (*found.get("Versions", []), *found.get("DeleteMarkers", []))]


def swept(cloud: Cloud) -> int:
    return originals.sweep(cloud.submissions, cloud.records, cloud.inbox)


def test_thirty_days_after_the_release_what_was_sent_is_gone_and_what_is_public_stays(
    cloud: Cloud, clock_file: Path
) -> None:
    boto3.client("s3").put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
    made = de_identified(cloud)
    boto3.client("s3").put_object(Bucket="inbox", Key="submissions/sub_other/f", Body=b"of somebody else")
    cloud.released(made)
    assert swept(cloud) == 0 and left(cloud, made)
    clock_file.write_text(str(29.9 * DAY_S))
    assert swept(cloud) == 0 and left(cloud, made)
    clock_file.write_text(str(30.1 * DAY_S))
    assert swept(cloud) == 1 and not left(cloud, made)
    assert len(list(instances(cloud, "open"))) == 5
    assert buckets.versions("inbox", "submissions/sub_other/f")
    lines, _ = cloud.submissions.history(made.id, 100, None)
    assert [line["words"] for line in lines if line["event"] == "originals deleted"] == [
        "What was sent was deleted: 13 object(s)."
    ]
    assert swept(cloud) == 0


def test_what_waits_keeps_its_files_and_what_was_given_up_loses_them_at_once(cloud: Cloud, clock_file: Path) -> None:
    made = de_identified(cloud)
    clock_file.write_text(str(1000 * DAY_S))
    for state in (State.FILES_CHECKING, State.DATA_REVIEW, State.ACCEPTED, State.ARCHIVED, State.HELD):
        cloud.put(made.id, state)
        assert swept(cloud) == 0 and left(cloud, made), state
    cloud.put(made.id, State.CANCELLED)
    assert swept(cloud) == 1 and not left(cloud, made)


def test_what_is_withdrawn_goes_at_once(cloud: Cloud, clock_file: Path) -> None:
    made = de_identified(cloud)
    dataset = cloud.records.get(cloud.released(made))
    assert dataset
    hidden = replace(dataset, visibility=Visibility.WITHDRAWN)
    cloud.records.save(dataset, hidden, event="withdrawn", words="Withdrawn.", actor="archive")
    assert swept(cloud) == 1 and not left(cloud, made)


def test_what_was_returned_and_left_goes_after_ninety_days_and_must_be_sent_again(
    cloud: Cloud, clock_file: Path
) -> None:
    made = de_identified(cloud)
    cloud.put(made.id, State.REVISION_REQUESTED, since=clock.stamp())
    clock_file.write_text(str(89 * DAY_S))
    assert swept(cloud) == 0
    clock_file.write_text(str(91 * DAY_S))
    assert swept(cloud) == 1 and not left(cloud, made)
    (raw,) = [file for file in cloud.submissions.files(made) if file.name == "images.zip"]
    assert (raw.state, raw.sha256, raw.version_id) == (FileState.DECLARED, None, None)


def draft(cloud: Cloud) -> Submission:
    """A collection that nobody has handed in, of which an archive has arrived."""
    made = submitting.open_submission(cloud.submissions, ANA, MEMBER, "Images", "immediately", None)
    packed = zipped(**slices())
    made = submitting.describe(cloud.submissions, ANA, made.id, collection({"images.zip": packed}))
    (file,) = cloud.submissions.files(made)
    cloud.arrives(cloud.inbox.key(made.id, file.id), packed)
    return made


def test_a_draft_that_is_given_up_before_anything_was_made_of_it_loses_its_files(cloud: Cloud) -> None:
    made = draft(cloud)
    assert swept(cloud) == 0 and left(cloud, made)
    submitting.cancel(cloud.submissions, ANA, made.id)
    assert swept(cloud) == 1 and not left(cloud, made)
    # A file whose last part comes after that, and one that the metadata never named.
    for late in (cloud.inbox.key(made.id, "fil_late"), f"{cloud.inbox.prefix_by_name(made.id)}late.zip"):
        cloud.arrives(late, b"late")
        assert swept(cloud) == 1 and not left(cloud, made)
    assert swept(cloud) == 0


@pytest.mark.parametrize("state", [State.DRAFT, State.FILES_EXPECTED])
def test_what_was_begun_and_left_goes_ninety_days_after_its_last_file(
    cloud: Cloud, clock_file: Path, state: State
) -> None:
    made = draft(cloud)
    cloud.put(made.id, state)
    clock_file.write_text(str(80 * DAY_S))
    (file,) = cloud.submissions.files(made)
    cloud.arrives(cloud.inbox.key(made.id, file.id), zipped(**slices()))
    clock_file.write_text(str(169 * DAY_S))
    assert swept(cloud) == 0 and left(cloud, made)
    clock_file.write_text(str(171 * DAY_S))
    assert swept(cloud) == 1 and not left(cloud, made)
    (file,) = cloud.submissions.files(made)
    assert file.state == FileState.DECLARED


def test_a_file_that_comes_while_the_sweep_deletes_is_found_by_the_next(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draft(cloud)
    submitting.cancel(cloud.submissions, ANA, made.id)
    delete = buckets.delete_below

    def slow(bucket: str, prefix: str) -> int:
        count = delete(bucket, prefix)
        cloud.arrives(cloud.inbox.key(made.id, "fil_late"), b"late")
        return count

    with monkeypatch.context() as patched:
        patched.setattr(buckets, "delete_below", slow)
        swept(cloud)
    assert left(cloud, made)
    assert swept(cloud) == 1 and not left(cloud, made)


def test_files_of_members_that_archive_them_as_sent_are_none_of_the_sweeps(cloud: Cloud) -> None:
    made = submitting.open_submission(cloud.submissions, ANA, "gsa", "Reads", "immediately", None)
    cloud.arrives(cloud.inbox.key(made.id, "fil_1"), b"reads")
    submitting.cancel(cloud.submissions, ANA, made.id)
    assert swept(cloud) == 0 and left(cloud, made)


def test_a_sweep_that_died_is_gone_on_with(cloud: Cloud, clock_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = de_identified(cloud)
    cloud.put(made.id, State.CANCELLED)

    def died(*_: Any) -> int:
        raise ConnectionError

    with monkeypatch.context() as broken, pytest.raises(ConnectionError):
        broken.setattr(buckets, "delete_below", died)
        swept(cloud)
    assert swept(cloud) == 1 and not left(cloud, made)


@pytest.mark.parametrize("prefix", ["", "/", "submissions/sub_1"])
def test_no_more_than_a_folder_is_deleted(prefix: str) -> None:
    with pytest.raises(ValueError, match="no folder"):
        buckets.delete_below("inbox", prefix)
