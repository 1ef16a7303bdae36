"""A signed-in person asks the lake and gets a file; others see nothing of it; the command line does the same."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, document, eventually, tiny_fastq
from tests.journeys.test_journey import Cli


@pytest.fixture(scope="module")
def public(ana: Person, chen: Person) -> dict[str, Any]:
    """A released dataset of one paired run."""
    files = [(f"asked_{mate}.fastq.gz", tiny_fastq(seed=163, mate=mate)) for mate in (1, 2)]
    return accepted(ana, chen, document(files, "Asked of the lake"), files)


def _ended(person: Person, query: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = person.get(f"/v1/queries/{query['id']}")
        return found if found["state"] in ("succeeded", "failed") else None

    found: dict[str, Any] = eventually(look, 60)
    return found


def _asked(person: Person, sql: str, wanted: str = "tsv") -> dict[str, Any]:
    return _ended(person, person.post("/v1/queries", {"sql": sql, "format": wanted}))


def _run_of(person: Person, public: dict[str, Any]) -> str:
    """The accession of the run, once the lake has it."""
    run: str = public["accessions"]["run/r1"]
    eventually(lambda: _asked(person, f"SELECT acc FROM run WHERE acc = '{run}'").get("rows"), 90)
    return run


def test_a_person_asks_the_lake_and_downloads_the_answer_in_each_format(
    public: dict[str, Any], li: Person, stack: Stack
) -> None:
    run = _run_of(li, public)
    sql = f"SELECT * FROM run WHERE acc = '{run}'"
    done = _asked(li, sql, "jsonl")
    assert (done["state"], done["rows"], done["problem"]) == ("succeeded", 1, None)
    answer = requests.get(done["link"], timeout=30)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    (row,) = [json.loads(line) for line in answer.text.splitlines()]
    assert (row["acc"], row["file_names"]) == (run, [f"{run}_f1.fq.gz", f"{run}_r2.fq.gz"])
    sheet = _asked(li, sql, "samplesheet")
    (line,) = csv.DictReader(io.StringIO(requests.get(sheet["link"], timeout=30).text))
    assert line["fastq_1"].endswith(f"/v1/records/{run}/files/{run}_f1.fq.gz")
    assert line["fastq_2"].endswith(f"/v1/records/{run}/files/{run}_r2.fq.gz")


def test_a_query_belongs_to_whoever_asked_it(li: Person, ana: Person, nobody: Person) -> None:
    query = li.post("/v1/queries", {"sql": "SELECT 1 AS one", "format": "csv", "token": "journey-token"})
    assert (
        li.post("/v1/queries", {"sql": "SELECT 1 AS one", "format": "csv", "token": "journey-token"})["id"]
        == query["id"]
    )
    assert query["id"] in [q["id"] for q in li.get("/v1/queries")["items"]]
    assert nobody.call("GET", f"/v1/queries/{query['id']}").status_code == 401
    of_another, of_none = (ana.call("GET", f"/v1/queries/{q}") for q in (query["id"], "qry_none"))
    assert of_another.status_code == of_none.status_code == 404
    assert query["id"] not in [q["id"] for q in ana.get("/v1/queries")["items"]]
    assert requests.get(_ended(li, query)["link"], timeout=30).text == "one\n1\n"


def test_what_is_no_select_is_refused_and_what_athena_refuses_is_explained(li: Person) -> None:
    refused = li.call("POST", "/v1/queries", json={"sql": "DROP TABLE run"})
    assert refused.status_code == 422
    assert [f["rule"] for f in refused.json()["findings"]] == ["lake.select_only"]
    done = _asked(li, "SELECT organsim FROM run")
    assert (done["state"], done["problem"]["rule"], done["link"]) == ("failed", "lake.unknown_name", None)
    assert "organsim" in done["problem"]["detail"] and done["problem"]["mend"]


def test_the_command_line_asks_waits_and_saves(
    public: dict[str, Any], li: Person, stack: Stack, tmp_path: Path
) -> None:
    run = _run_of(li, public)
    cli = Cli(tmp_path / "li", stack.front_url)
    person = next(p for p in PEOPLE if p.email == "li@example.org")
    cli.run("login", "--email", person.email, "--password-stdin", given=person.password + "\n")
    out = tmp_path / "runs.txt"
    cli.run("query", f"SELECT acc FROM run WHERE acc = '{run}'", "--format", "accessions", "-o", str(out))
    assert out.read_text() == f"{run}\n"
    assert cli.run("query", f"SELECT acc FROM run WHERE acc = '{run}'") == f"acc\n{run}\n"
    cli.run("query", "SELECT x FROM run", code=1)
    cli.run("query", code=2)
    cli.run("query", "--id", "qry_none", code=3)
