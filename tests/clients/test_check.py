"""`biotheca check` and `submit` on folders of workbooks and tables, without an archive."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import openpyxl
import pytest

from biotheca.qc import check_file
from biotheca.workbooks import writing
from biotheca.workbooks.plain import tables_of
from biotheca_client import Client
from tests.clients.archive_double import Archive
from tests.clients.conftest import CommandLine
from tests.journeys.conftest import tiny_fastq
from tests.unit.qc import defects_bam, defects_other, defects_text
from tests.unit.workbooks.making import MEMBER, document, filled

READS = {f"reads_{n}.fastq.gz": tiny_fastq(seed=n, mate=n) for n in (1, 2)}
GENERAL = {"title": "Rice under drought", "release": "2027-01-31"}


@pytest.fixture
def alone(tmp_path: Path) -> CommandLine:
    """A command line whose archive does not answer."""
    return CommandLine(tmp_path / "home", "http://127.0.0.1:9")


def described() -> dict[str, object]:
    """A document whose files' MD5 are left to the client."""
    whole = document()
    whole["runs"][0]["files"] = [{"name": name} for name in READS]
    return whole


def folder_of(path: Path, form: str) -> Path:
    """The same submission as a workbook, as tables or as JSON, with its reads."""
    path.mkdir()
    for name, data in READS.items():
        (path / name).write_bytes(data)
    if form == "xlsx":
        (path / "submission.xlsx").write_bytes(writing.template(MEMBER, document=described(), general=GENERAL))
    elif form == "tsv":
        for name, text in tables_of(MEMBER, document=described(), general=GENERAL).items():
            (path / name).write_text(text)
    else:
        release = {"mode": "on_date", "date": GENERAL["release"]}
        whole = {"member": MEMBER.id, "title": GENERAL["title"], "release": release, "metadata": described()}
        (path / "submission.json").write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize("form", ["json", "xlsx", "tsv"])
def test_a_right_folder_is_ready_in_each_form(alone: CommandLine, tmp_path: Path, form: str) -> None:
    ran = alone("check", str(folder_of(tmp_path / "f", form)), "--json")
    assert ran.code == 0, ran.out
    assert ran.json["metadata"]["verdict"] == "taken" and ran.json["findings"] == []
    assert [r["verdict"] for r in ran.json["reports"]] == ["sound", "sound"]


def test_the_three_forms_are_sent_as_the_same_submission(archive: Archive, client: Client, tmp_path: Path) -> None:
    sent = []
    for form in ("json", "xlsx", "tsv"):
        done = client.submit_folder(folder_of(tmp_path / form, form))
        stored = archive.submissions[done["id"]]
        sent.append((stored["metadata"], stored["title"], stored["release"]))
    assert sent[0] == sent[1] == sent[2]
    assert sent[0][1:] == ("Rice under drought", {"mode": "on_date", "date": "2027-01-31"})


def test_a_second_run_on_a_workbook_continues_the_same_submission(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "f", "xlsx")
    assert client.submit_folder(folder)["id"] == client.submit_folder(folder)["id"]
    assert len(archive.submissions) == 1


def test_an_error_in_a_workbook_is_told_with_its_cell_and_marked_in_the_copy(
    alone: CommandLine, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "f", "xlsx")
    book = openpyxl.load_workbook(folder / "submission.xlsx")
    book["Experiment"]["A3"] = "not an alias!"
    book.save(folder / "submission.xlsx")
    ran = alone("check", str(folder), "--json", "--annotate", str(tmp_path / "out.xlsx"))
    assert ran.code == 1
    (found,) = [f for f in ran.json["metadata"]["findings"] if f["rule"] == "metadata.alias"]
    assert found["facts"]["sheet"] == "Experiment" and found["facts"]["cell"] == "A3"
    marked = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert marked.sheetnames[0] == "Findings"
    assert "metadata.alias" in marked["Experiment"]["A3"].comment.text
    assert "Experiment A" in alone("check", str(folder)).out


def test_the_reads_of_a_folder_get_the_report_that_the_file_check_gives(alone: CommandLine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "f", "xlsx")
    spoilt = gzip.compress(b"@r\nACXT\n+\nIII\n")[:-4]
    (folder / "reads_2.fastq.gz").write_bytes(spoilt)
    ran = alone("check", str(folder), "--json")
    assert ran.code == 1
    job = check_file([spoilt], None, "fastq", "reads_2.fastq.gz").as_dict()
    assert {**ran.json["reports"][1], "seconds": 0} == {**job, "seconds": 0}
    assert json.dumps(ran.json["reports"][1]["findings"]) == json.dumps(job["findings"]) and job["findings"]


def test_a_workbook_that_names_no_database_asks_for_it(alone: CommandLine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "f", "xlsx")
    (folder / "submission.xlsx").write_bytes(filled(lambda book: book.remove(book["General"])))
    ran = alone("check", str(folder))
    assert ran.code == 2 and "--member" in ran.err
    assert alone("check", str(folder), "--member", MEMBER.id, "--json").json["metadata"]["verdict"] == "taken"


def test_a_file_that_is_no_workbook_is_one_clear_fault(alone: CommandLine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "f", "xlsx")
    (folder / "submission.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    ran = alone("check", str(folder))
    assert ran.code == 1 and "Excel 97-2003" in ran.err and ".xlsx" in ran.err


def test_a_marked_workbook_can_be_mended_and_checked_again(alone: CommandLine, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "f", "xlsx")
    book = openpyxl.load_workbook(folder / "submission.xlsx")
    book["Experiment"]["A3"] = "not an alias!"
    book.save(folder / "submission.xlsx")
    alone("check", str(folder), "--annotate", str(tmp_path / "out.xlsx"))
    marked = openpyxl.load_workbook(tmp_path / "out.xlsx")
    marked["Experiment"]["A3"] = "e1"
    out = io.BytesIO()
    marked.save(out)
    (folder / "submission.xlsx").write_bytes(out.getvalue())
    assert alone("check", str(folder), "--json").json["metadata"]["verdict"] == "taken"


def _sound(cases: dict[str, tuple[bytes, str | None, str]]) -> bytes:
    return next(stored for stored, rule, _ in cases.values() if rule is None)


# Type -> name, a sound file of it, and what the archive of reads says of a run of it.
OF_EVERY_FORMAT = {
    "bam": ("a.bam", _sound(defects_bam.CASES), "taken"),
    "cram": ("a.cram", _sound(defects_other.CRAM_CASES), "taken"),
    "10x": ("a.tar", _sound(defects_other.TAR_CASES), "taken"),
    "OxfordNanopore_native": ("a.tar.gz", _sound(defects_other.NANOPORE_CASES), "taken"),
    "fasta": ("a.fa", _sound(defects_text.FASTA_CASES), "refused"),
    "vcf": ("a.vcf", _sound(defects_text.VCF_CASES), "refused"),
}


@pytest.mark.parametrize("kind", OF_EVERY_FORMAT)
def test_a_file_of_every_format_is_read_and_what_is_no_such_file_is_unsound(
    kind: str, alone: CommandLine, tmp_path: Path
) -> None:
    name, stored, said = OF_EVERY_FORMAT[kind]
    metadata = document()
    metadata["runs"][0] |= {"file_type": kind, "files": [{"name": name}]}
    whole = {"member": MEMBER.id, "title": "t", "release": {"mode": "immediately"}, "metadata": metadata}
    (tmp_path / "submission.json").write_text(json.dumps(whole))
    (tmp_path / name).write_bytes(stored)
    ran = alone("check", str(tmp_path), "--json")
    assert [(r["format"], r["verdict"]) for r in ran.json["reports"]] == [(kind, "sound")]
    assert ran.json["metadata"]["verdict"] == said, ran.out
    assert (ran.code == 0) is (said == "taken")
    (tmp_path / name).write_bytes(b"hello\n")
    ran = alone("check", str(tmp_path), "--json")
    assert ran.code == 1 and ran.json["reports"][0]["verdict"] == "unsound"
