"""Openness on the laptop: a released dataset has its score and its place in a list, and moves when its mode changes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from local.stack import Stack
from tests.journeys.asking import controlled_dataset, handed_in
from tests.journeys.bringing import accepted
from tests.journeys.browser import surfing
from tests.journeys.conftest import Person, eventually, newcomer, tiny_fastq
from tests.journeys.portal import look
from tests.journeys.test_fifth_member import MEMBER, metadata


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
    return accepted(ana, chen, metadata(*files), files, member=MEMBER, access=access)


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

    assert recompute(aws)["datasets"] >= 1

    chen.call(
        "PUT", f"/v1/submissions/{closed['id']}/access", json={"access": "open", "reason": "Consent was widened."}
    )
    assert nobody.get(f"/v1/records/{closed['dataset']}/openness")["score"] == 100
    assert eventually(lambda: closed["dataset"] in listed(nobody, "open") - listed(nobody, "unrated"))


def recompute(aws: Callable[[str], Any]) -> dict[str, Any]:
    """The nightly run, now."""
    pages = aws("lambda").get_paginator("list_functions").paginate()
    names = (f["FunctionName"] for page in pages for f in page["Functions"])
    name = next(name for name in names if "OpennessRecompute" in name)
    return json.load(aws("lambda").invoke(FunctionName=name, Payload="{}")["Payload"])


def _browses(page: Page, stack: Stack, dataset: str, nobody: Person, committee: str, aws: Callable[[str], Any]) -> None:
    """The list has the score as a column that sorts, each score opens into its parts, and answers have their median."""
    recompute(aws)
    told = nobody.get("/v1/statistics/sharing")
    (row,) = [row for row in told["committees"] if row["committee"] == committee]
    assert row["decided"] == 1 and 0 <= row["median_days"] < 1
    for one in (*told["members"], told["total"]):
        assert one["open_datasets"] + one["controlled_datasets"] == one["datasets"]
    for name in ("datasets", "open_datasets", "controlled_datasets", "requests", "approvals"):
        assert told["total"][name] == sum(one[name] for one in told["members"])
    page.goto(f"{stack.front_url}/?browse=controlled")
    page.locator("#sort").wait_for()

    def scores() -> list[int]:
        cells = page.locator("#results table:first-of-type tbody tr td:nth-child(3)").all_inner_texts()
        return [int(text.split()[0]) for text in cells]

    listed_scores = [one["score"] for one in nobody.pages("/v1/openness?access=controlled&limit=50")]
    assert scores() == sorted(listed_scores, reverse=True)[:50]
    line = page.locator("#results tbody tr", has_text=dataset)
    line.locator("summary").click()
    line.locator(".parts li").first.wait_for()
    found = nobody.get(f"/v1/records/{dataset}/openness")
    text = line.inner_text()
    assert found["as_of"][:10] in text and f"{found['inputs']['decided']} of {found['inputs']['counted']}" in text
    assert all(f"{part['points']:.1f} of" in text for part in found["parts"])
    assert committee in page.locator("#results table").last.inner_text()
    look(page, "browse")
    page.locator("#sort").click()
    page.locator("th[aria-sort=ascending]").wait_for()
    assert scores() == sorted(listed_scores)[:50]


def by_the_page(inputs: dict[str, Any]) -> float:
    """The score by the lines of docs/openness.md, from nothing but what everybody can read."""
    n, d, a = inputs["counted"], inputs["decided"], inputs["approved"]
    p, q = (d + 3 * inputs["archive_processed"]) / (n + 3), (a + 3 * inputs["archive_approved"]) / (n + 3)
    t = 1 - math.log(max(3, min(60, inputs["mean_days"])) / 3) / math.log(20)
    return 100 * (0.40 * p + 0.35 * q + 0.25 * t)


def test_an_approval_gives_a_score_that_anybody_can_compute_again_and_silence_lowers_it(
    ana: Person, chen: Person, nobody: Person, stack: Stack, chrome: Browser, aws: Callable[[str], Any]
) -> None:
    data = controlled_dataset(ana, chen, seeds=(911,))
    place = f"/v1/records/{data.dataset}/openness"
    asked = handed_in(newcomer(stack, nobody), data.dataset)["number"]
    waits = eventually(lambda: (found := nobody.get(place))["inputs"]["waiting"] == 1 and found)
    assert waits["score"] is None and waits["inputs"]["counted"] == 0
    ana.post(f"/v1/requests/{asked}/votes", {"decision": "approve"})
    rated = eventually(lambda: (found := nobody.get(place))["score"] is not None and found)
    assert (rated["inputs"]["decided"], rated["inputs"]["approved"], rated["inputs"]["waiting"]) == (1, 1, 0)
    assert rated["exact"] == pytest.approx(by_the_page(rated["inputs"]))
    assert rated["score"] == min(99, math.floor(rated["exact"] + 0.5))
    assert eventually(lambda: data.dataset in listed(nobody, "controlled") - listed(nobody, "unrated"))

    ana.post(f"/v1/access-grants/{asked}/revoke", {"reason": "The test wants it."})
    handed_in(newcomer(stack, nobody), data.dataset)
    eventually(lambda: nobody.get(place)["inputs"]["waiting"] == 1)
    try:
        stack.clock.advance(timedelta(days=30))
        silent = nobody.get(place)
        assert (silent["inputs"]["counted"], silent["inputs"]["approved"], silent["inputs"]["late"]) == (2, 1, 1)
        assert silent["exact"] == pytest.approx(by_the_page(silent["inputs"]))
        assert silent["score"] < rated["score"]
        with surfing(chrome, stack.front_url) as surfer:
            page = surfer.open(f"index.html#{data.dataset}")

            def agrees() -> bool:  # the daily run, for which the day has come too, may move the archive's rates
                page.reload()
                page.locator("#openness").wait_for()
                text, found = page.locator("#record").inner_text(), nobody.get(place)
                words = [step["words"]["en"] for step in found["would_raise"]]
                told = (f"{found['score']} of 100", found["as_of"][:10], *words)
                return len(words) > 0 and all(one in text for one in told)

            assert eventually(agrees)
            look(page, "record-openness")
            _browses(page, stack, data.dataset, nobody, data.committee, aws)
    finally:
        stack.clock.reset()
