"""The catalog is complete and nothing else knows a member's name."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from biotheca import catalog
from biotheca.accessions.model import derived, forms
from biotheca.submissions.rules.values import check_value

PACKAGE = Path(catalog.__file__).parents[1]
# INSDC's counts of terms, with one of ours in run_file_type (10x); the last three are GSA's types of sample and NCBI's
# types of project data.
COUNTS = {
    "library_strategy": 41,
    "library_source": 9,
    "library_selection": 31,
    "library_layout": 2,
    "study_type": 15,
    "targeted_locus": 9,
    "run_file_type": 25,
    "analysis_file_type": 32,
    "read_role": 7,
    "missing_value": 12,
    "sample_type": 11,
    "project_data_type": 20,
}
SHARED = {kind.type for member in catalog.members().values() for kind in member.objects}


@pytest.mark.parametrize("name", COUNTS)
def test_a_vocabulary_has_as_many_terms_as_insdc_publishes(name: str) -> None:
    terms = catalog.vocabulary(name)
    assert len(terms) == COUNTS[name] == len(set(terms))


def test_every_field_of_every_member_names_things_that_exist() -> None:
    for member in catalog.members().values():
        types = {kind.type for kind in member.objects}
        assert member.dataset in types
        for kind in member.objects:
            assert kind.accession in forms() or kind.accession in derived()
            assert kind.release in {"dataset", "in_dataset", "with_dataset"}
            for spec in kind.fields.values():
                check_field(spec, set(kind.fields))
            for package in kind.packages.values():
                assert set(package.fields()) <= set(kind.fields), package.id
                assert package.title["en"] and package.title["zh"]
            if kind.package_field:
                assert set(kind.packages) == set(catalog.vocabulary(kind.fields[kind.package_field].vocabulary or ""))


def check_field(spec: catalog.Field, names: set[str]) -> None:
    """A field names things that exist, and has the words that forms and workbooks show."""
    assert spec.kind in catalog.KINDS
    assert spec.vocabulary is None or catalog.vocabulary(spec.vocabulary)
    assert (spec.kind == "choice") == (spec.vocabulary is not None)
    assert (spec.kind == "items") == bool(spec.fields)
    assert spec.to is None or spec.to in SHARED
    assert {*spec.required_if, *spec.required_unless} <= names
    assert spec.within is None or spec.within in names
    assert spec.unique in (None, "section") or spec.unique in names
    assert spec.label["en"] and spec.label["zh"], spec.name
    if spec.kind == "items":
        for inner in spec.fields.values():
            check_field(inner, set(spec.fields))
    else:
        value: object = spec.example
        if spec.kind in ("integer", "decimal", "taxon"):
            value = float(str(spec.example)) if spec.kind == "decimal" else int(str(spec.example))
        one = dataclasses.replace(spec, multiple=False)
        assert spec.example and list(check_value(one, value, "/", {})) == [], spec.name


def test_every_column_of_the_lake_is_fed_by_a_field_that_exists() -> None:
    from biotheca.lake.model import ENTITIES, OURS_ALONE
    from biotheca.lake.rules import OF_RECORD

    for member in catalog.members().values():
        for entity, columns in member.lake.items():
            assert columns["acc"].endswith(".accession")
            for column, source in columns.items():
                kind, field, *inner = source.split(".")
                fields = member.object_type(kind).fields
                assert column in (ENTITIES | OURS_ALONE)[entity], f"{member.id}: {entity} has no column {column}"
                assert field in {*OF_RECORD, *fields}, f"{member.id}: {kind} has no field {field}"
                assert not inner or inner[0] in fields[field].fields


def test_a_rule_says_in_two_languages_what_is_wrong_and_how_to_mend_it() -> None:
    for name, row in catalog.rules().items():
        assert re.fullmatch(r"[a-z]+(\.[a-z0-9_]+)+", name), name
        assert row["severity"] in {"error", "warning", "hint"}
        for part in ("message", "mend"):
            assert row[part]["en"].strip() and row[part]["zh"].strip(), name


def test_every_rule_that_the_code_names_is_in_the_catalogue() -> None:
    text = "\n".join(p.read_text() for p in PACKAGE.rglob("*.py"))
    named = set(re.findall(r'(?:rule = |finding\(\s*|Finding\(\s*)"([a-z]+\.[a-z_.]+)"', text))
    assert len(named) > 20
    assert named <= set(catalog.rules())


def test_no_capability_knows_the_name_of_a_member_or_of_its_accessions() -> None:
    prefixes = [form.prefix for form in forms().values()]
    from biotheca.lake.model import RUN_COLUMNS  # two of NCBI's column names are names of registries too

    words = [*(set(catalog.members()) - set(RUN_COLUMNS)), *prefixes]
    pattern = re.compile(r"""["'](""" + "|".join(words) + r""")["']""")
    for path in PACKAGE.rglob("*.py"):
        code = re.sub(r'""".*?"""', "", path.read_text(), flags=re.S)
        assert not pattern.search(code), f"{path.name} names a member: {pattern.search(code)}"
