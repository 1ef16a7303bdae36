"""The persons of a submission: one row each, warned of when they stand alone, and their table made coarser."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.curation.rules import open_findings
from biotheca.errors import NotFound
from biotheca.privacy.anonymity import generalised, report
from biotheca.submissions import service
from biotheca.submissions.rules import check_document
from biotheca.submissions.rules.anonymous import rows_of
from tests.unit.members.human import human_document, omix_document
from tests.unit.world import ANA, CHEN, LI, World

HUMAN = catalog.members()["gsa-human"]


def study(ages: list[int], **said: Any) -> dict[str, Any]:
    document = human_document("disease", people=len(ages))
    for age, person, sample in zip(ages, document["individuals"], document["samples"], strict=True):
        sample["age"] = age
        person.update(said)
    return document


def warned(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = check_document(HUMAN, document, mode="controlled")
    return [f.as_dict() for f in found if f.rule == "anonymity.small_groups"]


def test_a_row_a_person_with_what_only_the_first_sample_says_in_years() -> None:
    document = study([30, 18])
    document["samples"][1] |= {"age_unit": "months"}
    document["samples"].append(document["samples"][0] | {"alias": "again", "age": 99})
    document["individuals"][0]["attributes"] = {"Occupation": "smith"}
    first, second = rows_of(HUMAN, document)
    assert (first["age"], first["Occupation"], first["gender"]) == (30, "smith", "female") and second["age"] == 1
    assert rows_of(catalog.members()["omix"], omix_document([("a.csv", b"1")])) == []


def test_a_check_warns_below_five_with_the_coarsening_and_asks_no_curator() -> None:
    assert warned(study([31, 32, 33, 34, 31])) and not warned(study([31] * 5))
    (told,) = warned(study([31, 32, 33, 34, 31]))
    assert (told["where"], told["severity"]) == ("/individuals", "warning")
    assert "The least that reaches 5: age: 5" in told["mend"]
    assert open_findings([told], []) == [] and open_findings([told | {"rule": "plausibility.date"}], [])


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["female", "male"])), min_size=5, max_size=30))
def test_the_coarsened_table_reaches_k_and_holds_no_sensitive_value(people: list[tuple[int, str]]) -> None:
    secret = {"occupation": "lighthouse keeper", "birthplace": "Port Canary", "alias": "P1", "smoker": "yes"}
    rows = [{"age": age, "gender": gender, **secret} for age, gender in people]
    told = report(rows)
    table = generalised(rows, told, ["gender"])
    assert told.coarsening and len(table) + told.coarsening.left_out == len(rows)
    groups = Counter(tuple(row[column] for column in told.quasi_identifiers) for row in table)
    assert min(groups.values()) >= told.wanted == 5
    assert all(set(row) == {"age", "gender", "occupation", "birthplace"} for row in table)
    assert "P1" not in str(table) and "yes" not in str(table)


@pytest.mark.parametrize("reader", [ANA, CHEN, LI])
def test_the_owner_and_staff_get_the_report_and_nobody_else(world: World, reader: Person) -> None:
    made = service.open_submission(world.submissions, ANA, "gsa-human", "Exomes", "immediately", None)
    service.describe(world.submissions, ANA, made.id, study([31, 32, 33, 34, 31]))
    if reader is LI:
        with pytest.raises(NotFound):
            service.anonymity_of(world.submissions, reader, made.id)
        return
    told, table = service.anonymity_of(world.submissions, reader, made.id)
    assert (told.k, told.rows, len(table)) == (1, 5, 5) and {row["age"] for row in table} == {"30-34"}
    reads = service.open_submission(world.submissions, ANA, "gsa", "Reads", "immediately", None)
    with pytest.raises(NotFound):
        service.anonymity_of(world.submissions, ANA, reads.id)
