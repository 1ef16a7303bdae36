"""The taxonomy that comes with the package: what it holds, how names are found, what is refused because of it."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

from biotheca import catalog
from biotheca.submissions.model import Known
from biotheca.submissions.rules import check_document
from biotheca.taxonomy.model import subset
from biotheca.taxonomy.service import Taxonomy
from tests.unit.submissions.making import changed, good

GSA = catalog.members()["gsa"]
TAXA = Taxonomy()


def findings(organism: str, taxon_id: int) -> list[tuple[str, str, str]]:
    made = changed("samples/0/organism", organism)
    made["samples"][0]["taxon_id"] = taxon_id
    return [(f.rule, f.severity, f.expected) for f in check_document(GSA, made)]


# Published ids and names of the NCBI taxonomy, typed in by hand.
@pytest.mark.parametrize(
    ("number", "name", "ancestors"),
    [
        (562, "Escherichia coli", [561, 543, 91347, 1236, 2]),
        (9606, "Homo sapiens", [9605, 9604, 9443, 40674, 7711, 2759]),
        (63221, "Homo sapiens neanderthalensis", [9606]),
        (4530, "Oryza sativa", [4527, 4479, 33090]),
        (10090, "Mus musculus", [10088, 9989]),
        (7227, "Drosophila melanogaster", [7215, 50557]),
        (3702, "Arabidopsis thaliana", [3701, 3700]),
        (2697049, "Severe acute respiratory syndrome coronavirus 2", [10239]),
        (408170, "human gut metagenome", [408169]),
        (410658, "soil metagenome", [410657]),
        (511145, "Escherichia coli str. K-12 substr. MG1655", [83333, 562]),
    ],
)
def test_a_well_known_taxon_is_there_with_its_ancestors(number: int, name: str, ancestors: list[int]) -> None:
    taxon = subset()[number]
    assert taxon.name == name
    order = [taxon.lineage.index(a) for a in ancestors]
    assert order == sorted(order)


def test_the_subset_is_small_and_whole() -> None:
    size_bytes = len((resources.files("biotheca.taxonomy") / "subset.tsv.gz").read_bytes())
    assert size_bytes < 1_000_000 and len(subset()) > 5_000
    for taxon in subset().values():
        assert taxon.parent in subset() and taxon.name and taxon.rank
        assert taxon.id == 1 or taxon.lineage[-1] == 1


def test_every_primate_is_in_the_subset_and_nothing_of_them_is_missing_between() -> None:
    primates = [t for t in subset().values() if t.within(9443)]
    assert len(primates) > 500
    assert {t.id for t in primates if t.within(9606)} == {9606, 63221, 741158}


@pytest.mark.parametrize("number", [9606, 63221])
def test_man_and_every_taxon_below_is_refused_with_where_it_belongs(number: int) -> None:
    name = subset()[number].name
    assert findings(name, number)[0] == ("metadata.taxon_elsewhere", "error", "submit it to gsa-human")


def test_every_descendant_of_man_is_refused_and_no_other_primate() -> None:
    for taxon in (t for t in subset().values() if t.within(9443)):
        rules = {rule for rule, _, _ in findings(taxon.name, taxon.id)}
        assert ("metadata.taxon_elsewhere" in rules) is taxon.within(9606), taxon


def test_a_sample_named_by_accession_is_refused_if_it_is_of_man() -> None:
    made: dict[str, Any] = good()
    del made["samples"]
    made["experiments"][0]["sample"] = "SAMC000001"
    known = {"SAMC000001": Known("SAMC000001", "sample", {"taxon_id": 63221})}
    assert "metadata.taxon_elsewhere" in {f.rule for f in check_document(GSA, made, known)}


def test_a_name_that_is_not_the_taxons_is_refused_with_the_one_that_is() -> None:
    assert findings("Mus musculus", 562) == [("taxonomy.name", "error", "Escherichia coli")]


@pytest.mark.parametrize("name", ["E. coli", "bacillus  COLI"])
def test_a_synonym_is_taken_with_a_hint(name: str) -> None:
    assert findings(name, 562) == [("taxonomy.synonym", "hint", "Escherichia coli")]


def test_letter_case_and_blanks_of_a_scientific_name_do_not_matter() -> None:
    assert findings("escherichia  coli", 562) == []


def test_an_unknown_taxon_is_a_warning_and_not_a_refusal() -> None:
    assert findings("Nemo nescit", 2_000_000_001) == [("taxonomy.unknown", "warning", "an id of the NCBI taxonomy")]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("escherichia coli", 562),
        ("ESCHERICHIA CO", 562),
        ("homo sap", 9606),
        ("house mou", 10090),
        ("rice", 4530),
        ("SARS-CoV-2", 2697049),
        ("zebrafish", 7955),
    ],
)
def test_the_beginning_of_a_name_finds_the_taxon_that_was_meant(query: str, first: int) -> None:
    assert TAXA.find(query)[0].id == first


def test_every_taxon_is_found_by_its_whole_scientific_name() -> None:
    for number in list(subset())[::37]:
        name = subset()[number].name
        assert len(name) < 3 or number in {t.id for t in TAXA.find(name, 50)}
