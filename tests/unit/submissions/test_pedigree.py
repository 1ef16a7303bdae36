"""Pedigrees: one broken family a rule, circles against graphlib, PED against PLINK's own format page."""

from __future__ import annotations

import itertools
from graphlib import CycleError, TopologicalSorter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.submissions.rules.pedigree import Relative as R
from biotheca.submissions.rules.pedigree import check_pedigree, ped, ped_names

TRIO = [R("F", "dad", sex="male"), R("F", "mum", sex="female"), R("F", "kid", "dad", "mum", "female", "case")]
# CEPH/Utah family 1463, three generations, as its cell lines are catalogued.
CEPH_1463 = [
    R("1463", "NA12889", sex="male"),
    R("1463", "NA12890", sex="female"),
    R("1463", "NA12891", sex="male"),
    R("1463", "NA12892", sex="female"),
    R("1463", "NA12877", "NA12889", "NA12890", "male"),
    R("1463", "NA12878", "NA12891", "NA12892", "female"),
    R("1463", "NA12879", "NA12877", "NA12878", "female"),
    R("1463", "NA12882", "NA12877", "NA12878", "male"),
]


def rules(rows: list[R]) -> list[tuple[str, str]]:
    return [(found.rule.removeprefix("pedigree."), found.where) for found in check_pedigree(rows)]


@pytest.mark.parametrize("rows", [[], TRIO, CEPH_1463, [R("", "alone")]], ids=["none", "trio", "1463", "alone"])
def test_a_sound_family_has_no_finding(rows):
    assert rules(rows) == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*TRIO, R("F", "kid2", "dda", "mum")], [("unknown_parent", "/individuals/3/father")]),
        (
            [*TRIO, R("G", "kid2", "dad", "mum")],
            [("parent_elsewhere", f"/individuals/3/{r}") for r in ("father", "mother")],
        ),
        ([*TRIO, R("F", "kid2", "mum", "dad")], [("parent_sex", f"/individuals/3/{r}") for r in ("father", "mother")]),
        (
            [R("F", "p"), R("F", "kid", "p")],
            [("one_parent", "/individuals/1"), ("parent_sex_unknown", "/individuals/1/father")],
        ),
        ([*TRIO, R("F", "kid2", mother="mum")], [("one_parent", "/individuals/3")]),
        ([*TRIO, R("F", "kid2", "0", "mum")], [("one_parent", "/individuals/3")]),
        ([*TRIO, R("F", "kid2", "0", "0")], []),
        ([*TRIO, TRIO[2]], [("duplicate", "/individuals/3/individual")]),
        ([*TRIO, R("G", "kid")], [("two_families", "/individuals/3/individual")]),
        (
            [*TRIO, R("F", "kid2", "dad", "dad")],
            [("same_parents", "/individuals/3/mother"), ("parent_sex", "/individuals/3/mother")],
        ),
        ([R("F", "0")], [("name", "/individuals/0/individual")]),
        ([R("F", "")], [("name", "/individuals/0/individual")]),
        ([R("F", "a", sex="3")], [("code", "/individuals/0/sex")]),
        ([R("F", "a", phenotype="1.5")], [("code", "/individuals/0/phenotype")]),
        ([R("F", "a", "a", sex="1")], [("one_parent", "/individuals/0"), ("own_ancestor", "/individuals/0")]),
        ([*TRIO, R("F", "t", "dad", "mum", twins="x")], [("twin_alone", "/individuals/3/twins")]),
        (
            [*TRIO, R("F", "t1", "dad", "mum", twins="x"), R("F", "t2", twins="x")],
            [("twin_parents", "/individuals/4/twins")],
        ),
        (
            [*TRIO, *(R("F", f"t{s}", "dad", "mum", s, twins="x", zygosity="MZ") for s in ("male", "female"))],
            [("twin_sex", "/individuals/4/twins")],
        ),
        ([*TRIO, *(R("F", f"t{s}", "dad", "mum", s, twins="x", zygosity="DZ") for s in ("male", "female"))], []),
        ([*TRIO, *(R("F", f"t{n}", "dad", "mum", s, twins="x", zygosity="MZ") for n, s in ((1, "1"), (2, "")))], []),
    ],
)
def test_a_broken_rule_is_found_at_its_row_and_field(rows, expected):
    assert rules(rows) == expected


def test_a_circle_is_named_step_by_step_and_its_descendants_are_not():
    rows = [R("F", "a", "b"), R("F", "b", "c"), R("F", "c", "a"), R("F", "below", "a"), R("F", "above")]
    (found,) = [f for f in check_pedigree(rows) if f.rule == "pedigree.own_ancestor"]
    assert found.message == "'a' would be an ancestor of itself: a -> b -> c -> a."
    assert found.severity == "error" and found.mend


people = st.sampled_from("abcdefgh")


@given(
    st.lists(
        st.tuples(people, st.sampled_from([*"abcdefgh", ""]), st.sampled_from([*"abcdefgh", ""])),
        max_size=8,
        unique_by=lambda row: row[0],
    )
)
def test_circles_are_found_just_where_no_order_of_birth_exists(drawn):
    rows = [R("F", name, father, mother) for name, father, mother in drawn]
    known = {row.individual for row in rows}
    graph = {row.individual: {p for p in row.parents.values() if p in known} for row in rows}
    try:
        tuple(TopologicalSorter(graph).static_order())
        born = True
    except CycleError:
        born = False
    circles = [f for f in check_pedigree(rows) if f.rule == "pedigree.own_ancestor"]
    assert (circles == []) is born
    for found in circles:
        steps = found.message.split(": ")[1].rstrip(".").split(" -> ")
        assert steps[0] == steps[-1] and all(parent in graph[child] for child, parent in itertools.pairwise(steps))


def test_a_chain_of_ten_thousand_generations_is_checked():
    rows = [R("F", "p0", sex="1"), *(R("F", f"p{n}", f"p{n - 1}", sex="1") for n in range(1, 10_000))]
    assert {rule for rule, _ in rules(rows)} == {"one_parent"}


def test_ped_has_the_six_columns_of_plinks_format_page():
    # "FAM001 1 0 0 1 2" and "FAM001 2 0 0 1 2": the example of PLINK's page on basic input, without genotypes.
    rows = [R("FAM001", "1", sex="male", phenotype="case"), R("FAM001", "2", "0", "0", "1", "affected")]
    assert ped(rows) == "FAM001\t1\t0\t0\t1\t2\nFAM001\t2\t0\t0\t1\t2\n"
    assert ped(TRIO) == "F\tdad\t0\t0\t1\t-9\nF\tmum\t0\t0\t2\t-9\nF\tkid\tdad\tmum\t2\t2\n"
    assert ped(CEPH_1463).splitlines()[5] == "1463\tNA12878\tNA12891\tNA12892\t2\t-9"


def test_ped_writes_0_for_a_parent_who_is_not_in_the_data_and_one_family_for_who_has_none():
    assert ped([R("F", "kid", "gone", "0", "2", "control")]) == "F\tkid\t0\t0\t2\t1\n"
    assert ped([R("", "alone")]) == "alone\talone\t0\t0\t0\t-9\n"


def test_names_with_blanks_tabs_or_formulas_break_no_column():
    rows = [R("fam 1", "a\tb\n", sex="1"), R("fam 1", "=cmd|x", "a\tb\n"), R("fam 1", "张三"), R("fam 1", "李四")]
    lines = [line.split("\t") for line in ped(rows).splitlines()]
    assert [len(line) for line in lines] == [6, 6, 6, 6]
    assert lines[1][2] == lines[0][1] == "a_b_"
    assert len({line[1] for line in lines}) == 4


@given(st.lists(st.text(max_size=4), max_size=12))
def test_safe_names_are_safe_unique_and_leave_safe_ones_alone(names):
    safe = ped_names(names)
    assert len(set(safe.values())) == len(safe) == len(set(names))
    for name, form in safe.items():
        assert form.isascii() and form not in ("", "0", "-9") and not set(form) & set(" \t\r\n#=")
        if name == form:
            assert safe[name] == name
    assert ped_names(list(safe.values())) == {form: form for form in safe.values()}
