"""A collection of images on the laptop: sent as it is, de-identified by the job, decided on by a curator, read by a
stranger. A planted name is in no answer, record or object but the archive that was sent."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient

from tests.journeys.bringing import handed_in
from tests.journeys.browser import Surfer
from tests.journeys.conftest import Person, wait_for
from tests.journeys.portal import look
from tests.unit.deidentification.making import as_bytes, ct
from tests.unit.deidentification.test_bad_input import lettered
from tests.unit.deidentification.test_workflow import zipped

PLANTED = ("QUILLFEATHER", "MRN80041723", "OXENHAM", "555-013-4477")


def archive() -> bytes:
    """Two series of one person, a picture with the person's name in its pixels, and a note that is no DICOM."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr("note.txt", "Slices of Zephyrine Quillfeather.")
        for number in (1, 2):
            packed.writestr(f"one/{number}.dcm", as_bytes(ct(number)))
        packed.writestr("lettered/4.dcm", lettered())
        packed.writestr("two/3.dcm", as_bytes(ct(3, SeriesInstanceUID="1.2.3.9", SeriesNumber=4)))
    return held.getvalue()


def collection(packed: bytes) -> dict[str, Any]:
    file = {"name": "images.zip", "md5": hashlib.md5(packed).hexdigest()}
    words = {
        "title": "CT of the chest of the journey",
        "description": "Examinations of a person who does not exist.",
        "file_type": "zip",
    }
    return {"collection": {"alias": "c1", **words, "files": [file]}}


def _read_as_dicomweb(nobody: Person, dataset: str) -> None:
    """Another maker's client asks for the metadata of each series."""
    client = DICOMwebClient(url=f"{nobody.url}/v1/dicomweb")
    counts = []
    for series in nobody.get(f"/v1/records/{dataset}/objects/series")["items"]:
        (study,) = series["links"]["imaging_study"]
        uids = nobody.get(f"/v1/records/{study}")["attributes"]["study_uid"], series["attributes"]["series_uid"]
        told = client.retrieve_series_metadata(*uids)
        assert {row["0020000E"]["Value"][0] for row in told} == {uids[1]}
        assert {row["0020000D"]["Value"][0] for row in told} == {uids[0]}
        no_name_in(str(told))
        counts.append(len(told))
        other = nobody.call("GET", f"/v1/dicomweb/studies/1.2.3/series/{uids[1]}/metadata")
        assert other.status_code == 404
    assert sorted(counts) == [1, 1, 2]


def _blanked(surfer: Surfer, chen: Person, submission: str) -> None:
    """The curator looks at the picture with the name in it, has it blanked, and sees that it is gone; by the page."""
    page = surfer.open(f"desk.html#s/{submission}")
    report = page.get_by_role("region", name="De-identification")
    assert "text in the pixels" in report.inner_text()
    report.locator("#texts summary").press("Enter")
    report.get_by_role("searchbox").fill("ct ch")
    report.get_by_role("button", name="Show", exact=True).press("Enter")
    report.get_by_role("cell", name="CT CHEST", exact=True).wait_for()
    report.get_by_role("button", name="Show the picture").press("Enter")
    report.get_by_role("img", name="before").wait_for()
    look(page, "imaging-before")
    report.get_by_label("Blank text in").press("Space")
    report.get_by_role("button", name="Blank the ticked images").press("Enter")
    page.get_by_text("Text is being blanked").wait_for()
    assert wait_for(chen, submission, "data_review", "held")["state"] == "data_review"
    page.goto(f"{surfer.url}/desk.html#s/{submission}")
    report.get_by_role("button", name="Show before and after").press("Enter")
    report.get_by_role("img", name="after").wait_for()
    look(page, "imaging-after")
    (row,) = chen.get(f"/v1/curation/{submission}/pictures")["items"]
    assert row["after"] and row["blanked"] and not row["reason"]
    shown = []
    for moment in ("before", "after"):
        link = chen.get(f"/v1/curation/{submission}/pictures/{row['mark']}/{moment}")
        shown.append(requests.get(link["url"], timeout=30).content)
    assert shown[0].startswith(b"\x89PNG") and shown[1].startswith(b"\x89PNG") and shown[0] != shown[1]


def no_name_in(text: str) -> None:
    for planted in PLANTED:
        assert planted.lower() not in text.lower(), planted


def test_images_are_sent_de_identified_decided_on_and_read_and_a_planted_name_is_nowhere(
    ana: Person, chen: Person, nobody: Person, chen_surfs: Surfer, ana_surfs: Surfer
) -> None:
    packed = archive()
    made = handed_in(ana, collection(packed), [("images.zip", packed)], member="obia")
    waiting = wait_for(chen, made["id"], "data_review", "files_failed", "held")
    assert waiting["state"] == "data_review", waiting
    history = chen.call("GET", f"/v1/submissions/{made['id']}/history").text
    assert "3 of 5 files were de-identified; set aside: 1 not_dicom, 1 pixel_text_confirmed" in history
    _blanked(chen_surfs, chen, made["id"])
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    done = wait_for(ana, made["id"], "released", "held")
    assert done["state"] == "released" and done["dataset"].startswith("OBIA"), done

    page = ana_surfs.open(f"submissions.html#s/{made['id']}")
    mine = page.get_by_role("region", name="De-identification")
    mine.wait_for()
    assert "not_dicom" in mine.inner_text() and "Images with text" not in mine.inner_text()
    look(page, "imaging-owner")

    told = nobody.call("GET", f"/v1/records/{done['dataset']}").text
    listed = nobody.get(f"/v1/records/{done['dataset']}/files")["items"]
    suffixes = sorted(f["name"].partition("_")[2] or f["name"][-4:] for f in listed)
    assert suffixes == sorted([".zip", "metadata.json.gz", "index.json.gz", "previews.zip"] * 3)
    seen = 0
    for file in listed:
        link = nobody.get(f"/v1/records/{done['dataset']}/files/{file['name']}?redirect=false")
        body = requests.get(link["url"], timeout=30).content
        assert hashlib.sha256(body).hexdigest() == file["sha256"]
        part = requests.get(link["url"], headers={"Range": "bytes=2-9"}, timeout=30)
        assert (part.status_code, part.content) == (206, body[2:10])
        if file["name"].endswith(".zip") and "_" not in file["name"]:
            with zipfile.ZipFile(io.BytesIO(body)) as series:
                for name in series.namelist():
                    data = series.read(name)
                    assert pydicom.dcmread(io.BytesIO(data)).PatientIdentityRemoved == "YES"
                    no_name_in(data.decode("latin-1"))
                    seen += 1
    assert seen == 4
    _read_as_dicomweb(nobody, done["dataset"])
    no_name_in(told + history + str(listed) + str(done))


def test_five_archives_go_in_parts_and_come_back_as_one_collection(ana: Person, chen: Person) -> None:
    """More archives than one job takes: survey, parts and gathering, as in the cloud."""
    files = [(f"{n}.zip", zipped(**{"1.dcm": as_bytes(ct(n, SeriesInstanceUID=f"1.2.3.7.{n % 2}"))})) for n in range(5)]
    whole = collection(b"")
    named = [{"name": name, "md5": hashlib.md5(data).hexdigest()} for name, data in files]
    whole["collection"] |= {"files": named}
    made = handed_in(ana, whole, files, member="obia")
    waiting = wait_for(chen, made["id"], "data_review", "files_failed", "held")
    assert waiting["state"] == "data_review", waiting
    told = chen.get(f"/v1/submissions/{made['id']}/deidentification")
    assert (
        told["made"] == {"individuals": 1, "studies": 1, "series": 2, "images": 5, "tables": 0} and told["inputs"] == 5
    )
