"""Experiments and runs: platforms and models, conditions between fields, file types, spellings of terms."""

from __future__ import annotations

from typing import Any

import pytest

from biotheca import catalog
from biotheca.submissions.rules import check_document, errors_in, normalised
from tests.unit.submissions.making import changed, good

GSA = catalog.members()["gsa"]


def refused(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f.rule, f.where) for f in errors_in(check_document(GSA, document))}


def test_a_model_of_another_platform_is_refused() -> None:
    made = changed("experiments/0/instrument_model", "DNBSEQ-T7")
    assert refused(made) == {("metadata.choice_within", "/experiments/0/instrument_model")}


def test_a_makers_other_name_is_taken_with_a_hint_and_brings_its_platform() -> None:
    made = changed("experiments/0/instrument_model", "mgiseq-t7")
    del made["experiments"][0]["platform"]
    found = check_document(GSA, made)
    assert [(f.rule, f.severity, f.expected) for f in found] == [("metadata.alias_of_term", "hint", "DNBSEQ-T7")]
    written = normalised(GSA, made)[0]["experiments"][0]
    assert (written["instrument_model"], written["platform"]) == ("DNBSEQ-T7", "DNBSEQ")
    assert made["experiments"][0]["instrument_model"] == "mgiseq-t7"


def test_every_alias_leads_to_a_term_and_hides_none() -> None:
    for name, terms in catalog.vocabularies().items():
        for alias, term in catalog.aliases(name).items():
            assert term in terms
            assert alias not in {t.casefold() for t in terms} or term.casefold() == alias


def test_every_model_but_the_unspecified_belongs_to_one_platform() -> None:
    models = [m for terms in catalog.terms_within("instrument_model").values() for m in terms if m != "unspecified"]
    assert len(models) == len(set(models)) == 100


@pytest.mark.parametrize("name", ["read_length_2", "nominal_size"])
def test_a_paired_library_needs_its_second_length_and_its_size_and_a_single_one_does_not(name: str) -> None:
    made = changed(f"experiments/0/{name}", None)
    assert refused(made) == {("metadata.required", f"/experiments/0/{name}")}
    made["experiments"][0]["library_layout"] = "SINGLE"
    assert refused(made) == {("files.count", "/runs/0/files")}


_CHECKED = GSA.object_type("run").files["checked"]  # type: ignore[index]


@pytest.mark.parametrize("value", [t for t in catalog.vocabulary("run_file_type") if t not in _CHECKED])
def test_a_file_type_of_the_vocabulary_that_cannot_be_checked_is_refused_by_a_rule_of_its_own(value: str) -> None:
    rule = "files.fasta" if value == "fasta" else "files.type_unchecked"
    assert refused(changed("runs/0/file_type", value)) == {(rule, "/runs/0/file_type")}


def test_a_bam_file_is_a_run_by_itself_even_of_a_paired_library() -> None:
    made = changed("runs/0/file_type", "bam")
    assert refused(made) == {("files.count", "/runs/0/files")}
    del made["runs"][0]["files"][1]
    assert refused(made) == set()


def test_an_unknown_file_type_is_no_term() -> None:
    assert refused(changed("runs/0/file_type", "docx")) == {("metadata.choice", "/runs/0/file_type")}


def test_aligned_reads_need_a_reference_file_or_an_assembly() -> None:
    made = changed("runs/0/alignment", "yes")
    assert refused(made) == {("metadata.one_of", "/runs/0/reference_file")}
    made["runs"][0]["assembly"] = "GCA_000005845.2"
    assert refused(made) == set()


def test_an_experiments_title_is_its_own_among_those_of_a_sample() -> None:
    made = good()
    made["experiments"].append({**made["experiments"][0], "alias": "e2"})
    assert refused(made) == {("metadata.unique", "/experiments/1/title")}


def test_a_human_sample_is_refused_with_where_it_belongs() -> None:
    made = changed("samples/0/sample_type", "human")
    found = [f for f in check_document(GSA, made) if f.rule == "metadata.package_elsewhere"]
    assert [f.where for f in found] == ["/samples/0/sample_type"]
    assert "gsa-human" in found[0].expected
