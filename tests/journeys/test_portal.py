"""The web submission service in a real browser: from registering to the download by a stranger."""

from __future__ import annotations

import io
import os
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
from playwright.sync_api import Browser, Locator, Page

from biotheca import catalog
from biotheca.workbooks import writing
from local.people import PEOPLE
from local.stack import Stack
from tests.journeys.browser import Surfer, overflow, running, screenshots, sign_in, state, surfing
from tests.journeys.conftest import PASSWORD, Person, code_for, document, draft, send, tiny_fastq, wait_for

SHOTS = os.environ.get("BIOTHECA_SCREENSHOTS")  # a folder, for whoever wants to look
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with running() as browser:
        yield browser


@pytest.fixture
def ana_surfs(chrome: Browser, stack: Stack) -> Iterator[Surfer]:
    with surfing(chrome, stack.front_url) as surfer:
        person = next(p for p in PEOPLE if p.email == "ana@example.org")
        sign_in(surfer, person.email, person.password)
        yield surfer


def look(page: Page, name: str) -> None:
    """Nothing is wider than a telephone; pictures for whoever wants them."""
    if SHOTS:
        screenshots(page, Path(SHOTS), name)
    page.set_viewport_size({"width": 390, "height": 844})
    assert not overflow(page), f"{name} at 390 px: {overflow(page)}"
    page.set_viewport_size({"width": 1280, "height": 900})


def workbook(whole: dict[str, Any], **cells: str) -> bytes:
    """A filled template of GSA, with some cells of the samples' sheet changed."""
    book = openpyxl.load_workbook(io.BytesIO(writing.template(catalog.members()["gsa"], document=whole)))
    for cell, value in cells.items():
        book["BioSample"][cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell_of(whole: dict[str, Any], label: str) -> str:
    """The cell of the first sample under a label."""
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(whole)))["BioSample"]
    for row in sheet.iter_rows():
        for cell in row:
            if str(cell.value or "").rstrip(" *") == label:
                return f"{cell.column_letter}3"  # below the header and its note
    raise AssertionError(f"no column {label}")


def opened(page: Page, title: str, member: str = "gsa") -> str:
    """A new submission by the page; its id."""
    page.goto(page.url.split("#")[0].rsplit("/", 1)[0] + "/submissions.html#new")
    page.locator(f"#member-{member}").check()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Open the submission").click()
    state(page, "a draft")
    return page.url.rsplit("/", 1)[1]


def choose_workbook(page: Page, body: bytes, name: str = "filled.xlsx") -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.get_by_label("Filled workbook", exact=True).set_input_files({"name": name, "mimeType": kind, "buffer": body})
    page.locator("#summary").wait_for()


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
    chrome: Browser, stack: Stack, tmp_path: Path
) -> None:
    title = f"Rice roots {uuid.uuid4().hex[:6]} {HOSTILE}"
    reads = [("portal_1.fastq.gz", tiny_fastq(seed=7)), ("portal_2.fastq.gz", tiny_fastq(seed=8, mate=2))]
    whole = document(reads, title)
    with surfing(chrome, stack.front_url) as author, surfing(chrome, stack.front_url) as curator:
        page = author.open("submissions.html")
        registered(page, stack)
        look(page, "list-empty")
        submission = opened(page, title)
        look(page, "draft")
        page.get_by_role("link", name="Describe by workbook").click()
        where = cell_of(whole, "Collection date")
        choose_workbook(page, workbook(whole, **{where: "the day before yesterday"}))
        assert "1 errors" in page.locator("#summary").inner_text()
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
        state(page, "waiting for a curator")
        assert page.get_by_text("Place in the queue").count() == 1
        look(page, "waiting")
        decide_by_keys(curator, submission)
        page.get_by_text("released: public").first.wait_for()
        look(page, "released")
        accession = page.locator("dl a", has_text="CRA").inner_text()
        for surfer in (author, curator):
            assert len(secrets := surfer.secrets()) >= 2
            assert not [a for a in surfer.addresses if any(secret in a for secret in secrets)]
    stranger_downloads(chrome, stack, accession, title, dict(reads))


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


def stranger_downloads(chrome: Browser, stack: Stack, accession: str, title: str, reads: dict[str, bytes]) -> None:
    """Somebody without an account finds the record, sees its title as text and gets the bytes that were deposited."""
    with surfing(chrome, stack.front_url) as stranger:
        page = stranger.open("")
        page.get_by_label("Search by words").fill(accession)
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
    part = 64 * 2**20
    body = random.Random(5).randbytes(part + 1000)
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
        length = int(route.request.headers.get("content-length") or len(route.request.post_data_buffer or b""))
        first = "partNumber=1&" in route.request.url + "&"
        if cut["on"] and not first:
            route.abort()
            return
        if route.request.method == "PUT":
            sent.append(1 if first else 2)
        assert length <= part
        route.continue_()

    page.route("**/*partNumber=*", cable)
    with page.expect_response(lambda r: "partNumber=1&" in r.url + "&" and r.request.method == "PUT" and r.ok):
        page.locator("#choose-file").set_input_files(big)
    page.reload()
    cut["on"] = False
    page.get_by_text("choose the file again to go on").wait_for()
    page.locator("#choose-file").set_input_files(big)
    page.get_by_text("1 of 1 files have arrived.").wait_for()
    assert sent == [1, 2], "a finished part was sent again"


def filled(page: Page, whole: dict[str, Any], section: str, member: str = "gsa") -> None:
    """Fill the first row of a section of the online form with what a document says."""
    entry = whole[section][0] if isinstance(whole[section], list) else whole[section]
    kind = next(k for k in catalog.members()[member].objects if k.section == section)
    row = page.get_by_role("region", name=kind.title["en"], exact=True).locator(":scope > div > .object").first
    row.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    package = [kind.package_field] if kind.package_field else []
    plain = {k: v for k, v in entry.items() if not isinstance(v, list)}
    for name in [*package, *(k for k in plain if k not in package)]:
        put(
            row.locator(f":scope > .grid > .row [name={name}], :scope > details > .grid > .row [name={name}]"),
            plain[name],
        )
    for name in ("data_types",):
        if name in entry:
            row.locator(f"[name={name}]").select_option(entry[name])
    for name in ("organisms", "files"):
        for m, one in enumerate(entry.get(name, [])):
            group = row.locator("fieldset", has=page.locator("legend", has_text=name.capitalize()))
            group.get_by_role("button", name=f"Add {name.capitalize()}").click()
            for key, value in one.items():
                put(group.locator(".object").nth(m).locator(f"[name={key}]"), value)


def put(field: Locator, value: Any) -> None:
    if field.evaluate("one => one.tagName") == "SELECT":
        field.select_option(str(value))
    else:
        field.fill(str(value))


def test_the_form_stores_what_the_workbook_stores_and_shows_findings_at_their_fields(
    ana_surfs: Surfer, ana: Person
) -> None:
    page = ana_surfs.page
    whole = document(
        [("form_1.fastq.gz", tiny_fastq(seed=9)), ("form_2.fastq.gz", tiny_fastq(seed=10, mate=2))], "By form"
    )
    by_workbook = opened(page, "Two ways, by workbook")
    page.get_by_role("link", name="Describe by workbook").click()
    choose_workbook(page, workbook(whole))
    page.get_by_role("button", name="Store this metadata").click()
    page.get_by_text("The metadata is stored.").wait_for()
    by_form = opened(page, "Two ways, by form")
    page.get_by_role("link", name="Describe by form").click()
    page.get_by_role("heading", name="Describe by form").wait_for()
    for section in ("project", "samples", "study", "experiments", "runs"):
        filled(page, whole, section)
    date = page.locator("[name=collection_date]")
    date.fill("some day")
    page.get_by_role("button", name="Check", exact=True).click()
    page.locator(".wrong").wait_for()
    assert date.get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.name") == "collection_date"
    assert "not a date" in page.locator(".row", has=date).locator(".wrong").inner_text()
    look(page, "form")
    date.fill(whole["samples"][0]["collection_date"])
    organism = page.get_by_role("region", name="BioSample", exact=True).locator("[name=organism]")
    organism.fill("")
    with page.expect_response(lambda answer: "/v1/taxonomy?" in answer.url):
        organism.press_sequentially("Escherichia co")
    organism.fill("Escherichia coli")
    page.get_by_role("button", name="Store this metadata").click()
    page.get_by_text("The metadata is stored.").wait_for()
    stored = [
        sorted(
            (o["type"], o["alias"], str(sorted(o["attributes"].items())))
            for o in ana.get(f"/v1/submissions/{one}")["objects"]
        )
        for one in (by_workbook, by_form)
    ]
    assert stored[0] == stored[1]


def test_a_returned_submission_shows_its_reasons_and_a_reviewer_sees_the_accepted_one(
    chrome: Browser, stack: Stack, ana_surfs: Surfer, ana: Person, chen: Person
) -> None:
    files = [("review.fastq.gz", tiny_fastq(seed=11))]
    later = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    made = draft(ana, files, "Seen by reviewers", mode="on_date", date=later)
    ana.post(f"/v1/submissions/{made['id']}/submit")
    send(ana, made["files"][0]["id"], files[0][1])
    wait_for(chen, made["id"], "data_review")
    with surfing(chrome, stack.front_url) as curator:
        curator.open("desk.html")
        page = sign_in(curator, "chen@example.org", next(p.password for p in PEOPLE if p.email == "chen@example.org"))
        page.goto(f"{curator.url}/desk.html#s/{made['id']}")
        page.get_by_label("Reason", exact=True).select_option("sample.description")
        page.get_by_label("In your words").fill("Say which soil. <b>Please</b>")
        page.get_by_role("button", name="Return to the submitter").click()
        page.get_by_text("Returned with its reasons.").wait_for()
    page = ana_surfs.open(f"submissions.html#s/{made['id']}")
    state(page, "returned by the curator")
    reasons = page.get_by_role("region", name="Why it was returned").inner_text()
    assert "filled by dragging" in reasons and "<b>Please</b>" in reasons, reasons
    look(page, "returned")
    page.get_by_role("button", name="Hand in").click()
    wait_for(chen, made["id"], "data_review")
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    state(page, "archived")
    page.get_by_label("Label").fill("Journal of Examples")
    page.get_by_label("files may be downloaded too").check()
    page.get_by_role("button", name="Make a reviewer link").click()
    address = page.locator("#new-link code").inner_text()
    look(page, "archived")
    secret = address.split("#")[1]
    with surfing(chrome, stack.front_url) as reviewer:
        seen = reviewer.page
        seen.goto(address)
        seen.get_by_role("heading", name="Seen by reviewers").wait_for()
        assert secret not in seen.url
        look(seen, "review")
        with seen.expect_download() as saving:
            seen.get_by_role("button", name="Download").click()
        assert Path(saving.value.path()).read_bytes() == files[0][1]
        assert not [one for one in reviewer.addresses if secret in one.split("#")[0]]


def test_every_page_of_an_account_is_there_in_both_languages(ana_surfs: Surfer) -> None:
    page = ana_surfs.open("account.html#profile")
    page.get_by_role("heading", name="Profile").first.wait_for()
    look(page, "profile")
    page.goto(f"{ana_surfs.url}/account.html#notices")
    page.get_by_role("heading", name="Notices").wait_for()
    look(page, "notices")
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="通知").wait_for()
    assert page.locator("html").get_attribute("lang") == "zh"
    page.goto(f"{ana_surfs.url}/submissions.html#new")
    page.get_by_role("heading", name="新建提交").wait_for()
    shown = [one["title"]["zh"] for one in requests.get(f"{ana_surfs.url}/v1/members", timeout=10).json()["items"]]
    assert shown and all(page.get_by_text(title).count() for title in shown)
    look(page, "new-zh")
    page.goto(f"{ana_surfs.url}/account.html#sign-out")
    page.get_by_text("您已在所有设备上退出。").wait_for()
    assert not ana_surfs.secrets()


@pytest.mark.parametrize(
    ("member", "section", "of"), [("bioproject", "projects", "project"), ("biosample", "samples", "samples")]
)
def test_a_registry_takes_its_objects_by_form_and_numbers_them_at_once(
    member: str, section: str, of: str, ana_surfs: Surfer
) -> None:
    page, whole = ana_surfs.page, document([], f"Registered in {member}")
    opened(page, f"Registered in {member}", member)
    page.get_by_role("link", name="Describe by form").click()
    page.get_by_role("heading", name="Describe by form").wait_for()
    entry = whole[of] if isinstance(whole[of], dict) else whole[of][0]
    filled(page, {section: [entry]}, section, member)
    page.get_by_role("button", name="Store this metadata").click()
    page.get_by_text("The metadata is stored.").wait_for()
    page.get_by_role("button", name="Hand in").click()
    number = page.get_by_role("region", name="Metadata", exact=True).locator("a[href^='index.html#']")
    number.wait_for()
    record = ana_surfs.open(number.get_attribute("href") or "")
    record.locator("#record dl").wait_for()
