"""The curators' desk in a real browser: parts by run, priority, and no acceptance over open private content."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys.bringing import handed_in, with_runs
from tests.journeys.browser import Surfer
from tests.journeys.conftest import Person, document, eventually, tiny_fastq, wait_for
from tests.journeys.portal import look


def _named(ana: Person, title: str) -> dict[str, Any]:
    """A submission that waits for a curator because its metadata holds a name and a telephone number."""
    whole = document([("kept_at_home.fastq.gz", b"x")], title)
    whole["samples"][0]["description"] = "Patient name: Zhang Weimin, cultured from a swab"
    whole["study"]["description"] = "Questions of the clinic: call 13812345678 on workdays"
    return wait_for(ana, handed_in(ana, whole)["id"], "metadata_review")


@pytest.fixture(scope="module")
def named(ana: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two that wait in the queue for metadata, the one that waits longer first."""
    return _named(ana, "Waits longest"), _named(ana, "Waits less long")


def _places(page: Page, *ids: str) -> list[int]:
    """Where submissions stand in the queue that is shown."""
    page.get_by_role("heading", name="Curator's desk").wait_for()
    page.locator(f"a[href='#s/{ids[0]}']").wait_for()
    held = page.locator("tbody a[href^='#s/']").evaluate_all("all => all.map(a => a.getAttribute('href').slice(3))")
    return [held.index(one) for one in ids]


def _reads_the_report(page: Page, ana: Person, submission: str) -> None:
    """The curator opens a file's report from the desk; its owner gets the same page, and no script could run in it."""
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Report of part_1.fastq.gz").click()
    shown = opened.value
    shown.get_by_role("heading", name="part_1.fastq.gz").first.wait_for()
    assert "Sound" in shown.locator(".banner").inner_text()
    look(shown, "report")
    whole = shown.content()
    shown.close()
    file = next(f for f in ana.get(f"/v1/submissions/{submission}")["files"] if f["name"] == "part_1.fastq.gz")
    where = f"/v1/submissions/{submission}/files/{file['id']}/report"
    answer = ana.call("GET", f"{where}?format=html")
    assert answer.headers["Content-Type"].startswith("text/html") and "<h1>part_1.fastq.gz</h1>" in whole
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<h1>part_1.fastq.gz</h1>" in answer.text and "<script" not in answer.text
    document = ana.get(where)
    assert document["verdict"] == "pass" and document["files"][0]["md5"] == file["md5"]
    assert ana.call("GET", f"{where}?format=pdf").status_code == 422


def test_a_curator_puts_one_first_and_accepts_some_runs_alone(
    chen_surfs: Surfer, ana: Person, named: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    files = [(f"part_{n}.fastq.gz", tiny_fastq(seed=300 + n)) for n in (1, 2)]
    made = handed_in(ana, with_runs(files, "Two runs"), files)
    older, newer = (one["id"] for one in named)
    page = chen_surfs.open("desk.html#queue/metadata")
    first, second = _places(page, older, newer)
    assert first < second
    page.goto(f"{chen_surfs.url}/desk.html#s/{newer}")
    page.get_by_role("button", name="Put it before the others").click()
    page.get_by_role("button", name="Put it back in line").wait_for()
    page.goto(f"{chen_surfs.url}/desk.html#queue/metadata")
    first, second = _places(page, older, newer)
    assert second < first
    assert "priority" in page.locator("tbody tr", has=page.locator(f"a[href='#s/{newer}']")).inner_text()
    look(page, "queue")
    wait_for(ana, made["id"], "data_review")
    page.goto(f"{chen_surfs.url}/desk.html#s/{made['id']}")
    _reads_the_report(page, ana, made["id"])
    some = page.get_by_role("region", name="Accept some runs alone")
    accept = some.get_by_role("button", name="Accept the ticked runs")
    accept.click()  # none is ticked
    page.get_by_text("Tick some of the runs").wait_for()
    some.get_by_label("r2").check()
    look(page, "parts")
    bodies: list[dict[str, Any]] = []
    page.on("request", lambda one: bodies.append(one.post_data_json) if one.url.endswith("/decision") else None)
    accept.click()
    page.get_by_text("1 run is accepted.").wait_for()
    history = ana.get(f"/v1/submissions/{made['id']}/history")["items"]  # what follows: test_desk
    assert [line["words"] for line in history if "1 run(s) accepted by a curator" in line["words"]]
    (sent,) = [body for body in bodies if body.get("runs")]
    assert (sent["decision"], sent["runs"], sent["rest"]) == ("accept", ["r2"], "keep")


def test_nothing_is_accepted_before_each_finding_of_private_content_is_decided_on(
    chen_surfs: Surfer, ana: Person, named: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    page = chen_surfs.open(f"desk.html#s/{named[0]['id']}")
    accept = page.locator("#accept")
    accept.wait_for()
    rows = (
        page.get_by_role("region", name="Warnings to decide on")
        .locator("tr", has_text="Must be decided")
        .locator("select")
    )
    count = rows.count()
    assert count >= 2
    for number in range(count):
        left = count - number
        words = "1 finding waits" if left == 1 else f"{left} findings wait"
        assert f"Accept is closed: {words}" in page.locator("#gate").inner_text()
        assert accept.get_attribute("aria-disabled") == "true"
        accept.press("Enter")
        page.locator("#status", has_text="Accept is closed").wait_for()
        assert page.evaluate("document.activeElement.dataset.finding") == rows.nth(number).get_attribute("data-finding")
        if number == 0:
            look(page, "closed")
        rows.nth(number).select_option("harmless")
        with page.expect_response(lambda answer: answer.url.endswith("/checklist")):
            page.get_by_role("button", name="Save the checklist").click()
        eventually(lambda words=words: words not in (page.locator("#gate").text_content() or ""))
    assert page.locator("#gate").is_hidden()
    assert not [one for one in chen_surfs.addresses if one.endswith("/decision")]
    accept.click()
    page.get_by_text("Accepted. Numbers are being issued.").wait_for()
    wait_for(ana, named[0]["id"], "files_expected", "metadata_accepted")
