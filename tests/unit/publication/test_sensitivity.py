"""Every class of file at every path that a file's bytes, name or counts could take out of the archive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pytest

from biotheca import catalog
from biotheca.access.grants import Granted
from biotheca.accounts.model import Person
from biotheca.curation.rules import fingerprint
from biotheca.errors import NotFound
from biotheca.publication import exchange, reviews, sensitivity, service
from biotheca.publication.model import Door
from biotheca.publication.store import Archive
from biotheca.search import service as searching
from biotheca.submissions.model import ArchiveObject, DataFile, State, Submission
from biotheca.submissions.rules.sensitivity import class_of
from tests.unit.access.making import WANG, Desk, desk
from tests.unit.lake.test_service import Lake
from tests.unit.members.human import human_document, omix_document
from tests.unit.world import ANA, CHEN, LI, World

HARMLESS = {
    "human": False,
    "level": "none",
    "kind": "sequence",
    "cell_line": False,
    "human_read_share": 0.0,
    "private_findings": 0,
    "release_gate_open": True,
}
# class -> (access mode of its dataset, facts of the file)
MADE: dict[str, tuple[str, dict[str, Any]]] = {
    "open": ("open", HARMLESS),
    "registered": ("registered", HARMLESS),
    "controlled": ("controlled", HARMLESS),
    "controlled, though its dataset is open": ("open", HARMLESS | {"human_read_share": 0.3}),
    "restricted": ("controlled", HARMLESS | {"private_findings": 1}),
    "restricted, though its dataset is open": ("open", HARMLESS | {"private_findings": 2}),
}
# class -> who gets a link: nobody signed in, a stranger who is, the holder of a grant, the owner, staff before they
# wrote why (tests/unit/access/test_glass.py: what follows)
DOWNLOAD = {
    "open": (True, True, True, True, True),
    "registered": (False, True, True, True, True),
    "controlled": (False, False, True, True, False),
    "restricted": (False, False, False, True, False),
}
LISTED = {name: (*row[:4], True) for name, row in DOWNLOAD.items()}  # staff see what there is
READERS: tuple[Person | None, ...] = (None, LI, WANG, ANA, CHEN)


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A released dataset for which WANG holds a grant; its member offers all three modes."""
    made = desk(world, monkeypatch)
    made.vote(ANA, made.asked(WANG).number)
    row = catalog.members()["gsa"]
    monkeypatch.setitem(catalog.members(), "gsa", replace(row, access_modes=("open", "registered", "controlled")))
    return made


def run_of(here: Desk, name: str) -> str:
    """The run of the dataset, its file and mode made so that the file is of a class."""
    mode, facts = MADE[name]
    records = here.world.records
    dataset = records.get(here.dataset)
    assert dataset
    records.save(dataset, replace(dataset, access=mode), event="x", words="x", actor="x")
    (run,) = records.inside(here.dataset, "run", 5, None)[0]
    (file,) = run.files
    beside = {"name": f"{run.accession}_statistics.json", "key": "s", "size_bytes": 1, "md5": "0", "sha256": "0"}
    kept = file | {"name": f"{run.accession}_f1.fastq.gz", "reads": 9, "statistics": beside, "facts": facts}
    records.save(run, replace(run, files=[kept]), event="x", words="x", actor="x")
    return run.accession


@pytest.mark.parametrize("name", MADE)
def test_a_file_is_linked_to_those_alone_whom_its_class_lets_have_it(here: Desk, name: str) -> None:
    run, records, granted = run_of(here, name), here.world.records, Granted(here.store)
    archive = Archive("inbox", "open")
    for accession in (run, here.dataset):
        for file in (f"{run}_f1.fastq.gz", f"{run}_statistics.json"):
            for reader, may in zip(READERS, DOWNLOAD[name.partition(",")[0]], strict=True):
                try:
                    told = service.download(records, archive, reader, accession, file, granted)
                except NotFound:
                    assert not may, (reader, file)
                else:
                    assert may and told["url"], (reader, file)


@pytest.mark.parametrize("name", MADE)
def test_lists_of_files_hold_those_that_the_reader_may_have(here: Desk, name: str) -> None:
    run, records, granted = run_of(here, name), here.world.records, Granted(here.store)
    for reader, may in zip(READERS, LISTED[name.partition(",")[0]], strict=True):
        for accession in (run, here.dataset):
            try:
                found, _ = service.files(records, reader, accession, 10, None, granted)
            except NotFound:
                found = []
            assert bool(found) is may, (reader, accession)


@pytest.mark.parametrize("name", MADE)
def test_lake_mirror_and_search_hold_no_file_that_its_class_keeps_from_them(here: Desk, name: str) -> None:
    run, world = run_of(here, name), here.world
    lake = Lake(world)
    lake.load(here.dataset)
    rows = [row["file_name"] for row in lake.tables["qc_files"].rows]
    found = class_of(MADE[name][1] | {"access": MADE[name][0]})
    assert (rows == [f"{run}_f1.fastq.gz"]) is found.lake and found.lake is (found.name in ("open", "registered"))
    text, _ = exchange.xml(world.records, None, run, "run", 10, None)
    assert (b"_f1.fastq.gz" in text) is (found.name == "open")
    searching.refresh(world.index, world.records, here.dataset)
    assert [hit["accession"] for hit in searching.find(world.index, run, 5, None)[0]] == [
        run
    ]  # what it is stays public
    for word in ("fastq", "r1_statistics.json", "private_findings"):
        assert searching.find(world.index, word, 5, None)[0] == [], word


@pytest.mark.parametrize("name", MADE)
def test_a_reviewers_link_shows_only_what_everybody_will_have(here: Desk, name: str) -> None:
    run, records = run_of(here, name), here.world.records
    dataset = records.get(here.dataset)
    assert dataset
    link = {"data": True}
    try:
        found, _ = reviews.files(records, dataset, link, 10, None)
        reviews.download(records, Archive("inbox", "open"), dataset, link, f"{run}_f1.fastq.gz")
    except NotFound:
        found = []
    assert bool(found) is (name == "open")


@pytest.mark.parametrize("mode", ["open", "controlled"])
@pytest.mark.parametrize("gate_open", [True, False])
def test_a_class_decides_on_bucket_and_encryption_when_a_file_is_archived(mode: str, gate_open: bool) -> None:
    file = DataFile("f", "r1.fastq.gz", "r1", 0, "0", "fastq")
    for name, document, sealed in (
        ("gsa-human", human_document("disease"), ["controlled"]),
        ("omix", omix_document([("a.csv", b"1")]), []),
        ("gsa", {"study": {"alias": "st1", "title": "x"}}, []),
    ):
        member = catalog.members()[name]
        study = ArchiveObject("study", "s", {k: v for k, v in document["study"].items() if k != "alias"})
        held = Submission("s", name, "ana", "t", State.ACCEPTED, "immediately", None, "", "")
        facts = sensitivity.facts_of_file(member, study, held, file, gate_open)
        assert set(facts) | {"access"} == set(catalog.sensitivity()["facts"])  # nothing is left unknown
        found = sensitivity.of_file({"facts": facts}, mode, released=False)
        people = name != "gsa"
        wanted = "restricted" if people and not gate_open else mode
        assert (found.name, found.bucket == "open_archive") == (wanted, wanted == "open"), name
        assert sensitivity.is_sealed(member, mode, found) is (mode in sealed)
        assert sensitivity.of_file({"facts": facts}, mode, released=True).name == mode  # what is public passed its gate


def test_what_no_curator_let_pass_is_restricted_and_what_one_did_is_not() -> None:
    told = {"rule": "privacy.direct", "where": "a.csv:1", "severity": "warning"}
    file = DataFile("f", "a.csv", "a", 0, "0", "csv", findings=[told])
    member = catalog.members()["omix"]
    study = ArchiveObject("study", "s", omix_document([("a.csv", b"1")])["study"])
    held = Submission("s", "omix", "ana", "t", State.ACCEPTED, "immediately", None, "", "")
    for approved, wanted in (([], "restricted"), ([fingerprint(told)], "open")):
        facts = sensitivity.facts_of_file(member, study, replace(held, approved=approved), file, True)
        assert sensitivity.of_file({"facts": facts}, "open", True).name == wanted


def test_reads_of_people_among_others_are_controlled_unless_a_curator_let_them_pass() -> None:
    told = {"rule": "qc.human_reads", "where": "r1", "severity": "warning"}
    many = {"reads": 200_000, "marker_reads": 150_000, "bases": 30_000_000}
    member = catalog.members()["gsa"]
    held = Submission("s", "gsa", "ana", "t", State.ACCEPTED, "immediately", None, "", "")
    study = ArchiveObject("study", "s", {})
    for screen, approved, wanted in (
        (many, [], "controlled"),
        (many, [fingerprint(told)], "open"),
        (many | {"marker_reads": 0}, [], "open"),
    ):
        file = DataFile("f", "r1.fastq.gz", "r1", 0, "0", "fastq", screen=screen, findings=[told])
        facts = sensitivity.facts_of_file(member, study, replace(held, approved=approved), file, True)
        assert sensitivity.of_file({"facts": facts}, "open", True).name == wanted


def test_the_row_of_a_member_reads_nothing_but_its_dataset_so_that_each_file_costs_the_same() -> None:
    for member in catalog.members().values():
        if member.has_files:
            known = set(catalog.sensitivity()["facts"])
            besides = {"access", "human_read_share", "private_findings", "release_gate_open"}
            assert set(member.sensitivity) == known - besides
        for row in member.sensitivity.values():
            place = row.get("of") or row.get("taxa") or member.dataset
            assert place.partition(".")[0] == member.dataset
            if "terms" in row:
                owner, name = row["of"].split(".")
                vocabulary = member.object_type(owner).fields[name].vocabulary
                assert vocabulary and set(row["terms"]) <= set(catalog.vocabulary(vocabulary))


def test_what_was_archived_before_there_were_classes_has_the_class_of_its_mode() -> None:
    for mode in ("open", "registered", "controlled"):
        assert sensitivity.of_file({"name": "old.bam"}, mode, True).name == mode


def test_the_files_of_a_class_go_to_the_real_bucket_of_its_kind(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setenv("BIOTHECA_CONTROLLED_ARCHIVE_BUCKET", "controlled")
    for bucket in ("inbox", "open", "controlled"):
        boto3.client("s3").create_bucket(Bucket=bucket)
    archive = Archive("inbox", "open")
    for row in catalog.sensitivity()["classes"].values():
        wanted = "open" if row["access"] == "everybody" else "controlled"
        assert archive.of(row["bucket"]).bucket == wanted


def test_a_door_that_asks_for_files_knows_the_mode_of_those_who_signed_in(here: Desk) -> None:
    run_of(here, "registered")
    assert service.visible(here.world.records, LI, here.dataset, Door.FILES)
    with pytest.raises(NotFound):
        service.visible(here.world.records, None, here.dataset, Door.FILES)
