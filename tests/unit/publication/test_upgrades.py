"""A vocabulary's next version reaches every record, loses nothing, and a second run changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.publication import versions
from biotheca.publication.upgrades import problems, today, upgrade, upgrade_all, upgraded
from biotheca.submissions.model import State
from functions import stores
from functions.publication import handler
from tests.depth import examples
from tests.unit.publication.test_release import brought, numbers
from tests.unit.world import ANA, World

WORDS = "library_source"  # of experiments; and a vocabulary whose items are lists is of projects
ROWS: list[dict[str, Any]] = [
    {"id": "a-2", "vocabulary": "library_source", "version": 2, "renamed": {"GENOMIC": "DNA OF CELLS"}},
    {
        "id": "a-3",
        "vocabulary": "library_source",
        "version": 3,
        "split": {
            "DNA OF CELLS": {"case": "library_strategy", "of": {"WGS": "WHOLE GENOMES"}, "else": "PARTS OF GENOMES"}
        },
    },
    {
        "id": "b-2",
        "vocabulary": "project_data_type",
        "version": 2,
        "renamed": {"Raw sequence reads": "Reads as they came"},
    },
]


@pytest.fixture
def upgrading(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(catalog, "upgrades", lambda: ROWS)
    return world


def test_old_records_have_the_terms_of_today_and_their_former_version_keeps_its_own(upgrading: World) -> None:
    released, archived = brought(upgrading, State.RELEASED), brought(upgrading, State.ARCHIVED, title="Not yet public")
    before = {a: upgrading.records.get(a) for made in (released, archived) for a in numbers(upgrading, made).values()}
    assert upgrade_all(upgrading.submissions, upgrading.records) == 4  # an experiment and a project of each
    for accession, old in before.items():
        new = upgrading.records.get(accession)
        assert old and new and new.visibility == old.visibility and new.attributes.keys() == old.attributes.keys()
        moved = {n for n, v in new.attributes.items() if v != old.attributes[n]}
        assert moved == {"experiment": {WORDS}, "project": {"data_types"}}.get(old.type, set())
        assert (new.version - old.version, new.links, new.files) == (1 if moved else 0, old.links, old.files)
        if old.type == "experiment":
            assert new.attributes[WORDS] == "WHOLE GENOMES"
        if moved:
            assert versions.version(upgrading.records, ANA, accession, old.version)["attributes"] == old.attributes
    told = [body for kind, body in upgrading.told() if kind == "RecordChanged" and body.get("event") == "upgraded"]
    assert len(told) == 4


def test_a_second_run_changes_nothing_and_without_rows_nothing_is_read(
    upgrading: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = brought(upgrading, State.RELEASED)
    assert upgrade_all(upgrading.submissions, upgrading.records) == 2
    before = upgrading.dump()
    assert upgrade_all(upgrading.submissions, upgrading.records) == 0 and upgrading.dump() == before
    assert not upgrade(upgrading.records, numbers(upgrading, made)["e1"], ROWS)
    monkeypatch.setattr(catalog, "upgrades", list)
    assert upgrade_all(None, None) == 0  # type: ignore[arg-type]


def test_the_nightly_door_does_it(upgrading: World, monkeypatch: pytest.MonkeyPatch) -> None:
    brought(upgrading, State.RELEASED)
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "1")
    monkeypatch.setattr(handler, "submissions", lambda: upgrading.submissions)
    monkeypatch.setattr(handler, "records", lambda: upgrading.records)
    assert stores and handler.upgrade_words({}, None) == {"records": 2}


TERMS = st.sampled_from(["GENOMIC", "DNA OF CELLS", "METAGENOMIC", "WHOLE GENOMES", "anything"])


@settings(max_examples=examples(200))
@given(
    term=TERMS,
    strategy=st.sampled_from(["WGS", "AMPLICON", None]),
    others=st.dictionaries(st.sampled_from(["title", "alias", "note"]), st.text(max_size=5)),
)
def test_an_upgrade_is_idempotent_and_touches_no_other_value(term: str, strategy: str | None, others: Any) -> None:
    fields = catalog.members()["gsa"].object_type("experiment").fields
    old = others | {"library_source": term, "library_strategy": strategy}
    new = upgraded(fields, old, ROWS)
    assert upgraded(fields, new, ROWS) == new
    assert new.keys() == old.keys() and all(new[n] == old[n] for n in old if n != "library_source")
    assert new["library_source"] == today(term, "library_source", old, ROWS) not in ("GENOMIC", "DNA OF CELLS")


def test_rows_that_do_not_fit_their_vocabulary_are_named_and_ours_fit() -> None:
    assert problems(catalog.upgrades(), catalog.vocabularies()) == []
    after = {"library_source": ["WHOLE GENOMES", "PARTS OF GENOMES"], "project_data_type": ["Reads as they came"]}
    assert problems(ROWS, after) == []
    (still,) = problems(ROWS, after | {"project_data_type": ["Reads as they came", "Raw sequence reads"]})
    assert "'Raw sequence reads' is still a term" in still
    (lacks,) = problems(ROWS, after | {"library_source": ["WHOLE GENOMES"]})
    assert "'PARTS OF GENOMES' is no term" in lacks
