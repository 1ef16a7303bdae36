"""Samples on their way to BioSample: only listed words leave, only once, and a number never changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.errors import Conflict
from biotheca.mirror.outward import Allowed, Sent, content_of, due, noted
from biotheca.publication.model import Record, Visibility

ALLOWED = Allowed.of(catalog.mirror()["outward"]["biosample"])
WORDS = st.sampled_from([*ALLOWED.attributes, "patient_name", "national_id", "birth_date", "owner"])


def sample(attributes: dict[str, str], visibility: Visibility = Visibility.PUBLIC, kind: str = "sample") -> Record:
    return Record(
        *("SAMC000001", kind, "gsa", "s1", "A leaf", "sub_1", "owner-7"), attributes=attributes, visibility=visibility
    )


@given(st.dictionaries(WORDS, st.text(min_size=1, max_size=20)), st.sampled_from(Visibility))
def test_no_word_outside_the_list_leaves_and_nothing_of_what_is_not_public(
    attributes: dict[str, str], visibility: Visibility
) -> None:
    content = content_of(sample(attributes, visibility), ALLOWED)
    if visibility is not Visibility.PUBLIC:
        assert content is None
        return
    assert content is not None and set(content) == {"accession", "title", "attributes"}
    assert content["attributes"] == {k: v for k, v in attributes.items() if k in ALLOWED.attributes}


def test_other_types_stay() -> None:
    assert content_of(sample({"organism": "Oryza sativa"}, kind="run"), ALLOWED) is None


@given(st.lists(st.sampled_from(["rice", "wheat", "maize"]), min_size=1, max_size=6))
def test_a_sample_is_due_exactly_when_what_may_leave_of_it_changed(history: list[str]) -> None:
    sent: dict[str, Sent] = {}
    before = None
    for n, organism in enumerate(history):
        record = sample({"organism": organism, "note": str(n)})
        parcels = due([record], sent, ALLOWED)
        assert bool(parcels) == (organism != before)
        for parcel in parcels:
            kept = noted(parcel, "SAMN1", sent.get(parcel.accession))
            assert noted(parcel, "SAMN1", kept) == noted(parcel, None, kept) == kept
            sent[parcel.accession] = kept
        assert not due([record], sent, ALLOWED)
        before = organism
    assert sent["SAMC000001"].theirs == "SAMN1"


def test_a_second_number_for_the_same_sample_is_a_conflict_and_changes_nothing() -> None:
    (parcel,) = due([sample({"organism": "rice"})], {}, ALLOWED)
    kept = noted(parcel, "SAMN1", None)
    with pytest.raises(Conflict, match="SAMN2 for SAMC000001, which was SAMN1"):
        noted(parcel, "SAMN2", kept)
