"""A collection from the archive that was sent to public records, in this process: job, objects, archive. A planted
name is nowhere, counts are those of the files, and the files as sent are archived nowhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import resource
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pydicom
import pytest

from batch.deidentification import __main__ as job
from batch.deidentification import task as working
from biotheca import catalog
from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore
from biotheca.aws.tables import Table
from biotheca.curation import service as curating
from biotheca.curation.model import Decision
from biotheca.deidentification import packing, service
from biotheca.deidentification.folder import de_identify
from biotheca.deidentification.keys import CollectionKey
from biotheca.deidentification.store import CollectionSecrets, Reports
from biotheca.errors import NotFound
from biotheca.imaging import reading
from biotheca.imaging.store import PackedSeries
from biotheca.publication import release
from biotheca.publication import service as publication
from biotheca.publication.store import Archive
from biotheca.qc import service as checking
from biotheca.submissions import rules
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from biotheca.taxonomy.service import Taxonomy
from biotheca.uploads import service as uploading
from biotheca.uploads.store import Inbox
from functions.api import views
from tests.unit.deidentification.making import PATIENT, as_bytes, ct
from tests.unit.world import ANA, CHEN, LI, World, made

PLANTED = [b"QUILLFEATHER", b"ZEPHYRINE", b"MRN80041723", b"OXENHAM", b"Swithin", b"555-013-4477", b"SWITHINS_CT"]
MEMBER = "obia"


def zipped(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return held.getvalue()


def slices() -> dict[str, bytes]:
    """Two patients: one with two series of a study, one with one; a text that is no DICOM."""
    told: dict[str, bytes] = {"QUILLFEATHER_readme.txt": b"Slices of Zephyrine Quillfeather."}
    for number in range(1, 4):
        told[f"a/{number}.dcm"] = as_bytes(ct(number))
    told["a/4.dcm"] = as_bytes(ct(4, SeriesInstanceUID="1.2.3.9", SeriesNumber=4, BodyPartExamined="CHEST"))
    other = {"PatientName": "OXENHAM^ROSALIND", "PatientID": "MRN99", "PatientSex": "M"}
    told["b/5.dcm"] = as_bytes(ct(5, StudyInstanceUID="1.2.4.1", SeriesInstanceUID="1.2.4.2", **other))
    return told


def collection(files: dict[str, bytes], form: str = "zip") -> dict[str, Any]:
    named = [{"name": name, "md5": hashlib.md5(data).hexdigest()} for name, data in files.items()]
    words = {
        "title": "CT of the chest",
        "description": "Examinations of two persons who do not exist.",
        "file_type": form,
    }
    return {"collection": {"alias": "c1", **words, "files": named}}


class Cloud(World):
    """The World with buckets and secrets, and the way of a collection through it."""

    def __init__(self) -> None:
        super().__init__()
        for bucket in ("inbox", "open", "derived"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        self.inbox, self.reports = Inbox("inbox"), Reports("derived")

    def sent(self, packed: bytes) -> Submission:
        """A collection whose archive has arrived and passed its check."""
        return self.submitted({"images.zip": packed}, "zip")

    def submitted(self, files: dict[str, bytes], form: str) -> Submission:
        """A collection whose files have arrived and passed their checks."""
        made = submitting.open_submission(self.submissions, ANA, MEMBER, "Images", "immediately", None)
        made = submitting.describe(self.submissions, ANA, made.id, collection(files, form))
        made = submitting.submit(self.submissions, ANA, made.id)
        for file in self.set_files(made, FileState.QC_PASSED):
            data = files[file.name]
            self.submissions.save_file(made.id, replace(file, sha256=hashlib.sha256(data).hexdigest()))
            self.arrives(self.inbox.key(made.id, file.id), data)
        return self.put(made.id, State.FILES_CHECKING, round=1)

    def arrives(self, key: str, data: bytes) -> None:
        """Bytes lie in the inbox, and the archive is told."""
        boto3.client("s3").put_object(Bucket="inbox", Key=key, Body=data)
        uploading.note_received(self.submissions, self.inbox, key, None, None)

    def de_identify(self, made: Submission) -> dict[str, int]:
        told = service.plan(self.submissions, self.inbox, self.reports, made.id, 1)
        assert job.main(["--task", told["task"]]) == job.DONE
        return service.note(self.submissions, self.reports, made.id, 1)

    def released(self, made: Submission) -> str:
        """Accepted, archived, public: the accession of the collection."""
        dataset = self.archived(made)
        release.release(self.submissions, self.records, made.id)
        return dataset

    def archived(self, made: Submission) -> str:
        """Accepted and archived: the accession of the collection, which is not public."""
        self.put(made.id, State.DATA_REVIEW)
        rows = curating.desk(self.submissions, self.desk, CHEN, made.id)["checklist"]
        answers = [{"finding": row["finding"], "decision": "harmless"} for row in rows if row["must_be_decided"]]
        curating.check(self.submissions, self.desk, CHEN, made.id, answers)
        curating.decide(self.submissions, self.desk, CHEN, made.id, Decision("accept"))
        publication.mint(self.submissions, Mint(AccessionStore(Table("accessions"))), made.id)
        archive = Archive("inbox", "open")

        class NoReports:
            def report(self, _: str) -> None: ...

        for item in publication.plan_archive(self.submissions, self.records, made.id):
            publication.archive_file(
                self.submissions,
                self.inbox,
                archive,
                NoReports(),  # type: ignore[arg-type]
                made.id,
                item["file_id"],
            )
        return str(publication.close_archive(self.submissions, self.records, made.id)["dataset"])

    def bytes_in(self, *buckets: str, but: Collection[str] = ()) -> Iterator[bytes]:
        """Every object, unpacked too."""
        s3 = boto3.client("s3")
        for bucket in buckets:
            for row in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                if row["Key"] in but:
                    continue
                body = s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
                yield row["Key"].encode() + body
                if row["Key"].endswith(".gz"):
                    yield gzip.decompress(body)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("BIOTHECA_COLLECTION_SECRETS", "collections/")
    monkeypatch.setenv("BIOTHECA_COLLECTION_KEY", "alias/aws/secretsmanager")
    with made(monkeypatch):
        yield Cloud()


def test_a_collection_becomes_public_with_five_levels_counted_from_its_files_and_nobodys_name(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = zipped(**slices())
    sent = cloud.sent(packed)
    assert cloud.de_identify(sent) == {"released": 5, "set_aside": 1}
    (raw,) = [f for f in cloud.submissions.files(sent) if f.name == "images.zip"]
    dataset = cloud.released(sent)

    def inside(kind: str) -> list[Any]:
        return cloud.records.inside(dataset, kind, 100, None)[0]

    people, studies, series, images = map(inside, ("imaged_individual", "imaging_study", "series", "image"))
    assert [len(found) for found in (people, studies, series, images)] == [2, 2, 3, 5]
    assert sorted(one.attributes["images"] for one in series) == [1, 1, 3]
    assert sum(one.attributes["images"] for one in studies) == 5
    assert sorted(one.attributes["series"] for one in studies) == [1, 2]
    assert sorted(one.attributes["sex"] for one in people) == ["F", "M"]
    assert {one.attributes["modality"] for one in series} == {"CT"}
    assert all(one.links["imaging_study"] for one in series)

    by_uid = {one.attributes["series_uid"]: one for one in series}
    seen = 0
    for uid, record in by_uid.items():
        instances, metadata = record.files[:2]
        body = boto3.client("s3").get_object(Bucket="open", Key=instances["key"])["Body"].read()
        told = json.loads(
            gzip.decompress(boto3.client("s3").get_object(Bucket="open", Key=metadata["key"])["Body"].read())
        )
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist():
                data = pydicom.dcmread(io.BytesIO(archive.read(name)))
                assert data.SeriesInstanceUID == uid and data.PatientIdentityRemoved == "YES"
                seen += 1
        assert [row["0020000E"]["Value"] for row in told] == [[uid]] * record.attributes["images"]
        assert not any("7FE00010" in row for row in told)
        study = cloud.records.get(record.links["imaging_study"][0])
        assert study
        uids = study.attributes["study_uid"], uid
        opened = reading.series_of(cloud.records, PackedSeries("derived"), None, *uids)
        assert json.loads(reading.metadata(PackedSeries("derived"), [opened], False).body) == told
        with pytest.raises(NotFound):
            reading.series_of(cloud.records, PackedSeries("derived"), None, "2.25.1", uid)
    assert seen == len(images) == 5

    sent_key = cloud.inbox.key(sent.id, raw.id)
    out = capsys.readouterr()
    everything = [*cloud.bytes_in("inbox", "open", "derived", but={sent_key}), cloud.dump().encode()]
    everything += [out.out.encode(), out.err.encode()]
    for planted in PLANTED:
        assert not any(planted.lower() in piece.lower() for piece in everything), planted
    assert cloud.submissions.file(raw.id)[1].archived is None
    assert any(PLANTED[0] in piece for piece in slices().values()), "the name is planted"


def test_the_job_runs_again_after_a_kill_and_leaves_the_same(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = cloud.sent(zipped(**slices()))
    place = service.plan(cloud.submissions, cloud.inbox, cloud.reports, sent.id, 1)["task"]
    sends, count = working.keep, 0

    def killed(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        sends(*arguments)

    monkeypatch.setattr(working, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        job.main(["--task", place])
    assert cloud.reports.outcome(sent.id, 1) is None
    with pytest.raises(service.NoOutcome):
        service.note(cloud.submissions, cloud.reports, sent.id, 1)
    assert [o.type for o in cloud.submissions.objects(sent)] == ["collection"]
    monkeypatch.setattr(working, "keep", sends)

    assert job.main(["--task", place]) == job.DONE
    first = cloud.reports.outcome(sent.id, 1)
    assert job.main(["--task", place]) == job.DONE
    assert cloud.reports.outcome(sent.id, 1) == first
    service.note(cloud.submissions, cloud.reports, sent.id, 1)
    once = cloud.submissions.objects(sent)
    service.note(cloud.submissions, cloud.reports, sent.id, 1)
    assert cloud.submissions.objects(sent) == once and len(once) == 1 + 2 + 2 + 3 + 5


def test_a_collections_secret_is_made_once_and_is_another_ones_no_more(cloud: Cloud) -> None:
    kept = CollectionSecrets()
    one = kept.of("sub_1")
    assert len(one) == 32 and kept.of("sub_1") == one and kept.of("sub_2") != one


def test_what_was_made_before_gives_way_to_what_a_later_round_makes(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    (raw,) = [f for f in cloud.submissions.files(sent) if f.name == "images.zip"]
    less = zipped(**{"1.dcm": as_bytes(ct(1))})
    boto3.client("s3").put_object(Bucket="inbox", Key=cloud.inbox.key(sent.id, raw.id), Body=less)
    cloud.de_identify(sent)
    objects = cloud.submissions.objects(cloud.submissions.get(sent.id))
    assert sorted(o.type for o in objects) == ["collection", "image", "imaged_individual", "imaging_study", "series"]
    assert len(cloud.submissions.files(sent)) == 5  # the archive, and the four of a series


def test_a_submission_is_shown_with_what_was_made_and_its_document_is_what_was_written(cloud: Cloud) -> None:
    packed = zipped(**slices())
    sent = cloud.sent(packed)
    cloud.de_identify(sent)
    now = cloud.submissions.get(sent.id)
    shown = views.of(cloud.submissions, now)
    assert [o.type for o in shown.objects][:2] == ["collection", "imaged_individual"] and len(shown.objects) == 13
    assert shown.counts["image"] == 5 and [f.name for f in shown.files] == ["images.zip"]
    document = rules.document_of(catalog.members()[MEMBER], cloud.submissions.objects(now))
    assert set(document) == {"collection"}


def test_metadata_of_a_series_that_is_not_public_are_its_peoples_alone(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    dataset = cloud.archived(sent)
    (series, *_), _ = cloud.records.inside(dataset, "series", 9, None)
    study = cloud.records.get(series.links["imaging_study"][0])
    assert study
    uids = study.attributes["study_uid"], series.attributes["series_uid"]
    for stranger in (None, LI):
        with pytest.raises(NotFound):
            reading.series_of(cloud.records, PackedSeries("derived"), stranger, *uids)
    assert reading.series_of(cloud.records, PackedSeries("derived"), ANA, *uids).index.series == uids[1]


def test_the_file_as_sent_is_never_archived(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    cloud.put(sent.id, State.ACCEPTED, batch=1)
    assert publication.plan_archive(cloud.submissions, cloud.records, sent.id) == []


def test_only_its_people_and_the_staff_see_the_report(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    with pytest.raises(NotFound):
        service.report_of(cloud.submissions, cloud.reports, ANA, sent.id)
    cloud.de_identify(sent)
    for person in (ANA, CHEN):
        told = service.report_of(cloud.submissions, cloud.reports, person, sent.id)
        assert told["made"] == {"individuals": 2, "studies": 2, "series": 3, "images": 5, "tables": 0}
        assert told["quarantined"] == {"not_dicom": 1} and told["inputs"] == 6
        assert {"tag": "00081030", "files": 5, "text": "CT CHEST"} in told["texts"]
    with pytest.raises(NotFound):
        service.report_of(cloud.submissions, cloud.reports, LI, sent.id)
    with pytest.raises(NotFound):
        service.texts_of(cloud.submissions, cloud.reports, LI, sent.id, "", "", 50, None)


def test_the_checks_say_that_other_files_are_made_of_these(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    assert checking.judge(cloud.submissions, Taxonomy(), sent.id)["made_anew"] is True
    assert checking.judge(cloud.submissions, Taxonomy(), cloud.at(State.FILES_CHECKING).id)["made_anew"] is False


def _tar(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as packed:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        packed.addfile(member, io.BytesIO(b""))
    return held.getvalue()


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("zip", zipped(**{"../out.dcm": b"x"})),
        ("zip", zipped(**{"/out.dcm": b"x"})),
        ("zip", b"no archive"),
        ("zip", zipped(a=b"x" * 99)[:-30]),
        ("tar", _tar("../out.dcm")),
        ("tar", _tar("link", tarfile.SYMTYPE)),
        ("tar", _tar("hard", tarfile.LNKTYPE)),
        ("tar", b"no archive" * 100),
    ],
)
def test_an_archive_that_reaches_out_or_is_damaged_is_not_unpacked(tmp_path: Any, form: str, data: bytes) -> None:
    (tmp_path / "archive").write_bytes(data)
    with pytest.raises(packing.Unsafe):
        packing.unpack(tmp_path / "archive", form, tmp_path / "in" / "deep")
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "archive"]
    assert outside == [] and not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_a_tar_is_unpacked_as_it_was_packed(tmp_path: Any) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as packed:
        for name, data in slices().items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    (tmp_path / "archive").write_bytes(held.getvalue())
    assert packing.unpack(tmp_path / "archive", "tar", tmp_path / "in") == len(slices())
    assert {str(p.relative_to(tmp_path / "in")): p.read_bytes() for p in (tmp_path / "in").rglob("*.*")} == slices()


def test_packing_again_gives_the_same_bytes(tmp_path: Any) -> None:
    (tmp_path / "series").mkdir()
    for number in (2, 1):
        (tmp_path / "series" / f"{number}.dcm").write_bytes(as_bytes(ct(number)))
    packing.pack(tmp_path / "series", tmp_path / "one.zip")
    packing.pack(tmp_path / "series", tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as made:
        assert made.namelist() == ["1.dcm", "2.dcm"]
        assert all(member.compress_type == zipfile.ZIP_STORED for member in made.infolist())


def test_a_person_of_the_collection_is_a_pseudonym(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    people = [o for o in cloud.submissions.objects(sent) if o.type == "imaged_individual"]
    assert {len(o.alias) for o in people} == {12} and PATIENT["PatientID"] not in {o.alias for o in people}
    assert replace(people[0], alias="") != replace(people[1], alias="")


def test_bare_objects_are_taken_as_archives_are(cloud: Cloud) -> None:
    sent = cloud.submitted({f"{n}.dcm": as_bytes(ct(n)) for n in (1, 2)}, "dicom")
    assert cloud.de_identify(sent) == {"released": 2, "set_aside": 0}


def test_cleaned_texts_are_leafed_through_and_sought(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**{"1.dcm": as_bytes(ct(1, SeriesDescription="AXIAL"))}))
    cloud.de_identify(sent)
    told = service.report_of(cloud.submissions, cloud.reports, ANA, sent.id)["texts"]
    sought = cloud.submissions, cloud.reports, ANA, sent.id
    first, following = service.texts_of(*sought, "", "", 1, None)
    second, end = service.texts_of(*sought, "", "", 1, following)
    assert first + second == told and len(told) == 2 and end is None
    assert [row["text"] for row in service.texts_of(*sought, "ct ch", "00081030", 50, None)[0]] == ["CT CHEST"]
    assert service.texts_of(*sought, "ct ch", "0008103E", 50, None) == ([], None)


def test_an_archive_for_which_there_is_no_room_is_no_bad_archive(tmp_path: Any) -> None:
    """The limit of a file's size stands for a full disk: a job that has no room fails, and releases no part."""
    (tmp_path / "archive").write_bytes(zipped(a=bytes(100_000)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OSError):
            packing.unpack(tmp_path / "archive", "zip", tmp_path / "in")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_job_needs_the_room_of_its_files_once(tmp_path: Any) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for number in range(1, 6):
        (source / f"{number}.dcm").write_bytes(as_bytes(ct(number)))
    (source / "note.txt").write_bytes(b"no DICOM")
    totals = de_identify(
        source, tmp_path / "out", tmp_path / "report", CollectionKey(bytes(32)), bytes(32), consume=True
    )
    assert totals.complete and totals.released == 5 and not list(source.iterdir())
