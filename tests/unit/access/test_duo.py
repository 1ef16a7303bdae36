"""Data use codes: a truth table each, by hand from the ontology's definitions, and what must never happen."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.access.duo import Aim, Purpose, Verdict, match
from biotheca.submissions.rules.data_use import Code, faults

DIABETES, TYPE_2, CANCER, UNKNOWN = "MONDO:0005015", "MONDO:0005148", "MONDO:0004992", "MONDO:9999999"
ABOVE = {TYPE_2: frozenset({DIABETES, "MONDO:0000001"}), DIABETES: frozenset({"MONDO:0000001"})}
ABOVE |= {CANCER: frozenset({"MONDO:0000001"}), "MONDO:0000001": frozenset()}
IDS = {row["shorthand"]: code for code, row in catalog.duo()["codes"].items()}
MET, NOT, JUDGE = Verdict.MET, Verdict.NOT_MET, Verdict.TO_JUDGE
H, D, A, M, C, O = Aim.HEALTH, Aim.DISEASE, Aim.ANCESTRY, Aim.METHODS, Aim.CLINICAL_CARE, Aim.OTHER  # noqa: E741


def code(shorthand: str, *values: str) -> Code:
    return Code(IDS[shorthand], values)


def aims(*some: Aim, **more) -> Purpose:
    return Purpose(aims=frozenset(some), **more)


TRUTH = [
    (code("NRES"), [(Purpose(), MET), (aims(O), MET), (aims(C), MET)]),
    (
        code("GRU"),
        [
            (aims(H), MET),
            (aims(D, A, M, O), MET),
            (aims(C), NOT),
            (aims(H, C), NOT),
            (aims(), JUDGE),
            (Purpose(), JUDGE),
        ],
    ),
    (
        code("HMB"),
        [
            (aims(H), MET),
            (aims(H, D), MET),
            (aims(A), NOT),
            (aims(H, A), NOT),
            (aims(O), NOT),
            (aims(C), NOT),
            (aims(M), JUDGE),
            (aims(H, M), JUDGE),
            (Purpose(), JUDGE),
        ],
    ),
    (
        code("DS", DIABETES),
        [
            (aims(D, diseases=(DIABETES,)), MET),
            (aims(D, diseases=(TYPE_2,)), MET),
            (aims(D, diseases=(CANCER,)), NOT),
            (aims(D, diseases=(TYPE_2, CANCER)), NOT),
            (aims(D, diseases=("MONDO:0000001",)), NOT),
            (aims(D, diseases=(UNKNOWN,)), JUDGE),
            (aims(D, diseases=(UNKNOWN, CANCER)), NOT),
            (aims(D, diseases=(CANCER, UNKNOWN)), NOT),
            (aims(D), JUDGE),
            (aims(D, M, diseases=(TYPE_2,)), JUDGE),
            (aims(H, diseases=(TYPE_2,)), NOT),
            (aims(D, A, diseases=(TYPE_2,)), NOT),
            (Purpose(diseases=(TYPE_2,)), JUDGE),
            (Purpose(diseases=(CANCER,)), NOT),
        ],
    ),
    (code("DS", TYPE_2), [(aims(D, diseases=(DIABETES,)), NOT), (aims(D, diseases=(TYPE_2,)), MET)]),
    (code("DS", DIABETES, CANCER), [(aims(D, diseases=(TYPE_2, CANCER)), MET)]),
    (code("DS"), [(aims(D, diseases=(TYPE_2,)), JUDGE)]),
    (code("POA"), [(aims(A), MET), (aims(A, H), NOT), (aims(H), NOT), (aims(M), NOT), (Purpose(), JUDGE)]),
    (code("RS", "only with children"), [(aims(H), JUDGE), (Purpose(), JUDGE)]),
    (code("NMDS"), [(aims(M), NOT), (aims(H, M), NOT), (aims(H), MET), (aims(C), MET), (Purpose(), JUDGE)]),
    (code("GSO"), [(Purpose(genetic=True), MET), (Purpose(genetic=False), NOT), (Purpose(), JUDGE)]),
    (
        code("NPUNCU"),
        [
            (Purpose(for_profit=False, commercial=False), MET),
            (Purpose(for_profit=True, commercial=False), NOT),
            (Purpose(for_profit=False, commercial=True), NOT),
            (Purpose(for_profit=True), NOT),
            (Purpose(commercial=True), NOT),
            (Purpose(for_profit=False), JUDGE),
            (Purpose(commercial=False), JUDGE),
            (Purpose(), JUDGE),
        ],
    ),
    (code("PUB"), [(Purpose(will_publish=True), MET), (Purpose(will_publish=False), NOT), (Purpose(), JUDGE)]),
    (code("COL"), [(Purpose(collaborates=True), MET), (Purpose(collaborates=False), NOT), (Purpose(), JUDGE)]),
    (code("IRB"), [(Purpose(ethics_approved=True), MET), (Purpose(ethics_approved=False), NOT), (Purpose(), JUDGE)]),
    (
        code("GS", "China", "Germany"),
        [
            (Purpose(country="China"), MET),
            (Purpose(country="GERMANY"), MET),
            (Purpose(country="France"), NOT),
            (Purpose(country=""), JUDGE),
            (Purpose(), JUDGE),
        ],
    ),
    (code("GS"), [(Purpose(country="China"), JUDGE)]),
    (
        code("MOR", "2027-01-01"),
        [
            (Purpose(publishes_on=date(2027, 1, 1)), MET),
            (Purpose(publishes_on=date(2026, 12, 31)), NOT),
            (Purpose(will_publish=False), MET),
            (Purpose(will_publish=True), JUDGE),
            (Purpose(), JUDGE),
        ],
    ),
    (code("MOR", "next year"), [(Purpose(publishes_on=date(2027, 1, 1)), JUDGE)]),
    (code("TS", "12"), [(Purpose(months=12), MET), (Purpose(months=13), NOT), (Purpose(), JUDGE)]),
    (code("US", "sub-1"), [(Purpose(person="sub-1"), MET), (Purpose(person="sub-2"), NOT), (Purpose(), JUDGE)]),
    (code("PS", "PRJ1"), [(Purpose(project="PRJ1"), MET), (Purpose(project="PRJ2"), NOT), (Purpose(), JUDGE)]),
    (code("IS", "BIG"), [(Purpose(institution="BIG"), MET), (Purpose(institution="MIT"), NOT), (Purpose(), JUDGE)]),
    (code("RTN"), [(Purpose(will_return=True), MET), (Purpose(will_return=False), NOT), (Purpose(), JUDGE)]),
    (code("CC"), [(aims(C), MET), (aims(H), MET), (Purpose(), MET)]),
    (code("NPOA"), [(aims(A), NOT), (aims(H, A), NOT), (aims(H), MET), (Purpose(), JUDGE)]),
    (code("NPU"), [(Purpose(for_profit=False), MET), (Purpose(for_profit=True), NOT), (Purpose(), JUDGE)]),
    (code("NCU"), [(Purpose(commercial=False), MET), (Purpose(commercial=True), NOT), (Purpose(), JUDGE)]),
]
CASES = [(one, purpose, verdict) for one, rows in TRUTH for purpose, verdict in rows]


@pytest.mark.parametrize(("one", "purpose", "verdict"), CASES)
def test_the_truth_table(one, purpose, verdict):
    (opinion,) = match([one], purpose, ABOVE.get).opinions
    assert opinion.verdict == verdict
    assert set(opinion.why) == {"en", "zh"}
    assert all(text and "{" not in text for text in opinion.why.values())


def test_every_code_of_the_catalog_has_its_truth_table():
    assert {one.id for one, _ in TRUTH} == set(catalog.duo()["codes"])


def test_a_reason_names_what_is_allowed_and_what_is_asked_but_no_person():
    (country,) = match([code("GS", "China")], Purpose(country="France"), ABOVE.get).opinions
    assert country.why["en"] == "France is none of the countries China."
    (missing,) = match([code("IRB")], Purpose(), ABOVE.get).opinions
    assert missing.why["en"] == "The request does not say whether ethics approval is given."
    (user,) = match([code("US", "sub-1")], Purpose(person="sub-2"), ABOVE.get).opinions
    assert "sub-" not in user.why["en"] + user.why["zh"]


def test_braces_of_an_answer_are_no_template():
    (opinion,) = match([code("PS", "{missing}")], Purpose(project="{0.__class__}"), ABOVE.get).opinions
    assert opinion.why["en"] == "{0.__class__} is none of the projects {missing}."


@pytest.mark.parametrize(
    ("codes", "purpose", "verdict"),
    [
        ([], aims(H), JUDGE),
        ([code("IRB")], Purpose(ethics_approved=True), JUDGE),  # no permission at all
        ([code("GRU")], aims(H), MET),
        ([code("GRU"), code("IRB")], aims(H), JUDGE),
        ([code("GRU"), code("IRB")], aims(H, ethics_approved=True), MET),
        ([code("GRU"), code("IRB"), code("NCU")], aims(H, commercial=True), NOT),
        ([code("GRU"), code("CC")], aims(C), MET),
        ([code("HMB"), code("CC")], aims(H, C), MET),
        ([code("HMB"), code("CC")], aims(A, C), NOT),
        ([Code("DUO:0000099")], aims(H), JUDGE),
    ],
)
def test_the_verdict_over_all_codes(codes, purpose, verdict):
    assert match(codes, purpose, ABOVE.get).verdict == verdict


maybe = st.sampled_from([None, True, False])
purposes = st.builds(
    Purpose,
    aims=st.none() | st.frozensets(st.sampled_from(Aim)),
    diseases=st.none() | st.lists(st.sampled_from([DIABETES, TYPE_2, CANCER, UNKNOWN]), max_size=3).map(tuple),
    genetic=maybe,
    commercial=maybe,
    for_profit=maybe,
    country=st.sampled_from([None, "China", "France"]),
    institution=st.sampled_from([None, "BIG", "MIT"]),
    person=st.sampled_from([None, "sub-1", "sub-2"]),
    project=st.sampled_from([None, "PRJ1", "PRJ2"]),
    ethics_approved=maybe,
    collaborates=maybe,
    will_publish=maybe,
    publishes_on=st.sampled_from([None, date(2026, 1, 1), date(2028, 1, 1)]),
    months=st.sampled_from([None, 6, 24]),
    will_return=maybe,
)
codes_lists = st.lists(st.sampled_from([one for one, _ in TRUTH]), max_size=6, unique_by=lambda one: one.id)


@given(codes_lists, st.sampled_from([one for one, _ in TRUTH]), purposes)
def test_a_code_more_never_turns_not_met_into_anything_else(codes, more, purpose):
    if more.id != IDS["CC"] and match(codes, purpose, ABOVE.get).verdict == NOT:
        assert match([*codes, more], purpose, ABOVE.get).verdict == NOT


@given(purposes)
def test_a_narrower_permission_is_never_met_where_a_wider_one_is_not(purpose):
    said = [
        match([one], purpose, ABOVE.get).verdict for one in (code("DS", TYPE_2), code("HMB"), code("GRU"), code("NRES"))
    ]
    for narrow, wide in itertools.pairwise(said):
        assert not (wide == NOT and narrow != NOT)
        assert not (narrow == MET and wide != MET)


@given(purposes)
def test_fewer_values_of_a_code_never_turn_not_met_into_met(purpose):
    pairs = [(code("GS", "China", "France"), code("GS", "China")), (code("DS", DIABETES), code("DS", TYPE_2))]
    pairs += [(code("TS", "12"), code("TS", "3")), (code("MOR", "2027-01-01"), code("MOR", "2029-01-01"))]
    for wide, narrow in pairs:
        if match([wide], purpose, ABOVE.get).verdict == NOT:
            assert match([narrow], purpose, ABOVE.get).verdict == NOT


@given(st.sampled_from([one for one, _ in TRUTH if one.id not in (IDS["NRES"], IDS["CC"])]), purposes)
def test_without_the_answers_that_a_code_asks_for_it_is_never_met(one, purpose):
    asked = catalog.duo()["codes"][one.id]["asks"]
    blank = replace(purpose, **dict.fromkeys(asked), publishes_on=None)
    assert match([one], blank, ABOVE.get).opinions[0].verdict != MET


@given(codes_lists, purposes)
def test_the_order_of_codes_does_not_matter(codes, purpose):
    assert match(codes, purpose, ABOVE.get).verdict == match(codes[::-1], purpose, ABOVE.get).verdict


def test_the_codes_of_a_dataset_are_checked():
    sound = [code("DS", DIABETES), code("GS", "China"), code("TS", "12"), code("MOR", "2027-01-01")]
    assert faults(sound) == []
    wrong = [Code("DUO:1"), code("DS", "diabetes"), code("TS", "a year"), code("MOR"), code("IRB"), code("IRB")]
    assert [(f.rule, f.where) for f in faults(wrong)] == [
        ("duo.unknown", "/duo/0"),
        ("duo.parameter", "/duo/1"),
        ("duo.parameter", "/duo/2"),
        ("duo.parameter", "/duo/3"),
        ("duo.twice", "/duo/5"),
    ]
    assert [f.rule for f in faults([code("IRB")])] == ["duo.no_permission"]
