"""Metadata rules: every finding at once, at its place, with a rule of the catalogue."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.submissions.model import TRANSITIONS, WORDS, State
from biotheca.submissions.rules import check_document, check_release
from tests.journeys.conftest import document

GSA = catalog.members()["gsa"]
GOOD = document([("a_1.fq.gz", b"1"), ("a_2.fq.gz", b"2")])


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good document with one value changed; None removes it."""
    made = copy.deepcopy(GOOD)
    where: Any = made
    *way, last = path.split("/")
    for step in way:
        where = where[int(step)] if isinstance(where, list) else where[step]
    key: Any = int(last) if isinstance(where, list) else last
    if value is None:
        del where[key]
    else:
        where[key] = value
    return made


def test_a_complete_document_has_no_finding() -> None:
    assert check_document(GSA, GOOD) == []


BROKEN = [
    ("samples/0/organism", None, "metadata.required", "/samples/0/organism"),
    ("samples/0/organism", "", "metadata.required", "/samples/0/organism"),
    ("samples/0/taxon_id", 9606, "metadata.taxon_elsewhere", "/samples/0/taxon_id"),
    ("samples/0/taxon_id", "562", "metadata.number", "/samples/0/taxon_id"),
    ("samples/0/taxon_id", True, "metadata.number", "/samples/0/taxon_id"),
    ("samples/0/collection_date", "01.03.2026", "metadata.date", "/samples/0/collection_date"),
    ("samples/0/collection_date", "2026-13", "metadata.date", "/samples/0/collection_date"),
    ("samples/0/colour", "green", "metadata.unknown_field", "/samples/0/colour"),
    ("experiments/0/library_layout", "paired", "metadata.choice", "/experiments/0/library_layout"),
    ("experiments/0/sample", "s2", "metadata.reference", "/experiments/0/sample"),
    ("experiments/0/design_description", "short", "metadata.length", "/experiments/0/design_description"),
    ("experiments/0/library_layout", "SINGLE", "files.count", "/runs/0/files"),
    ("runs/0/files/1/name", "a_1.fq.gz", "files.duplicate", "/runs/0/files/1/name"),
    ("runs/0/files/0/name", "../a.fq.gz", "files.name", "/runs/0/files/0/name"),
    ("runs/0/files/0/name", "a b.fq.gz", "files.name", "/runs/0/files/0/name"),
    ("runs/0/files/0/name", "\u202egz.qf", "files.name", "/runs/0/files/0/name"),
    ("runs/0/files/0/name", "-rf.fq", "files.name", "/runs/0/files/0/name"),
    ("runs/0/files/0/md5", "xyz", "files.md5", "/runs/0/files/0/md5"),
    ("runs/0/files/0/size_bytes", 0, "metadata.number", "/runs/0/files/0/size_bytes"),
    ("runs/0/files", [], "files.count", "/runs/0/files"),
    ("runs/0/alias", "r 1", "metadata.alias", "/runs/0/alias"),
    ("runs", [], "metadata.incomplete", "/runs"),
    ("study", None, "metadata.incomplete", "/study"),
    ("project/title", 7, "general.body", "/project/title"),
    ("extra", {}, "metadata.unknown_field", "/extra"),
]


@pytest.mark.parametrize(("path", "value", "rule", "where"), BROKEN, ids=[f"{b[0]}={b[1]!r}"[:50] for b in BROKEN])
def test_a_broken_rule_is_found_at_its_place(path: str, value: Any, rule: str, where: str) -> None:
    findings = check_document(GSA, changed(path, value))
    assert (rule, where) in {(f.rule, f.where) for f in findings}
    assert all(f.message and f.mend and f.rule in catalog.rules() for f in findings)


def test_all_findings_come_at_once() -> None:
    made = changed("samples/0/organism", None)
    made["experiments"][0]["platform"] = "ABACUS"
    made["runs"][0]["files"][0]["md5"] = "no"
    assert {f.rule for f in check_document(GSA, made)} == {"metadata.required", "metadata.choice", "files.md5"}


@pytest.mark.parametrize("value", ["2026", "2026-03", "2026-03-01", "not collected", "missing: lab stock"])
def test_a_date_or_a_reporting_term_is_taken(value: str) -> None:
    assert check_document(GSA, changed("samples/0/collection_date", value)) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the first draw is slow on a busy machine
@given(st.dictionaries(st.sampled_from([*GOOD, "zzz"]), json_values, max_size=6))
def test_no_document_however_odd_breaks_the_checker(made: dict[str, Any]) -> None:
    findings = check_document(GSA, made)
    assert findings and all(f.rule in catalog.rules() for f in findings)


@pytest.mark.parametrize(
    ("mode", "day", "fine"),
    [
        ("immediately", None, True),
        ("on_date", "2026-03-01", True),
        ("on_date", "2028-03-01", True),
        ("on_date", "2026-02-28", False),
        ("on_date", "2029-01-01", False),
        ("on_date", None, False),
        ("on_date", "soon", False),
    ],
)
def test_a_release_date_lies_between_today_and_two_years_ahead(mode: str, day: str | None, fine: bool) -> None:
    assert (check_release(mode, day, date(2026, 3, 1)) == []) is fine


def test_every_state_has_words_and_a_row_and_leads_to_known_states() -> None:
    assert set(WORDS) == set(TRANSITIONS) == set(State)
    reached = {State.DRAFT} | {target for targets in TRANSITIONS.values() for target in targets}
    assert reached == set(State)
