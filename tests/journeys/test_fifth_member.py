"""A member database is data: one that no code knows goes the whole way, from its template to the download."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import requests

from biotheca.formats.native import engines
from biotheca.qc import check_file, report_json
from tests.journeys.bringing import choose_committee, handed_in
from tests.journeys.conftest import FIFTH_MEMBER, Person, document, eventually, send, tiny_fastq, wait_for
from tests.unit.formats.making_bam import UNALIGNED, bam, record

ROOT = Path(__file__).resolve().parents[2]
MEMBER = "seedbank"


MEMBER = "seedbank"
READS = tiny_fastq(seed=505)
UNALIGNED_READS = bam(*(record(b"lot7:%d" % n) for n in range(40)), text=UNALIGNED, references=())


def metadata(*files: tuple[str, bytes]) -> dict[str, Any]:
    """A collection with one lot and its reads, an object for each file."""
    return {
        "project": {
            "alias": "p1",
            "title": "A gene bank's seeds",
            "description": "Seed lots are sequenced lot by lot before they are frozen.",
            "relevance": "Agricultural",
            "data_types": ["Raw sequence reads"],
            "sample_scope": "Multiisolate",
            "organisms": [{"taxon_id": 4530, "organism": "Oryza sativa"}],
        },
        "lots": [
            {
                "alias": "lot7",
                "title": "Lot 7",
                "organism": "Oryza sativa",
                "taxon_id": 4530,
                "harvest": "autumn",
                "seeds": 50,
            }
        ],
        "collection": {"alias": "c1", "title": "Lots of 2026", "project": "p1"},
        "reads": [
            {
                "alias": f"r{n}",
                "title": f"Reads {n} of lot 7",
                "lot": "lot7",
                "file_type": "bam" if name.endswith(".bam") else "fastq",
                "files": [{"name": name, "md5": hashlib.md5(body).hexdigest()}],
            }
            for n, (name, body) in enumerate(files, 7)
        ],
    }


def same_as_here(curator: Person, made: dict[str, Any], bodies: dict[str, bytes]) -> None:
    """The curator's report of each file is what the engine says of the same bytes in this process."""
    for file in curator.get(f"/v1/submissions/{made['id']}")["files"]:
        body, md5 = bodies[file["name"]], hashlib.md5(bodies[file["name"]]).hexdigest()
        here = check_file([body], md5, "bam" if file["name"].endswith(".bam") else "fastq", file["name"]).as_dict()
        wanted = report_json.document([here], engine=engines()[0])
        place = f"/v1/submissions/{made['id']}/files/{file['id']}/report"
        told = curator.get(place)
        assert told["verdict"] == "pass" and told["files"][0]["reads"] > 0, told
        for shown in (told, wanted):
            for one in shown["files"]:
                one.pop("seconds", None)
        assert told == wanted
        page = curator.call("GET", f"{place}?format=html")
        assert page.status_code == 200 and file["name"] in page.text


def test_a_bam_file_of_the_archive_of_reads_reaches_the_curator_with_its_report(ana: Person, chen: Person) -> None:
    wanted = document([("lane.bam", UNALIGNED_READS)], "Unaligned reads")
    wanted["runs"][0]["file_type"] = "bam"
    made = handed_in(ana, wanted, [("lane.bam", UNALIGNED_READS)])
    waiting = wait_for(chen, made["id"], "data_review", "files_failed")
    assert waiting["state"] == "data_review", waiting["files"]
    same_as_here(chen, made, {"lane.bam": UNALIGNED_READS})


def test_a_member_of_data_alone_goes_from_template_to_download(ana: Person, chen: Person, nobody: Person) -> None:
    assert "seedbank" in {m["id"] for m in nobody.get("/v1/members")["items"]}
    template = nobody.call("GET", "/v1/members/seedbank/template")
    assert template.status_code == 200 and template.content[:2] == b"PK"

    bodies = {"lot7.fastq.gz": READS, "lot7.bam": UNALIGNED_READS}
    wanted = {"member": "seedbank", "title": "Lots of 2026", "release": {"mode": "immediately"}}
    refused = ana.call("POST", "/v1/submissions", json=wanted | {"access": "secret"})
    assert refused.status_code == 422 and refused.json()["findings"][0]["rule"] == "access.mode"
    made = ana.post("/v1/submissions", wanted)
    assert made["access"] == "open"
    assert ana.call("PUT", f"/v1/submissions/{made['id']}/access", json={"access": "controlled"}).status_code == 200
    place = f"/v1/submissions/{made['id']}/metadata"
    wrong = metadata(*bodies.items())
    wrong["lots"][0] |= {"harvest": "monsoon", "seeds": 0}
    refused = ana.call("PUT", place, json=wrong)
    assert refused.status_code == 422
    assert {(f["rule"], f["where"]) for f in refused.json()["findings"]} == {
        ("metadata.choice", "/lots/0/harvest"),
        ("metadata.number", "/lots/0/seeds"),
    }
    described = ana.call("PUT", place, json=metadata(*bodies.items()))
    assert described.status_code == 200, described.text
    lonely = ana.call("POST", f"/v1/submissions/{made['id']}/submit")
    assert lonely.status_code == 422 and lonely.json()["findings"][0]["rule"] == "access.committee_needed"
    choose_committee(ana, made["id"])
    ana.post(f"/v1/submissions/{made['id']}/submit")
    for file in described.json()["files"]:
        send(ana, file["id"], bodies[file["name"]])
    wait_for(chen, made["id"], "data_review")
    same_as_here(chen, made, bodies)
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    done = wait_for(ana, made["id"], "released")
    assert done["dataset"].startswith("SDC")

    shown = nobody.get(f"/v1/records/{done['dataset']}")
    assert shown["title"] == "Lots of 2026" and shown["member"] == "seedbank"
    reads = nobody.get(f"/v1/records/{done['dataset']}/objects/reads")["items"][0]
    assert reads["accession"].startswith("SDR") and reads["links"]["lot"][0].startswith("SDL")
    assert nobody.call("GET", f"/r/{reads['accession'].lower()}").status_code == 302
    found = "/v1/search?q=lots+2026"
    eventually(lambda: done["dataset"] in {hit["accession"] for hit in nobody.get(found)["items"]})
    # Access is controlled until a curator opens it with a reason: what the dataset is, everybody sees; not its files.
    assert (
        shown["access"] == nobody.get(f"/v1/records/{reads['accession']}")["access"] == done["access"] == "controlled"
    )
    closed = nobody.call("GET", f"/v1/records/{done['dataset']}/files")
    assert closed.status_code == 404 and closed.json()["rule"] == "access.controlled"
    place = f"/v1/submissions/{made['id']}/access"
    assert ana.call("PUT", place, json={"access": "open"}).status_code == 403
    assert chen.call("PUT", place, json={"access": "open"}).json()["findings"][0]["rule"] == "access.reason"
    opened = chen.call("PUT", place, json={"access": "open", "reason": "The gene bank agrees."})
    assert opened.status_code == 200 and opened.json()["access"] == "open"
    files = nobody.get(f"/v1/records/{done['dataset']}/files")["items"]
    links = [nobody.get(f"/v1/records/{done['dataset']}/files/{f['name']}?redirect=false")["url"] for f in files]
    assert {requests.get(link, timeout=30).content for link in links} == set(bodies.values())


def test_a_human_taxon_is_refused_there_too(ana: Person) -> None:
    made = ana.post("/v1/submissions", {"member": "seedbank", "title": "Not a seed"})
    wrong = metadata(("lot7.fastq.gz", b"x"))
    wrong["lots"][0] |= {"taxon_id": 9606, "organism": "Homo sapiens"}
    refused = ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=wrong)
    assert "metadata.taxon_elsewhere" in {f["rule"] for f in refused.json()["findings"]}


def test_no_code_knows_the_member() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    own = str(FIFTH_MEMBER.relative_to(ROOT))
    code = [p for p in tracked if p.endswith((".py", ".yaml", ".json", ".js")) and "fifth_member" not in p]
    assert len(code) > 300 and own not in code
    assert [p for p in code if "seedbank" in (ROOT / p).read_text(encoding="utf-8")] == []
