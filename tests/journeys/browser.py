"""A real browser for journeys: Debian's Chromium under playwright, with an ear for its console and its requests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

PATIENCE_MS = 60_000
WAITING = "DPkg::Lock::Timeout=300"  # another half of the journeys may install something at the same moment
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}


def chromium() -> str:
    """Where Chromium is; installed where we may, else a failure that says what to do."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if found := next((path for name in names if (path := shutil.which(name))), None):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "-o", WAITING, "chromium"], check=False, timeout=600)
        if found := shutil.which("chromium"):
            return found
    pytest.fail("These tests drive Chromium and found none. Install it: apt-get install chromium")


@dataclass
class Surfer:
    """One person's browser: a page, and everything that it asked for and complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        self.page.goto(f"{self.url}/{address}")
        return self.page

    def heard(self, message: Any) -> None:
        text = f"{message.text} {message.location.get('url', '')}"
        # A refusal of the API is an answer; Chromium calls it a failure to load. Everything else is ours to mend.
        refused = re.search(r"the server responded with a status of 4\d\d", text)
        if message.type in ("error", "warning") and not refused and not any(word in text for word in self.expected):
            self.complaints.append(text)

    def asked(self, request: Request) -> None:
        self.addresses.append(request.url)

    def secrets(self) -> list[str]:
        """The tokens that this browser holds."""
        kept = self.page.evaluate("JSON.parse(sessionStorage.getItem('biotheca.session') ?? '{}')")
        return [value for name, value in kept.items() if "token" in name and value]


@contextmanager
def surfing(chrome: Browser, url: str, **options: Any) -> Iterator[Surfer]:
    """A fresh browser; at the end nothing may have stood in its console."""
    context: BrowserContext = chrome.new_context(accept_downloads=True, locale="en-GB", **options)
    context.set_default_timeout(PATIENCE_MS)
    surfer = Surfer(context.new_page(), url)
    surfer.page.on("console", surfer.heard)
    surfer.page.on("pageerror", lambda error: surfer.complaints.append(str(error)))
    surfer.page.on("request", surfer.asked)
    surfer.page.on("dialog", lambda dialog: dialog.accept())
    try:
        yield surfer
        assert not surfer.complaints
    except BaseException as fault:
        fault.add_note(f"at {surfer.page.url}: {surfer.page.locator('body').inner_text()[:1500]}\n{surfer.complaints}")
        raise
    finally:
        context.close()


@contextmanager
def running() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as play:
        chrome = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield chrome
        finally:
            chrome.close()


def sign_in(surfer: Surfer, email: str, password: str) -> Page:
    """Through the page, as anybody does."""
    page = surfer.open("account.html#sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "account.html" not in address)
    return page


def state(page: Page, words: str) -> None:
    """Wait until the submission that is shown is so."""
    page.locator("#state", has_text=words).wait_for()


def screenshots(page: Page, folder: Path, name: str) -> None:
    """The page at both widths, for somebody to look at."""
    for kind, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=folder / f"{name}-{kind}.png", full_page=True)


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
