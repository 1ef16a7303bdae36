"""What people are told, and what is written down of it: mails, notices, the audit chain, and tampering with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.conftest import Person, draft, eventually, mails, notices_of, send, tiny_fastq, wait_for

BIN = Path(sys.executable).parent


def admin(stack: Stack, home: Path, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """`biotheca-admin ...` (or `biotheca login ...`) as a person types it."""
    program = "biotheca" if words[0] == "login" else "biotheca-admin"
    env = {"XDG_CONFIG_HOME": str(home), "BIOTHECA_SERVER": stack.front_url, "PATH": str(BIN), "HOME": str(home)}
    return subprocess.run(
        [str(BIN / program), *words], env=env, input=given, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def home(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of an administrator who is signed in."""
    folder = tmp_path_factory.mktemp("ada")
    ada = next(p for p in PEOPLE if "administrator" in p.roles)
    done = admin(stack, folder, "login", "--email", ada.email, "--password-stdin", given=ada.password + "\n")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_returned_submission_is_told_in_the_archive_and_by_mail_with_its_reasons(
    stack: Stack, ana: Person, chen: Person
) -> None:
    body = tiny_fastq(seed=77)
    made = draft(ana, [("told.fastq.gz", body)], "Reads to be returned")
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], body)
    wait_for(chen, made["id"], "data_review")
    reason = {"code": "sample.description", "text": "Say which tissue the sample is of."}
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "return", "reasons": [reason]})

    def told() -> list[dict[str, Any]]:
        mine = notices_of(ana)
        return [n for n in mine if n["submission"] == made["id"] and n["kind"] == "curation.returned"]

    (notice,) = eventually(told)
    assert "Say which tissue" in notice["text"] and notice["read_at"] is None
    (mail,) = eventually(lambda: [m for m in mails(stack, ana.email) if m["subject"] == notice["title"]])
    assert mail["text"].startswith(notice["text"]) and mail["sender"] == "archive@example.org"
    before = ana.get("/v1/me")["unread_notices"]
    assert ana.call("POST", f"/v1/me/notices/{notice['id']}/read").status_code == 204
    assert ana.get("/v1/me")["unread_notices"] == before - 1
    assert chen.call("POST", f"/v1/me/notices/{notice['id']}/read").status_code == 404  # another's notice


def test_an_event_that_comes_twice_is_one_notice_and_one_mail(
    stack: Stack, ana: Person, aws: Callable[[str], Any]
) -> None:
    made = draft(ana, [("twice.fastq.gz", tiny_fastq(seed=78))], "Told only once")
    ana.post(f"/v1/submissions/{made['id']}/submit")

    def told() -> list[dict[str, Any]]:
        return [n for n in notices_of(ana) if n["submission"] == made["id"]]

    (notice,) = eventually(told)
    eventually(lambda: [m for m in mails(stack, ana.email) if m["subject"] == notice["title"]])
    detail = {
        "id": notice["id"],
        "type": "SubmissionSubmitted",
        "version": 1,
        "at": notice["at"],
        "correlation_id": made["id"],
        "body": {"submission": made["id"], "round": 1},
    }
    bus = next(b["Name"] for b in aws("events").list_event_buses()["EventBuses"] if b["Name"] != "default")
    other = draft(ana, [("marker.fastq.gz", tiny_fastq(seed=79))], "Told after it")
    for _ in range(2):
        entry = {"Source": "biotheca", "DetailType": detail["type"], "Detail": json.dumps(detail), "EventBusName": bus}
        aws("events").put_events(Entries=[entry])
    ana.post(f"/v1/submissions/{other['id']}/submit")
    eventually(lambda: [n for n in notices_of(ana) if n["submission"] == other["id"]])
    assert len(told()) == 1
    assert len([m for m in mails(stack, ana.email) if m["subject"] == notice["title"]]) == 1


def test_the_chain_holds_every_event_and_a_changed_line_is_named(
    stack: Stack, home: Path, ana: Person, ada: Person, aws: Callable[[str], Any]
) -> None:
    made = ana.post("/v1/me/tokens", {"label": "for the audit", "scopes": ["read"]})

    def line_of_token() -> dict[str, Any] | None:
        return next((x for x in ada.pages("/v1/audit?limit=200") if x["body"].get("token") == made["id"]), None)

    line = eventually(line_of_token)
    whole = json.dumps(line)
    assert made["token"] not in whole and ana.email not in whole and "for the audit" not in whole
    eventually(lambda: ada.get("/v1/audit/head")["copied"] == ada.get("/v1/audit/head")["number"])
    proved = admin(stack, home, "audit", "verify")
    assert proved.returncode == 0 and "unbroken" in proved.stdout, proved.stderr

    s3 = aws("s3")
    bucket = next(b["Name"] for b in s3.list_buckets()["Buckets"] if "audit" in b["Name"].lower())
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="chain/")["Contents"]]
    key = max(k for k in keys if int(k.split("/")[1].split(".")[0]) <= line["number"])
    true = s3.get_object(Bucket=bucket, Key=key)
    text = true["Body"].read().decode()
    s3.put_object(Bucket=bucket, Key=key, Body=text.replace(made["id"], "tok_" + "0" * 26).encode())
    try:
        broken = admin(stack, home, "audit", "verify")
        assert broken.returncode == 1 and f"Line {line['number']} of the audit chain is broken" in broken.stderr
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    assert admin(stack, home, "audit", "verify").returncode == 0
    # What was written first is still there, whatever was put over it.
    versions = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    assert true["VersionId"] in {v["VersionId"] for v in versions}
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock["Mode"] == "COMPLIANCE"


def test_an_exported_chain_verifies_without_the_archive(stack: Stack, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "chain.jsonl"
    assert admin(stack, home, "audit", "export", str(copy)).returncode == 0
    lines = copy.read_text().splitlines()
    assert len(lines) > 1
    assert admin(stack, home, "audit", "verify", "--file", str(copy)).returncode == 0
    copy.write_text("\n".join(lines[:1] + lines[2:]) + "\n")
    broken = admin(stack, home, "audit", "verify", "--file", str(copy))
    assert broken.returncode == 1 and "Line 2 of the audit chain is broken" in broken.stderr


def test_an_administrator_shows_closes_and_opens_an_account(stack: Stack, home: Path, nobody: Person) -> None:
    from tests.journeys.conftest import newcomer

    person = newcomer(stack, nobody)
    assert "open; submitter" in admin(stack, home, "account", "show", person.email).stdout
    assert "curator, submitter" in admin(stack, home, "account", "roles", person.email, "submitter", "curator").stdout
    assert "closed" in admin(stack, home, "account", "close", person.email).stdout
    assert person.call("GET", "/v1/me").status_code == 401
    assert "open" in admin(stack, home, "account", "open", person.email).stdout
    missing = admin(stack, home, "account", "show", "no.one@example.org")
    assert missing.returncode == 3 and "Traceback" not in missing.stderr
