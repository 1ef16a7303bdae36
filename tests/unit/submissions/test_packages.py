"""The eleven types of sample: what each demands, and what may stand instead of a value."""

from __future__ import annotations

from typing import Any

import pytest

from biotheca import catalog
from biotheca.submissions.rules import check_document, errors_in
from tests.unit.submissions.making import COMMON

BIOSAMPLE = catalog.members()["biosample"]
SAMPLE = BIOSAMPLE.object_type("sample")
# Mandatory beyond what all types share, and the groups of which one is enough (GSA's types, INSDC's requirements).
DEMANDS: dict[str, tuple[set[str], list[set[str]]]] = {
    "pathogen.clinical": (
        {"collected_by", "host", "host_disease", "isolation_source", "lat_lon"},
        [{"isolate", "strain"}],
    ),
    "pathogen.environmental": ({"collected_by", "isolation_source", "lat_lon"}, [{"isolate", "strain"}]),
    "microbe": (set(), [{"strain", "isolate"}, {"isolation_source", "host"}]),
    "model_organism_or_animal": (
        {"sex", "tissue", "biomaterial_provider"},
        [{"breed", "strain", "isolate", "cultivar", "ecotype"}, {"age", "developmental_stage"}],
    ),
    "human": ({"isolate", "age", "biomaterial_provider", "sex", "tissue"}, []),
    "plant": ({"tissue", "biomaterial_provider"}, [{"cultivar", "ecotype", "isolate"}, {"age", "developmental_stage"}]),
    "virus": ({"isolation_source"}, [{"isolate", "strain"}, {"host", "lab_host"}]),
    "metagenome": ({"lat_lon"}, [{"host", "isolation_source"}]),
    "mims.human_gut": ({"host", "lat_lon", "env_broad_scale", "env_local_scale", "env_medium"}, []),
    "mims.soil": ({"lat_lon", "depth", "elevation", "env_broad_scale", "env_local_scale", "env_medium"}, []),
    "mims.water": ({"lat_lon", "depth", "env_broad_scale", "env_local_scale", "env_medium"}, []),
}


def sample(kind: str, **more: Any) -> dict[str, Any]:
    """A sample of a type with every mandatory attribute and the first of each group."""
    mandatory, groups = DEMANDS[kind]
    names = [*mandatory, *(sorted(group)[0] for group in groups)]
    said = {name: SAMPLE.fields[name].example for name in names}
    return {"alias": "s1", "sample_type": kind, **COMMON, **said, **more}


def refused(entry: dict[str, Any]) -> set[tuple[str, str]]:
    found = errors_in(check_document(BIOSAMPLE, {"samples": [entry]}))
    return {(f.rule, f.where.rsplit("/", 1)[-1]) for f in found}


def test_the_eleven_types_are_those_of_the_table() -> None:
    assert set(SAMPLE.packages) == set(DEMANDS)


@pytest.mark.parametrize("kind", DEMANDS)
def test_a_sample_with_all_that_its_type_demands_is_taken(kind: str) -> None:
    assert refused(sample(kind)) == set()


@pytest.mark.parametrize("kind", DEMANDS)
def test_each_mandatory_attribute_of_a_type_is_demanded(kind: str) -> None:
    mandatory, groups = DEMANDS[kind]
    for name in mandatory | {"collection_date", "geographic_location", "organism", "taxon_id", "title"}:
        made = sample(kind)
        del made[name]
        assert ("metadata.required", name) in refused(made), name
    for group in groups:
        made = {k: v for k, v in sample(kind).items() if k not in group - mandatory}
        assert not group & set(made) - mandatory
        if not group & mandatory:
            assert {rule for rule, _ in refused(made)} == {"metadata.one_of"}


@pytest.mark.parametrize("term", sorted(catalog.missing_terms()))
def test_a_reporting_term_may_stand_for_an_attribute_but_not_for_a_title(term: str) -> None:
    assert (
        refused(sample("mims.soil", lat_lon=term, collection_date=term, geographic_location=term, depth=term)) == set()
    )
    assert refused(sample("mims.soil", taxon_id=term)) == {("metadata.number", "taxon_id")}


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("lat_lon", "91.0 N 10.0 E", "metadata.lat_lon"),
        ("lat_lon", "39.9, 116.4", "metadata.lat_lon"),
        ("geographic_location", "Beijing, China", "metadata.country"),
        ("geographic_location", "Chian: Beijing", "metadata.country"),
        ("collection_date", "2026-02-30", "metadata.date"),
        ("collection_date", "2026-03/2026-02", "metadata.date"),
        ("sample_type", "soil", "metadata.choice"),
        ("attributes", {"Organism": "x"}, "metadata.attribute"),
        ("attributes", {"": "x"}, "metadata.attribute"),
        ("attributes", {"a": ["x"]}, "general.body"),
        ("title", "A\x00B", "metadata.characters"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: Any, rule: str) -> None:
    assert rule in {r for r, _ in refused(sample("metagenome", **{name: value}))}


def test_a_misspelt_country_is_answered_with_the_one_that_was_meant() -> None:
    (found,) = errors_in(
        check_document(BIOSAMPLE, {"samples": [sample("microbe", geographic_location="Chian: Beijing")]})
    )
    assert found.expected == "China"


def test_own_attributes_are_taken_with_texts_and_numbers() -> None:
    assert refused(sample("microbe", attributes={"salt tolerance": "high", "plate": 7, "od600": 0.4})) == set()


def test_samples_that_differ_in_name_and_title_only_are_refused_with_what_would_tell_them_apart() -> None:
    two = [sample("plant"), sample("plant", alias="s2", title="Another")]
    (found,) = errors_in(check_document(BIOSAMPLE, {"samples": two}))
    assert (found.rule, found.where) == ("metadata.alike", "/samples/1")
    assert "'s1'" in found.message and "'s2'" in found.message and "replicate" in found.expected
    two[1]["replicate"] = "2"
    assert errors_in(check_document(BIOSAMPLE, {"samples": two})) == []


def test_a_recommended_attribute_that_nobody_fills_is_one_hint() -> None:
    rows = [sample("mims.soil", alias=f"s{n}", replicate=str(n)) for n in range(5)]
    hints = [f for f in check_document(BIOSAMPLE, {"samples": rows}) if f.rule == "metadata.recommended"]
    assert {f.facts["field"] for f in hints} == {"ph", "soil_type"}
    assert all(f.severity == "hint" and "5 of 5" in f.message for f in hints)
