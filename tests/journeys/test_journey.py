"""The promise of the README: a researcher submits real reads and a stranger finds and downloads them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.conftest import Person, eventually, released, tiny_fastq, wait_for

ROOT = Path(__file__).resolve().parents[2]


class Cli:
    """The installed `biotheca` command of one person."""

    def __init__(self, home: Path, server: str) -> None:
        self.env = os.environ | {"XDG_CONFIG_HOME": str(home), "BIOTHECA_SERVER": server}

    def run(self, *words: str, given: str | None = None, code: int = 0) -> str:
        command = [str(Path(sys.executable).parent / "biotheca"), *words]
        done = subprocess.run(command, env=self.env, input=given, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def ecoli(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The example submission, brought to its release by the command line alone."""
    home = tmp_path_factory.mktemp("people")
    folder = home / "reads"
    shutil.copytree(ROOT / "examples" / "ecoli", folder)
    submitter, curator = Cli(home / "ana", stack.front_url), Cli(home / "chen", stack.front_url)
    for cli, person in ((submitter, PEOPLE[0]), (curator, PEOPLE[2])):
        cli.run("login", "--email", person.email, "--password-stdin", given=person.password + "\n")
    submitter.run("submit", str(folder))
    (memory,) = json.loads((folder / ".biotheca-submission.json").read_text())["servers"].values()
    submission = memory["submission"]

    def state() -> str:
        return json.loads(submitter.run("status", submission, "--json"))["submission"]["state"]

    eventually(lambda: state() == "data_review", wait_s=60)
    assert submission in curator.run("queue")
    curator.run("decide", submission, "accept")
    eventually(lambda: state() == "released", wait_s=60)
    return {"submission": submission, "cli": submitter, "folder": folder, "home": home}


def test_a_researcher_submits_by_command_line_and_a_stranger_downloads(
    ecoli: dict[str, Any], stack: Stack, nobody: Person, tmp_path: Path
) -> None:
    stranger = Cli(tmp_path / "nobody", stack.front_url)
    shown = json.loads(ecoli["cli"].run("status", ecoli["submission"], "--json"))["submission"]
    dataset = shown["dataset"]
    eventually(lambda: dataset in stranger.run("search", "Escherichia", "kilobase"))
    stranger.run("download", dataset, "--to", str(tmp_path / "got"))
    got = {hashlib.md5(p.read_bytes()).hexdigest() for p in (tmp_path / "got").glob("*.fq.gz")}
    sent = {hashlib.md5(p.read_bytes()).hexdigest() for p in ecoli["folder"].glob("*.fq.gz")}
    assert got == sent and len(got) == 2  # R32: the MD5 declared at submission


def test_status_tells_the_whole_history_in_words(ecoli: dict[str, Any]) -> None:
    told = ecoli["cli"].run("status", ecoli["submission"])
    for words in (
        "The submission was opened",
        "Handed in (round 1)",
        "arrived (117,637 bytes)",
        "is sound: 2,054 reads",
        "Accepted by a curator",
        "Accessions were issued for 1 project, 1 sample, 1 study, 1 experiment, 1 run",
        "SHA-256 is equal",
        "is public",
    ):
        assert words in told


def test_every_own_accession_redirects_in_any_letter_case(ecoli: dict[str, Any], nobody: Person) -> None:
    shown = json.loads(ecoli["cli"].run("status", ecoli["submission"], "--json"))["submission"]
    assert len(shown["accessions"]) == 5
    for accession in shown["accessions"].values():
        for text in (accession, accession.lower(), accession.title()):
            answer = nobody.call("GET", f"/r/{text}")
            assert answer.status_code == 302 and answer.headers["Location"] == f"/v1/records/{accession}"
            assert nobody.get(answer.headers["Location"])["accession"] == accession


OWN_FORMS = "CRA999999 PRJCA999999 SAMC999999 CRX999999 CRR999999 HRA999999 HRI999999 HRS999999 HRX999999 HRR999999"
OTHER_FORMS = "HDAC999999 HREQ999999 OMIX9999 OMIX9999-01 OMIX9999-64-02 OBIA9999 CRP000001 PRJNA1 SAMEA1 SRR000001"
NO_FORMS = "GCA_000001405.1 nonsense CRA1 %2e%2e%2fetc"


@pytest.mark.parametrize("text", f"{OWN_FORMS} {OTHER_FORMS} {NO_FORMS}".split())
def test_an_accession_without_a_public_record_gives_a_clean_404(nobody: Person, text: str) -> None:
    for written in (text, text.lower()):
        answer = nobody.call("GET", f"/r/{written}")
        assert answer.status_code == 404 and answer.json()["rule"] == "general.not_found"


def test_a_range_of_a_published_file_is_served(ana: Person, chen: Person, nobody: Person) -> None:
    body = tiny_fastq(200, seed=11)
    dataset = released(ana, chen, [("range.fastq.gz", body)], "Range request")["dataset"]
    (file,) = nobody.get(f"/v1/records/{dataset}/files")["items"]
    assert file["original_name"] == "range.fastq.gz" and file["name"].endswith("_f1.fq.gz")
    link = nobody.call("GET", f"/v1/records/{dataset}/files/{file['name']}")
    assert link.status_code == 302
    part = requests.get(link.headers["Location"], headers={"Range": "bytes=10-29"}, timeout=30)
    assert part.status_code == 206 and part.content == body[10:30]
    whole = requests.get(link.headers["Location"], timeout=30)
    assert whole.content == body and file["name"] in whole.headers["Content-Disposition"]


def test_a_dataset_can_be_submitted_by_the_api_alone_and_released_at_a_date(
    ana: Person, chen: Person, nobody: Person, stack: Stack
) -> None:
    from datetime import UTC, datetime, timedelta

    from tests.journeys.conftest import draft, send

    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    body = tiny_fastq(seed=12)
    made = draft(ana, [("held.fastq.gz", body)], "Held until a date", mode="on_date", date=day)
    send(ana, made["files"][0]["id"], body)
    ana.post(f"/v1/submissions/{made['id']}/submit")
    wait_for(chen, made["id"], "data_review")
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    held = wait_for(ana, made["id"], "archived")
    # Private, suppressed and unknown look the same to a stranger; the owner sees it.
    for path in (f"/v1/records/{held['dataset']}", f"/v1/records/{held['dataset']}/files", f"/r/{held['dataset']}"):
        assert nobody.call("GET", path).status_code == 404
    assert ana.get(f"/v1/records/{held['dataset']}")["visibility"] == "private"
    assert nobody.get("/v1/search?q=Held+until")["items"] == []
    stack.ticker.fire("ReleaseDue")
    assert ana.get(f"/v1/submissions/{made['id']}")["state"] == "archived"
    try:
        stack.clock.advance(timedelta(days=31))
        stack.ticker.fire("ReleaseDue")
        eventually(lambda: nobody.call("GET", f"/v1/records/{held['dataset']}").status_code == 200)
    finally:
        stack.clock.reset()
    eventually(lambda: nobody.get("/v1/search?q=Held+until")["items"])


def test_a_released_run_is_a_row_of_the_lake_that_athena_sql_finds(
    ecoli: dict[str, Any], stack: Stack, aws: Any
) -> None:
    import time

    athena = aws("athena")
    group = next(g["Name"] for g in athena.list_work_groups()["WorkGroups"] if g["Name"] != "primary")
    shown = json.loads(ecoli["cli"].run("status", ecoli["submission"], "--json"))["submission"]

    columns = "acc, bioproject, biosample, spots, bases, cardinality(file_names)"

    def rows(sql: str = f"SELECT {columns} FROM biotheca.run WHERE sra_study = ?") -> list[list[str]]:
        started = athena.start_query_execution(
            QueryString=sql, WorkGroup=group, ExecutionParameters=[f"'{shown['dataset']}'"]
        )
        query = started["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                break
            time.sleep(0.1)
        assert status["State"] == "SUCCEEDED", status
        found = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
        return [[cell["VarCharValue"] for cell in row["Data"]] for row in found]

    (row,) = eventually(rows)
    measured = "SELECT file_name, reads, q30_share > 0.5, encoding, verdict FROM biotheca.qc_files WHERE sra_study = ?"
    of_files = eventually(lambda: sorted(rows(measured)))
    assert [row[1:] for row in of_files] == [["2054", "true", "Sanger, Illumina 1.8+", "sound"]] * 2
    numbers = shown["accessions"]
    by_kind = {key.split("/")[0]: value for key, value in numbers.items()}
    assert row == [by_kind["run"], by_kind["project"], by_kind["sample"], "2054", "353950", "2"]


def test_a_replayed_release_event_leaves_one_row_and_one_hit(
    ecoli: dict[str, Any], stack: Stack, aws: Any, nobody: Person
) -> None:
    shown = json.loads(ecoli["cli"].run("status", ecoli["submission"], "--json"))["submission"]
    hits = nobody.get(f"/v1/search?q={shown['dataset']}")["items"]
    envelope = {
        "detail": {
            "id": "evt_replayed",
            "correlation_id": shown["id"],
            "body": {"submission": shown["id"], "dataset": shown["dataset"]},
        }
    }
    for name in ("IndexQueue", "LoadQueue"):
        url = next(u for u in aws("sqs").list_queues()["QueueUrls"] if name in u)
        for _ in range(3):
            aws("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(envelope))
    from tests.journeys.test_faults import _drained

    for name in ("IndexQueue", "LoadQueue"):
        _drained(aws, next(u for u in aws("sqs").list_queues()["QueueUrls"] if name in u))
    assert nobody.get(f"/v1/search?q={shown['dataset']}")["items"] == hits
    test_a_released_run_is_a_row_of_the_lake_that_athena_sql_finds(ecoli, stack, aws)


def test_logs_carry_the_submission_from_upload_to_release_and_no_secret(ecoli: dict[str, Any], stack: Stack) -> None:
    wanted = {"note_received", "start_workflow", "note_verdict", "mint", "release", "index_released", "load_released"}
    seen: set[str] = set()
    text = "\n".join(p.read_text(errors="replace") for p in (stack.state_dir / "logs").rglob("*.log*"))
    for line in text.splitlines():
        start = line.find("{")
        if start < 0 or ecoli["submission"] not in line:
            continue
        try:
            found = json.loads(line[start:])
        except ValueError:
            continue
        if found.get("correlation_id") == ecoli["submission"] and "door" in found:
            seen.add(found["door"].rsplit(".", 1)[-1])
    assert wanted - seen <= {"mint", "release"}  # those two log only their report line
    for secret in ("X-Amz-Signature", "eyJ", *(p.password for p in PEOPLE), *(p.email for p in PEOPLE)):
        assert secret not in text, f"a log holds {secret!r}"
