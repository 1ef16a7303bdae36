"""One project and one sample serve two datasets by accession; records leave as SRA XML and come back as metadata."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.journeys.conftest import Person, document, draft, released, send, tiny_fastq, wait_for

SETS = ("project", "study", "sample", "experiment", "run", "submission")


@pytest.fixture(scope="module")
def first(ana: Person, chen: Person) -> dict[str, Any]:
    """A released dataset with its own project and sample."""
    return released(ana, chen, [("first.fastq.gz", tiny_fastq(seed=71))], "Reused")


def referring(first: dict[str, Any], files: list[tuple[str, bytes]]) -> dict[str, Any]:
    """A document that names the first dataset's project and sample by accession."""
    made = document(files, "Second")
    del made["project"], made["samples"]
    made["study"]["project"] = first["accessions"]["project/p1"]
    made["experiments"][0]["sample"] = first["accessions"]["sample/s1"].lower()
    return made


def test_one_sample_serves_two_datasets_without_a_copy(
    ana: Person, chen: Person, nobody: Person, first: dict[str, Any]
) -> None:
    files = [("second.fastq.gz", tiny_fastq(seed=72))]
    opened = draft(ana, files, "Second")
    made = ana.call("PUT", f"/v1/submissions/{opened['id']}/metadata", json=referring(first, files)).json()
    assert {o["type"] for o in made["objects"]} == {"study", "experiment", "run"}
    assert made["catalog_version"]
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], files[0][1])
    wait_for(chen, made["id"], "data_review")
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    second = wait_for(ana, made["id"], "released")
    assert set(second["accessions"]) == {"study/st1", "experiment/e1", "run/r1"}
    experiment = nobody.get(f"/v1/records/{second['accessions']['experiment/e1']}")
    assert experiment["links"]["sample"] == [first["accessions"]["sample/s1"]]
    study = nobody.get(f"/v1/records/{second['dataset']}")
    assert study["links"]["project"] == [first["accessions"]["project/p1"]]
    for name in SETS:  # every set of the second dataset leads to the shared records too
        answer = nobody.call("GET", f"/v1/records/{second['dataset']}/xml?set={name}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("application/xml")
    sample = ElementTree.fromstring(nobody.call("GET", f"/v1/records/{second['dataset']}/xml?set=sample").content)
    assert [node.get("accession") for node in sample] == [first["accessions"]["sample/s1"]]


def test_a_strangers_private_record_cannot_be_referred_to(ana: Person, li: Person, first: dict[str, Any]) -> None:
    files = [("third.fastq.gz", tiny_fastq(seed=73))]
    opened = draft(li, files, "Third")
    made = referring(first, files)
    made["experiments"][0]["sample"] = "SAMC999999"
    answer = li.call("PUT", f"/v1/submissions/{opened['id']}/metadata", json=made)
    assert answer.status_code == 422
    assert "metadata.reference" in {f["rule"] for f in answer.json()["findings"]}


def test_sets_that_were_exported_come_back_as_metadata(ana: Person, nobody: Person, first: dict[str, Any]) -> None:
    bodies = [nobody.call("GET", f"/v1/records/{first['dataset']}/xml?set={name}").content for name in SETS]
    whole = b"<SETS>" + b"".join(body.partition(b"?>")[2] for body in bodies) + b"</SETS>"
    opened = draft(ana, [("x.fastq.gz", b"x")], "By XML")
    answer = ana.call(
        "PUT",
        f"/v1/submissions/{opened['id']}/metadata",
        data=whole,
        headers={"Content-Type": "application/xml"},
    )
    assert answer.status_code == 200, answer.text
    before = {(o["type"], o["alias"]): o["attributes"] for o in first["objects"]}
    assert {(o["type"], o["alias"]): o["attributes"] for o in answer.json()["objects"]} == before


def test_an_entity_in_xml_is_refused_and_never_read(ana: Person) -> None:
    opened = draft(ana, [("y.fastq.gz", b"y")], "Hostile XML")
    body = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><STUDY_SET>&x;</STUDY_SET>'
    headers = {"Content-Type": "application/xml"}
    answer = ana.call("PUT", f"/v1/submissions/{opened['id']}/metadata", data=body, headers=headers)
    assert answer.status_code == 422 and "root:" not in answer.text
    assert answer.json()["findings"][0]["rule"] == "sraxml.forbidden"


def test_a_project_stands_in_its_tree_and_a_taxon_in_its_lineage(nobody: Person, first: dict[str, Any]) -> None:
    tree = nobody.get(f"/v1/records/{first['accessions']['project/p1']}/tree")
    assert (tree["above"], tree["items"], tree["project_type"]) == ([], [], "primary")
    assert nobody.call("GET", f"/v1/records/{first['dataset']}/tree").status_code == 404
    assert nobody.get("/v1/taxonomy/562")["lineage"][-1]["name"] == "root"
    assert nobody.get("/v1/taxonomy?q=homo%20sapi")["items"][0]["taxon_id"] == 9606
