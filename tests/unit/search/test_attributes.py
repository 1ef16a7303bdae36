"""Attributes of the submitter's own: stored, shown, found by name:value, exported."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.publication import exchange, service
from biotheca.publication.model import Record, Visibility
from biotheca.search import service as searching
from biotheca.search.rules import query_words
from biotheca.search.service import find, index
from biotheca.submissions import service as submitting
from biotheca.submissions.model import State
from tests.unit.publication.test_release import brought, numbers
from tests.unit.search.test_search import Index
from tests.unit.world import ANA, World, metadata

OWN = {"Soil depth": "10 cm", "ploidy": 4, "备注": "河边 采集"}
NAMES, VALUES = ["soil depth", "ploidy", "farm"], ["10 cm", "4", "north", "north field"]


def public(accession: str, own: dict[str, str]) -> Record:
    title, attributes = "10 north cm field 4", {"attributes": own}  # words of a title are no attributes
    return Record(accession, "study", "gsa", "a", title, "sub", "me", attributes, visibility=Visibility.PUBLIC)


def test_an_own_attribute_is_stored_shown_searchable_and_exported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_own(runs: int = 1, title: str = "Synthetic reads") -> dict[str, Any]:
        document = metadata(runs, title)
        document["samples"][0]["attributes"] = OWN
        return document

    monkeypatch.setattr("tests.unit.world.metadata", with_own)
    made = brought(world, State.RELEASED)
    kept = {o.type: o.attributes for o in world.submissions.objects(made)}
    assert kept["sample"]["attributes"] == OWN
    sample = numbers(world, made)["s1"]
    record = service.visible(world.records, None, sample)
    assert record.public_view()["attributes"]["attributes"] == OWN
    searching.refresh(world.index, world.records, sample)
    for query in (
        "soil_depth:10",
        '"Soil depth:10 cm"',
        'SOIL_DEPTH:"cm 10"',
        "ploidy:4",
        "备注:河边",
        f"{sample} ploidy:4",
    ):
        assert [hit["accession"] for hit in find(world.index, query, 10, None)[0]] == [sample], query
    for query in ("soil_depth:11", "ploidy:10", "depth:10", "ploidy:4 farm:north"):
        assert find(world.index, query, 10, None)[0] == [], query
    told = ElementTree.fromstring(exchange.xml(world.records, None, sample, "sample", 10, None)[0])
    pairs = {one.findtext("TAG"): one.findtext("VALUE") for one in told.iter("SAMPLE_ATTRIBUTE")}
    assert {name: str(value) for name, value in OWN.items()}.items() <= pairs.items()
    assert submitting.visible(world.submissions, ANA, made.id)


@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3), max_size=12),
    st.sampled_from(NAMES),
    st.sampled_from([*VALUES, "south"]),
)
def test_hits_of_an_attribute_equal_brute_force(all_own: list[dict[str, str]], name: str, value: str) -> None:
    store = Index()
    for number, own in enumerate(all_own, 1):
        index(store, public(f"CRA{number:06d}", own))  # type: ignore[arg-type]
    expected = [
        f"CRA{n:06d}" for n, own in enumerate(all_own, 1) if set(value.split()) <= set(own.get(name, "").split())
    ]
    hits, _ = find(store, f'"{name}:{value}"', 50, None)  # type: ignore[arg-type]
    assert [hit["accession"] for hit in hits] == expected


def test_a_colon_that_names_no_attribute_asks_for_words() -> None:
    assert query_words("RNA-seq: drought 10:20") == ["rna", "seq", "drought", "10", "20"]


@given(st.text(max_size=200))
def test_no_query_however_odd_fails(query: str) -> None:
    assert len(query_words(query)) <= 20


def test_an_attribute_that_is_taken_away_is_found_no_more() -> None:
    store = Index()
    for own in ({"farm": "north"}, {}):
        index(store, public("CRA000001", own))  # type: ignore[arg-type]
    assert find(store, "farm:north", 10, None)[0] == []  # type: ignore[arg-type]
