"""What readers do with a released dataset: lists, digests by md5sum, statistics, citation, certificate, look-ups."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.bringing import accepted, handed_in
from tests.journeys.conftest import Person, document, eventually, send, tiny_fastq
from tests.journeys.test_journey import Cli

ENCODING = "Sanger, Illumina 1.8+"
# The header of the original archive's list of runs, letter by letter.
HEADER = (
    "Run,Center,ReleaseDate,FileType,FileName,FileSize,Download_path,Experiment,Title,LibraryName,LibraryStrategy,"
    "LibrarySelection,LibrarySource,LibraryLayout,InsertSize,InsertDev,Platform,BioProject,BioSample,SampleType,TaxID,"
    "ScientificName,SampleName,Submission,Organization"
)


@pytest.fixture(scope="module")
def public(ana: Person, chen: Person) -> dict[str, Any]:
    """A released dataset of one paired run, whose project names a grant."""
    files = [(f"use_{mate}.fastq.gz", tiny_fastq(seed=151, mate=mate)) for mate in (1, 2)]
    made = document(files, "Used by readers")
    made["project"]["grants"] = [{"agency": "Example Foundation", "number": "3200-1517a"}]
    return accepted(ana, chen, made, files)


def test_files_have_published_names_and_md5sum_itself_confirms_them(
    public: dict[str, Any], stack: Stack, tmp_path: Path
) -> None:
    cli, run = Cli(tmp_path / "reader", stack.front_url), public["accessions"]["run/r1"]
    listed = cli.run("listing", public["dataset"], "md5sum.txt")
    assert {line.split("  ")[1] for line in listed.splitlines()} == {f"{run}/{run}_f1.fq.gz", f"{run}/{run}_r2.fq.gz"}
    cli.run("download", public["dataset"], "--to", str(tmp_path / "data" / run))
    (tmp_path / "data" / "md5sum.txt").write_text(listed)
    done = subprocess.run(["md5sum", "-c", "--strict", "md5sum.txt"], cwd=tmp_path / "data", capture_output=True)
    assert done.returncode == 0 and done.stdout.count(b": OK") == 2, done


def test_the_list_of_runs_has_the_originals_header_and_a_row_for_every_file(
    public: dict[str, Any], nobody: Person
) -> None:
    text = nobody.call("GET", f"/v1/records/{public['dataset']}/runs.csv").text
    assert text.splitlines()[0] == HEADER
    rows = list(csv.DictReader(io.StringIO(text)))
    run = public["accessions"]["run/r1"]
    assert [r["FileName"] for r in rows] == [f"{run}_f1.fq.gz", f"{run}_r2.fq.gz"]
    assert {r["BioProject"] for r in rows} == {public["accessions"]["project/p1"]}
    assert {r["BioSample"] for r in rows} == {public["accessions"]["sample/s1"]}


def test_a_run_has_its_statistics_in_json_and_xml(public: dict[str, Any], nobody: Person) -> None:
    run = public["accessions"]["run/r1"]
    as_json = nobody.call("GET", f"/v1/records/{run}/statistics")
    assert f"{run}_sta.json" in as_json.headers["Content-Disposition"]
    assert '"reads": 20' in json.dumps(as_json.json())
    assert {f["measured"]["encoding"] for f in nobody.get(f"/v1/records/{run}/files")["items"]} == {ENCODING}
    beside = nobody.call("GET", f"/v1/records/{public['dataset']}/files/{run}_f1_statistics.json")
    counted = requests.get(beside.headers["Location"], timeout=30).json()
    assert (counted["run"], counted["file"], counted["reads"]) == (run, f"{run}_f1.fq.gz", 20)
    assert sum(counted["statistics"]["read_quality"]) == 20 and counted["encoding"] == ENCODING
    listed = nobody.call("GET", f"/v1/records/{public['dataset']}/files.tsv").text
    assert f"{run}_f1_statistics.json" in listed and f"{run}_r2_statistics.json" in listed
    as_xml = nobody.call("GET", f"/v1/records/{run}/statistics?format=xml")
    assert f"{run}_sta.xml" in as_xml.headers["Content-Disposition"]
    assert ElementTree.fromstring(as_xml.text) is not None and 'reads="20"' in as_xml.text


def test_every_record_is_cited_in_five_formats(public: dict[str, Any], nobody: Person) -> None:
    for accession in public["accessions"].values():
        place = f"/v1/records/{accession}/citation?format="
        told = {name: nobody.call("GET", place + name).text for name in ("text", "bibtex", "ris", "csl", "datacite")}
        assert all(accession in text for text in told.values())
        assert told["bibtex"].startswith("@") and told["bibtex"].count("{") == told["bibtex"].count("}")
        assert told["ris"].startswith("TY  - ") and told["ris"].rstrip().endswith("ER  -")
        assert json.loads(told["csl"]) and json.loads(told["datacite"])


def test_a_certificate_is_confirmed_by_its_code(public: dict[str, Any], nobody: Person, stack: Stack) -> None:
    page = nobody.call("GET", f"/v1/records/{public['dataset']}/certificate").text
    codes = [c for c in re.findall(r"\b[2-9A-HJ-NP-Z]{20}\b", page)]
    assert codes, page
    confirmed = nobody.get(f"/v1/certificates/{codes[0]}")
    assert (confirmed["accession"], confirmed["title"]) == (public["dataset"], "Used by readers")
    assert nobody.call("GET", f"/v1/certificates/{codes[0][::-1]}").status_code == 404


def test_grants_and_articles_lead_to_the_dataset(
    public: dict[str, Any], nobody: Person, stack: Stack, tmp_path: Path
) -> None:
    assert [r["accession"] for r in nobody.get("/v1/grants/32001517A")["items"]] == [public["dataset"]]
    cli = Cli(tmp_path / "ana", stack.front_url)
    cli.run("login", "--email", PEOPLE[0].email, "--password-stdin", given=PEOPLE[0].password + "\n")
    cli.run("publications", "add", public["dataset"], "--doi", "https://doi.org/10.1000/Use.151")
    found = nobody.get("/v1/publications?doi=10.1000/use.151")["items"]
    assert [r["accession"] for r in found] == [public["dataset"]]
    (article,) = json.loads(cli.run("publications", "list", public["dataset"], "--json"))["items"]
    cli.run("publications", "remove", public["dataset"], article["id"])
    assert nobody.get("/v1/publications?doi=10.1000/use.151")["items"] == []
    assert public["dataset"] in cli.run("records", "--type", "study", "--visibility", "public")


def test_missing_and_surplus_files_are_told(ana: Person, aws: Callable[[str], Any]) -> None:
    files = [(f"missing_{mate}.fastq.gz", tiny_fastq(seed=152, mate=mate)) for mate in (1, 2)]
    made = handed_in(ana, document(files, "One is missing"), files[:0])
    place = f"/v1/submissions/{made['id']}/reception"
    assert [f["name"] for f in ana.get(place)["missing"]] == [name for name, _ in files]
    send(ana, made["files"][0]["id"], files[0][1])
    told = eventually(lambda: (found := ana.get(place))["arrived"] == 1 and found)
    assert [f["name"] for f in told["missing"]] == [files[1][0]] and told["expected"] == 2
    inbox = next(b["Name"] for b in aws("s3").list_buckets()["Buckets"] if "inbox" in b["Name"].lower())
    aws("s3").put_object(Bucket=inbox, Key=f"submissions/{made['id']}/stray.fastq.gz", Body=b"not named")
    told = eventually(lambda: (found := ana.get(place))["surplus"] and found)
    assert [f["name"] for f in told["surplus"]] == ["stray.fastq.gz"] and told["arrived"] == 1


def _at_a_terminal(stack: Stack, home: Path, number: int) -> Cli:
    """An example person, signed in."""
    cli, person = Cli(home / str(number), stack.front_url), PEOPLE[number]
    cli.run("login", "--email", person.email, "--password-stdin", given=person.password + "\n")
    return cli


def test_an_author_and_a_curator_do_all_of_it_at_a_terminal(
    public: dict[str, Any], stack: Stack, tmp_path: Path
) -> None:
    ana, chen = _at_a_terminal(stack, tmp_path, 0), _at_a_terminal(stack, tmp_path, 2)
    dataset, sample = public["dataset"], public["accessions"]["sample/s1"]
    assert dataset in ana.run("cite", dataset, "--format", "bibtex")
    ana.run("certificate", dataset, "--to", str(tmp_path))
    assert dataset in (tmp_path / f"{dataset}_certificate.html").read_text()
    asked = json.loads(ana.run("correct", sample, "strain=K-12", "--reason", "Wrong strain", "--json"))
    assert asked["id"] in chen.run("corrections")
    chen.run("decide-correction", sample, asked["id"], "accept")
    assert ana.run("difference", sample, "1", "2").strip() == "strain: synthetic -> K-12"
    assert len(json.loads(ana.run("versions", sample, "--json"))["items"]) == 2
    link = json.loads(ana.run("reviewer-link", "new", dataset, "--label", "A journal", "--json"))
    listed = ana.run("reviewer-link", "list", dataset)
    assert link["id"] in listed and link["token"] not in listed
    ana.run("reviewer-link", "revoke", dataset, link["id"])
    assert "revoked" in ana.run("reviewer-link", "list", dataset)
    assert "2 of 2 file(s) are there." in ana.run("reception", public["id"])
    ana.run("release", dataset, code=2)  # when?
    assert json.loads(ana.run("release", dataset, "--dry-run", "--json"))["items"][0]["count"] == 0
    ana.run("release", dataset, "--on", "2027-01-01", code=1)  # it is public already
    assert "sample.description" in chen.run("reasons")
