"""A member database is data: one that no code knows goes the whole way, from its template to the download."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import requests

from tests.journeys.conftest import FIFTH_MEMBER, Person, eventually, send, tiny_fastq, wait_for

ROOT = Path(__file__).resolve().parents[2]


def metadata(name: str, body: bytes) -> dict[str, Any]:
    """A collection with one lot and its reads."""
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
                "alias": "r7",
                "title": "Reads of lot 7",
                "lot": "lot7",
                "file_type": "fastq",
                "files": [{"name": name, "md5": hashlib.md5(body).hexdigest()}],
            }
        ],
    }


def test_a_member_of_data_alone_goes_from_template_to_download(ana: Person, chen: Person, nobody: Person) -> None:
    assert "seedbank" in {m["id"] for m in nobody.get("/v1/members")["items"]}
    template = nobody.call("GET", "/v1/members/seedbank/template")
    assert template.status_code == 200 and template.content[:2] == b"PK"

    body = tiny_fastq(seed=505)
    wanted = {"member": "seedbank", "title": "Lots of 2026", "release": {"mode": "immediately"}}
    refused = ana.call("POST", "/v1/submissions", json=wanted | {"access": "secret"})
    assert refused.status_code == 422 and refused.json()["findings"][0]["rule"] == "access.mode"
    made = ana.post("/v1/submissions", wanted)
    assert made["access"] == "open"
    assert ana.call("PUT", f"/v1/submissions/{made['id']}/access", json={"access": "controlled"}).status_code == 200
    place = f"/v1/submissions/{made['id']}/metadata"
    wrong = metadata("lot7.fastq.gz", body)
    wrong["lots"][0] |= {"harvest": "monsoon", "seeds": 0}
    refused = ana.call("PUT", place, json=wrong)
    assert refused.status_code == 422
    assert {(f["rule"], f["where"]) for f in refused.json()["findings"]} == {
        ("metadata.choice", "/lots/0/harvest"),
        ("metadata.number", "/lots/0/seeds"),
    }
    described = ana.call("PUT", place, json=metadata("lot7.fastq.gz", body))
    assert described.status_code == 200, described.text
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, described.json()["files"][0]["id"], body)
    wait_for(chen, made["id"], "data_review")
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    done = wait_for(ana, made["id"], "released")
    assert done["dataset"].startswith("SDC")

    shown = nobody.get(f"/v1/records/{done['dataset']}")
    assert shown["title"] == "Lots of 2026" and shown["member"] == "seedbank"
    reads = nobody.get(f"/v1/records/{done['dataset']}/objects/reads")["items"][0]
    assert reads["accession"].startswith("SDR") and reads["links"]["lot"][0].startswith("SDL")
    assert nobody.call("GET", f"/r/{reads['accession'].lower()}").status_code == 302
    hits = eventually(lambda: nobody.get("/v1/search?q=lots+2026")["items"])
    assert done["dataset"] in {hit["accession"] for hit in hits}
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
    file = nobody.get(f"/v1/records/{done['dataset']}/files")["items"][0]
    link = nobody.get(f"/v1/records/{done['dataset']}/files/{file['name']}?redirect=false")["url"]
    assert requests.get(link, timeout=30).content == body


def test_a_human_taxon_is_refused_there_too(ana: Person) -> None:
    made = ana.post("/v1/submissions", {"member": "seedbank", "title": "Not a seed"})
    wrong = metadata("lot7.fastq.gz", b"x")
    wrong["lots"][0] |= {"taxon_id": 9606, "organism": "Homo sapiens"}
    refused = ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=wrong)
    assert "metadata.taxon_elsewhere" in {f["rule"] for f in refused.json()["findings"]}


def test_no_code_knows_the_member() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    own = str(FIFTH_MEMBER.relative_to(ROOT))
    code = [p for p in tracked if p.endswith((".py", ".yaml", ".json", ".js")) and "fifth_member" not in p]
    assert len(code) > 300 and own not in code
    assert [p for p in code if "seedbank" in (ROOT / p).read_text(encoding="utf-8")] == []
