"""The templates of data of people: a filled example passes, and each thing that is missing is named by its place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from biotheca import catalog
from biotheca.submissions.model import Known
from biotheca.submissions.rules import check_document, errors_in
from tests.unit.members.human import TEMPLATES, WORDS, human_document, omix_document

HUMAN = catalog.members()["gsa-human"]
OMIX = catalog.members()["omix"]


def refused(document: dict[str, Any], mode: str = "controlled", **more: Any) -> set[tuple[str, str]]:
    return {(f.rule, f.where) for f in errors_in(check_document(HUMAN, document, mode=mode, **more))}


def mandatory() -> list[tuple[str, str, str]]:
    """(template, section, field) of every field that must be there, by the catalog."""
    found = []
    for template in TEMPLATES:
        document = human_document(template)
        for kind in HUMAN.objects:
            entry = document[kind.section][0] if kind.many else document[kind.section]
            package = kind.package(entry)
            for name, spec in kind.fields.items():
                holds = any(entry.get(other) in values for other, values in spec.required_if.items())
                unless = bool(spec.required_unless) and not any(
                    entry.get(other) in values for other, values in spec.required_unless.items()
                )
                if spec.required or (package and name in package.mandatory) or holds or unless:
                    found.append((template, kind.section, name))
    return found


@pytest.mark.parametrize("mode", ["open", "controlled"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_filled_example_passes(template: str, mode: str) -> None:
    assert refused(human_document(template), mode) == set()


@pytest.mark.parametrize(("template", "section", "field"), mandatory())
def test_without_a_mandatory_field_the_place_is_named(template: str, section: str, field: str) -> None:
    document = human_document(template)
    entries = document[section] if isinstance(document[section], list) else [document[section]]
    entries[-1].pop(field)
    where = f"/{section}/{len(entries) - 1}" if isinstance(document[section], list) else f"/{section}"
    assert any(place == f"{where}/{field}" for _, place in refused(document)), refused(document)


def test_as_many_mandatory_fields_as_the_templates_of_the_original_demand() -> None:
    found = mandatory()
    persons = {t: {f for template, s, f in found if template == t and s == "individuals"} for t in TEMPLATES}
    assert persons["disease"] == persons["cohort"] == {"title", "template", "gender", "experiment_group"}
    assert persons["cell_line"] == {"title", "template", "cell_line", "tissue", "gender"}
    samples = {t: {f for template, s, f in found if template == t and s == "samples"} for t in TEMPLATES}
    assert {"tissue", "age", "age_unit", "collection_date", "biomaterial_provider"} <= samples["disease"]
    assert {"collected_by", "geographic_location", "isolation_source", "lat_lon"} <= samples["clinical_pathogen"]
    assert {"env_broad_scale", "env_local_scale", "env_medium", "host"} <= samples["human_metagenome"]


@pytest.mark.parametrize("kind", ["disease-related cohort", "healthy-population cohort", "other cohort"])
def test_a_cohort_is_one_of_three(kind: str) -> None:
    document = human_document("cohort")
    document["study"]["cohort_type"] = kind
    assert refused(document) == set()
    document["study"]["cohort_type"] = "cohort"
    assert refused(document) == {("metadata.choice", "/study/cohort_type")}


@pytest.mark.parametrize("field", ["env_broad_scale", "env_local_scale", "env_medium"])
@pytest.mark.parametrize("value", ["gut", "gut [ENVO:1]", "[ENVO:00009003]", "not collected"])
def test_environments_are_terms_of_the_ontology(field: str, value: str) -> None:
    document = human_document("human_metagenome")
    document["samples"][0][field] = value
    assert {place for _, place in refused(document)} == {f"/samples/0/{field}"}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("other", TEMPLATES)
def test_people_and_samples_are_described_by_the_template_of_the_study(template: str, other: str) -> None:
    document = human_document(template)
    document["individuals"] = human_document(other)["individuals"]
    told = {rule for rule, _ in refused(document)}
    same = WORDS[template][1]["template"] == WORDS[other][1]["template"]
    assert told == (set() if same else {"metadata.agree"})


def test_what_an_access_mode_needs_is_demanded() -> None:
    document = human_document("disease")
    for name in ("open_reason", "sharing_limitation", "organisation_confirms"):
        del document["study"][name]
    assert refused(document, "open") == {("access.demand", "/study/open_reason")}
    assert refused(document, "controlled") == {
        ("access.demand", "/study/sharing_limitation"),
        ("access.demand", "/study/organisation_confirms"),
    }


def test_a_sample_of_the_other_registry_is_not_taken_on_either_side() -> None:
    document = human_document("disease")
    del document["samples"]
    for entry in document["experiments"]:
        entry["sample"] = "SAMC000001"
    known = {"SAMC000001": Known("SAMC000001", "sample", {"taxon_id": 9606}, form="sample")}
    assert ("metadata.reference_type", "/experiments/0/sample") in refused(document, known=known)
    own = {"SAMC000001": Known("SAMC000001", "sample", {"taxon_id": 9606}, form="human.sample")}
    assert not {where for rule, where in refused(document, known=own) if rule == "metadata.reference_type"}


def test_families_need_their_relations() -> None:
    document = human_document("disease")
    document["study"]["trios"] = "yes"
    assert refused(document) == {("metadata.required", "/study/family")}


def test_a_column_of_ones_own_is_taken_and_is_sensitive() -> None:
    document = human_document("disease")
    document["individuals"][0]["attributes"] = {"Handedness": "left"}
    assert refused(document) == set()
    shown, hidden = HUMAN.object_type("individual").split(document["individuals"][0])
    assert hidden == {"attributes": {"Handedness": "left"}} and "attributes" not in shown


# --- the member for whatever other data there is ---


def refused_omix(document: dict[str, Any], mode: str) -> set[tuple[str, str]]:
    return {(f.rule, f.where) for f in errors_in(check_document(OMIX, document, mode=mode))}


def test_only_data_of_people_are_controlled() -> None:
    people, rice = omix_document([("a.csv", b"1")]), omix_document([("a.csv", b"1")], (4530, "Oryza sativa"))
    assert refused_omix(people, "open") == refused_omix(people, "controlled") == refused_omix(rice, "open") == set()
    assert refused_omix(rice, "controlled") == {("access.organism", "/access")}
    below = omix_document([("a.csv", b"1")], (63221, "Homo sapiens neanderthalensis"))
    assert refused_omix(below, "controlled") == set()


def test_a_record_has_exactly_one_type_of_ten_with_32_below_them() -> None:
    types = catalog.data_types()
    assert len(types) == 10 and sum(map(len, types.values())) == 32
    below = [name for names in types.values() for name in names]
    assert sorted(below) == sorted(catalog.vocabulary("omix_data_type")) and len(set(below)) == 32
    for wrong in (None, [below[0], below[1]], "Mixed", "Proteomic data"):
        document = omix_document([("a.csv", b"1")], data_type=wrong)
        assert {place.rpartition("/")[0] for _, place in refused_omix(document, "open")} == {"/study"}, wrong


def test_the_shortest_record_says_title_description_type_organism_and_project() -> None:
    document = omix_document([("a.csv", b"1")])
    needed = set()
    for name in list(document["study"]):
        less = copy.deepcopy(document)
        del less["study"][name]
        if refused_omix(less, "open"):
            needed.add(name)
    assert needed == set(document["study"]) == {
        "alias", "title", "description", "data_type", "organisms", "external_project"
    }  # fmt: skip
    project = copy.deepcopy(document)
    project["study"]["external_project"] = "PRJCA000001"
    assert refused_omix(project, "open") == {("metadata.form", "/study/external_project")}


def test_raw_reads_are_hinted_to_their_own_archive() -> None:
    document = omix_document([("a.fq.gz", b"1")], (4530, "Oryza sativa"))
    document["files"][0]["file_type"] = "fastq"
    found = [f for f in check_document(OMIX, document) if f.rule == "files.raw_reads"]
    assert [f.severity for f in found] == ["hint"] and "gsa" in found[0].mend
