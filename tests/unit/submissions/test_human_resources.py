"""What countries demand of data of people: whole truth tables beside the rules written out once more, by hand."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.submissions.rules.conditions import holds, named, unknown
from biotheca.submissions.rules.human_resources import Document, Gate, Standing, gate, individuals_sequenced

TODAY = date(2026, 11, 28)
FACTS = catalog.human_resources()["facts"]
PLAIN: dict[str, Any] = {
    "human": True,
    "gene_data": True,
    "origin_countries": ["China"],
    "organisation_country": "China",
    "foreign_participation": False,
    "access": "controlled",
    "sequenced_individuals": 500,
    "important_family": False,
    "specific_region": False,
    "public_interest": False,
}
ALL = {
    kind: Document(kind, "2026BF0001", "2026-01-01", Standing.VERIFIED)
    for kind in catalog.human_resources()["documents"]
}
VALUES: dict[str, list[Any]] = {
    "human": [True, False],
    "gene_data": [True, False],
    "origin_countries": [["China"], ["China", "Japan"], ["Japan"]],
    "organisation_country": ["China", "Japan"],
    "foreign_participation": [True, False],
    "access": ["open", "controlled"],
    "sequenced_individuals": [0, 500, 501],
    "important_family": [True, False],
    "specific_region": [True, False],
    "public_interest": [True, False],
}
TABLE = [dict(zip(VALUES, row, strict=True)) for row in itertools.product(*VALUES.values())]


def written_by_hand(f: dict[str, Any]) -> tuple[set[str], bool]:
    """Documents that the Implementation Rules (2023) demand, and whether the way itself is barred."""
    chinese = "China" in f["origin_countries"] or f["organisation_country"] == "China"
    if not (f["human"] and f["gene_data"] and chinese):
        return set(), False
    abroad = f["foreign_participation"] or f["access"] == "open"
    grave = f["important_family"] or f["specific_region"] or f["public_interest"] or f["sequenced_individuals"] > 500
    demanded = {"cn_backup", "cn_registration"} if abroad else set()
    if abroad and grave:
        demanded.add("cn_security_review")
    return demanded, "China" in f["origin_countries"] and f["organisation_country"] != "China"


def rules(found: Gate) -> list[str]:
    return [f.rule.removeprefix("jurisdiction.") for f in found.findings]


def test_every_row_of_the_truth_table_demands_what_the_law_does_and_opens_only_then() -> None:
    assert len(TABLE) == 2304
    for facts in TABLE:
        demanded, barred = written_by_hand(facts)
        bare = gate(facts, [], TODAY)
        assert {d.document for d in bare.demands if d.document} == demanded, facts
        assert bare.open == (not demanded and not barred), facts
        assert sorted(rules(bare)) == sorted(["document_missing"] * len(demanded) + ["not_allowed"] * barred), facts
        full = gate(facts, [ALL[kind] for kind in demanded], TODAY)
        assert full.open == (not barred), facts
        for left_out in demanded:
            assert not gate(facts, [ALL[kind] for kind in demanded - {left_out}], TODAY).open, facts


@given(st.sampled_from(TABLE), st.sets(st.sampled_from(sorted(VALUES))))
def test_a_fact_that_is_not_known_never_opens_the_gate(facts: dict[str, Any], hidden: set[str]) -> None:
    """An open gate stays open however the rest turns out."""
    known = {name: value for name, value in facts.items() if name not in hidden}
    found = gate(known, [], TODAY)
    if found.open:
        rest = [[known[name]] if name in known else values for name, values in VALUES.items()]
        for row in itertools.product(*rest):
            assert written_by_hand(dict(zip(VALUES, row, strict=True))) == (set(), False)
    else:
        assert all(f.mend and f.where.startswith("/human_resources") for f in found.findings)


def test_only_questions_that_matter_are_asked() -> None:
    assert [f.where for f in gate({}, [], TODAY).findings] == [
        f"/human_resources/{name}" for name in ("human", "gene_data", "origin_countries", "organisation_country")
    ]
    assert gate({"human": False}, [], TODAY).open
    asked = gate(
        {"human": True, "gene_data": True, "origin_countries": ["China"], "organisation_country": "China"}, [], TODAY
    )
    assert "/human_resources/access" in {f.where for f in asked.findings}


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (Document("cn_backup", "2026BF0001", "2026-01-01"), "document_not_verified"),
        (Document("cn_backup", "2026BF0001", "2026-01-01", Standing.REFUSED), "document_refused"),
        (Document("cn_backup", "no", "2026-01-01", Standing.VERIFIED), "document_form"),
        (Document("cn_backup", "2026BF0001", "2026-11-29", Standing.VERIFIED), "document_form"),
        (Document("cn_backup", "2026BF0001", "28.11.2026", Standing.VERIFIED), "document_form"),
        (Document("cn_backup", "<script>alert(1)</script>", "2026-01-01", Standing.VERIFIED), "document_form"),
    ],
)
def test_a_number_that_is_not_in_order_and_verified_keeps_the_gate_closed(document: Document, rule: str) -> None:
    facts = PLAIN | {"foreign_participation": True}
    found = gate(facts, [document, ALL["cn_registration"]], TODAY)
    assert (found.open, rules(found)) == (False, [rule])
    assert gate(facts, [document, ALL["cn_backup"], ALL["cn_registration"]], TODAY).open


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("human", "yes"),
        ("sequenced_individuals", "many"),
        ("sequenced_individuals", True),
        ("sequenced_individuals", -1),
        ("origin_countries", "China"),
        ("foreign_participation", 0),
    ],
)
def test_an_answer_of_the_wrong_kind_is_told_and_counts_as_none(fact: str, value: Any) -> None:
    found = gate(PLAIN | {fact: value}, list(ALL.values()), TODAY)
    assert not found.open and found.findings[0].rule == "jurisdiction.fact_type"
    assert found.findings[0].where == f"/human_resources/{fact}"


def test_persons_are_counted_once_whatever_was_sequenced_of_them() -> None:
    links = [("WGS", f"i{n}") for n in range(501)] + [("wxs", "i1"), ("AMPLICON", "i900"), ("RNA-Seq", "i901")]
    assert individuals_sequenced(links) == 501


def test_an_institution_adds_another_country_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "human_resources_eu.yaml").write_text(
        """
documents:
  eu_legal_basis: {title: {en: 'Legal basis', zh: '法律依据'}, form: 'Art\\. [69]\\(\\d\\).{0,40}'}
packs:
  EU:
    title: {en: 'Personal data in the EU', zh: '欧盟个人数据'}
    source: GDPR
    scope: {all: [{fact: human, is: true}, {fact: organisation_country, in: [France, Germany]}]}
    rules:
      - id: basis
        when: {fact: human, is: true}
        demands: [eu_legal_basis]
        closes: release
        why: {en: 'A legal basis.', zh: '法律依据。'}
"""
    )
    monkeypatch.setenv("BIOTHECA_CATALOG", str(tmp_path))
    catalog.human_resources.cache_clear()
    try:
        facts = PLAIN | {"organisation_country": "France", "origin_countries": ["France"]}
        found = gate(facts, [], TODAY)
        assert [(d.pack, d.document) for d in found.demands] == [("EU", "eu_legal_basis")]
        basis = Document("eu_legal_basis", "Art. 9(2)(j)", "2026-01-01", Standing.VERIFIED)
        assert gate(facts, [basis], TODAY).open
    finally:
        catalog.human_resources.cache_clear()


def test_every_condition_and_document_of_the_catalog_names_things_that_exist() -> None:
    data = catalog.human_resources()
    for pack in data["packs"].values():
        for condition in (pack["scope"], *(rule["when"] for rule in pack["rules"])):
            assert set(named(condition)) <= set(FACTS)
        for rule in pack["rules"]:
            assert set(rule["demands"]) <= set(data["documents"]) and rule["closes"] == "release"
            assert rule["why"]["en"] and rule["why"]["zh"]
    sensitivity = catalog.sensitivity()
    for rule in sensitivity["rules"]:
        assert set(named(rule["when"])) <= set(sensitivity["facts"]) and rule["class"] in sensitivity["classes"]


@pytest.mark.parametrize(
    "broken", [{}, {"fact": "a"}, {"fact": "a", "is": 1, "in": []}, {"is": 1}, {"fact": "a", "was": 1}]
)
def test_a_condition_that_is_none_is_a_fault_of_the_catalog(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="condition"):
        list(named({"all": [{"any": [{"not": broken}]}]}))


LEAVES = st.builds(lambda f, v: {"fact": f, "is": v}, st.sampled_from("abc"), st.booleans())
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda c: {"not": c}, inner),
        st.builds(lambda k, c: {k: c}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)


@given(CONDITIONS, st.dictionaries(st.sampled_from("abc"), st.booleans()))
def test_what_is_said_of_a_condition_stays_true_however_unknown_facts_turn_out(
    condition: dict[str, Any], facts: dict[str, bool]
) -> None:
    said = holds(condition, facts)
    assert (said is None) == bool(set(unknown(condition, facts)))
    assert set(unknown(condition, facts)) <= set("abc") - set(facts)
    rest = sorted(set("abc") - set(facts))
    for values in itertools.product([True, False], repeat=len(rest)):
        whole = holds(condition, facts | dict(zip(rest, values, strict=True)))
        assert whole is not None and said in (None, whole)
