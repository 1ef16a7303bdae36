"""A study as FHIR. Oracle: another project's models of R4B, in which ImagingStudy is R4's."""

from __future__ import annotations

import re
from dataclasses import replace

import pydicom
import pytest
from fhir.resources.R4B.imagingstudy import ImagingStudy
from hypothesis import given
from hypothesis import strategies as st

from biotheca.errors import NotFound
from biotheca.imaging import fhir
from biotheca.publication.model import Record, Visibility
from tests.unit.deidentification.test_workflow import PLANTED, Cloud, cloud, slices, zipped
from tests.unit.world import ANA, LI

__all__ = ["cloud"]
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def test_a_released_study_is_a_resource_that_tells_what_its_files_tell(cloud: Cloud) -> None:
    sent = cloud.sent(zipped(**slices()))
    cloud.de_identify(sent)
    dataset = cloud.archived(sent)
    studies = cloud.records.inside(dataset, "imaging_study", 9, None)[0]
    for stranger in (None, LI):
        with pytest.raises(NotFound):
            fhir.study(cloud.records, stranger, studies[0].accession)
    assert fhir.study(cloud.records, ANA, studies[0].accession)["numberOfSeries"]
    for record in cloud.records.inside(dataset, "imaging_study", 9, None)[0]:
        told = fhir.study(cloud.records, ANA, record.accession)
        read = ImagingStudy.model_validate(told)
        assert read.numberOfSeries == len(read.series) == record.attributes["series"]
        assert read.numberOfInstances == record.attributes["images"]
        assert [code.code for code in read.modality] == ["CT"]
        assert read.subject.reference == f"Patient/{record.links['imaged_individual'][0]}"
        assert read.started.isoformat().replace("-", "") == record.attributes["study_date"]
        uids = [image.uid for series in read.series for image in series.instance]
        assert len(set(uids)) == read.numberOfInstances and all(ID.fullmatch(uid) for uid in uids)
        assert {image.sopClass.code for series in read.series for image in series.instance} == {
            f"urn:oid:{pydicom.uid.CTImageStorage}"
        }
        assert not any(word.decode().lower() in str(told).lower() for word in PLANTED)
    series = cloud.records.inside(dataset, "series", 9, None)[0][0]
    with pytest.raises(NotFound):
        fhir.study(cloud.records, ANA, series.accession)


TEXT = st.none() | st.just("") | st.text(min_size=1, max_size=40)


@given(
    st.builds(
        dict,
        study_uid=st.just("2.25.17"),
        study_date=st.none() | st.sampled_from(["20240229", "2024", "unknown", ""]),
        modalities=st.lists(st.sampled_from(["CT", "MR", "SR"]), max_size=3),
        study_description=TEXT,
    ),
    st.builds(
        dict,
        series_uid=st.just("2.25.18"),
        modality=st.none() | st.just("MR"),
        body_part=TEXT,
        laterality=st.sampled_from([None, "", "L", "R", "U"]),
    ),
    st.builds(
        dict,
        sop_uid=st.just("2.25.19"),
        sop_class=st.just("1.2.840.10008.5.1.4.1.1.4"),
        number=st.none() | st.integers(0, 9),
    ),
)
def test_whatever_headers_lack_the_resource_is_one(study: dict, series: dict, image: dict) -> None:  # type: ignore[type-arg]
    def record(kind: str, attributes: dict) -> Record:  # type: ignore[type-arg]
        one = Record(f"OBIX-{len(kind)}", kind, "obia", "a", "t", "sub", "me", attributes)
        return replace(one, visibility=Visibility.PUBLIC)

    told = fhir.resource(record("imaging_study", study), [(record("series", series), [record("image", image)])])
    assert ImagingStudy.model_validate(told).series[0].instance[0].uid == "2.25.19"
