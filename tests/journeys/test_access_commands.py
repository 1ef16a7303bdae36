"""Controlled data from the command line: ask, decide, download, prove, end; committees, and staff at the glass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.asking import ANSWERS, Controlled, controlled_dataset
from tests.journeys.conftest import PASSWORD, Person, eventually, newcomer
from tests.journeys.test_journey import Cli


@pytest.fixture(scope="module")
def data(ana: Person, chen: Person) -> Controlled:
    return controlled_dataset(ana, chen, seeds=(701,))


def _signed_in(stack: Stack, home: Path, email: str, password: str = "") -> Cli:
    cli = Cli(home, stack.front_url)
    known = next((p.password for p in PEOPLE if p.email == email), password)
    cli.run("login", "--email", email, "--password-stdin", given=known + "\n")
    return cli


def test_a_reader_asks_and_a_committee_decides_without_a_browser(
    stack: Stack, nobody: Person, ana: Person, data: Controlled, tmp_path: Path
) -> None:
    person = newcomer(stack, nobody)
    reader, keeper = (
        _signed_in(stack, tmp_path / name, email, PASSWORD)
        for name, email in (("reader", person.email), ("keeper", "ana@example.org"))
    )
    assert "purpose" in reader.run("requests", "form", data.dataset)
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"purpose": "short"}))
    reader.run("requests", "new", data.dataset, str(answers), code=2)  # nothing was accepted
    reader.run("requests", "new", data.dataset, str(answers), "--agree", code=1)
    draft = next(iter(json.loads(reader.run("requests", "list", "--json"))["items"]))["id"]
    answers.write_text(json.dumps(ANSWERS))
    reader.run("requests", "edit", draft, str(answers), "--agree")
    number = json.loads(reader.run("requests", "submit", draft, "--json"))["number"]

    assert number in keeper.run("committees", "requests", data.committee)
    assert "Wang Fang" in keeper.run("requests", "show", number)
    keeper.run("requests", "return", number, "--reason", "Which server?")
    assert "Which server?" in reader.run("requests", "show", number)
    reader.run("requests", "submit", number)
    assert "approved" in keeper.run("requests", "approve", number)

    assert "live" in reader.run("grants", "list")
    reader.run("download", data.dataset, "--to", str(tmp_path / "data"))
    assert {f.read_bytes() for f in (tmp_path / "data").rglob("*.gz")} == set(data.bodies.values())
    visas = [reader.run("grants", "visa", number).strip()] if _has_key(person, number) else []
    assert [visa.count(".") for visa in visas] == [2]
    assert number in reader.run("grants", "log")
    assert person.get("/v1/me")["subject"] in keeper.run("committees", "log", data.committee, data.dataset)
    keeper.run("grants", "revoke", number, "--reason", "The purpose has changed.")
    assert "revoked" in reader.run("grants", "list")
    reader.run("download", data.dataset, "--to", str(tmp_path / "again"), code=3)


def _has_key(person: Person, number: str) -> bool:
    """The first request of an archive makes the key of visas; it is there in a moment."""
    return bool(eventually(lambda: person.call("GET", f"/v1/access-grants/{number}/visa").status_code == 200))


def test_a_committee_is_formed_and_staff_break_its_glass_at_the_terminal(
    stack: Stack, nobody: Person, data: Controlled, tmp_path: Path
) -> None:
    other = newcomer(stack, nobody)
    keeper, member, staff = (
        _signed_in(stack, tmp_path / email, email, PASSWORD)
        for email in ("ana@example.org", other.email, "chen@example.org")
    )
    formed = json.loads(keeper.run("committees", "form", "Keepers of the cohort", "--rule", "majority", "--json"))
    number = formed["number"]
    keeper.run("committees", "invite", number, other.email, "--deputy")
    assert number in member.run("committees", "list")
    member.run("committees", "show", number, code=3)  # an invitation shows nothing yet
    member.run("committees", "join", number)
    member.run("committees", "away", number, "2027-01-31")
    shown = keeper.run("committees", "show", number)
    assert "deputy" in shown and "2027-01-31" in shown and "majority" in shown
    member.run("committees", "leave", number)
    assert other.get("/v1/me")["subject"] not in keeper.run("committees", "show", number)

    staff.run("download", data.dataset, "--to", str(tmp_path / "no"), code=3)
    staff.run("grants", "break-glass", data.dataset, "--reason", "because", code=1)
    why = "A reader reports that a file is cut."
    assert "is open to you" in staff.run("grants", "break-glass", data.dataset, "--reason", why)
    assert why in keeper.run("committees", "log", data.committee, data.dataset)
    staff.run("download", data.dataset, "--to", str(tmp_path / "yes"))
    assert list((tmp_path / "yes").rglob("*.gz"))
    member.run("grants", "break-glass", data.dataset, "--reason", why, code=1)
