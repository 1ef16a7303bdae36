"""Released images as they are used: the same questions to the archive and to Orthanc, by another maker's client."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from playwright.sync_api import Browser
from pydicom.data import get_testdata_file

from biotheca.imaging.body_parts import TERMS, term
from local.demo import query
from local.stack import Stack
from tests.journeys import orthanc, viewing
from tests.journeys.bringing import handed_in, settled
from tests.journeys.browser import surfing
from tests.journeys.conftest import Person, eventually, wait_for
from tests.journeys.portal import look
from tests.unit.deidentification.making import as_bytes, ct

COUNTED = {"00201206", "00201208", "00201209"}
# What an answer says of the server that gave it.
OF_THE_SERVER = {"00081190", "00080054", "00080056", "00080005"}


def archive() -> bytes:
    """A person with two series of a study, native; another with JPEG 2000 frames; a volume of some frames."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for number in (1, 2, 3):
            more = {"BodyPartExamined": "CHEST", "SeriesDescription": "THORAX AXIAL"} | _placed(number)
            packed.writestr(f"one/{number}.dcm", as_bytes(ct(number, **more)))
        packed.writestr(
            "two/4.dcm", as_bytes(ct(4, SeriesInstanceUID="1.2.3.9", SeriesNumber=4, BodyPartExamined="HEAD"))
        )
        packed.writestr("other/5.dcm", _compressed())
        # More than the gateway lets through at once.
        packed.writestr("big/6.dcm", as_bytes(ct(6, 1600, SeriesInstanceUID="1.2.3.10", SeriesNumber=6)))
    return held.getvalue()


def _placed(number: int) -> dict[str, Any]:
    """Where a slice of a volume lies."""
    return {"ImagePositionPatient": [0, 0, 2.5 * number], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}


def _compressed() -> bytes:
    """A plain slice whose pixels are those of a JPEG 2000 file of pydicom's."""
    path = get_testdata_file("MR_small_jp2klossless.dcm")
    assert path
    whole = pydicom.dcmread(path)
    made = ct(5, 64, StudyInstanceUID="1.2.4.1", SeriesInstanceUID="1.2.4.2", PatientID="MRN99", PatientSex="M")
    made.PixelData, made.file_meta.TransferSyntaxUID = whole.PixelData, whole.file_meta.TransferSyntaxUID
    made["PixelData"].is_undefined_length = True
    for name in ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "Rows", "Columns"):
        setattr(made, name, getattr(whole, name))
    return as_bytes(made)


def collection(packed: bytes) -> dict[str, Any]:
    words = {"title": "CT to be looked at", "description": "Examinations of two persons who do not exist."}
    file = {"name": "images.zip", "md5": hashlib.md5(packed).hexdigest()}
    return {"collection": {"alias": "c1", **words, "disease": "sepsis", "file_type": "zip", "files": [file]}}


def brought(ana: Person, chen: Person, packed: bytes, **more: Any) -> dict[str, Any]:
    made = handed_in(ana, collection(packed), [("images.zip", packed)], member="obia", **more)
    waiting = wait_for(chen, made["id"], "data_review", "files_failed", "held")
    assert waiting["state"] == "data_review", waiting
    settled(chen, made["id"])
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    done = wait_for(ana, made["id"], "released", "held")
    assert done["state"] == "released", done
    return done


class Following(requests.Session):
    """For dicomweb-client, which sends the name of the host that it asked also to where it is led (docs/imaging.md)."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        prepared_request.headers.pop("Host", None)
        super().rebuild_auth(prepared_request, response)


@dataclass
class Both:
    """A released collection, and the same objects in Orthanc: a client for each."""

    dataset: str
    ours: DICOMwebClient
    theirs: DICOMwebClient
    root: str
    objects: dict[str, bytes]

    def headers(self) -> list[pydicom.Dataset]:
        return [pydicom.dcmread(io.BytesIO(data)) for data in self.objects.values()]


@pytest.fixture(scope="module")
def both(ana: Person, chen: Person, nobody: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    dataset = brought(ana, chen, archive())["dataset"]
    objects: dict[str, bytes] = {}
    for file in nobody.get(f"/v1/records/{dataset}/files")["items"]:
        if file["name"].endswith(".zip") and "previews" not in file["name"]:
            link = nobody.get(f"/v1/records/{dataset}/files/{file['name']}?redirect=false")["url"]
            with zipfile.ZipFile(io.BytesIO(requests.get(link, timeout=30).content)) as series:
                objects |= {name.removesuffix(".dcm"): series.read(name) for name in series.namelist()}
    assert len(objects) == 6
    eventually(lambda: nobody.get(f"/v1/images?collection={dataset}")["items"])
    with orthanc.running(tmp_path_factory.mktemp("orthanc")) as address:
        for data in objects.values():
            requests.post(f"{address}/instances", data=data, timeout=30).raise_for_status()
        root = f"{nobody.url}/v1/dicomweb"
        theirs = DICOMwebClient(url=f"{address}/dicom-web", session=orthanc.Undecoded())
        yield Both(dataset, DICOMwebClient(url=root, session=Following()), theirs, root, objects)


def told(row: dict[str, Any]) -> dict[str, Any]:
    """An answer without what it says of its server; numbers alike whether they are texts or not."""
    plain = {tag: value for tag, value in row.items() if tag not in OF_THE_SERVER}
    return {
        tag: (one["vr"], [_value(one["vr"], value) for value in one.get("Value", [])]) for tag, one in plain.items()
    }


def _value(vr: str, value: Any) -> Any:
    return float(value) if vr in ("IS", "DS", "US", "SS", "FD", "FL") else str(value)


def by_uid(rows: list[dict[str, Any]], tag: str) -> dict[str, dict[str, Any]]:
    return {row[tag]["Value"][0]: told(row) for row in rows}


def same(ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]]) -> int:
    """How many attributes both gave, all equal; fails on another set of answers."""
    assert set(ours) == set(theirs)
    compared = 0
    for uid, row in ours.items():
        for tag in set(row) & set(theirs[uid]):
            assert row[tag] == theirs[uid][tag], (uid, tag)
            compared += 1
    return compared


def test_studies_series_and_instances_are_found_as_orthanc_finds_them(both: Both) -> None:
    one = both.headers()[0]
    uid = one.StudyInstanceUID
    fields = ["StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances", "PatientSex"]
    questions: list[dict[str, Any]] = [
        {"StudyInstanceUID": uid},
        {"PatientID": one.PatientID},
        {"PatientID": one.PatientID[:6] + "*"},
        {"PatientID": one.PatientID[:-1] + "?"},
        {"StudyDate": one.StudyDate, "PatientID": one.PatientID},
        {"StudyDate": f"{one.StudyDate}-", "PatientID": one.PatientID},
        {"StudyDate": "19000101-19010101"},
        {"ModalitiesInStudy": "CT", "PatientID": one.PatientID},
        {"ModalitiesInStudy": "MR", "PatientID": one.PatientID},
    ]
    seen = 0
    for filters in questions:
        asked = {"search_filters": filters, "fields": fields}
        ours, theirs = (client.search_for_studies(**asked) for client in (both.ours, both.theirs))
        seen += same(by_uid(ours, "0020000D"), by_uid(theirs, "0020000D"))
    assert seen > 40
    series = {"fields": ["BodyPartExamined", "Manufacturer", "NumberOfSeriesRelatedInstances"]}
    for filters in (
        {},
        {"SeriesNumber": "4"},
        {"Modality": "CT"},
        {"SeriesDescription": "THORAX*"},
        {"Modality": "MR"},
    ):
        ours, theirs = (
            client.search_for_series(uid, search_filters=filters, **series) for client in (both.ours, both.theirs)
        )
        seen += same(by_uid(ours, "0020000E"), by_uid(theirs, "0020000E"))
    for filters in ({}, {"InstanceNumber": "2"}, {"SOPClassUID": one.SOPClassUID}):
        ours, theirs = (
            client.search_for_instances(uid, search_filters=filters, fields=["Rows", "Columns", "BitsAllocated"])
            for client in (both.ours, both.theirs)
        )
        seen += same(by_uid(ours, "00080018"), by_uid(theirs, "00080018"))
    assert seen > 90


def test_instances_metadata_and_frames_are_those_of_orthanc(both: Both) -> None:
    differing: set[str] = set()
    for uid, data in both.objects.items():
        one = pydicom.dcmread(io.BytesIO(data))
        place = one.StudyInstanceUID, one.SeriesInstanceUID, uid
        held = io.BytesIO()
        pydicom.dcmwrite(held, both.ours.retrieve_instance(*place))
        assert pydicom.dcmread(io.BytesIO(held.getvalue())) == one
        ours, theirs = (client.retrieve_instance_metadata(*place) for client in (both.ours, both.theirs))
        shared = set(ours) & set(theirs) - OF_THE_SERVER
        assert len(shared) > 25
        differing |= {tag for tag in shared if told(ours)[tag] != told(theirs)[tag]}
        syntax = one.file_meta.TransferSyntaxUID
        kinds = (("image/jp2" if syntax.is_compressed else "application/octet-stream", syntax),)
        (frame,) = both.ours.retrieve_instance_frames(*place, [1], media_types=kinds)
        (other,) = both.theirs.retrieve_instance_frames(*place, [1], media_types=kinds)
        assert frame == other or frame == other + b"\0"  # Orthanc leaves out the byte that makes a fragment even
    assert not differing


def test_a_series_and_a_study_come_whole(both: Both) -> None:
    by_series: dict[tuple[str, str], set[str]] = {}
    for one in both.headers():
        by_series.setdefault((one.StudyInstanceUID, one.SeriesInstanceUID), set()).add(one.SOPInstanceUID)
    for (study, series), uids in by_series.items():
        assert {one.SOPInstanceUID for one in both.ours.retrieve_series(study, series)} == uids
        link = requests.get(
            f"{both.root}/studies/{study}/series/{series}", headers={"Accept": "application/zip"}, timeout=30
        )
        with zipfile.ZipFile(io.BytesIO(link.content)) as packed:
            assert {name.removesuffix(".dcm") for name in packed.namelist()} == uids
    study = next(study for study, _ in by_series)
    of_it = {uid for (one, _), uids in by_series.items() if one == study for uid in uids}
    assert {one.SOPInstanceUID for one in both.ours.retrieve_study(study)} == of_it
    assert {row["00080018"]["Value"][0] for row in both.ours.retrieve_study_metadata(study)} == of_it


def test_what_is_larger_than_an_answer_is_linked_to_and_the_rest_is_not(both: Both) -> None:
    answers = {}
    for uid, data in both.objects.items():
        one = pydicom.dcmread(io.BytesIO(data))
        place = f"{both.root}/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}/instances/{uid}"
        first = requests.get(place, headers={"Accept": "application/dicom"}, allow_redirects=False, timeout=30)
        answers[len(data) > 4_400_000] = first.status_code
        assert requests.get(place, headers={"Accept": "application/dicom"}, timeout=30).content == data
    assert answers == {False: 200, True: 307}


def test_pictures_are_pictures(both: Both, nobody: Person) -> None:
    (hit, *_) = [row for row in nobody.get(f"/v1/images?collection={both.dataset}")["items"] if row["images"] == 3]
    strip = requests.get(nobody.url + hit["strip"], timeout=30)
    assert Image.open(io.BytesIO(strip.content)).size == (3 * 128, 128)
    of = f"{both.root}/studies/{hit['study_uid']}/series/{hit['series_uid']}"
    uid = both.ours.search_for_instances(hit["study_uid"], hit["series_uid"])[0]["00080018"]["Value"][0]
    for place in (
        "thumbnail",
        f"instances/{uid}/thumbnail",
        f"instances/{uid}/rendered",
        f"instances/{uid}/frames/1/rendered",
    ):
        answer = requests.get(f"{of}/{place}", headers={"Accept": "image/png"}, timeout=30)
        assert answer.status_code == 200 and Image.open(io.BytesIO(answer.content)).size == (16, 16), place
    refused = requests.get(f"{of}/instances/{uid}/rendered", headers={"Accept": "image/gif"}, timeout=30)
    assert (refused.status_code, refused.json()["rule"]) == (406, "imaging.not_acceptable")


def test_an_open_viewer_shows_a_series_value_by_value(
    both: Both, nobody: Person, chrome: Browser, tmp_path: Path
) -> None:
    (hit, *_) = [row for row in nobody.get(f"/v1/images?collection={both.dataset}")["items"] if row["images"] == 3]
    place = f"/v1/dicomweb/studies/{hit['study_uid']}/series/{hit['series_uid']}/instances"
    rows = nobody.call("GET", place).json()
    modules = viewing.installed(tmp_path)
    with surfing(chrome, nobody.url) as surfer:
        held = viewing.shown(surfer.page, nobody.url, modules, [row["00081190"]["Value"][0] for row in rows])
        canvas = Image.open(io.BytesIO(surfer.page.locator("#shown canvas").first.screenshot())).convert("L")
    slices = sorted((one for one in both.headers() if one.SeriesInstanceUID == hit["series_uid"]), key=_height)
    expected = [int(value) - 1024 for one in slices for value in one.pixel_array.flatten()]
    assert held == {"size": [16, 16, 3], "values": expected}
    low, high = canvas.getextrema()
    assert isinstance(low, int) and isinstance(high, int) and high - low > 100


def _height(one: pydicom.Dataset) -> float:
    return float(one.ImagePositionPatient[2])


def test_what_cannot_be_matched_is_said_in_a_header(both: Both) -> None:
    answer = requests.get(f"{both.root}/studies?fuzzymatching=true&OperatorsName=X&limit=1", timeout=30)
    assert "fuzzymatching parameter is not supported" in answer.headers["Warning"]
    assert "OperatorsName" in answer.headers["Warning"]
    assert requests.get(f"{both.root}/studies?StudyDate=soon", timeout=30).status_code == 422
    assert requests.get(f"{both.root}/studies?PatientID=nobody", timeout=30).status_code == 204


def test_series_are_browsed_by_facets(both: Both, nobody: Person) -> None:
    found = nobody.get(f"/v1/images/facets?collection={both.dataset}")
    assert (found["series"], found["images"]) == (4, 6)
    parts = {one["value"]: one["series"] for one in found["facets"]["body_part"]}
    assert parts == {"CHEST": 1, "HEAD": 1}
    chosen = nobody.get(f"/v1/images/facets?collection={both.dataset}&body_part=CHEST&sex=F")
    assert chosen["series"] == 1 and {one["value"] for one in chosen["facets"]["body_part"]} == {"CHEST", "HEAD"}
    pages = list(nobody.pages(f"/v1/images?collection={both.dataset}&modality=CT&limit=3"))
    assert len(pages) == 4 and {one["disease"] for one in pages} == {"sepsis"}


def test_parts_of_the_body_are_spelled_as_dcmtk_spells_them(both: Both) -> None:
    """Orthanc's DCMTK has the terms of Annex L that have a code, one after another in its library."""
    library, *_ = Path("/usr/lib").glob("*/libcmr.so.*")
    data = library.read_bytes()
    table = data[data.index(b"\0ABDOMENPELVIS\0") :].partition(b"\0ZYGOMA\0")[0]
    known = {found.decode() for found in re.findall(rb"(?<=\0)[A-Z]{3,}(?=\0)", table)}
    assert len(known) > 60 and known <= TERMS
    assert {term(one) for one in known} == known == {term(one.lower()) for one in known}


def test_analysts_find_the_series_by_sql(both: Both, stack: Stack) -> None:
    sql = "SELECT SeriesInstanceUID, instanceCount FROM biotheca.image_series WHERE collection_id = ?"
    eventually(lambda: len(query(stack, sql, both.dataset)) > 1)
    found = {uid: int(count) for uid, count in query(stack, sql, both.dataset)[1:]}
    wanted: dict[str, int] = {}
    for header in both.headers():
        wanted[header.SeriesInstanceUID] = wanted.get(header.SeriesInstanceUID, 0) + 1
    assert found == wanted


def test_the_page_of_images_is_browsed_by_its_facets(both: Both, nobody: Person, stack: Stack, chrome: Browser) -> None:
    told = nobody.get("/v1/images/facets?body_part=CHEST")
    with surfing(chrome, stack.front_url) as surfer:
        page = surfer.open("index.html?images=all")
        page.get_by_role("link", name="CHEST", exact=True).click()
        page.get_by_role("link", name="Without CHEST").wait_for()
        assert (
            page.locator("#images-count")
            .inner_text()
            .startswith(f"{told['series']} series with {told['images']} image")
        )
        assert page.locator("ul.series > li").count() == told["series"]
        picture = page.locator("img.strip").first
        picture.scroll_into_view_if_needed()
        eventually(lambda: picture.evaluate("image => image.naturalWidth"))
        look(page, "images")
        page.get_by_role("link", name="Without CHEST").click()
        page.get_by_role("link", name="HEAD", exact=True).wait_for()
        page = surfer.open("index.html?images=all&modality=CT&sex=nobody")
        page.get_by_text("No released image has all of these values.").wait_for()


def test_instances_that_are_posted_are_a_file_of_a_draft_and_go_the_way_of_all_images(
    ana: Person, chen: Person, nobody: Person, li: Person
) -> None:
    client = DICOMwebClient(url=f"{nobody.url}/v1/dicomweb", headers=dict(ana.session.headers))
    sent = [pydicom.dcmread(io.BytesIO(as_bytes(ct(n, StudyInstanceUID="1.2.8.1")))) for n in (21, 22)]
    for _ in range(2):
        told = client.store_instances(sent)
        uids = [one.ReferencedSOPInstanceUID for one in told.ReferencedSOPSequence]
        assert uids == [one.SOPInstanceUID for one in sent]
        assert {one.WarningReason for one in told.ReferencedSOPSequence} == {0xB000}
    (draft,) = [one for one in ana.get("/v1/submissions")["items"] if one["title"] == "Images received by DICOMweb"]
    parts = b"".join(
        b"--x\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n"
        for part in (as_bytes(ct(23, StudyInstanceUID="1.2.8.1")), b"no DICOM")
    )
    headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    for person, status in ((nobody, 401), (li, 404), (ana, 202)):
        asked = {"data": parts + b"--x--", "headers": headers, "params": {"submission": draft["id"]}}
        answer = person.call("POST", "/v1/dicomweb/studies", **asked)
        assert answer.status_code == status, answer.text
    assert answer.json()["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]
    assert draft["id"] in answer.headers["Link"] and "299" in answer.headers["Warning"]
    nothing = {"data": b"--x\r\n\r\nno DICOM\r\n--x--", "headers": headers}
    assert ana.call("POST", "/v1/dicomweb/studies", **nothing).status_code == 409
    large = {"data": b"0" * 4_600_000, "headers": headers}
    refused = ana.call("POST", "/v1/dicomweb/studies", **large)
    assert refused.status_code == 413 and "biotheca submit" in refused.json()["mend"]
    ana.post(f"/v1/submissions/{draft['id']}/submit")
    wait_for(chen, draft["id"], "data_review")
    history = chen.call("GET", f"/v1/submissions/{draft['id']}/history").text
    assert "3 of 3 files were de-identified" in history


def test_controlled_images_are_found_and_give_no_pixel_to_strangers(
    ana: Person, chen: Person, nobody: Person, li: Person
) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr("1.dcm", as_bytes(ct(9, StudyInstanceUID="1.2.9.1", SeriesInstanceUID="1.2.9.2")))
    dataset = brought(ana, chen, held.getvalue(), access="controlled")["dataset"]
    (hit,) = eventually(lambda: nobody.get(f"/v1/images?collection={dataset}")["items"])
    assert hit["access"] == "controlled"
    study = f"/v1/dicomweb/studies/{hit['study_uid']}"
    of = f"{study}/series/{hit['series_uid']}"
    uid = ana.call("GET", f"{of}/instances").json()[0]["00080018"]["Value"][0]
    places = [study, of, f"{study}/metadata", f"{of}/metadata", f"{of}/thumbnail", hit["strip"]]
    places += [
        f"{of}/instances/{uid}{end}"
        for end in ("", "/metadata", "/frames/1", "/rendered", "/frames/1/rendered", "/thumbnail")
    ]
    for place in places:
        for stranger in (nobody, li):
            answer = stranger.call("GET", place)
            assert (answer.status_code, answer.json()["rule"]) == (404, "access.controlled"), place
        assert ana.call("GET", place).status_code == 200, place
    for stranger in (nobody, li):
        assert stranger.call("GET", f"{of}/instances").status_code == 204
    assert nobody.call("GET", f"/v1/dicomweb/series?StudyInstanceUID={hit['study_uid']}").status_code == 200
    archive_of = f"{hit['accession']}.zip"
    lines = [line for line in ana.get("/v1/me/access-log?limit=200")["items"] if dataset in str(line)]
    assert sum(archive_of in str(line) for line in lines) >= len(places), lines  # each reading is a line
