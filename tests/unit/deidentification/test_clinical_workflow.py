"""An open collection with a controlled clinical table: from the archive that was sent to who may have it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import boto3
import pytest

from biotheca.access import service as asking
from biotheca.accounts.model import Person
from biotheca.deidentification import service
from biotheca.errors import Invalid
from biotheca.publication import release
from biotheca.publication import service as publication
from biotheca.publication.access import Controlled
from biotheca.submissions import service as submitting
from biotheca.submissions.model import FileState, State, Submission
from tests.unit.deidentification.test_workflow import MEMBER, PLANTED, Cloud, cloud, collection, slices, zipped
from tests.unit.world import ANA, LI

__all__ = ["cloud"]
TABLE = b"PatientID,sex,stage,seen\nMRN80041723,F,II,2024-02-29\nMRN99,M,I,2024-03-01\nMRN31337,M,IV,2024-03-02\n"
HEADING = "PatientID\tsex\tstage\tseen"


class Letting:
    """Grants that are all given, to one person."""

    def __init__(self, person: Person) -> None:
        self.person, self.noted = person, list[str]()

    def allow(self, person: Person | None, dataset: str, name: str | None = None) -> bool:
        return person == self.person

    def note_link(self, person: Person, dataset: str, file: dict[str, str]) -> None:
        self.noted.append(file["name"])


def sent(cloud: Cloud, table: bytes, **said: str) -> Submission:
    boto3.client("s3").create_bucket(Bucket="controlled")
    packed = zipped(**slices(), **{"about/Clinical.CSV": table})
    document = collection({"images.zip": packed})
    document["collection"] |= said
    made = submitting.open_submission(cloud.submissions, ANA, MEMBER, "Images", "immediately", None)
    made = submitting.describe(cloud.submissions, ANA, made.id, document)
    cloud.put(made.id, State.DRAFT, committee="DAC00001")
    made = submitting.submit(cloud.submissions, ANA, made.id)
    (file,) = cloud.set_files(made, FileState.QC_PASSED, sha256=hashlib.sha256(packed).hexdigest())
    boto3.client("s3").put_object(Bucket="inbox", Key=cloud.inbox.key(made.id, file.id), Body=packed)
    return cloud.put(made.id, State.FILES_CHECKING, round=1)


def test_a_controlled_table_of_an_open_collection_is_of_its_individuals_and_for_who_was_granted_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIOTHECA_CONTROLLED_ARCHIVE_BUCKET", "controlled")
    made = sent(cloud, TABLE, clinical_access="controlled")
    assert cloud.de_identify(made) == {"released": 5, "set_aside": 1}
    told = service.report_of(cloud.submissions, cloud.reports, ANA, made.id)["clinical"]
    assert (told["rows"], told["matched"], told["unmatched"], told["missing"]) == (3, 2, 1, 0)
    dataset = cloud.archived(made)
    release.release(cloud.submissions, cloud.records, made.id)
    (table,), _ = cloud.records.inside(dataset, "clinical_table", 9, None)
    (file,) = table.files
    assert table.accession.startswith("OBIT") and (file["class"], file["bucket"]) == ("controlled", "controlled")
    assert table.attributes["columns"] == HEADING.split("\t") and table.attributes["individuals"] == 2
    body = boto3.client("s3").get_object(Bucket="controlled", Key=file["key"])["Body"].read()
    people, _ = cloud.records.inside(dataset, "imaged_individual", 9, None)
    lines = body.decode().splitlines()
    assert lines[0] == HEADING
    assert {line.split("\t")[0] for line in lines[1:]} == {one.attributes["patient_id"] for one in people}
    by_sex = {one.attributes["sex"]: one.attributes["patient_id"] for one in people}
    assert {tuple(line.split("\t")[:3]) for line in lines[1:]} == {(by_sex["F"], "F", "II"), (by_sex["M"], "M", "I")}
    studies, _ = cloud.records.inside(dataset, "imaging_study", 9, None)
    moved = {s.attributes["imaged_individual"]: s.attributes["study_date"] for s in studies}
    first = next(line for line in lines if line.startswith(by_sex["F"]))
    assert first.split("\t")[3].replace("-", "") == moved[by_sex["F"]], "both were 2024-02-29"

    letting = Letting(LI)
    for person in (None, LI):
        with pytest.raises(Controlled):
            publication.permitted(cloud.records, person, table.accession, file["name"])
    record, _ = publication.permitted(cloud.records, LI, table.accession, file["name"], letting)
    assert record.accession == table.accession and letting.noted == [file["name"]]
    series = cloud.records.inside(dataset, "series", 9, None)[0][0]
    assert publication.permitted(cloud.records, None, series.accession, series.files[0]["name"])
    collected = cloud.records.get(dataset)
    assert collected and asking.controlled(cloud.records, collected).accession == dataset

    sent_key = cloud.inbox.key(made.id, next(f.id for f in cloud.submissions.files(made) if f.name == "images.zip"))
    everything = [*cloud.bytes_in("inbox", "open", "controlled", "derived", but=sent_key), cloud.dump().encode()]
    for planted in (*PLANTED, b"MRN99", b"MRN31337"):
        assert not any(planted.lower() in piece.lower() for piece in everything), planted


@pytest.mark.parametrize(("access", "tier", "name"), [("", "open", "open"), ("controlled", "open", "controlled")])
def test_a_table_is_never_more_open_than_its_collection(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, access: str, tier: str, name: str
) -> None:
    monkeypatch.setenv("BIOTHECA_CONTROLLED_ARCHIVE_BUCKET", "controlled")
    made = sent(cloud, TABLE, clinical_access=tier)
    cloud.put(made.id, State.FILES_CHECKING, round=1, access=access)
    cloud.de_identify(made)
    dataset = cloud.archived(made)
    (table,), _ = cloud.records.inside(dataset, "clinical_table", 9, None)
    assert table.files[0]["class"] == name


def test_a_refused_table_is_told_without_a_value_and_the_images_go_on(cloud: Cloud) -> None:
    made = sent(cloud, TABLE.replace(b"stage", b"patient_name").replace(b"IV", b"Rosalind Oxenham"))
    assert cloud.de_identify(made)["released"] == 5
    told = service.report_of(cloud.submissions, cloud.reports, ANA, made.id)
    assert {(r["rule"], r["column"]) for r in told["clinical"]["refusals"]} == {("privacy.person_name", 3)}
    assert told["made"]["tables"] == 0 and "OXENHAM" not in str(told).upper()
    assert not any(b"oxenham" in piece.lower() for piece in cloud.bytes_in("derived"))


def test_a_controlled_table_needs_a_committee(cloud: Cloud) -> None:
    document = collection({"images.zip": b"x"})
    document["collection"] |= {"clinical_access": "controlled"}
    made = submitting.open_submission(cloud.submissions, ANA, MEMBER, "Images", "immediately", None)
    submitting.describe(cloud.submissions, ANA, made.id, document)
    with pytest.raises(Invalid) as refused:
        submitting.submit(cloud.submissions, ANA, made.id)
    assert refused.value.findings[0].rule == "access.committee_needed"


def test_the_job_makes_the_same_table_again(cloud: Cloud, tmp_path: Path) -> None:
    made = sent(cloud, TABLE)
    cloud.de_identify(made)
    first = cloud.reports.outcome(made.id, 1)
    cloud.put(made.id, State.FILES_CHECKING, round=1)
    cloud.de_identify(made)
    assert first == cloud.reports.outcome(made.id, 1) and first and first["packed"]["clinical"]
