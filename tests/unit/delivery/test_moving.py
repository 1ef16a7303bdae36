"""Files follow the access mode of their dataset: proved, in one place, never open while the record says otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pytest

from biotheca import catalog
from biotheca.access.grants import Granted
from biotheca.aws import buckets, streams
from biotheca.delivery import moving
from biotheca.delivery.store import HeaderStore, Places, UnsealingArchive
from biotheca.errors import NotFound
from biotheca.publication import access, release, service
from biotheca.publication.model import StaleRecord
from biotheca.publication.service import CopyDiffers
from biotheca.publication.store import Archive, RecordStore
from biotheca.submissions.model import State
from tests.unit.delivery.test_delivery import PLAIN, Cloud, cloud, released
from tests.unit.world import CHEN, LI

assert cloud  # a fixture
MODES = ("open", "controlled")


class Dataset:
    """A released dataset of one file; where it lies, and who may have it."""

    def __init__(self, here: Cloud) -> None:
        self.here = here
        self.places = Places(here.headers, here.ring, "open", "controlled")
        self.submission, self.run, self.name = released(here)
        here.put(self.submission.id, here.submissions.get(self.submission.id).state, committee="HDAC000001")
        release.release(here.submissions, here.records, self.submission.id)
        self.accession = here.submissions.get(self.submission.id).dataset or ""

    def file(self) -> dict[str, Any]:
        record = self.here.records.get(self.run)
        assert record
        return record.files[0]

    def set(self, mode: str) -> None:
        access.set_mode(self.here.submissions, self.here.records, CHEN, self.submission.id, mode, "Asked for.")

    def left(self) -> int:
        return len(list(moving.misplaced(self.here.records, self.places, self.accession)))

    def move(self) -> None:
        moving.move_file(self.here.records, self.places, self.run, self.name)

    def clear(self) -> int:
        return moving.clear_moved(self.here.records, self.here.headers, self.places, self.run, self.name)

    def bodies(self) -> dict[str, list[bytes]]:
        """bucket -> the bodies of every version of the file in it."""
        s3 = boto3.client("s3")
        found: dict[str, list[bytes]] = {}
        for bucket in self.places.all:
            for row in s3.list_object_versions(Bucket=bucket, Prefix=self.file()["key"]).get("Versions", []):
                body = s3.get_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])["Body"].read()
                found.setdefault(bucket, []).append(body)
        return found

    def open_to_a_stranger(self) -> bool:
        try:
            service.download(
                self.here.records, Archive("inbox", "open"), LI, self.run, self.name, Granted(self.here.access)
            )
        except NotFound:
            return False
        return True


@pytest.fixture
def dataset(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """It was archived encrypted, and its member keeps controlled files so; its mode is open."""
    boto3.client("s3").create_bucket(Bucket="open")
    boto3.client("s3").put_bucket_versioning(Bucket="open", VersioningConfiguration={"Status": "Enabled"})
    member = replace(catalog.members()["gsa"], access_modes=MODES, sealed=("controlled",))
    monkeypatch.setitem(catalog.members(), "gsa", member)
    return Dataset(cloud)


def lies(found: Dataset) -> tuple[str, bool]:
    return found.file()["bucket"], bool(found.file().get("sealed"))


def test_a_file_follows_its_dataset_from_one_place_to_the_other_and_back(dataset: Dataset) -> None:
    assert lies(dataset) == ("controlled", True) and dataset.left() == 1
    for mode, place in (("open", ("open", False)), ("controlled", ("controlled", True)), ("open", ("open", False))):
        if mode != "open" or dataset.left() == 0:
            dataset.set(mode)
        assert dataset.left() == 1
        dataset.move()
        assert lies(dataset) == place and dataset.clear() >= 1
        (body,) = dataset.bodies()[place[0]]
        assert list(dataset.bodies()) == [place[0]]
        assert (body == PLAIN) is (mode == "open") and dataset.file()["class"] == mode
        assert (dataset.left(), dataset.clear()) == (0, 0)
        moving.check(dataset.here.records, dataset.places, dataset.accession)


def test_a_controlled_file_is_closed_from_the_write_on_and_comes_back_to_its_reader_encrypted(dataset: Dataset) -> None:
    dataset.move()
    assert dataset.open_to_a_stranger()
    dataset.set("controlled")
    assert not dataset.open_to_a_stranger()  # nothing was moved yet
    dataset.move()
    assert not dataset.open_to_a_stranger() and dataset.clear()
    file = dataset.file()
    found = dataset.here.headers.get(file["key"], file["version_id"])
    assert found and dataset.here.read(replace(found)) == PLAIN
    dataset.set("open")
    assert dataset.open_to_a_stranger()
    dataset.move()
    dataset.clear()
    assert dataset.here.headers.get(file["key"], file["version_id"]) is None  # of what is plain no header is kept


def test_whoever_listens_hears_of_a_mode_that_changed_after_release(dataset: Dataset) -> None:
    dataset.set("controlled")
    told = [b for kind, b in dataset.here.told() if kind == "RecordChanged" and b.get("change") == "access"]
    assert [(b["accession"], b["dataset"], b["actor"]) for b in told] == [(dataset.accession,) * 2 + (CHEN.subject,)]


class Killed(Exception):
    """The process ends here."""


def test_broken_off_at_any_step_it_goes_on_and_ends_the_same(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset.move()
    dataset.clear()
    for mode, place in (("controlled", ("controlled", True)), ("open", ("open", False))):
        dataset.set(mode)
        for owner, step in ((streams, "put"), (Archive, "digest"), (RecordStore, "save")):
            with monkeypatch.context() as broken:

                def ends(*_: Any, **__: Any) -> None:
                    raise Killed

                broken.setattr(owner, step, ends)
                before = lies(dataset)
                with pytest.raises(Killed):
                    dataset.move()
                assert lies(dataset) == before and PLAIN in sum(dataset.bodies().values(), [PLAIN] * (mode == "open"))
        dataset.move()
        with monkeypatch.context() as broken:
            broken.setattr(buckets, "delete_other_versions", ends)
            with pytest.raises(Killed):
                dataset.clear()
        dataset.move()  # the machinery begins the item anew
        assert lies(dataset) == place and dataset.clear() >= 1
        assert {bucket: len(found) for bucket, found in dataset.bodies().items()} == {place[0]: 1}


def test_a_copy_that_differs_is_named_by_no_record(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UnsealingArchive, "digest", lambda *_: "0" * 64)
    with pytest.raises(CopyDiffers):
        dataset.move()
    assert lies(dataset) == ("controlled", True)
    with pytest.raises(moving.FilesLeft):
        moving.check(dataset.here.records, dataset.places, dataset.accession)


def test_a_mode_that_changes_while_a_copy_is_made_wins(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    real = UnsealingArchive.digest

    def slow(*given: Any) -> str:
        dataset.set("controlled")
        return real(*given)

    monkeypatch.setattr(UnsealingArchive, "digest", slow)
    with pytest.raises(StaleRecord):
        dataset.move()
    assert lies(dataset) == ("controlled", True) and dataset.left() == 0 and not dataset.open_to_a_stranger()
    assert dataset.clear() and list(dataset.bodies()) == ["controlled"]


def test_what_is_not_public_yet_is_not_moved(dataset: Dataset) -> None:
    record = dataset.here.records.get(dataset.accession)
    assert record and dataset.left() == 1
    dataset.here.records.save(record, replace(record, visibility="private"), event="x", words="x", actor="x")  # type: ignore[arg-type]
    assert dataset.left() == 0 and dataset.here.submissions.get(dataset.submission.id).state == State.RELEASED


def test_headers_of_former_versions_go_and_the_one_in_use_stays(cloud: Cloud) -> None:
    found = cloud.sealed("reads.bam")
    cloud.headers.add(replace(found, version_id="former"))
    cloud.headers.forget_others(found.key, found.version_id)
    assert cloud.headers.get(found.key, found.version_id) and cloud.headers.get(found.key, "former") is None
    assert isinstance(cloud.headers, HeaderStore)
