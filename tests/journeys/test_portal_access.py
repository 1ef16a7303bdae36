"""Controlled data in a real browser: ask, decide at the committee's desk, download, prolong; approve from a mail."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from local.stack import Stack
from tests.journeys.asking import ANSWERS, Controlled, controlled_dataset, handed_in
from tests.journeys.browser import Surfer, sign_in, surfing
from tests.journeys.conftest import PASSWORD, Person, eventually, mails, newcomer
from tests.journeys.portal import look
from tests.journeys.test_fifth_member import MEMBER


@pytest.fixture(scope="module")
def data(ana: Person, chen: Person) -> Controlled:
    return controlled_dataset(ana, chen, seeds=(651,))


def _state(page: Page, words: str) -> None:
    page.locator("#state", has_text=words).wait_for()


def _filled(page: Page) -> None:
    for name, value in ANSWERS.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(str(value))


def test_a_reader_asks_and_the_committee_decides_and_the_reader_downloads(
    chrome: Browser, stack: Stack, nobody: Person, ana_surfs: Surfer, data: Controlled
) -> None:
    wei = newcomer(stack, nobody)
    with surfing(chrome, stack.front_url) as surfer:
        page = sign_in(surfer, wei.email, PASSWORD)
        page.goto(f"{surfer.url}/index.html#{data.dataset}")
        page.get_by_text("Keepers of seeds").wait_for()
        page.get_by_role("link", name="Ask for access").click()
        page.locator("#begin").click()
        page.get_by_role("heading", name="Form").wait_for()
        page.get_by_role("button", name="Hand in").click()
        page.locator(".wrong").first.wait_for()
        assert page.evaluate("document.activeElement.name") == "title"
        look(page, "request-form")
        _filled(page)
        page.get_by_role("checkbox", name="Data transfer agreement").check()
        page.get_by_role("button", name="Hand in").click()
        _state(page, "waits for the committee")
        number = page.url.rsplit("/", 1)[1]
        assert number.startswith("HREQ")

        desk = ana_surfs.open(f"access.html#c/{data.committee}")
        desk.get_by_role("link", name=number).click()
        desk.get_by_text("Wang Fang").wait_for()
        desk.get_by_role("button", name="Reject").click()
        desk.get_by_text("Say why").wait_for()
        look(desk, "committee-decides")
        desk.get_by_role("button", name="Approve").click()
        _state(desk, "approved")
        desk.goto(f"{ana_surfs.url}/access.html#c/{data.committee}")
        desk.get_by_role("heading", name="Members").wait_for()
        look(desk, "committee")

        page.goto(f"{surfer.url}/access.html#files/{data.dataset}")
        with page.expect_download() as got:
            page.get_by_role("button", name="Download").click()
        assert got.value.path().read_bytes() in data.bodies.values()
        page.goto(f"{surfer.url}/access.html#mine")
        page.get_by_role("button", name="Prolong").wait_for()
        look(page, "access")
        page.get_by_role("button", name="Prolong").click()
        page.get_by_role("heading", name="Form").wait_for()
        assert page.locator("[name=purpose]").count() == 1 and page.locator("[name=security]").count() == 0
        assert not any(secret in address for secret in surfer.secrets() for address in surfer.addresses)


def test_the_link_of_a_mail_leads_to_a_page_that_does_nothing_before_it_is_confirmed(
    chrome: Browser, stack: Stack, ana: Person, nobody: Person, data: Controlled
) -> None:
    wei = newcomer(stack, nobody)
    number = handed_in(wei, data.dataset)["number"]
    (mail,) = eventually(lambda: [m for m in mails(stack, ana.email) if number in m["subject"]])
    address = next(word for word in mail["text"].split() if "approve.html#" in word)
    token = address.rpartition("#")[2]
    with surfing(chrome, stack.front_url) as surfer:
        page = surfer.page
        page.goto(address)
        page.get_by_role("button", name="Approve this request").wait_for()
        assert token not in page.url and wei.get(f"/v1/requests/{number}")["state"] == "submitted"
        look(page, "approve")
        page.get_by_role("button", name="Approve this request").click()
        page.get_by_text("Your approval is noted").wait_for()
        assert wei.get(f"/v1/requests/{number}")["state"] == "approved"
        page.goto("about:blank")
        page.goto(address)
        page.get_by_text("approves nothing").wait_for()
        sent = [one.partition("#")[0] for one in surfer.addresses]  # what goes over the line has no fragment
        assert not any(token in one for one in sent)


def test_a_committee_is_formed_and_chosen_in_the_browser(ana_surfs: Surfer, ana: Person) -> None:
    made = ana.post("/v1/submissions", {"member": MEMBER, "title": "Under lock", "access": "controlled"})
    page = ana_surfs.open("access.html#new")
    page.get_by_label("Name of the committee").fill("Those who guard")
    page.get_by_label("Who decides").select_option("majority")
    page.get_by_role("button", name="Form a committee").click()
    page.get_by_role("heading", name="Those who guard").wait_for()
    number = page.url.rsplit("/", 1)[1]
    page.locator("[name=until]").fill("2027-02-01")
    page.get_by_role("form", name="Away until").get_by_role("button").click()
    page.get_by_role("cell", name="2027-02-01").wait_for()
    page.goto(f"{ana_surfs.url}/submissions.html#s/{made['id']}")
    page.get_by_role("form", name="Committee").get_by_role("combobox").select_option(number)
    page.get_by_role("form", name="Committee").get_by_role("button").click()
    eventually(lambda: ana.get(f"/v1/submissions/{made['id']}")["committee"] == number)
