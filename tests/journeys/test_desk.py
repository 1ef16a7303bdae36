"""The desk over HTTP and at the terminal: two curators at once, parts, the checklist, rounds with their times."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.bringing import handed_in, with_runs
from tests.journeys.conftest import Person, document, newcomer, signed_in, tiny_fastq, wait_for
from tests.journeys.test_journey import Cli


@pytest.fixture(scope="module")
def mei(stack: Stack, nobody: Person, ada: Person) -> Person:
    """Another curator."""
    person = newcomer(stack, nobody)
    subject = person.get("/v1/me")["subject"]
    given = ada.call("PUT", f"/v1/accounts/{subject}/roles", json={"roles": ["submitter", "curator"]})
    assert given.status_code == 200, given.text
    return signed_in(stack, person.email)


def _waiting(ana: Person, seed: int, runs: int = 1) -> dict[str, Any]:
    files = [(f"desk{seed}_{n}.fastq.gz", tiny_fastq(seed=seed + n)) for n in range(runs)]
    made = handed_in(ana, with_runs(files, f"Desk {seed}"), files)
    return wait_for(ana, made["id"], "data_review", "held")


def _at_once(*calls: Callable[[], requests.Response]) -> list[requests.Response]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_of_two_curators_at_once_one_has_it_and_the_other_is_told(ana: Person, chen: Person, mei: Person) -> None:
    made = _waiting(ana, 110)
    place = f"/v1/curation/{made['id']}"
    answers = _at_once(*(lambda p=p: p.call("PUT", f"{place}/assignment", json={}) for p in (chen, mei)))
    assert sorted(a.status_code for a in answers) == [200, 409]
    assert next(a for a in answers if a.status_code == 409).json()["rule"] == "curation.taken"
    winner, loser = (chen, mei) if answers[0].status_code == 200 else (mei, chen)
    refused = loser.call("POST", f"{place}/decision", json={"decision": "accept"})
    assert refused.status_code == 409 and refused.json()["rule"] == "curation.taken"
    assert winner.get(place)["assigned"] == "you" and loser.get(place)["assigned"] == "another curator"
    assert made["id"] in {row["id"] for row in winner.get("/v1/curation/queue?view=mine")["items"]}
    assert winner.call("DELETE", f"{place}/assignment").status_code == 204
    bodies = [
        {"decision": "accept"},
        {"decision": "return", "reasons": [{"code": "sample.description", "text": "Too short"}]},
    ]
    decided = _at_once(
        *(
            lambda p=p, b=b: p.call("POST", f"{place}/decision", json=b)
            for p, b in zip((chen, mei), bodies, strict=True)
        )
    )
    assert sorted(a.status_code for a in decided) == [202, 409], [a.text for a in decided]


def test_a_submitter_who_edits_while_the_curator_accepts_loses_nothing(ana: Person, chen: Person) -> None:
    made = _waiting(ana, 120)
    version = chen.get(f"/v1/curation/{made['id']}")["version"]
    later = {"mode": "on_date", "date": "2027-09-01"}
    accept = {"decision": "accept", "version": version}
    edited, decided = _at_once(
        lambda: ana.call("PUT", f"/v1/submissions/{made['id']}/release", json=later),
        lambda: chen.call("POST", f"/v1/curation/{made['id']}/decision", json=accept),
    )
    assert edited.status_code in (200, 409) and decided.status_code in (202, 409)
    assert 409 in (edited.status_code, decided.status_code) or edited.json()["state"] != "data_review"
    for answer in (edited, decided):
        if answer.status_code == 409:
            assert answer.json()["rule"] == "curation.stale"
    rewritten = ana.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=document([], "Other"))
    assert rewritten.status_code in (409, 422)
    if edited.status_code == 409:
        assert ana.call("PUT", f"/v1/submissions/{made['id']}/release", json=later).status_code == 200
    if decided.status_code == 409:
        seen = chen.get(f"/v1/curation/{made['id']}")["version"]
        chen.post(f"/v1/curation/{made['id']}/decision", accept | {"version": seen})
    done = wait_for(ana, made["id"], "archived", "released", "held")
    assert done["state"] == "archived" and done["release"]["date"] == "2027-09-01"


def test_runs_are_accepted_in_parts_and_nothing_is_public_before_the_last(
    ana: Person, chen: Person, nobody: Person
) -> None:
    made = _waiting(ana, 130, runs=2)
    place = f"/v1/curation/{made['id']}/decision"
    chen.post(place, {"decision": "accept", "runs": ["r1"], "rest": "keep"})
    part = wait_for(ana, made["id"], "data_review", "held")
    until = {k: v for k, v in part["accessions"].items() if k.startswith("run/")}
    for _ in range(100):
        part = wait_for(ana, made["id"], "data_review", "held")
        until = {k: v for k, v in part["accessions"].items() if k.startswith("run/")}
        if part["dataset"]:
            break
    assert set(until) == {"run/r1"} and part["dataset"]
    assert nobody.call("GET", f"/v1/records/{part['dataset']}").status_code == 404
    chen.post(place, {"decision": "accept"})
    done = wait_for(ana, made["id"], "released", "held")
    assert done["state"] == "released" and done["accessions"]["run/r1"] == until["run/r1"]
    runs = nobody.get(f"/v1/records/{done['dataset']}/objects/run")["items"]
    assert {r["accession"] for r in runs} == {done["accessions"]["run/r1"], done["accessions"]["run/r2"]}


def test_private_content_is_decided_on_before_acceptance_and_rounds_have_times(
    ana: Person, stack: Stack, tmp_path: Path
) -> None:
    files = [("named.fastq.gz", tiny_fastq(seed=141))]
    made = document(files, "Names a person")
    made["samples"][0]["description"] = "Patient name: Zhang Weimin, cultured from a swab"
    submission = handed_in(ana, made, files)["id"]
    wait_for(ana, submission, "metadata_review", "held")
    cli = Cli(tmp_path / "chen", stack.front_url)
    cli.run("login", "--email", PEOPLE[2].email, "--password-stdin", given=PEOPLE[2].password + "\n")
    assert submission in cli.run("queue", "--view", "metadata")
    cli.run("assign", submission)
    cli.run("decide", submission, "accept", code=1)  # curation.checklist
    rows = json.loads(cli.run("desk", submission, "--json"))["checklist"]
    wanted = [row["finding"] for row in rows if row["must_be_decided"]]
    assert wanted
    cli.run("note", submission, "Asked the submitter by mail")
    reason = "sample.private_name:A person is named"
    cli.run("decide", submission, "return", "--reason", reason)
    assert wait_for(ana, submission, "revision_requested")["reasons"][0]["code"] == "sample.private_name"
    ana.post(f"/v1/submissions/{submission}/submit")
    wait_for(ana, submission, "metadata_review", "held")
    cli.run("judge", submission, *wanted, "--as", "harmless", "--text", "The name of a strain")
    cli.run("decide", submission, "accept")
    wait_for(ana, submission, "data_review", "held")
    told = json.loads(cli.run("desk", submission, "--json"))
    assert [r["outcome"] for r in told["rounds"]] == ["revision requested", "accepted"]
    assert all(r["submitted_at"] < r["ended_at"] for r in told["rounds"])
    assert [n["text"] for n in told["notes"]] == ["Asked the submitter by mail"]
    shown = ana.get(f"/v1/submissions/{submission}")
    assert shown["queue"]["position"] >= 1 and "Asked the submitter" not in str(shown)
    steps = {s["step"]: s for s in json.loads(cli.run("figures", "--json"))["steps"]}
    assert steps["files_checking"]["automatic_share"] == 1 and steps["metadata_review"]["ended"] >= 2
