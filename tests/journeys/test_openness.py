"""Openness on the laptop: a released dataset has its score and its place in a list, and moves when its mode changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.journeys.bringing import accepted
from tests.journeys.conftest import Person, eventually, tiny_fastq
from tests.journeys.test_fifth_member import metadata


def listed(person: Person, which: str) -> set[str]:
    """The accessions of a list, page by page."""
    found, cursor = set(), ""
    while True:
        page = person.get(f"/v1/openness?access={which}&limit=2{cursor}")
        found |= {row["accession"] for row in page["items"]}
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def released(ana: Person, chen: Person, access: str, seed: int) -> dict[str, Any]:
    files = [(f"openness_{seed}.fastq.gz", tiny_fastq(seed=seed))]
    return accepted(ana, chen, metadata(*files), files, member="seedbank", access=access)


def test_open_data_have_a_hundred_and_controlled_ones_no_number_until_somebody_asks(
    nobody: Person, ana: Person, chen: Person, aws: Callable[[str], Any]
) -> None:
    open_one, closed = released(ana, chen, "open", 901), released(ana, chen, "controlled", 902)
    shown = {
        name: nobody.get(f"/v1/records/{made['dataset']}/openness") for name, made in (("o", open_one), ("c", closed))
    }
    assert (shown["o"]["score"], shown["o"]["stars"]) == (100, 5.0)
    assert (shown["c"]["score"], shown["c"]["inputs"]["counted"], shown["c"]["access"]) == (None, 0, "controlled")
    assert eventually(lambda: open_one["dataset"] in listed(nobody, "open"))
    assert eventually(lambda: closed["dataset"] in listed(nobody, "unrated"))

    pages = aws("lambda").get_paginator("list_functions").paginate()
    name = next(
        f["FunctionName"] for page in pages for f in page["Functions"] if "OpennessRecompute" in f["FunctionName"]
    )
    done = json.load(aws("lambda").invoke(FunctionName=name, Payload="{}")["Payload"])
    assert done["datasets"] >= 1

    chen.call(
        "PUT", f"/v1/submissions/{closed['id']}/access", json={"access": "open", "reason": "Consent was widened."}
    )
    assert nobody.get(f"/v1/records/{closed['dataset']}/openness")["score"] == 100
    assert eventually(lambda: closed["dataset"] in listed(nobody, "open") - listed(nobody, "unrated"))
