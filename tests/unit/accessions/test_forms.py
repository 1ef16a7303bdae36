"""Accessions: published forms, any letter case, growth past the width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.accessions.model import NUMBERS_PER_LETTER, Form, NumbersExhausted, forms, recognise

# Numbers seen in public lists of the originals.
SEEN = {
    "PRJCA000001": "project",
    "PRJCA071767": "project",
    "SAMC000001": "sample",
    "SAMC1234567": "sample",
    "CRA000001": "gsa.study",
    "CRX555465": "gsa.experiment",
    "CRR1878501": "gsa.run",
    "HRA020344": "human.study",
    "HRI283600": "human.individual",
    "HRS453275": "human.sample",
    "HRX555465": "human.experiment",
    "HRR3399631": "human.run",
    "HDAC001774": "committee",
    "HREQ003400": "request",
    "OMIX001": "omix.study",
    "OMIX001024": "omix.study",
    "OMIX006238-01": "omix.file",
    "OMIX237-64-02": "omix.file",
    "OMIX001105-04-01": "omix.file",
    "OBIA0001": "obia.collection",
    "PRJNA1": "insdc.project",
    "SAMEA104228123": "insdc.sample",
    "SRR000001": "insdc.record",
    "GCA_000001405.15": "insdc.assembly",
}


@pytest.mark.parametrize("text", SEEN)
def test_a_number_seen_in_the_wild_is_recognised_in_any_letter_case(text: str) -> None:
    for written in (text, text.lower(), text.capitalize(), f"  {text}\n"):
        found = recognise(written)
        assert found is not None and found.kind == SEEN[text] and found.text == text


@pytest.mark.parametrize(
    "text", ["", "CRA", "CRA12345", "CRA12345x", "XCRA000001", "CRA 000001", "PRJC000001", "ＣＲＡ000001"]
)
def test_what_is_no_accession_is_not_recognised(text: str) -> None:
    assert recognise(text) is None


@given(st.sampled_from(sorted(forms())), st.integers(1, 5_000_000))
def test_what_is_written_is_recognised_as_its_own_form_and_grows_with_the_number(kind: str, number: int) -> None:
    form = forms()[kind]
    text = form.write(number)
    found = recognise(text)
    assert found is not None and found.kind == kind and found.own
    following = form.write(number + 1)
    assert (len(text), text) < (len(following), following)


def test_a_lettered_prefix_rolls_after_999999_and_ends_after_z() -> None:
    form = Form("project", "PRJC", 6, "", letter="roll")
    assert form.write(NUMBERS_PER_LETTER) == "PRJCA999999"
    assert form.write(NUMBERS_PER_LETTER + 1) == "PRJCB000001"
    assert form.write(26 * NUMBERS_PER_LETTER) == "PRJCZ999999"
    with pytest.raises(NumbersExhausted):
        form.write(26 * NUMBERS_PER_LETTER + 1)


def test_a_number_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        forms()["gsa.study"].write(0)
