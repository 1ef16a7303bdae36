"""A controlled collection of images: what everybody may see, what a grant opens; and a person planted in every corner
of its files who is nowhere in what the system keeps or writes but in the archive that was sent."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest

from local.demo_images import everything, plain
from local.stack import Stack
from tests.journeys.asking import fetched, granted, told
from tests.journeys.bringing import handed_in
from tests.journeys.conftest import Person, newcomer, wait_for
from tests.journeys.test_canaries import Everywhere, everywhere
from tests.journeys.test_obia import collection
from tests.unit.deidentification.making import as_bytes, ct

__all__ = ["everywhere"]
NUMBER = 90317264
NAME, CHINESE, PHONE, PLACE = "Thistlewick", "陆思淼", "555-017-8823", "Fernhollow"
PLANTED = tuple(word.casefold() for word in (NAME, CHINESE, PHONE, PLACE, str(NUMBER)))
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


def planted(number: int, **more: Any) -> bytes:
    """A slice with the person in names, numbers, descriptions, private elements, comments and the preamble."""
    words = f"{NAME} {CHINESE} {PHONE}"
    made = ct(
        number,
        SpecificCharacterSet="GB18030",
        PatientName=f"{NAME}^Ivo={CHINESE}",
        PatientID=f"MRN{NUMBER}",
        PatientTelephoneNumbers=PHONE,
        InstitutionName=f"{PLACE} Infirmary",
        StudyDescription=f"CHEST of {words}",
        SeriesDescription=f"AX {NAME}",
        ImageComments=f"call {words} at {PLACE}",
        PatientComments=words,
        **more,
    )
    made.preamble = NAME.encode().ljust(128, b"\0")
    made.file_meta.SourceApplicationEntityTitle = PLACE.upper()
    made.private_block(0x0029, "ACME HEADER", create=True).add_new(0x10, "UL", NUMBER)
    return as_bytes(made)


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for number in (1, 2):
            packed.writestr(f"{NAME}/{NUMBER}/{number}.dcm", planted(number))
        packed.writestr(f"{NAME}/broken.dcm", planted(3)[:900])
        packed.writestr(f"{NAME}.txt", f"{NAME} {CHINESE}")
    return held.getvalue()


@dataclass
class Images:
    """A released controlled collection of one series."""

    submission: str
    dataset: str
    study: str
    uids: tuple[str, str]

    @property
    def metadata(self) -> str:
        return f"/v1/dicomweb/studies/{self.uids[0]}/series/{self.uids[1]}/metadata"


@pytest.fixture(scope="module")
def images(ana: Person, chen: Person) -> Images:
    packed = archive()
    made = handed_in(ana, collection(packed), [("images.zip", packed)], member="obia", access="controlled")
    assert wait_for(chen, made["id"], "data_review", "held", "files_failed")["state"] == "data_review"
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    done = wait_for(ana, made["id"], "released", "held")
    assert done["state"] == "released", done
    (series,) = ana.get(f"/v1/records/{done['dataset']}/objects/series")["items"]
    (study,) = series["links"]["imaging_study"]
    uids = ana.get(f"/v1/records/{study}")["attributes"]["study_uid"], series["attributes"]["series_uid"]
    return Images(made["id"], done["dataset"], study, uids)


def test_a_controlled_collection_is_described_to_all_and_its_images_are_for_who_was_granted_them(
    ana: Person, nobody: Person, stack: Stack, images: Images
) -> None:
    shown = nobody.get(f"/v1/records/{images.dataset}")
    assert shown["access"] == "controlled" and shown["committee"]["name"] == "Keepers of seeds"
    people = nobody.get(f"/v1/records/{images.dataset}/objects/imaged_individual")["items"]
    assert [one["attributes"]["sex"] for one in people] == ["F"]
    assert nobody.get(f"/v1/fhir/ImagingStudy/{images.study}")["numberOfInstances"] == 2

    reader = newcomer(stack, nobody)
    names = [file["name"] for file in ana.get(f"/v1/records/{images.dataset}/files")["items"]]
    places = [images.metadata, *(f"/v1/records/{images.dataset}/files/{name}" for name in names)]
    before = {place: told(reader.call("GET", place)) for place in places}
    assert {status for status, _ in before.values()} == {404}
    assert {place: told(nobody.call("GET", place)) for place in places} == before

    number = granted(reader, ana, images.dataset)
    assert len(reader.get(images.metadata)) == 2
    held = {name: fetched(reader, f"/v1/records/{images.dataset}/files/{name}") for name in names}
    packed = [zipfile.ZipFile(io.BytesIO(body)).namelist() for name, body in held.items() if name.endswith(".zip")]
    assert sum(name.endswith(".dcm") for names in packed for name in names) == 2
    lines = reader.get("/v1/me/access-log")["items"]
    assert {line["file"] for line in lines} == set(names) and {line["grant"] for line in lines} == {number}
    assert {place: told(nobody.call("GET", place)) for place in places} == before

    ana.post(f"/v1/access-grants/{number}/revoke", {"reason": "The purpose has changed."})
    assert {place: told(reader.call("GET", place)) for place in places} == before


def test_a_person_planted_in_every_corner_is_nowhere_but_in_what_was_sent(
    ana: Person, chen: Person, nobody: Person, images: Images, stack: Stack, everywhere: Everywhere
) -> None:
    patterns = {word.encode(coding) for word in (NAME, NAME.upper(), *PLANTED) for coding in ENCODINGS}
    patterns |= {struct.pack("<I", NUMBER), struct.pack(">I", NUMBER)}
    kept = ((place, piece) for _, place, body in everything(stack) for piece in plain(body))
    places = {place for place, piece in kept if any(pattern in piece for pattern in patterns)}
    assert len(places) == 1 and f"/submissions/{images.submission}/file_" in places.pop()
    assert everywhere.leaks(PLANTED) == {}
    assert {"log", "mail", "event", "execution", "audit", "key"} <= set(everywhere.seen), everywhere.seen
    place = f"/v1/submissions/{images.submission}"
    doors = [(ana, place), (ana, f"{place}/history"), (chen, f"{place}/deidentification"), (ana, f"{place}/findings")]
    doors += [
        (nobody, f"/v1/records/{images.dataset}{more}") for more in ("", "/files", "/versions", "/objects/series")
    ]
    doors += [(nobody, f"/v1/fhir/ImagingStudy/{images.study}"), (nobody, f"/v1/search?q={NAME}")]
    for person, door in doors:
        answer = person.call("GET", door).text.replace(f"q={NAME}", "").casefold()
        assert not [word for word in PLANTED if word in answer], door
