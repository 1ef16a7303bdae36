"""Families of a document: the rows of its study, joined with its individuals by what the catalog says."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.errors import Invalid, NotFound
from biotheca.publication import versions
from biotheca.publication.model import Record
from biotheca.submissions import service
from biotheca.submissions.rules import check_document, errors_in, ped_of
from tests.unit.members.human import human_document
from tests.unit.submissions.test_pedigree import CEPH_1463
from tests.unit.world import ANA, CHEN, LI, World

FAMILIES = [m for m in catalog.members().values() if any(kind.pedigree for kind in m.objects)]
MEMBER = FAMILIES[0]
TRIO = [
    {"family": "F1", "individual": "P000"},
    {"family": "F1", "individual": "P001"},
    {"family": "F1", "individual": "P002", "father": "P000", "mother": "P001"},
]


def trio(rows: list[dict[str, Any]] | None = None, **last: str) -> dict[str, Any]:
    """A whole document of father, mother and child, the child's row changed."""
    document = human_document("disease", people=3)
    for person, gender, group in zip(
        document["individuals"], ("male", "female", "unknown"), ("control", "not grouped", "case"), strict=True
    ):
        person |= {"gender": gender, "experiment_group": group}
    rows = rows if rows is not None else TRIO
    document["study"] |= {"trios": "yes", "family": [*rows[:-1], rows[-1] | last] if rows else []}
    return document


def told(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f.rule, f.where) for f in check_document(MEMBER, document) if f.rule.startswith("pedigree.")]


def test_a_sound_trio_passes_and_is_plinks_six_columns() -> None:
    document = trio()
    assert errors_in(check_document(MEMBER, document)) == [] and told(document) == []
    assert ped_of(MEMBER, document).splitlines() == [
        "F1\tP000\t0\t0\t1\t1",
        "F1\tP001\t0\t0\t2\t-9",
        "F1\tP002\tP000\tP001\t0\t2",
    ]
    assert ped_of(MEMBER, human_document("disease")) == ""


@pytest.mark.parametrize(
    ("last", "rule", "field"),
    [
        ({"father": "P001", "mother": "P000"}, "parent_sex", "2/father"),
        ({"father": "P009"}, "unknown_parent", "2/father"),
        ({"mother": "P002"}, "own_ancestor", "2"),
        ({"family": "F2"}, "parent_elsewhere", "2/father"),
        ({"mother": "P000"}, "same_parents", "2/mother"),
        ({"individual": "P0O2"}, "not_described", "2/individual"),
    ],
)
def test_a_broken_family_is_found_at_its_row_of_the_study(last: dict[str, str], rule: str, field: str) -> None:
    assert (f"pedigree.{rule}", f"/study/family/{field}") in told(trio(**last))


def test_a_person_goes_by_the_alias_alone_so_that_who_takes_consent_back_is_found() -> None:
    document = trio()
    for person in document["individuals"]:
        person["title"] = f"name of {person['alias']}"
    assert told(document) == []
    document["study"]["family"] = [{"family": "F1", "individual": "name of P000"}]
    assert told(document) == [("pedigree.not_described", "/study/family/0/individual")]
    assert {f.severity for f in check_document(MEMBER, document) if f.rule == "pedigree.not_described"} == {"error"}


@pytest.mark.parametrize(
    "rows", [[1], "F1", [{"individual": 3}], [{}], None, [None], [{"family": ["F"], "father": {}}]]
)
def test_malformed_rows_are_told_by_their_fields_and_break_nothing(rows: Any) -> None:
    document = trio()
    document["study"]["family"] = rows
    assert errors_in(check_document(MEMBER, document))
    assert isinstance(ped_of(MEMBER, document), str)


def test_additions_to_a_dataset_may_name_people_that_are_there_already() -> None:
    document = trio()
    document["study"] = {"alias": "s", "family": TRIO}
    del document["individuals"]
    where = [
        f.where for f in check_document(MEMBER, document, existing={"individual"}) if f.rule == "pedigree.not_described"
    ]
    assert where == [] and ("pedigree.not_described", "/study/family/0/individual") in told(document)


@given(st.integers(0, 10_000))
def test_a_family_of_three_generations_passes_in_any_order_and_keeps_each_parent(seed: int) -> None:
    document = human_document("disease", people=len(CEPH_1463))
    rows = random.Random(seed).sample(CEPH_1463, len(CEPH_1463))
    for person, relative in zip(document["individuals"], CEPH_1463, strict=True):
        person |= {"alias": relative.individual, "gender": relative.sex}
    columns = ("family", "individual", "father", "mother")
    family = [{k: v for k in columns if (v := getattr(relative, k))} for relative in rows]
    document["study"] |= {"trios": "yes", "family": family}
    assert told(document) == []
    written = {tuple(line.split("\t")[1:4]) for line in ped_of(MEMBER, document).splitlines()}
    assert written == {(r.individual, r.father or "0", r.mother or "0") for r in CEPH_1463}


def test_the_pedigree_of_a_submission_is_for_its_owner_and_staff(world: World) -> None:
    made = service.open_submission(world.submissions, ANA, MEMBER.id, "Trios", "immediately", None)
    with pytest.raises(NotFound, match="names no families"):
        service.pedigree(world.submissions, ANA, made.id)
    service.describe(world.submissions, ANA, made.id, trio())
    texts = {service.pedigree(world.submissions, person, made.id) for person in (ANA, CHEN)}
    assert texts == {ped_of(MEMBER, trio())}
    with pytest.raises(NotFound) as hidden:
        service.pedigree(world.submissions, LI, made.id)
    with pytest.raises(NotFound) as unknown:
        service.pedigree(world.submissions, LI, "sub_unknown")
    assert hidden.value.message.replace(made.id, "sub_unknown") == unknown.value.message


def test_a_word_of_a_study_with_families_can_be_corrected_but_no_parent_made_wrong(world: World) -> None:
    made = service.open_submission(world.submissions, ANA, MEMBER.id, "Trios", "immediately", None)
    service.describe(world.submissions, ANA, made.id, trio())
    said = {k: v for k, v in trio()["study"].items() if k not in ("alias", "family")}
    record = Record(
        "HRA000001", "study", MEMBER.id, "hra1", "Trios", made.id, "ana", said,
        sensitive={"family": TRIO}, dataset="HRA000001", created_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    world.records.put_new(record)
    ask = partial(versions.request, world.submissions, world.records, ANA, "HRA000001")
    with pytest.raises(Invalid) as refused:
        ask({"family": [{"family": "F1", "individual": "P000", "father": "P000"}]}, "A slip.")
    assert {f.rule for f in refused.value.findings} == {"pedigree.own_ancestor"}
    assert ask({"title": "Exomes of trios of liver cancer"}, "A slip.")["state"] == "waiting"


def test_a_member_without_families_is_asked_nothing() -> None:
    kinds = tuple(replace(kind, pedigree=None) for kind in MEMBER.objects)
    document = trio(father="P009")
    assert not [f for f in check_document(replace(MEMBER, objects=kinds), document) if f.rule.startswith("pedigree.")]
