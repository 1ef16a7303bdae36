"""Submitting a folder: one command, run as often as it takes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from biotheca_client import Client, NotFound, Refused, WrongUse
from tests.clients.archive_double import Archive
from tests.clients.conftest import CommandLine, reads_folder
from tests.journeys.conftest import document as one_run

READS = [
    ("a.fq", b"".join(b"@r%d\nACGT\n+\nIIII\n" % n for n in range(400))),
    ("b.fq", b"".join(b"@r%d\nA\n+\nI\n" % n for n in range(400))),
]


def test_a_folder_becomes_a_submission_with_md5_and_size_filled_in(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    done = client.submit_folder(folder)
    sent = archive.submissions[done["id"]]["metadata"]["runs"][0]["files"]
    assert sent == [{"name": n, "md5": hashlib.md5(d).hexdigest(), "size_bytes": len(d)} for n, d in READS]
    assert all(archive.bytes_of(done["id"], name) == data for name, data in READS)
    assert done["state"] == "submitted"


def test_a_second_run_continues_the_same_submission_and_sends_nothing(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    first = client.submit_folder(folder)
    tries = archive.put_tries.total()
    second = client.submit_folder(folder)
    assert (second["id"], len(archive.submissions), archive.put_tries.total()) == (first["id"], 1, tries)


def test_a_run_that_died_in_the_upload_is_finished_by_the_next(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    archive.put_orders[:] = [None, None, *["503"] * 99]
    with pytest.raises(Exception, match="could not be stored"):
        client.submit_folder(folder, jobs=1)
    archive.put_orders.clear()
    client.stop.clear()
    client.submit_folder(folder)
    assert len(archive.submissions) == 1
    assert set(archive.put_done.values()) == {1}
    assert sum(call.endswith("/metadata") for call in archive.calls) == 1


def test_a_lost_answer_to_the_opening_makes_no_second_submission(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    archive.api_orders.append(("POST /v1/submissions$", 0))
    client.submit_folder(reads_folder(tmp_path / "f", *READS))
    assert archive.calls.count("POST /v1/submissions") == 2
    assert len(archive.submissions) == 1


def test_a_lost_answer_to_the_handing_in_is_no_fault(archive: Archive, client: Client, tmp_path: Path) -> None:
    archive.api_orders.append(("/submit$", 0))
    assert client.submit_folder(reads_folder(tmp_path / "f", *READS))["state"] == "submitted"


def test_two_archives_are_remembered_side_by_side(archive: Archive, client: Client, tmp_path: Path) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    (folder / ".biotheca-submission.json").write_text(
        json.dumps({"version": 1, "servers": {"https://other.example.org": {"submission": "sub_x"}}, "files": {}})
    )
    client.submit_folder(folder)
    memory = json.loads((folder / ".biotheca-submission.json").read_text())
    assert memory["servers"]["https://other.example.org"]["submission"] == "sub_x"
    assert memory["servers"][archive.url]["submission"] == "sub_1"


def test_a_remembered_submission_that_is_gone_says_how_to_begin_anew(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    client.submit_folder(folder)
    archive.submissions.clear()
    with pytest.raises(NotFound) as met:
        client.submit_folder(folder)
    assert ".biotheca-submission.json" in met.value.mend


def test_findings_of_the_archive_are_passed_on_and_the_next_run_sends_the_mended_metadata(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    metadata = {"runs": [{"alias": "r1", "files": [{"name": "a.fq"}]}]}
    folder = reads_folder(tmp_path / "f", READS[0], metadata=metadata)
    with pytest.raises(Refused) as met:
        client.submit_folder(folder)
    assert met.value.problem["findings"][0]["where"] == "/samples"
    assert not archive.put_tries
    reads_folder(tmp_path / "f", READS[0], metadata=metadata | {"samples": [{}]})
    assert client.submit_folder(folder)["id"] == "sub_1"


def test_an_unsound_file_that_nobody_mended_is_not_sent_again(archive: Archive, client: Client, tmp_path: Path) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    sid = client.submit_folder(folder)["id"]
    archive.submissions[sid]["state"] = "files_failed"
    bad = archive.files[f"{sid}.b.fq"]
    bad |= {
        "state": "qc_failed",
        "findings": [{"rule": "qc.base", "where": "b.fq:2", "message": "No base.", "mend": "N"}],
    }
    with pytest.raises(Refused, match=r"b.fq did not pass the checks and is unchanged.*No base"):
        client.submit_folder(folder)


def test_a_mended_file_goes_round_again_and_the_others_stay(archive: Archive, client: Client, tmp_path: Path) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    sid = client.submit_folder(folder)["id"]
    archive.submissions[sid]["state"] = "files_failed"
    archive.files[f"{sid}.b.fq"]["state"] = "qc_failed"
    tries = archive.put_tries.total()
    (folder / "b.fq").write_bytes(b"@s\nACGTA\n+\nIIIII\n")
    assert client.submit_folder(folder)["state"] == "submitted"
    assert archive.put_tries.total() == tries + 1
    assert archive.bytes_of(sid, "b.fq") == b"@s\nACGTA\n+\nIIIII\n"


def test_flaws_of_the_folder_come_all_at_once_before_anything_is_opened(
    archive: Archive, client: Client, tmp_path: Path
) -> None:
    folder = reads_folder(tmp_path / "f", *READS)
    (folder / "a.fq").unlink()
    (folder / "b.fq").write_bytes(b"")
    with pytest.raises(Refused) as met:
        client.submit_folder(folder)
    assert [f["message"] for f in met.value.problem["findings"]] == ["a.fq is not in the folder.", "b.fq is empty."]
    assert not archive.submissions


def test_a_declared_md5_that_is_wrong_stops_before_the_upload(archive: Archive, client: Client, tmp_path: Path) -> None:
    metadata = {"samples": [{}], "runs": [{"files": [{"name": "a.fq", "md5": "0" * 32}]}]}
    folder = reads_folder(tmp_path / "f", READS[0], metadata=metadata)
    with pytest.raises(Refused, match=r"0{32} is declared"):
        client.submit_folder(folder)
    assert not archive.put_tries


@pytest.mark.parametrize(
    ("text", "word"), [("{", "is no JSON"), ("[]", "must hold one JSON object"), (None, "no readable submission.json")]
)
def test_a_folder_without_a_readable_document_is_wrong_use(
    client: Client, tmp_path: Path, text: str | None, word: str
) -> None:
    if text is not None:
        (tmp_path / "submission.json").write_text(text)
    with pytest.raises(WrongUse, match=word):
        client.submit_folder(tmp_path)


def test_waiting_shows_each_step_and_ends_with_the_accession(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    biotheca.login()
    archive.script = ["submitted", "files_checking", "data_review", "archived", "released"]
    ran = biotheca("submit", str(reads_folder(tmp_path / "f", *READS)), "--wait")
    assert ran.code == 0
    assert ran.err.index("Now files_checking.") < ran.err.index("Now data_review.") < ran.err.index("Now released.")
    assert "CRA000001" in ran.out


def test_waiting_for_a_submission_that_is_returned_ends_with_one_and_the_reasons(
    archive: Archive, biotheca: CommandLine, tmp_path: Path
) -> None:
    biotheca.login()
    archive.script = ["submitted", "revision_requested"]
    folder = reads_folder(tmp_path / "f", *READS)
    ran = biotheca("submit", str(folder), "--wait", "--json")
    assert ran.code == 1
    assert ran.json["state"] == "revision_requested"
    status = biotheca("status", str(folder))
    assert "returned to you by a curator" in status.out


def test_checking_needs_no_archive_and_writes_only_its_memory(biotheca: CommandLine, tmp_path: Path) -> None:
    folder = reads_folder(tmp_path / "f", *READS, metadata=one_run(READS))
    alone = CommandLine(tmp_path / "h", "http://127.0.0.1:9", biotheca.printed)
    assert "2 file(s)" in alone("check", str(folder)).out
    assert {p.name for p in folder.iterdir()} == {"a.fq", "b.fq", "submission.json", ".biotheca-submission.json"}
    (folder / "a.fq").unlink()
    ran = alone("check", str(folder), "--json")
    assert ran.code == 1
    assert ran.json["findings"][0]["message"] == "a.fq is not in the folder."


def test_checking_works_in_a_folder_that_one_may_only_read(client: Client, tmp_path: Path) -> None:
    from biotheca_client.folders import Folder

    folder = Folder(reads_folder(tmp_path / "f", *READS))
    (tmp_path / "f" / ".biotheca-submission.json").mkdir()  # cannot be replaced by a file, not even by root
    assert folder.shape_flaws() + folder.content_flaws() == []
    with pytest.raises(WrongUse, match="cannot be written"):
        client.submit_folder(tmp_path / "f")
