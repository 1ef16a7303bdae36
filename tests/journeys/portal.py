"""Steps through the portal's pages that several journeys take."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import openpyxl
from playwright.sync_api import Page

from biotheca import catalog
from biotheca.workbooks import writing
from tests.journeys.browser import overflow, screenshots, state

SHOTS = os.environ.get("BIOTHECA_SCREENSHOTS")  # a folder, for whoever wants to look


def look(page: Page, name: str) -> None:
    """Nothing is wider than a telephone, no word is missing; pictures for whoever wants them."""
    assert "undefined" not in page.locator("body").inner_text(), name
    if SHOTS:
        screenshots(page, Path(SHOTS), name)
    page.set_viewport_size({"width": 390, "height": 844})
    assert not overflow(page), f"{name} at 390 px: {overflow(page)}"
    page.set_viewport_size({"width": 1280, "height": 900})


def workbook(whole: dict[str, Any], member: str = "gsa", **cells: str) -> bytes:
    """A member's filled template, with some cells of GSA's sheet of samples changed."""
    book = openpyxl.load_workbook(io.BytesIO(writing.template(catalog.members()[member], document=whole)))
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
