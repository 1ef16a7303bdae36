"""Data of people: what is sensitive stays with its owner and staff, controlled files in their own bucket; and OMIX."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from biotheca.formats.crypt4gh import decrypt
from biotheca.formats.crypt4gh_header import Crypt4ghFault, public_key_of
from biotheca.formats.crypt4gh_keys import public_text
from local.stack import Stack
from tests.journeys.asking import granted
from tests.journeys.bringing import accepted
from tests.journeys.browser import surfing
from tests.journeys.conftest import Person, eventually, newcomer, tiny_fastq, wait_for
from tests.journeys.portal import look
from tests.unit.members.human import human_document, omix_document

SECRETS = {
    "occupation": "lighthouse keeper",
    "birthplace": "Port Canary",
    "province": "Canary Islands",
    "ethnicity": "canary people",
    "survival_time": 36.5,
    "smoker": "yes",
}
OWN = {"Hobby": "canary breeding"}
READS = [(f"p{n}_{m}.fq.gz", tiny_fastq(seed=900 + n, mate=m)) for n in (0, 1) for m in (1, 2)]


@pytest.fixture(scope="module")
def study(ana: Person, chen: Person) -> dict[str, Any]:
    """A controlled study of two people, released."""
    document = human_document("disease", READS)
    document["individuals"][0] |= {**SECRETS, "attributes": OWN}
    return accepted(ana, chen, document, READS, member="gsa-human", release={"mode": "immediately"})


def _ids(person: Person, dataset: str, kind: str) -> list[str]:
    return [row["accession"] for row in person.get(f"/v1/records/{dataset}/objects/{kind}")["items"]]


def test_every_object_has_a_number_of_its_registry(study: dict[str, Any], nobody: Person) -> None:
    dataset = study["dataset"]
    assert dataset.startswith("HRA") and study["access"] == "controlled"
    for kind, prefix, count in (
        ("individual", "HRI", 2),
        ("sample", "HRS", 2),
        ("experiment", "HRX", 2),
        ("run", "HRR", 2),
    ):
        found = _ids(nobody, dataset, kind)
        assert len(found) == count and all(a.startswith(prefix) for a in found)


def test_a_person_leads_to_samples_experiments_and_runs(study: dict[str, Any], nobody: Person) -> None:
    for accession in _ids(nobody, study["dataset"], "individual"):
        person = nobody.get(f"/v1/records/{accession}")
        (sample,) = person["links"]["sample"]
        (experiment,) = nobody.get(f"/v1/records/{sample}")["links"]["experiment"]
        assert len(nobody.get(f"/v1/records/{experiment}")["links"]["run"]) == 1


def test_the_page_of_a_person_shows_all_that_hangs_on_them(
    study: dict[str, Any], nobody: Person, ana: Person, stack: Stack, chrome: Browser
) -> None:
    for accession in _ids(nobody, study["dataset"], "individual"):
        walked = set(nobody.get(f"/v1/records/{accession}")["links"]["sample"])
        for kind in ("experiment", "run"):
            walked |= {a for above in walked for a in nobody.get(f"/v1/records/{above}")["links"].get(kind, [])}
        for person in (nobody, ana):
            told = person.get(f"/v1/records/{accession}/below")
            assert told["complete"] and {row["accession"] for row in told["items"]} == walked
            assert {row["type"] for row in told["items"]} >= {"sample", "experiment", "run"}
            assert "canary" not in json.dumps(told).casefold()
    with surfing(chrome, stack.front_url) as surfer:
        page = surfer.open(f"index.html#{accession}")
        page.locator("#below").wait_for()
        links = page.locator("ul.below a").all_inner_texts()
        assert set(links) == walked and len(links) == len(walked)
        look(page, "person")


def test_samples_of_people_are_made_while_the_service_of_the_open_registry_is_down(
    ana: Person, chen: Person, nobody: Person, li: Person, aws: Callable[[str], Any]
) -> None:
    functions = [f for page in aws("lambda").get_paginator("list_functions").paginate() for f in page["Functions"]]
    down = {f["FunctionName"]: f for f in functions if "-Samples" in f["FunctionName"]}
    assert len(down) >= 2, "the door that notes, and the daily run"
    for name, function in down.items():
        broken = {k: "nowhere" if k == "BIOTHECA_RECORDS_TABLE" else v for k, v in _environment(function).items()}
        aws("lambda").update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    try:
        for name in down:
            called = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(_one_event()))
            answer = json.load(called["Payload"])
            assert called.get("FunctionError") or answer.get("batchItemFailures"), f"{name} is not down: {answer}"
        reads = [(f"down{n}_{m}.fq.gz", tiny_fastq(seed=950 + n, mate=m)) for n in (0, 1) for m in (1, 2)]
        release = {"mode": "on_date", "date": "2027-10-01"}
        done = accepted(
            ana, chen, human_document("disease", reads), reads, "archived", member="gsa-human", release=release
        )
        samples, people = (_ids(ana, done["dataset"], kind) for kind in ("sample", "individual"))
        assert len(samples) == 2 and all(a.startswith("HRS") for a in samples)
        assert all(not ana.get(f"/v1/records/{a}")["links"].get("biosample") for a in samples)
    finally:
        for name, function in down.items():
            aws("lambda").update_function_configuration(
                FunctionName=name, Environment={"Variables": _environment(function)}
            )
    for person in (nobody, li):
        assert person.call("GET", f"/v1/records/{people[0]}/below").status_code == 404
    assert {row["type"] for row in ana.get(f"/v1/records/{people[0]}/below")["items"]} == {
        "sample",
        "experiment",
        "run",
    }


def _environment(function: dict[str, Any]) -> dict[str, str]:
    return dict(function.get("Environment", {}).get("Variables", {}))


def _one_event() -> dict[str, Any]:
    body = {
        "detail": {
            "correlation_id": "c",
            "type": "DatasetReleased",
            "body": {"submission": "s", "dataset": "HRA000001"},
        }
    }
    return {"Records": [{"messageId": "1", "body": json.dumps(body)}]}


def test_sensitive_attributes_are_for_the_owner_and_staff_alone(
    study: dict[str, Any], ana: Person, li: Person, chen: Person, nobody: Person
) -> None:
    first = _ids(nobody, study["dataset"], "individual")[0]
    for person in (ana, chen):
        assert person.get(f"/v1/records/{first}")["attributes"].items() >= {**SECRETS, "attributes": OWN}.items()
    for person in (li, nobody):
        shown = person.get(f"/v1/records/{first}")
        assert not set(shown["attributes"]) & {*SECRETS, "attributes"} and shown["attributes"]["gender"] == "female"


def test_no_public_answer_holds_a_sensitive_value(study: dict[str, Any], nobody: Person) -> None:
    """Every public door of the dataset and of all inside it, searched as text."""
    dataset = study["dataset"]
    eventually(lambda: nobody.get(f"/v1/search?q={dataset}")["items"])
    inside = [a for kind in ("individual", "sample", "experiment", "run") for a in _ids(nobody, dataset, kind)]
    doors = [f"/v1/records/{a}{more}" for a in (dataset, *inside) for more in ("", "/versions", "/xml", "/uses")]
    doors += [f"/v1/records/{dataset}/objects/{kind}" for kind in ("individual", "sample", "experiment", "run")]
    doors += [f"/v1/records/{dataset}/xml?set={kind}" for kind in ("sample", "experiment", "run", "study")]
    doors += [f"/v1/records/{dataset}/{export}" for export in ("runs.csv", "files.tsv", "md5sums")]
    doors += [f"/v1/search?q={word}" for word in ("canary", "hobby", "lighthouse")]
    answers = [(door, nobody.call("GET", door)) for door in doors]
    assert sum(answer.status_code == 200 for _, answer in answers) > 20
    for door, answer in answers:
        assert "canary" not in answer.text.casefold().replace(door.casefold(), ""), door
        assert "lighthouse" not in answer.text, door
    for word in ("canary", "lighthouse"):
        assert nobody.get(f"/v1/search?q={word}")["items"] == []


def test_no_event_and_no_row_of_the_lake_holds_a_sensitive_value(
    study: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    client = aws("dynamodb")
    outbox = next(t for t in client.list_tables()["TableNames"] if "outbox" in t.casefold())
    rows = client.get_paginator("scan").paginate(TableName=outbox).search("Items")
    assert "canary" not in json.dumps(list(rows), default=str).casefold()


def test_controlled_files_lie_in_their_own_bucket_and_go_to_insiders_only(
    study: dict[str, Any], ana: Person, li: Person, nobody: Person, aws: Callable[[str], Any]
) -> None:
    dataset = study["dataset"]
    files = ana.get(f"/v1/records/{dataset}/files")["items"]
    assert len(files) == 4
    names = [b["Name"] for b in aws("s3").list_buckets()["Buckets"]]
    found = {}
    for name in names:
        if "archive" in name:
            for row in aws("s3").list_objects_v2(Bucket=name).get("Contents", []):
                if dataset in row["Key"]:
                    found.setdefault("controlled" if "controlled" in name else "open", []).append(row["Key"])
    assert set(found) == {"controlled"} and len(found["controlled"]) >= 4
    place = f"/v1/records/{dataset}/files/{files[0]['name']}"
    for person in (li, nobody):
        refused = person.call("GET", place)
        assert refused.status_code == 404 and refused.json()["rule"] == "access.controlled"
    told = ana.get(f"{place}?redirect=false")
    body = requests.get(told["url"], timeout=30).content
    assert (
        told["encrypted"] and body not in dict(READS).values() and told["size_bytes"] in map(len, dict(READS).values())
    )


def opened(person: Person, place: str, secret: bytes) -> bytes:
    """A file put together from its header and its body and decrypted with the reader's private key."""
    told = person.get(f"{place}?redirect=false")
    made = person.get(f"{place}/header")
    whole = base64.b64decode(made["header"]) + requests.get(told["url"], timeout=30).content
    return b"".join(decrypt([whole], [secret]))


def test_a_grant_opens_an_encrypted_file_to_its_holders_key_alone_until_it_is_revoked(
    study: dict[str, Any], ana: Person, li: Person, stack: Stack, nobody: Person
) -> None:
    dataset = study["dataset"]
    reader = newcomer(stack, nobody)
    mine, other = bytes([3]) * 32, bytes([4]) * 32
    text = public_text(public_key_of(mine))
    assert reader.call("PUT", "/v1/me/public-key", json={"public_key": text}).status_code == 200
    file = ana.get(f"/v1/records/{dataset}/files")["items"][0]
    place = f"/v1/records/{dataset}/files/{file['name']}"
    before = [reader.call("GET", place + more) for more in ("", "/header")]
    assert {a.status_code for a in before} == {404} and {a.json()["rule"] for a in before} == {"access.controlled"}
    number = granted(reader, ana, dataset)
    assert hashlib.sha256(opened(reader, place, mine)).hexdigest() == file["sha256"]
    with pytest.raises(Crypt4ghFault):
        opened(reader, place, other)
    assert li.call("GET", f"{place}/header").status_code == 404
    ana.post(f"/v1/access-grants/{number}/revoke", {"reason": "The purpose has changed."})
    after = [reader.call("GET", place + more) for more in ("", "/header")]
    assert [(a.status_code, a.json()["rule"]) for a in after] == [(a.status_code, a.json()["rule"]) for a in before]


def test_a_daily_run_gives_each_sample_a_biosample_that_everybody_finds(
    study: dict[str, Any], nobody: Person, stack: Stack
) -> None:
    accessions = _ids(nobody, study["dataset"], "sample")

    def synchronised() -> list[str]:
        stack.ticker.fire("SamplesDaily")
        links = [nobody.get(f"/v1/records/{a}")["links"] for a in accessions]
        return [number for found in links for number in found.get("biosample", [])]

    numbers = eventually(lambda: found if len(found := synchronised()) == len(accessions) else [])
    assert len(set(numbers)) == len(accessions) and synchronised() == numbers
    for accession, number in zip(accessions, numbers, strict=True):
        there = nobody.get(f"/v1/records/{number}")
        assert there["member"] == "biosample" and there["links"]["synchronised_from"] == [accession]
        assert there["attributes"]["attributes"] == {"source sample": accession, "controlled access": "yes"}
        assert "canary" not in json.dumps(there).casefold()
    assert eventually(lambda: nobody.get(f"/v1/search?q={numbers[0]}")["items"])


def test_a_family_is_checked_and_its_pedigree_is_for_its_owner_and_staff(
    ana: Person, li: Person, chen: Person, nobody: Person
) -> None:
    made = ana.post("/v1/submissions", {"member": "gsa-human", "title": "Parents and a child"})
    document, place = human_document("disease", people=3), f"/v1/submissions/{made['id']}"
    document["individuals"][0]["gender"] = "male"
    child = {"family": "F1", "individual": "P002", "father": "P001", "mother": "P000"}
    family = [{"family": "F1", "individual": "P000"}, {"family": "F1", "individual": "P001"}, child]
    document["study"] |= {"trios": "yes", "family": family}
    refused = ana.call("PUT", f"{place}/metadata", json=document)
    found = {(f["rule"], f["where"]) for f in refused.json()["findings"] if f["severity"] == "error"}
    assert refused.status_code == 422
    assert found == {("pedigree.parent_sex", f"/study/family/2/{role}") for role in ("father", "mother")}
    child |= {"father": "P000", "mother": "P001"}
    assert ana.call("PUT", f"{place}/metadata", json=document).status_code == 200
    answers = {ana.call("GET", f"{place}/pedigree").text, chen.call("GET", f"{place}/pedigree").text}
    (text,) = answers
    assert text.splitlines()[2] == "F1\tP002\tP000\tP001\t2\t2"
    assert (li.call("GET", f"{place}/pedigree").status_code, nobody.call("GET", f"{place}/pedigree").status_code) == (
        404,
        401,
    )


def test_a_run_cannot_take_a_sample_of_the_open_registry(ana: Person, study: dict[str, Any], nobody: Person) -> None:
    made = ana.post("/v1/submissions", {"member": "gsa", "title": "Borrowed"})
    sample = _ids(nobody, study["dataset"], "sample")[0]
    from tests.journeys.conftest import document

    wrong = document([("a.fq.gz", b"1")], "Borrowed sample")
    for entry in wrong["experiments"]:
        entry["sample"] = sample
    refused = ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=wrong)
    rules = {f["rule"] for f in refused.json()["findings"] if f["where"].startswith("/experiments/0/sample")}
    assert refused.status_code == 422 and rules & {"metadata.reference_type", "metadata.taxon_elsewhere"}


def test_an_omix_record_has_a_number_for_each_file(ana: Person, chen: Person, nobody: Person) -> None:
    files = [("metabolites.day1.csv", b"id,day,value\nP1,1,2.5\n"), ("spectra.tar", b"x" * 2048), ("peaks.zip", _zip())]
    done = accepted(ana, chen, omix_document(files, title="Plasma of journeys"), files, member="omix")
    dataset = done["dataset"]
    assert dataset.startswith("OMIX") and done["access"] == "open"
    rows = nobody.get(f"/v1/records/{dataset}/objects/file")["items"]
    assert [row["accession"] for row in rows] == [f"{dataset}-{n:02}" for n in (1, 2, 3)]
    for (name, body), row in zip(files, rows, strict=True):
        shown = nobody.get(f"/v1/records/{row['accession'].lower()}")
        (file,) = shown["files"]
        assert file["name"] == row["accession"] + "." + name.rpartition(".")[2] and file["original_name"] == name
        for at in (dataset, row["accession"]):
            link = nobody.get(f"/v1/records/{at}/files/{file['name']}?redirect=false")
            assert requests.get(link["url"], timeout=30).content == body and link["md5"] == file["md5"]
        resolved = nobody.call("GET", f"/r/{row['accession']}")
        assert resolved.status_code == 302 and resolved.headers["Location"].endswith(row["accession"])


def test_data_of_other_species_cannot_be_controlled(ana: Person) -> None:
    made = ana.post("/v1/submissions", {"member": "omix", "title": "Rice leaves", "access": "controlled"})
    rice = omix_document([("a.csv", b"a,b\n")], (4530, "Oryza sativa"))
    refused = ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=rice)
    assert refused.status_code == 422 and {f["rule"] for f in refused.json()["findings"]} >= {"access.organism"}
    assert ana.call("PUT", f"/v1/submissions/{made['id']}/access", json={"access": "open"}).status_code == 200
    assert ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=rice).status_code == 200
    assert ana.call("PUT", f"/v1/submissions/{made['id']}/access", json={"access": "controlled"}).status_code == 200
    refused = ana.call("POST", f"/v1/submissions/{made['id']}/submit")
    assert refused.status_code == 422 and refused.json()["findings"][0]["rule"] == "access.organism"
    wait_for(ana, made["id"], "draft")


def test_a_withdrawn_person_is_nowhere_and_the_report_proves_it(
    study: dict[str, Any], ana: Person, li: Person, chen: Person, nobody: Person, stack: Stack
) -> None:
    dataset = study["dataset"]
    person = _ids(ana, dataset, "individual")[1]
    (sample,) = ana.get(f"/v1/records/{person}")["links"]["sample"]
    (experiment,) = ana.get(f"/v1/records/{sample}")["links"]["experiment"]
    (run,) = ana.get(f"/v1/records/{experiment}")["links"]["run"]
    files = ana.get(f"/v1/records/{run}/files")["items"]
    link = ana.get(f"/v1/records/{run}/files/{files[0]['name']}?redirect=false")["url"]
    numbers = ana.get(f"/v1/records/{sample}")["links"].get("biosample", [])
    place = f"/v1/records/{person}/consent-withdrawal"
    for stranger in (li, nobody):
        assert stranger.call("POST", place).status_code in (401, 404)
    assert ana.call("POST", f"/v1/records/{sample}/consent-withdrawal").json()["rule"] == "consent.no_person"
    assert ana.call("POST", place).status_code == 202
    proof = eventually(lambda: p if (p := ana.get(place))["state"] == "done" else None)
    assert proof["proved"] and ana.call("POST", place).json()["state"] == "done"
    assert {row["accession"] for row in proof["records"]} == {person, sample, experiment, run}
    what = [row["what"] for row in proof["objects"]]
    assert what.count("archived file") == what.count("uploaded file") == what.count("statistics") == 2
    assert "report" in what
    assert requests.get(link, timeout=30).status_code in (403, 404)
    for accession in (person, sample, experiment, run):
        assert nobody.call("GET", f"/v1/records/{accession}").status_code == 410
        assert ana.get(f"/v1/records/{accession}")["attributes"] == {}
    assert len(_ids(nobody, dataset, "run")) == 1
    stack.ticker.fire("SamplesDaily")
    for number in numbers:
        eventually(lambda number=number: nobody.call("GET", f"/v1/records/{number}").status_code == 410)
    eventually(lambda: not nobody.get(f"/v1/search?q={run}")["items"])
    rows = ana.get(f"/v1/submissions/{study['id']}/objects?type=individual")["items"]
    assert [bool(row["attributes"]) for row in rows] == [True, False]


def _zip() -> bytes:
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("peaks.txt", "1\t2\n")
    return made.getvalue()
