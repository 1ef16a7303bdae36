"""The audit chain: verification finds every single change, removal, insertion and swap."""

from __future__ import annotations

import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from biotheca.audit.rules import BEGINNING, chained, hash_of, verify

EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids().map(str),
            "type": st.sampled_from(["DatasetReleased", "AccountChanged"]),
            "at": st.just("2026-03-01T12:00:00.000Z"),
            "correlation_id": st.text(max_size=10),
            "body": st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=8)), max_size=3),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(EVENTS)
def test_an_untouched_chain_verifies_to_its_head(events: list[dict]) -> None:
    lines = list(chained(0, BEGINNING, events))
    verdict = verify(lines, {"number": len(lines), "hash": lines[-1]["hash"]})
    assert (verdict.broken, verdict.lines, verdict.last_hash) == (None, len(events), lines[-1]["hash"])


@given(EVENTS, EVENTS)
def test_a_chain_goes_on_where_it_ended(first: list[dict], second: list[dict]) -> None:
    lines = list(chained(0, BEGINNING, first))
    lines += chained(lines[-1]["number"], lines[-1]["hash"], second)
    assert lines == list(chained(0, BEGINNING, first + second))


@given(EVENTS, st.data())
def test_a_changed_line_is_named(events: list[dict], data: st.DataObject) -> None:
    lines = copy.deepcopy(list(chained(0, BEGINNING, events)))
    at = data.draw(st.integers(0, len(lines) - 1))
    field = data.draw(st.sampled_from(["id", "type", "at", "correlation_id", "body", "hash"]))
    lines[at][field] = {"forged": True} if field == "body" else "forged"
    assert verify(lines).broken == at + 1


@given(EVENTS, st.data())
def test_a_line_rewritten_with_its_own_hash_breaks_the_chain(events: list[dict], data: st.DataObject) -> None:
    lines = copy.deepcopy(list(chained(0, BEGINNING, events)))
    head = {"number": len(lines), "hash": lines[-1]["hash"]}
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at]["body"] = {"forged": True}
    lines[at]["hash"] = hash_of(lines[at])
    # The next line, or the remembered head, does not fit the new hash.
    assert verify(lines, head).broken == min(at + 2, len(lines))


@given(EVENTS, st.data())
def test_a_missing_line_is_named(events: list[dict], data: st.DataObject) -> None:
    lines = list(chained(0, BEGINNING, events))
    head = {"number": len(lines), "hash": lines[-1]["hash"]}
    at = data.draw(st.integers(0, len(lines) - 1))
    assert verify(lines[:at] + lines[at + 1 :], head).broken == at + 1


def test_the_hash_is_of_a_known_text() -> None:
    """A vector that another program can compute: SHA-256 of the canonical JSON."""
    import hashlib

    line = {"number": 1, "type": "X", "body": {"b": "é", "a": 1}, "before": BEGINNING}
    text = '{"before":"' + "0" * 64 + '","body":{"a":1,"b":"é"},"number":1,"type":"X"}'
    assert json.loads(text) == line
    assert hash_of(line) == hashlib.sha256(text.encode()).hexdigest()
