"""Records in a real browser: what uses a sample, a person's own samples in bulk, exports without an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from local.stack import Stack
from tests.journeys.bringing import accepted, registered, samples, with_runs
from tests.journeys.browser import Surfer, surfing
from tests.journeys.conftest import Person, eventually, tiny_fastq
from tests.journeys.portal import look


@pytest.fixture(scope="module")
def shared(ana: Person, chen: Person) -> dict[str, Any]:
    """Three registered samples, private for a year, and a released dataset of two runs that uses the first."""
    later = (datetime.now(UTC) + timedelta(days=365)).date().isoformat()
    whole = samples(3, "Used sample")
    whole["samples"][0]["external_links"] = [
        {"database": "GenBank", "accession": "SAMN00000001", "url": "https://db.example.org/SAMN00000001"}
    ]
    made = registered(ana, "biosample", whole, "archived", release={"mode": "on_date", "date": later})
    numbers = [made["accessions"][f"sample/s{n}"] for n in (1, 2, 3)]
    files = [(f"uses_{n}.fastq.gz", tiny_fastq(seed=320 + n)) for n in (1, 2)]
    using = with_runs(files, "Uses a sample")
    del using["samples"]
    using["experiments"][0]["sample"] = numbers[0]
    done = accepted(ana, chen, using, files)
    assert done["state"] == "released"
    return {"samples": numbers, "dataset": done["dataset"], **done["accessions"]}


@pytest.fixture
def stranger(chrome: Browser, stack: Stack) -> Any:
    with surfing(chrome, stack.front_url) as surfer:
        yield surfer


def test_a_samples_page_names_all_that_uses_it_and_the_databases_that_it_names(
    stranger: Surfer, shared: dict[str, Any]
) -> None:
    page = stranger.open(f"index.html#{shared['samples'][0]}")
    row = page.locator("#uses tbody tr")
    row.wait_for()
    held = row.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href').slice(1))")
    assert held[:2] == [shared["experiment/e1"], shared["dataset"]]
    assert sorted(held[2:]) == sorted([shared["run/r1"], shared["run/r2"]])
    there = page.get_by_role("link", name="GenBank SAMN00000001")
    assert there.get_attribute("href") == "https://db.example.org/SAMN00000001"
    look(page, "sample")
    row.get_by_role("link", name=shared["experiment/e1"]).click()
    page.get_by_role("link", name=shared["samples"][0]).wait_for()  # and the way back


def _hits(nobody: Person) -> list[dict[str, Any]]:
    return nobody.get("/v1/search?q=Uses+a+sample&limit=200")["items"]


def test_an_export_is_whole_however_many_pages_it_has(stranger: Surfer, nobody: Person, shared: dict[str, Any]) -> None:
    asked: list[str] = []

    def one_row_a_page(route: Route) -> None:
        asked.append(route.request.url)
        joint = "&" if "?" in route.request.url else "?"
        short = "" if "limit=" in route.request.url else f"{joint}limit=1"
        route.continue_(url=route.request.url + short)

    page = stranger.open(f"index.html#{shared['dataset']}")
    page.route("**/runs.csv*", one_row_a_page)
    with page.expect_download() as saving:
        page.get_by_role("link", name="All runs as CSV").click()
    lines = Path(saving.value.path()).read_text().splitlines()
    assert saving.value.suggested_filename == f"{shared['dataset']}-runs.csv"
    assert len(asked) >= 2 and len(lines) == 3
    assert [shared["run/r1"] in lines[1], shared["run/r2"] in lines[2]] == [True, True]
    look(page, "dataset")
    page.route("**/search.tsv*", one_row_a_page)
    wanted = {shared["run/r1"], shared["run/r2"]}
    eventually(lambda: wanted <= {hit["accession"] for hit in _hits(nobody)})  # the index follows the release
    page.goto(f"{stranger.url}/index.html?q=Uses+a+sample")
    with page.expect_download() as saving:
        page.get_by_role("link", name="All hits as TSV").click()
    saved = Path(saving.value.path()).read_text().splitlines()
    assert sorted(line.split("\t")[0] for line in saved[1:]) == sorted(hit["accession"] for hit in _hits(nobody))
    look(page, "hits")


def ticked(page: Page, *numbers: str) -> None:
    for number in numbers:
        page.get_by_label(number, exact=True).check()


def test_own_samples_are_filtered_changed_and_released_in_bulk(
    ana_surfs: Surfer, ana: Person, shared: dict[str, Any]
) -> None:
    used, *others = shared["samples"]
    page = ana_surfs.open("submissions.html#records/sample")
    page.locator("#shown").wait_for()
    page.get_by_label("Words of title or number").fill("used sample")
    rows = page.locator("tbody tr:visible")
    seen = {number: rows.filter(has_text=number).count() for number in (used, *others)}
    assert seen == dict.fromkeys((used, *others), 1)
    page.get_by_label("Visibility").select_option("private")
    assert [rows.filter(has_text=number).count() for number in (used, *others)] == [0, 1, 1]
    ticked(page, *others)
    look(page, "records")
    page.get_by_label("Field", exact=True).select_option("isolation_source")
    page.get_by_label("New value").fill("a lake in the north")
    page.get_by_label("Why", exact=True).fill("The river was a lake")
    page.get_by_role("button", name="Ask for the change").click()
    page.get_by_text("A change of 2 records is asked for").wait_for()
    for number in others:
        (asked,) = ana.get(f"/v1/records/{number}/corrections")["items"]
        assert asked["changes"] == [{"field": "isolation_source", "to": "a lake in the north"}]
    page.get_by_role("button", name="Release the ticked ones").click()
    page.get_by_text("Release is set for 2 records.").wait_for()
    eventually(lambda: all(ana.get(f"/v1/records/{number}")["visibility"] == "public" for number in others))
    page.reload()
    page.locator("tbody tr", has_text=others[0]).get_by_text("public", exact=True).wait_for()
