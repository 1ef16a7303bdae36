"""The web submission service in a real browser: from registering to the download by a stranger."""

from __future__ import annotations

import random
import re
import uuid
from pathlib import Path
from typing import Any

import openpyxl
from playwright.sync_api import Browser, Page

from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.browser import Surfer, state, surfing
from tests.journeys.conftest import PASSWORD, Person, code_for, document, tiny_fastq, wait_for
from tests.journeys.portal import cell_of, choose_workbook, look, opened, workbook

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def registered(page: Page, stack: Stack) -> str:
    """Somebody new, through the page and the mail; the address."""
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    page.get_by_role("link", name="Open an account").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Name", exact=False).first.fill("Wang Fang")
    page.get_by_label("Organisation").fill("Institute of Rice")
    look(page, "register")
    page.get_by_role("button", name="Open an account").click()
    page.get_by_label("Code").fill(code_for(stack, email))
    page.get_by_role("button", name="Confirm your address").click()
    page.get_by_text("Your account is open. Sign in.").wait_for()
    look(page, "sign-in")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="My submissions").wait_for()
    return email


def test_a_newcomer_deposits_by_workbook_a_curator_accepts_and_a_stranger_downloads(
    chrome: Browser, stack: Stack, tmp_path: Path, chen: Person
) -> None:
    title = f"Rice roots {uuid.uuid4().hex[:6]} {HOSTILE}"
    reads = [("portal_1.fastq.gz", tiny_fastq(seed=7)), ("portal_2.fastq.gz", tiny_fastq(seed=8, mate=2))]
    whole = document(reads, title)
    grant = uuid.uuid4().hex[:8].upper()
    whole["project"]["grants"] = [{"agency": "Foundation of Examples", "number": grant}]
    with surfing(chrome, stack.front_url) as author, surfing(chrome, stack.front_url) as curator:
        page = author.open("submissions.html")
        registered(page, stack)
        look(page, "list-empty")
        submission = opened(page, title)
        look(page, "draft")
        page.get_by_role("link", name="Describe by workbook").click()
        where = cell_of(whole, "Collection date")
        choose_workbook(page, workbook(whole, **{where: "the day before yesterday"}))
        assert "has 1 error." in page.locator("#summary").inner_text()
        finding = page.locator(".findings.error tbody tr")
        assert finding.count() == 1
        assert f"BioSample: {where}" in finding.inner_text() and "the day before yesterday" in finding.inner_text()
        assert not page.get_by_role("button", name="Store this metadata").count()
        look(page, "findings")
        with page.expect_download() as saving:
            page.get_by_role("button", name="findings marked").click()
        saving.value.save_as(tmp_path / "marked.xlsx")
        assert openpyxl.load_workbook(tmp_path / "marked.xlsx")["BioSample"][where].comment
        choose_workbook(page, workbook(whole))
        page.get_by_role("heading", name="What this would change").wait_for()
        look(page, "difference")
        page.get_by_role("button", name="Store this metadata").click()
        page.get_by_text("The metadata is stored.").wait_for()
        assert page.locator("h1").inner_text() == title
        page.get_by_role("link", name="Send files").click()
        chosen = [{"name": n, "mimeType": "application/gzip", "buffer": b} for n, b in reads]
        page.locator("#choose-file").set_input_files(chosen)
        page.get_by_text("Every chosen file has been sent.").wait_for()
        page.get_by_text("2 of 2 files have arrived.").wait_for()
        look(page, "files")
        page.get_by_role("button", name="Hand in").click()
        wait_for(chen, submission, "data_review")
        page.reload()
        state(page, "waiting for a curator")
        assert page.get_by_text("Place in the queue").count() == 1
        look(page, "waiting")
        decide_by_keys(curator, submission)
        wait_for(chen, submission, "released")
        page.reload()  # the page asks by itself, with growing pauses
        page.get_by_text("released: public").first.wait_for()
        look(page, "released")
        accession = page.locator("dl a", has_text="CRA").inner_text()
        for surfer in (author, curator):
            assert len(secrets := surfer.secrets()) >= 2
            assert not [a for a in surfer.addresses if any(secret in a for secret in secrets)]
    stranger_downloads(chrome, stack, accession, grant, title, dict(reads))


def decide_by_keys(surfer: Surfer, submission: str) -> None:
    """A curator signs in, takes the submission up and accepts it, without a mouse."""
    person = next(p for p in PEOPLE if p.email == "chen@example.org")
    page = surfer.open("desk.html")
    page.get_by_label("E-mail").wait_for()
    tab_to(page, "E-mail")
    page.keyboard.type(person.email)
    page.keyboard.press("Tab")
    page.keyboard.type(person.password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Curator's desk").wait_for()
    page.locator("#next").wait_for()
    look(page, "desk")
    tab_to(page, f"#s/{submission}")
    page.keyboard.press("Enter")
    page.locator("#assign").wait_for()
    look(page, "decision")
    page.keyboard.press("m")
    page.get_by_text("It is yours.").wait_for()
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.id") == "accept"
    page.keyboard.press("Enter")
    page.get_by_text("Accepted. Numbers are being issued.").wait_for()


def tab_to(page: Page, wanted: str) -> None:
    """Press the tabulator until the field of that label, or the link there, has the focus, which must be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        held = page.evaluate("(a => a.labels?.[0]?.innerText ?? a.getAttribute('href') ?? '')(document.activeElement)")
        if held.startswith(wanted):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{wanted} is not reached by keys")


def stranger_downloads(
    chrome: Browser, stack: Stack, accession: str, grant: str, title: str, reads: dict[str, bytes]
) -> None:
    """Somebody without an account finds the record by its grant, sees its title as text, gets the bytes deposited."""
    with surfing(chrome, stack.front_url) as stranger:
        page = stranger.open("")
        page.get_by_label("Search by words").fill(grant)
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Rice roots").first.click()
        page.get_by_role("heading", name="Files", exact=True).wait_for()
        assert page.locator("#record h2").inner_text() == title
        assert not page.locator("#record img").count()
        page.locator("#citation", has_text=accession).wait_for()
        page.get_by_label("Format").select_option("bibtex")
        page.locator("#citation", has_text="@").wait_for()
        look(page, "record")
        with page.expect_download() as saving:
            page.locator("#record table a[download]").first.click()
        got = Path(saving.value.path()).read_bytes()
        assert got in reads.values()


def test_a_page_that_is_loaded_anew_goes_on_where_the_upload_was(ana_surfs: Surfer, tmp_path: Path) -> None:
    body = random.Random(5).randbytes(64 * 2**20 + 1000)  # two parts where parts are as in AWS, more on the laptop
    big = tmp_path / "big.fastq.gz"
    big.write_bytes(body)
    page, whole = ana_surfs.page, document([("big.fastq.gz", body)])
    ana_surfs.expected.append("net::ERR_FAILED")  # the cable that this test pulls
    opened(page, "Goes on after a break")
    page.get_by_role("link", name="Describe by workbook").click()
    choose_workbook(page, workbook(whole))
    page.get_by_role("button", name="Store this metadata").click()
    page.get_by_role("link", name="Send files").click()
    sent: list[int] = []
    cut = {"on": True}

    def cable(route: Any) -> None:
        number = int(re.findall(r"[?&]partNumber=(\d+)", route.request.url)[0])
        if cut["on"] and number > 1:
            route.abort()
            return
        if route.request.method == "PUT":
            sent.append(number)
        route.continue_()

    page.route("**/*partNumber=*", cable)
    with page.expect_response(lambda r: "partNumber=1&" in r.url + "&" and r.request.method == "PUT" and r.ok):
        page.locator("#choose-file").set_input_files(big)
    page.reload()
    cut["on"] = False
    page.get_by_text("choose the file again to go on").wait_for()
    page.locator("#choose-file").set_input_files(big)
    page.get_by_text("1 of 1 file has arrived.").wait_for()
    assert len(sent) > 1
    assert sorted(sent) == list(range(1, len(sent) + 1)), "a finished part was sent again"
