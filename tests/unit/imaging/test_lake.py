"""Rows of the lake's table of series say what headers say, under the keywords of DICOM, and go with the release."""

from __future__ import annotations

import io
from dataclasses import replace

import boto3
import pydicom

from biotheca.lake import service
from biotheca.lake.model import TABLES
from biotheca.publication.model import Visibility
from tests.unit.deidentification.test_bad_input import instances
from tests.unit.deidentification.test_workflow import PLANTED, Cloud, cloud, slices, zipped
from tests.unit.lake.test_service import Kept

__all__ = ["cloud"]
OF_A_HEADER = ("PatientID", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyDescription", "SeriesInstanceUID")
OF_A_HEADER += ("Modality", "Manufacturer", "ManufacturerModelName", "PatientAge")


def test_a_row_of_the_lake_says_of_a_series_what_the_headers_of_its_files_say(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    dataset = cloud.archived(sent)
    table = Kept()
    tables = dict.fromkeys(TABLES, Kept()) | {"image_series": table}
    service.load(cloud.records, tables, [dataset])
    assert table.rows == [], "it is not public yet"

    cloud.records.publish(dataset, "2026-01-01T00:00:00Z")
    for kind in ("imaged_individual", "imaging_study", "series"):
        for record in cloud.records.inside(dataset, kind, 99, None)[0]:
            cloud.records.publish(record.accession, "2026-01-01T00:00:00Z")
    service.load(cloud.records, tables, [dataset])
    read = [pydicom.dcmread(io.BytesIO(body)) for body in instances(cloud, "open")]
    headers = {one.SeriesInstanceUID: one for one in read}
    assert {row["seriesinstanceuid"] for row in table.rows} == set(headers) and len(table.rows) == 3
    for row in table.rows:
        header = headers[row["seriesinstanceuid"]]
        assert {name: row[name.lower()] for name in OF_A_HEADER} == {
            name: str(header.get(name)) for name in OF_A_HEADER
        }
        assert row["instancecount"] == sum(one.SeriesInstanceUID == header.SeriesInstanceUID for one in read)
        assert (row["collection_id"], row["access"], row["source"]) == (dataset, "open", "own")
        assert set(row) == set(TABLES["image_series"]) and row["series_size_mb"] > 0
    assert not any(word.decode().lower() in str(table.rows).lower() for word in PLANTED)
    sizes = {o["Key"]: o["Size"] for o in boto3.client("s3").list_objects_v2(Bucket="open")["Contents"]}
    packed = sum(size for key, size in sizes.items() if key.endswith(".zip") and "previews" not in key)
    assert abs(sum(row["series_size_mb"] for row in table.rows) - packed / 10**6) < 0.002

    record = cloud.records.get(dataset)
    assert record
    gone = replace(record, visibility=Visibility.SUPPRESSED)
    cloud.records.save(record, gone, event="suppressed", words="For the test.", actor="archive")
    service.load(cloud.records, tables, [dataset])
    assert table.rows == []
