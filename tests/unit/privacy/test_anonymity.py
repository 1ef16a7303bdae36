"""k-anonymity: a hand-made table, brute force over every combination, and no value of a row in any answer."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.privacy.anonymity import Report, findings, report
from biotheca.privacy.hierarchies import NOTHING, hierarchy, quasi_identifiers
from tests.depth import examples

QUASI = ["age", "sex", "geo_loc_name"]


def person(age, sex="female", place="China: Beijing", disease="flu"):
    return {"age": age, "sex": sex, "geo_loc_name": place, "disease": disease}


def test_a_table_made_by_hand_has_the_counts_that_one_reads_off_it():
    rows = [person("34")] * 3 + [person("35", disease="cold")] * 2 + [person("87", "male")]
    told = report(rows, sensitive="disease", k=3)
    assert (told.k, told.groups, told.groups_below, told.rows_below, told.rows_alone) == (1, 3, 2, 3, 1)
    assert (told.rows, told.quasi_identifiers, told.l) == (6, tuple(QUASI), 1)
    assert told.distinct == {"age": 3, "sex": 2, "geo_loc_name": 1}
    # The man of 87 forces age and sex away; without him bands of ten years do.
    assert told.coarsening and told.coarsening.steps == {"age": "nothing", "sex": "nothing", "geo_loc_name": "value"}
    spared = report(rows, sensitive="disease", k=3, leave_out=1).coarsening
    assert spared and spared.steps == {"age": "10", "sex": "value", "geo_loc_name": "value"}
    assert (spared.k, spared.left_out, spared.loss) == (5, 1, round(2 / 4 / 3, 4))


def test_the_steps_of_a_place_are_country_and_continent():
    rows = [person("30", place=p) for p in ("China: Beijing", "China: Wuhan", "Japan: Kyoto", "Japan")]
    assert report(rows, k=2).coarsening.steps["geo_loc_name"] == "country"
    assert report(rows, k=4).coarsening.steps["geo_loc_name"] == "continent"
    assert report([*rows, person("30", place="France")] * 1, k=5).coarsening.steps["geo_loc_name"] == "nothing"


@pytest.mark.parametrize("missing", [None, "", "  ", "not collected", "Not Collected", "NA", float("nan")])
def test_what_is_missing_is_a_value_of_its_own(missing):
    told = report([person("30"), person("30"), person(missing), person("")], k=2)
    assert (told.k, told.groups) == (2, 2)


def test_few_rows_reach_no_k_and_an_empty_table_has_none():
    assert report([person("30")] * 4, k=5).coarsening is None
    empty = report([], k=5)
    assert (empty.k, empty.rows, empty.l, empty.coarsening, findings(empty, "/x")) == (0, 0, None, None, [])


def test_the_columns_of_a_table_that_may_tell_who_somebody_is_are_known_by_their_names():
    names = ["id", "Age", "host sex", "Geo_Loc_Name", "glucose", "Birth-Date", "occupation"]
    assert quasi_identifiers(names) == ["Age", "host sex", "Geo_Loc_Name", "Birth-Date", "occupation"]


def test_too_many_combinations_are_not_searched_and_that_is_said():
    columns = [f"age_{number}" for number in range(20)]
    told = report([dict.fromkeys(columns, "1")] * 6, quasi=columns)
    assert (told.searched, told.coarsening, told.k) == (False, None, 6)


def test_a_warning_tells_counts_columns_and_the_least_that_helps():
    rows = [person(str(20 + number)) for number in range(10)]
    (found,) = findings(report(rows, k=5), "/individuals")
    assert (
        found.message
        == "10 of 10 rows are in groups of fewer than 5 by age, sex, geo_loc_name; the smallest group has 1."
    )
    assert found.mend.endswith("The least that reaches 5: age: 5.") and found.severity == "warning"
    assert findings(report([person("20")] * 5, k=5), "/individuals") == []


ages = st.sampled_from(["4", "31", "33", "34 years", "37", "30-34", "52", "90", "97", "adult", ""])
places = st.sampled_from(["China: Beijing", "China", "Japan: Kyoto", "France: Lyon", "Atlantic Ocean", ""])
tables = st.lists(
    st.builds(person, ages, st.sampled_from(["male", "female", ""]), places, st.sampled_from("ab")), max_size=14
)


def brute(rows, k, leave_out):
    """(least loss, rows left out) over every combination of steps, each row made coarser anew; None if none does."""
    ladders = [hierarchy(column) for column in QUASI]
    best = None
    for levels in product(*(range(len(ladder.steps)) for ladder in ladders)):
        groups = Counter(
            tuple(ladder.steps[level](row[ladder.column]) for ladder, level in zip(ladders, levels, strict=True))
            for row in rows
        )
        left = sum(size for size in groups.values() if size < k)
        loss = sum(level / (len(ladder.steps) - 1) for ladder, level in zip(ladders, levels, strict=True)) / len(QUASI)
        if left <= leave_out and len(rows) - left >= k and (best is None or loss < best - 1e-9):
            best = loss
    return best


@settings(max_examples=examples(150))
@given(tables, st.integers(1, 5), st.integers(0, 3))
def test_the_coarsening_is_the_least_of_all_that_brute_force_finds(rows, k, leave_out):
    found, best = report(rows, QUASI, k=k, leave_out=leave_out).coarsening, brute(rows, k, leave_out)
    assert (found is None) == (best is None)
    if found:
        assert found.loss == pytest.approx(best, abs=1e-4)
        assert found.k >= k and found.left_out <= leave_out


@given(tables, st.integers(1, 6))
def test_k_and_l_are_those_of_counting_by_hand(rows, k):
    told = report(rows, QUASI, "disease", k)
    of_row = [[other for other in rows if all(other[c] == row[c] for c in QUASI)] for row in rows]
    assert told.k == min(map(len, of_row), default=0)
    assert told.rows_below == sum(len(group) < k for group in of_row)
    assert told.rows_alone == (sum(len(group) == 1 for group in of_row) if k > 1 else 0)
    assert told.l == min((len({row["disease"] for row in group}) for group in of_row), default=0)


@given(tables)
def test_fewer_quasi_identifiers_never_make_groups_smaller(rows):
    assert report(rows, QUASI).k <= report(rows, QUASI[:2]).k <= report(rows, QUASI[:1]).k <= len(rows)


@given(
    st.sampled_from(sorted(catalog.anonymity()["columns"])),
    st.lists(ages | places | st.text(max_size=8), min_size=2, max_size=6),
)
def test_a_step_never_parts_what_an_earlier_one_joined(column, values):
    ladder = hierarchy(column)
    for earlier, later in zip(ladder.steps, ladder.steps[1:], strict=False):
        for one, other in product(values, repeat=2):
            if earlier(one) == earlier(other):
                assert later(one) == later(other)
    assert {ladder.steps[-1](value) for value in values} == {NOTHING}


def test_no_value_of_a_row_is_in_the_report_or_the_warning():
    secret = ["Xenovia", "Zhuang-7", "Qwerty", "8161"]
    row = {"age": secret[3], "ethnicity": secret[1], "geo_loc_name": secret[0], "disease": secret[2]}
    told: Report = report([row] * 2, sensitive="disease")
    text = json.dumps(told.as_dict()) + json.dumps([found.as_dict() for found in findings(told, "/individuals")])
    assert not [word for word in secret if word in text]
