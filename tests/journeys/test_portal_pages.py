"""The portal's other pages in a real browser: form, reasons, reviewers, account, languages, registries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page

from biotheca import catalog
from local.people import PEOPLE
from local.stack import Stack
from tests.clients.conftest import CommandLine
from tests.journeys.browser import Surfer, sign_in, state, surfing
from tests.journeys.conftest import Person, document, draft, send, tiny_fastq, wait_for
from tests.journeys.portal import cell_of, choose_workbook, look, opened, workbook
from tests.journeys.test_obia import archive, collection
from tests.unit.members.human import human_document, omix_document

Deposit = Callable[[Page, str, Person, Person], None]
Files = list[tuple[str, bytes]]


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
    wait_for(ana, made["id"], "archived")
    page.reload()
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


def test_every_page_of_an_account_is_there_in_both_languages(newcomer_surfs: Surfer) -> None:
    page = newcomer_surfs.open("account.html#profile")
    page.get_by_role("heading", name="Profile").first.wait_for()
    look(page, "profile")
    page.goto(f"{newcomer_surfs.url}/account.html#notices")
    page.get_by_role("heading", name="Notices").wait_for()
    look(page, "notices")
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="通知").wait_for()
    assert page.locator("html").get_attribute("lang") == "zh"
    page.goto(f"{newcomer_surfs.url}/submissions.html#new")
    page.get_by_role("heading", name="新建提交").wait_for()
    shown = [one["title"]["zh"] for one in requests.get(f"{newcomer_surfs.url}/v1/members", timeout=10).json()["items"]]
    assert shown and all(page.get_by_text(title).count() for title in shown)
    look(page, "new-zh")
    page.goto(f"{newcomer_surfs.url}/account.html#sign-out")
    page.get_by_text("您已在所有设备上退出。").wait_for()
    assert not newcomer_surfs.secrets()


def registry(section: str, of: str) -> Deposit:
    """How a registry's object is deposited: by form; it has its number as soon as it is handed in."""

    def deposit(page: Page, member: str, chen: Person, ana: Person) -> None:
        submission = opened(page, f"Registered in {member}", member)
        page.get_by_role("link", name="Describe by form").click()
        page.get_by_role("heading", name="Describe by form").wait_for()
        whole = document([], f"Registered in {member}")
        entry = whole[of] if isinstance(whole[of], dict) else whole[of][0]
        filled(page, {section: [entry]}, section, member)
        page.get_by_role("button", name="Store this metadata").click()
        page.get_by_text("The metadata is stored.").wait_for()
        page.get_by_role("button", name="Hand in").click()
        wait_for(chen, submission, "released")
        page.reload()  # the page asks by itself, with growing pauses

    return deposit


def by_workbook(describe: Callable[[Files], dict[str, Any]], *files: tuple[str, bytes]) -> Deposit:
    """How data are deposited: by workbook, with files; a curator accepts them."""

    def deposit(page: Page, member: str, chen: Person, ana: Person) -> None:
        submission = opened(page, "Data by page", member)
        assert ana.call("PUT", f"/v1/submissions/{submission}/access", json={"access": "open"}).status_code == 200
        page.get_by_role("link", name="Describe by workbook").click()
        page.get_by_role("heading", name="Describe by workbook").wait_for()
        page.wait_for_load_state("networkidle")  # the form is made once the submission and the members have come
        choose_workbook(page, workbook(describe(list(files)), member))
        page.get_by_role("button", name="Store this metadata").click()
        page.get_by_role("link", name="Send files").click()
        for n, (name, body) in enumerate(files, 1):
            sent: Any = {"name": name, "mimeType": "application/octet-stream", "buffer": body}
            page.locator("#choose-file").set_input_files(sent)
            page.get_by_text(f"{n} of {len(files)} file").wait_for()
        page.get_by_text(f"{len(files)} of {len(files)} file").wait_for()
        page.get_by_role("button", name="Hand in").click()
        wait_for(chen, submission, "data_review")
        chen.post(f"/v1/curation/{submission}/decision", {"decision": "accept"})
        wait_for(chen, submission, "released")
        page.reload()

    return deposit


MATES = (("page_1.fq.gz", tiny_fastq(seed=343, mate=1)), ("page_2.fq.gz", tiny_fastq(seed=343, mate=2)))


# How each member of the catalog is deposited to by page. A further member has no row here and fails until it has one.
DEPOSITS: dict[str, Deposit] = {
    "gsa": by_workbook(lambda files: document(files, "Reads by page"), ("page.fastq.gz", tiny_fastq(seed=341))),
    "gsa-human": by_workbook(lambda files: human_document("disease", files, people=1), *MATES),
    "omix": by_workbook(omix_document, ("page.csv", b"id,value\nP1,2.5\n")),
    "obia": by_workbook(lambda files: collection(files[0][1]), ("images.zip", archive())),
    "bioproject": registry("projects", "project"),
    "biosample": registry("samples", "samples"),
}


@pytest.mark.parametrize("member", sorted(catalog.members()))
def test_every_member_takes_a_deposit_by_page_and_gives_it_a_number(
    member: str, ana_surfs: Surfer, ana: Person, chen: Person
) -> None:
    page = ana_surfs.page
    DEPOSITS[member](page, member, chen, ana)
    number = page.get_by_role("region", name="Metadata", exact=True).locator("a[href^='index.html#']").last
    number.wait_for()
    record = ana_surfs.open(number.get_attribute("href") or "")
    record.locator("#record dl").wait_for()


def test_the_page_and_the_offline_command_find_the_very_same(ana_surfs: Surfer, tmp_path: Path) -> None:
    whole = document([("same.fastq.gz", tiny_fastq(seed=342))], "Same verdict")
    label = cell_of(whole, "Collection date")
    body = workbook(whole, A3="no alias!", B3="=1+1", **{label: "some day"})
    (tmp_path / "submission.xlsx").write_bytes(body)
    (tmp_path / "same.fastq.gz").write_bytes(tiny_fastq(seed=342))
    alone = CommandLine(tmp_path / "home", "http://127.0.0.1:9")
    said = alone("check", str(tmp_path), "--json").json["metadata"]
    page = ana_surfs.page
    opened(page, "Same verdict")
    page.get_by_role("link", name="Describe by workbook").click()
    choose_workbook(page, body)
    shown = page.locator(".findings").evaluate_all(
        """all => all.flatMap(one => [...one.querySelectorAll("tbody tr")].map(row => [
             one.className.split(" ")[1], ...[...row.cells].map(cell => cell.textContent)]))"""
    )
    told = [
        [f["severity"], _cell(f), f["message"], str(f["value"] or ""), f["mend"], f["rule"]] for f in said["findings"]
    ]
    assert said["verdict"] == "refused" and len(told) >= 3
    assert {_cell(f) for f in said["findings"]} >= {"BioSample: A3", "BioSample: B3", f"BioSample: {label}"}
    assert sorted(shown) == sorted(told)
    assert str(said["errors_total"]) in page.locator("#summary").inner_text()


def _cell(found: dict[str, Any]) -> str:
    """Sheet, column and row, as the page writes them."""
    facts = found | found.get("facts", {})
    return f"{facts['sheet']}: {facts['cell']}" if facts.get("cell") else found["where"]
