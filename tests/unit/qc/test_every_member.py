"""Whatever member there is: each file that it takes has a check, and the checks stand before any curator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from biotheca import catalog
from biotheca.catalog import Member, ObjectType
from biotheca.qc import Verdict, check_file
from biotheca.qc.content import FORMATS
from biotheca.submissions.rules import files
from tests.checks_machines import _reached

ROOT = Path(__file__).resolve().parents[3]
MACHINE: dict[str, Any] = json.loads((ROOT / "statemachines" / "submission.asl.json").read_text())
STATES: dict[str, Any] = MACHINE["States"]
KINDS = [(m, k) for m in catalog.members().values() for k in m.objects if k.files]


@pytest.mark.parametrize(("member", "kind"), KINDS, ids=lambda part: getattr(part, "id", getattr(part, "type", "")))
def test_every_type_of_file_that_a_member_takes_is_checked_and_every_other_is_refused(
    member: Member, kind: ObjectType
) -> None:
    policy = kind.files or {}
    field = kind.fields[policy["type_field"]]
    assert policy["checked"]
    for term in catalog.vocabulary(field.vocabulary or ""):
        entry = {"alias": "a", field.name: term, "files": [{"name": "a.dat", "md5": "0" * 32}]}
        document = {kind.section: [entry] if kind.many else entry}
        found = [f for f in files.check(member, document, {}) if f.where.endswith(field.name)]
        rules = {f.rule for f in found if f.severity != "hint"}
        if term in policy["checked"]:
            assert not rules
            # A check of its own says something of any bytes: nothing passes unread but what is read by none.
            odd = b"" if term == "other" else b"\0" * 100
            assert check_file([odd], None, term, "a.dat").verdict is Verdict.UNSOUND
        else:
            assert rules and all(catalog.rules()[rule]["severity"] == "error" for rule in rules), term


def test_all_members_one_added_for_a_test_too_name_formats_of_one_table() -> None:
    added = yaml.safe_load((ROOT / "tests/journeys/fifth_member/members.yaml").read_text())["members"]
    policies = [kind.files or {} for _, kind in KINDS]
    policies += [kind["files"] for member in added for kind in member["objects"] if kind.get("files")]
    assert len(policies) > len(KINDS)
    assert all(set(policy["checked"]) <= set(FORMATS) for policy in policies)


def test_there_are_members_with_files() -> None:
    assert KINDS and all(member.has_files for member, _ in KINDS)
    assert all(member.review["data"] in ("automatic", "curator") for member, _ in KINDS)


def _without(*edges: tuple[str, str]) -> dict[str, Any]:
    """The states of the workflow without some of their ways."""
    states: dict[str, Any] = json.loads(json.dumps(STATES))
    for start, end in edges:
        state = states[start]
        if state.get("Default") == end:
            del state["Default"]
        if state.get("Next") == end:
            del state["Next"]
        state["Choices"] = [rule for rule in state.get("Choices", []) if rule["Next"] != end]
    return states


def test_no_way_of_a_submission_with_files_leads_to_curator_or_archive_around_the_checks() -> None:
    no_files = ("Has it files?", "Mint accessions")
    assert {"Ask a curator", "Mint accessions"} <= _reached(MACHINE["StartAt"], STATES)
    judged = ("Is every file sound?", "Are others made of its files?")
    around = _reached(MACHINE["StartAt"], _without(no_files, judged))
    assert not around & {"Ask a curator", "Mint accessions", "Archive every file", "Release"}
    for skipped in ("Plan the checks", "Check every file", "Judge the checks"):
        states = _without(no_files)
        states[skipped] = {"Type": "Succeed"}
        assert not _reached(MACHINE["StartAt"], states) & {"Ask a curator", "Mint accessions"}, skipped
