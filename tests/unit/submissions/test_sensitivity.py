"""How sensitive a file is: the whole table of what is known of it, beside the classes written out by hand."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from biotheca import catalog
from biotheca.submissions.rules.sensitivity import class_of, classes, of_dataset

VALUES: dict[str, list[Any]] = {
    "human": [True, False],
    "access": ["open", "registered", "controlled", "committee"],
    "level": ["individual", "pooled", "summary", "none"],
    "kind": ["sequence", "variation", "expression", "clinical", "image", "other"],
    "cell_line": [True, False],
    "human_read_share": [0.0, 0.001, 0.5],
    "private_findings": [0, 1],
    "release_gate_open": [True, False],
}
TABLE = [dict(zip(VALUES, row, strict=True)) for row in itertools.product(*VALUES.values())]


def written_by_hand(f: dict[str, Any]) -> str:
    if f["private_findings"] or (f["human"] and not f["release_gate_open"]):
        return "restricted"
    if f["access"] not in ("open", "registered") or (not f["human"] and f["human_read_share"] > 0.001):
        return "controlled"
    if f["access"] == "open":
        return "open"
    personal = f["kind"] in ("clinical", "image") or (f["kind"] in ("sequence", "variation") and not f["cell_line"])
    return "controlled" if f["human"] and f["level"] == "individual" and personal else "registered"


def test_every_row_has_the_class_that_was_written_by_hand() -> None:
    assert len(TABLE) == 4608
    for facts in TABLE:
        assert class_of(facts).name == written_by_hand(facts), facts


@given(st.sampled_from(TABLE), st.sets(st.sampled_from(sorted(VALUES))))
def test_knowing_less_never_makes_a_file_more_open(facts: dict[str, Any], hidden: set[str]) -> None:
    order = classes()
    less = class_of({name: value for name, value in facts.items() if name not in hidden})
    assert order.index(less.name) >= order.index(class_of(facts).name)


def test_of_what_nothing_is_known_nobody_gets_anything() -> None:
    found = class_of({})
    assert (found.name, found.access, found.lake, found.bucket) == ("restricted", "owner", False, "controlled_archive")
    assert found.because


def test_each_class_is_as_strict_as_the_one_below_it() -> None:
    rows = catalog.sensitivity()["classes"].values()
    reach = ["everybody", "signed_in", "grant", "owner"]
    heights = [
        (reach.index(row["access"]), row["bucket"] != "open_archive", row["encrypted"], not row["lake"]) for row in rows
    ]
    assert heights == sorted(heights) and len(set(heights)) == len(heights)
    for row in rows:
        assert (row["bucket"] == "open_archive") == (row["access"] == "everybody") == (row["key"] == "archive")
        assert row["encrypted"] or row["lake"]  # what must not be counted is not kept plain either


def test_a_dataset_is_as_sensitive_as_the_most_sensitive_of_its_files() -> None:
    open_ = class_of(TABLE[0] | {"human": False, "access": "open", "human_read_share": 0.0, "private_findings": 0})
    assert open_.name == "open" and open_.because == ()
    assert of_dataset([open_, class_of({}), open_]) == "restricted"
    assert of_dataset([open_]) == "open" == of_dataset([])
