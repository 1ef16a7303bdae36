"""The index of series through the job, the archive and the door: what is public is found, as it is now."""

from __future__ import annotations

import gzip
import io
import json
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pydicom
import pydicom.data
import pytest
from PIL import Image

from biotheca.deidentification import packing
from biotheca.imaging import following, model, preparing, reading, rules, service
from biotheca.imaging.model import NoSuchImage, NotOffered, TooBroad, TooMuch
from biotheca.imaging.store import PackedSeries, SeriesIndex
from biotheca.publication.model import Record, Visibility
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_workflow import Cloud, cloud, slices, zipped
from tests.unit.world import ANA

__all__ = ["cloud"]
ROOT = "http://x/v1/dicomweb"
MULTIPART = 'multipart/related; type="application/dicom"'


@pytest.fixture
def dataset(cloud: Cloud) -> str:
    """A public collection of five slices, two persons, three series."""
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    return cloud.released(sent)


@pytest.fixture
def series(cloud: Cloud, dataset: str) -> SeriesIndex:
    index = SeriesIndex(cloud.index.table)
    assert following.refresh(index, cloud.records, dataset) == 3
    return index


def asked(cloud: Cloud, series: SeriesIndex, level: str, *pairs: tuple[str, str]) -> list[dict[str, Any]]:
    query = rules.query_of(level, pairs)
    return service.search(series, PackedSeries("derived"), cloud.records, None, query, ROOT)


def test_series_are_rows_with_what_stands_above_them_and_again_changes_nothing(
    cloud: Cloud, dataset: str, series: SeriesIndex
) -> None:
    before = list(series.rows(dataset)), series.cubes()
    following.refresh(series, cloud.records, dataset)
    assert (list(series.rows(dataset)), series.cubes()) == before
    assert [row["images"] for row in before[0]].count(3) == 1
    assert {row["sex"] for row in before[0]} == {"F", "M"} and {row["access"] for row in before[0]} == {"open"}
    assert all(len(row["patient"]) == 12 and row["age_group"] == "70-79" for row in before[0])


def test_what_is_suppressed_leaves_and_comes_back(cloud: Cloud, dataset: str, series: SeriesIndex) -> None:
    row = next(series.rows(dataset))
    for number, (accession, left) in enumerate(((row["accession"], 2), (row["study"], None), (dataset, 0))):
        record = cloud.records.get(accession)
        assert record
        hidden = replace(record, visibility=Visibility.SUPPRESSED)
        hidden = cloud.records.save(record, hidden, event="suppressed", words="-", actor="-")
        following.refresh(series, cloud.records, accession)
        found = list(series.rows(dataset))
        assert len(found) == (left if left is not None else 3 - row["study_series"]), number
        assert service.facets(series, {})["series"] == len(found)
        assert row["accession"] not in {one["accession"] for one in found}
        assert asked(cloud, series, rules.SERIES, ("SeriesInstanceUID", row["series_uid"])) == []
        shown = replace(hidden, visibility=Visibility.PUBLIC)
        cloud.records.save(hidden, shown, event="restored", words="-", actor="-")
        following.refresh(series, cloud.records, accession)
        assert len(list(series.rows(dataset))) == 3


def test_what_is_not_released_is_not_found(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    dataset = cloud.archived(sent)
    index = SeriesIndex(cloud.index.table)
    following.refresh(index, cloud.records, dataset)
    assert list(index.rows(dataset)) == [] and service.facets(index, {})["series"] == 0
    (one, *_), _ = cloud.records.inside(dataset, "series", 9, None)
    assert reading.opened(cloud.records, PackedSeries("derived"), ANA, one.accession).index.instances


def test_pages_and_offsets_join_without_gap_or_repeat(cloud: Cloud, dataset: str, series: SeriesIndex) -> None:
    whole = [row["accession"] for row in series.rows(dataset)]
    paged, cursor = [], None
    for _ in range(9):
        hits, cursor = service.browse(series, {"modality": "CT"}, 2, cursor)
        paged += [hit["accession"] for hit in hits]
        if cursor is None:
            break
    assert paged == whole
    for level, count in ((rules.STUDY, 2), (rules.SERIES, 3), (rules.INSTANCE, 5)):
        singly = [asked(cloud, series, level, ("limit", "1"), ("offset", str(place))) for place in range(count + 1)]
        assert [one for page in singly for one in page] == asked(cloud, series, level) and singly[-1] == []


def test_a_search_that_is_too_broad_is_refused(
    cloud: Cloud, series: SeriesIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_LOOKED_AT", 2)
    with pytest.raises(TooBroad):
        asked(cloud, series, rules.SERIES, ("SeriesDescription", "x*"))
    row = next(iter(series.cubes()))
    assert service.browse(series, {}, 50, None)[1]  # a page ends there and goes on
    monkeypatch.setattr(service, "MOST_OPENED", 1)
    monkeypatch.setattr(service, "MOST_LOOKED_AT", 20)
    with pytest.raises(TooBroad):
        asked(cloud, series, rules.INSTANCE)
    assert row


def _opened(cloud: Cloud, dataset: str, series: SeriesIndex) -> reading.Opened:
    row = next(row for row in series.rows(dataset) if row["images"] == 3)
    return reading.opened(cloud.records, PackedSeries("derived"), None, row["accession"])


def test_large_answers_are_made_once_and_linked_and_larger_ones_are_refused(
    cloud: Cloud, dataset: str, series: SeriesIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, opened = PackedSeries("derived"), _opened(cloud, dataset, series)
    whole = reading.objects(packed, [opened], MULTIPART, ROOT)
    told = reading.metadata(packed, [opened], compressed=False)
    monkeypatch.setattr(reading, "MOST_ANSWERED_BYTES", 100)
    s3 = boto3.client("s3")
    for _ in range(2):
        for answer, body in (
            (reading.objects(packed, [opened], MULTIPART, ROOT), whole),
            (reading.metadata(packed, [opened], compressed=False), told),
        ):
            assert answer.link and not answer.body and answer.content_type == body.content_type
            key = answer.link.partition("?")[0].rpartition("derived/")[2] or answer.link
            found = s3.get_object(Bucket="derived", Key="dicomweb/" + key.rpartition("/")[2])
            assert found["Body"].read() == body.body and found["ContentType"] == body.content_type
    kept = s3.list_objects_v2(Bucket="derived", Prefix="dicomweb/")["Contents"]
    assert len(kept) == 2
    zipped_link = reading.objects(packed, [opened], "application/zip", ROOT)
    monkeypatch.setattr(reading, "MOST_LINKED_BYTES", 200)
    with pytest.raises(TooMuch):
        reading.objects(packed, [opened], MULTIPART, ROOT)
    assert (
        reading.objects(packed, [opened], "application/zip", ROOT).link.partition("?")[0]
        == (zipped_link.link.partition("?")[0])
    )


def test_a_linked_answer_of_a_controlled_series_lies_under_the_key_of_controlled_data(
    cloud: Cloud, dataset: str, series: SeriesIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, opened = PackedSeries("derived"), _opened(cloud, dataset, series)
    monkeypatch.setattr(reading, "MOST_ANSWERED_BYTES", 100)
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    monkeypatch.setenv("BIOTHECA_CONTROLLED_KEY", key)
    s3, found = boto3.client("s3"), []
    for controlled in ("another", opened.files[model.ARCHIVE]["bucket"]):
        monkeypatch.setenv("BIOTHECA_CONTROLLED_ARCHIVE_BUCKET", controlled)
        answer = reading.metadata(packed, [opened], compressed=False)
        assert answer.link
        place = {"Bucket": "derived", "Key": "dicomweb/" + answer.link.partition("?")[0].rpartition("/")[2]}
        found.append(s3.head_object(**place).get("SSEKMSKeyId"))
        s3.delete_object(**place)
    assert found == [None, key]


def test_what_is_not_there_and_what_is_not_taken_are_told_apart(
    cloud: Cloud, dataset: str, series: SeriesIndex
) -> None:
    packed, opened = PackedSeries("derived"), _opened(cloud, dataset, series)
    uid = opened.index.instances[0].uid
    with pytest.raises(NoSuchImage):
        reading.objects(packed, [opened], None, ROOT, "1.2.3")
    with pytest.raises(NoSuchImage):
        reading.frames(packed, opened, uid, [2], None, ROOT)
    with pytest.raises(TooMuch):
        reading.frames(packed, opened, uid, [1] * 201, None, ROOT)
    with pytest.raises(NotOffered):
        reading.frames(packed, opened, uid, [1], "image/jpeg", ROOT)
    with pytest.raises(NotOffered):
        reading.objects(packed, [opened], MULTIPART + "; transfer-syntax=1.2.840.10008.1.2.4.90", ROOT)
    with pytest.raises(NoSuchImage):
        reading.picture(packed, opened, "1.2.3")
    (row,) = json.loads(reading.metadata(packed, [opened], False, uid).body)
    assert row["00080018"]["Value"] == [uid]


MODALITIES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
}
# Defined terms of PS3.16 annex L.
PARTS = [
    "ABDOMEN",
    "ANKLE",
    "AORTA",
    "ARM",
    "BLADDER",
    "BRAIN",
    "BREAST",
    "BRONCHUS",
    "CALCANEUS",
    "CAROTID",
    "CHEST",
    "CLAVICLE",
    "COLON",
    "CSPINE",
    "ELBOW",
    "ESOPHAGUS",
    "EYE",
    "FEMUR",
    "FOOT",
    "GALLBLADDER",
    "HAND",
    "HEAD",
    "HEART",
    "HIP",
    "JAW",
    "KIDNEY",
    "KNEE",
    "LIVER",
    "LSPINE",
    "LUNG",
    "NECK",
    "PANCREAS",
    "PELVIS",
    "PROSTATE",
]


def test_ten_modalities_and_thirty_four_parts_of_the_body_are_taken_and_counted(cloud: Cloud) -> None:
    files = {}
    for number, part in enumerate(PARTS):
        modality = _modality(number)
        uids = {"StudyInstanceUID": f"1.2.5.{number}", "SeriesInstanceUID": f"1.2.6.{number}"}
        made = ct(number, 8, Modality=modality, BodyPartExamined=part, ImageType=["ORIGINAL", "PRIMARY"], **uids)
        made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = MODALITIES[modality]
        files[f"{number}.dcm"] = as_bytes(made)
    sent = cloud.sent(zipped(**files))
    assert cloud.de_identify(sent) == {"released": len(PARTS), "set_aside": 0}
    dataset = cloud.released(sent)
    index = SeriesIndex(cloud.index.table)
    following.refresh(index, cloud.records, dataset)
    found = service.facets(index, {})["facets"]
    assert {one["value"] for one in found["body_part"]} == set(PARTS) and len(PARTS) >= 30
    assert {one["value"]: one["series"] for one in found["modality"]} == Counter(map(_modality, range(len(PARTS))))
    (only,) = service.facets(index, {"body_part": PARTS[3]})["facets"]["modality"]
    assert only == {"value": _modality(3), "series": 1, "images": 1}


def test_parts_of_the_body_that_are_spelled_otherwise_are_one_choice(cloud: Cloud) -> None:
    files = {}
    for number, part in enumerate(("CHEST", "Chest ", "THORAX", "Head-Neck")):
        uids = {"StudyInstanceUID": f"1.2.5.{number}", "SeriesInstanceUID": f"1.2.6.{number}"}
        made = ct(number, 8, ImageType=["ORIGINAL", "PRIMARY"], **uids)
        with warnings.catch_warnings(action="ignore"):  # CS is in capitals: that is what this is about
            made.BodyPartExamined = part
        files[f"{number}.dcm"] = as_bytes(made)
    sent = cloud.sent(zipped(**files))
    assert cloud.de_identify(sent) == {"released": 4, "set_aside": 0}
    dataset = cloud.released(sent)
    index = SeriesIndex(cloud.index.table)
    following.refresh(index, cloud.records, dataset)
    found = service.facets(index, {})["facets"]["body_part"]
    assert [(one["value"], one["series"]) for one in found] == [("CHEST", 3), ("HEADNECK", 1)]
    for asked_for in ("CHEST", "thorax"):
        rows, _ = service.browse(index, service.choices({"body_part": asked_for}), 50, None)
        assert Counter(row["body_part"] for row in rows) == {"CHEST": 1, "Chest": 1, "THORAX": 1}
    # By DICOM a header is what it says.
    for part, count in (("CHEST", 1), ("THORAX", 1), ("Ch*", 1), ("HEADNECK", 0)):
        assert len(asked(cloud, index, "series", ("BodyPartExamined", part))) == count, part


def _modality(number: int) -> str:
    """One of each, and slices of CT, whose pixels take least to look through."""
    return list(MODALITIES)[number] if number < len(MODALITIES) else "CT"


def test_jpeg_is_shown_as_it_is_stored_and_nothing_is_decoded(cloud: Cloud, tmp_path: Path) -> None:
    wheel = Path(pydicom.data.__file__).parent / "test_files"
    folder, archive = tmp_path / "p" / "1.2" / "1.3", tmp_path / "series.zip"
    folder.mkdir(parents=True)
    for uid, name in (("1.4.1", "SC_rgb_dcmtk_+eb+cy+n1.dcm"), ("1.4.2", "MR_small_jp2klossless.dcm")):
        (folder / f"{uid}.dcm").write_bytes((wheel / name).read_bytes())
    packing.pack(folder, archive)
    index, _ = preparing.beside(folder, archive)
    held = model.index_of(json.loads(gzip.decompress(index.read_bytes())))
    boto3.client("s3").put_object(Bucket="open", Key="series.zip", Body=archive.read_bytes())
    record = Record("OBIE000001", "series", "obia", "1.3", "-", "sub", "me", {})
    place = {"bucket": "open", "key": "series.zip", "name": "series.zip"}
    opened = reading.Opened(record, {model.ARCHIVE: place}, held, 60)
    packed = PackedSeries("derived")
    answer = reading.rendered(packed, opened, "1.4.1", 1, "image/jpeg")
    assert answer.content_type == "image/jpeg" and Image.open(io.BytesIO(answer.body)).size == (100, 100)
    for uid, accept, window in (
        ("1.4.1", "image/png", None),
        ("1.4.1", "image/jpeg", "40,400"),
        ("1.4.2", "image/*", None),
    ):
        with pytest.raises(NotOffered):
            reading.rendered(packed, opened, uid, 1, accept, window)
    frame = reading.frames(packed, opened, "1.4.2", [1], "image/jp2", ROOT)
    assert frame.content_type == "image/jp2" and frame.body[:4] == b"\xff\x4f\xff\x51"
