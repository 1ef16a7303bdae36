"""Records of a submission: links between accessions, published names, keys; what the public never sees."""

from __future__ import annotations

from dataclasses import replace

from biotheca import catalog
from biotheca.publication.rules import archive_key, published_name, records_of
from biotheca.submissions.model import ArchiveObject, DataFile, State, Submission

GSA = catalog.members()["gsa"]


def file(position: int, container: str = "gzip") -> DataFile:
    archived = {"name": f"CRR000001_{position}", "bucket": "b", "key": "k", "version_id": "v", "md5": "m"}
    return DataFile(f"f{position}", "x.fq", "r1", position, "m" * 32, "fastq", container=container, archived=archived)


def records() -> dict[str, object]:
    submission = Submission("sub_1", "gsa", "ana", "t", State.ACCEPTED, "immediately", None, "now", "now")
    objects = [
        ArchiveObject("project", "p", {"title": "P"}, 0, "PRJCA000001"),
        ArchiveObject("sample", "s", {"title": "S"}, 0, "SAMC000001"),
        ArchiveObject("study", "st", {"title": "St", "project": "p"}, 0, "CRA000001"),
        ArchiveObject("experiment", "e", {"title": "E", "sample": "s"}, 0, "CRX000001"),
        ArchiveObject("run", "r1", {"title": "R", "experiment": "e"}, 0, "CRR000001", ["f0", "f1"]),
    ]
    return {r.type: r for r in records_of(GSA, submission, objects, [file(0), file(1)])}


def test_links_lead_both_ways_except_from_a_dataset_down() -> None:
    links = {kind: r.links for kind, r in records().items()}  # type: ignore[attr-defined]
    assert links["run"] == {"experiment": ["CRX000001"], "study": ["CRA000001"]}
    assert links["experiment"] == {"run": ["CRR000001"], "sample": ["SAMC000001"], "study": ["CRA000001"]}
    assert links["sample"] == {"experiment": ["CRX000001"]}
    assert links["study"] == {"project": ["PRJCA000001"]}
    assert links["project"] == {"study": ["CRA000001"]}


def test_only_the_objects_of_the_dataset_wait_for_its_release() -> None:
    assert {kind: r.dataset for kind, r in records().items()} == {  # type: ignore[attr-defined]
        "project": None,
        "sample": None,
        "study": "CRA000001",
        "experiment": "CRA000001",
        "run": "CRA000001",
    }


def test_the_public_view_shows_no_owner_submission_or_storage_place() -> None:
    for record in records().values():
        text = repr(record.public_view())  # type: ignore[attr-defined]
        for private in ("ana", "sub_1", "'bucket'", "'key'", "version_id"):
            assert private not in text


def test_published_names_follow_the_original_archives() -> None:
    run = GSA.object_type("run")
    assert published_name(run, "CRR000001", file(0)) == "CRR000001_f1.fq.gz"
    assert published_name(run, "CRR000001", file(1, "bgzf")) == "CRR000001_r2.fq.gz"
    assert published_name(run, "CRR000001", file(0, "plain")) == "CRR000001_f1.fq"
    assert published_name(run, "CRR000001", file(0, "bzip2")) == "CRR000001_f1.fq.bz2"


def test_the_published_name_of_bam_says_nothing_of_its_blocks() -> None:
    run = GSA.object_type("run")
    assert published_name(run, "CRR000001", replace(file(0, "bgzf"), format="bam")) == "CRR000001_f1.bam"
    assert archive_key(GSA, "CRA000123", "CRR000001", "n") == "123/gsa/CRA000123/CRR000001/n"
