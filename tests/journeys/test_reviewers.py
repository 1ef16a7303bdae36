"""Reviewer links over HTTP and at the terminal: what they show, when they end, and that their secret stays one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack
from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, document, tiny_fastq
from tests.journeys.test_journey import Cli

BODY = tiny_fastq(seed=91)


@pytest.fixture(scope="module")
def private(ana: Person, chen: Person) -> dict[str, Any]:
    """A dataset that waits for a far day."""
    files = [("review.fastq.gz", BODY)]
    release = {"mode": "on_date", "date": "2027-10-01"}
    return accepted(ana, chen, document(files, "Under review"), files, "archived", release=release)


def _link(ana: Person, private: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    return ana.post(f"/v1/records/{private['dataset']}/reviewer-links", {"label": "A journal", **wanted})


def _shown(nobody: Person, secret: str, path: str = "/v1/review") -> int:
    return nobody.call("GET", path, headers={"X-Reviewer-Token": secret}).status_code


def test_a_reviewer_without_account_sees_metadata_and_files_only_if_allowed(
    ana: Person, nobody: Person, private: dict[str, Any], stack: Stack, tmp_path: Path
) -> None:
    metadata, data = _link(ana, private), _link(ana, private, data=True)
    for path in ("/v1/review", "/v1/review/objects/sample", "/v1/review/objects/run"):
        assert _shown(nobody, metadata["token"], path) == 200
    assert _shown(nobody, metadata["token"], "/v1/review/files") == 404
    assert _shown(nobody, data["token"], "/v1/review/files") == 200
    secret = tmp_path / "secret.txt"
    secret.write_text(data["token"] + "\n")
    cli = Cli(tmp_path / "reviewer", stack.front_url)
    assert "Under review" in cli.run("show", private["dataset"], "--reviewer-token-file", str(secret))
    cli.run("download", private["dataset"], "--to", str(tmp_path / "got"), "--reviewer-token-file", str(secret))
    (got,) = (tmp_path / "got").iterdir()
    assert hashlib.sha256(got.read_bytes()).digest() == hashlib.sha256(BODY).digest()
    cli.env["BIOTHECA_REVIEWER_TOKEN"] = metadata["token"]
    assert "Under review" in cli.run("show", private["dataset"])
    cli.run("download", private["dataset"], "--to", str(tmp_path / "none"), code=3)


def test_a_link_ends_when_it_is_revoked_and_at_its_day(
    ana: Person, nobody: Person, private: dict[str, Any], stack: Stack
) -> None:
    revoked, short = _link(ana, private), _link(ana, private, days=1)
    place = f"/v1/records/{private['dataset']}/reviewer-links"
    assert _shown(nobody, revoked["token"]) == 200
    assert ana.call("DELETE", f"{place}/{revoked['id']}").status_code == 204
    assert _shown(nobody, revoked["token"]) == 410
    listed = {row["id"]: row for row in ana.get(place)["items"]}
    assert listed[revoked["id"]]["uses"] == 1 and "token" not in listed[revoked["id"]]
    try:
        stack.clock.advance(timedelta(hours=23))
        assert _shown(nobody, short["token"]) == 200
        stack.clock.advance(timedelta(hours=2))
        assert _shown(nobody, short["token"]) == 410
    finally:
        stack.clock.reset()


def test_no_other_route_takes_the_secret(ana: Person, nobody: Person, private: dict[str, Any]) -> None:
    secret, dataset = _link(ana, private, data=True)["token"], private["dataset"]
    header, bearer = {"X-Reviewer-Token": secret}, {"Authorization": f"Bearer {secret}"}
    for path in ("", "/files", "/md5sum.txt", "/runs.csv", "/citation", "/versions", "/xml?set=run"):
        assert nobody.call("GET", f"/v1/records/{dataset}{path}", headers=header).status_code == 404
        assert nobody.call("GET", f"/v1/records/{dataset}{path}", headers=bearer).status_code == 401
    assert nobody.call("GET", "/v1/submissions", headers=bearer).status_code == 401
    assert nobody.call("GET", f"/v1/review?token={secret}").status_code == 401


def test_secrets_stand_in_no_log_and_no_table(
    ana: Person, nobody: Person, private: dict[str, Any], stack: Stack, aws: Callable[[str], Any]
) -> None:
    reviewer = _link(ana, private)["token"]
    personal = ana.post("/v1/me/tokens", {"label": "scan", "scopes": ["read"]})["token"]
    assert _shown(nobody, reviewer) == 200
    assert nobody.call("GET", "/v1/me", headers={"Authorization": f"Bearer {personal}"}).status_code == 200
    text = "\n".join(p.read_text(errors="replace") for p in (stack.state_dir / "logs").rglob("*.log*"))
    dynamodb = aws("dynamodb")
    kept = "\n".join(
        str(page["Items"])
        for name in dynamodb.list_tables()["TableNames"]
        for page in dynamodb.get_paginator("scan").paginate(TableName=name)
    )
    assert private["dataset"] in kept and text
    for where in (text, kept):
        assert reviewer not in where and personal not in where
        assert not re.search(r"rvw_[A-Za-z0-9_-]{30,}|biotheca_[A-Za-z0-9_-]{40,}", where)
