"""The portal's page over HTTP: whole without script, strict, labelled, and without a dead link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests

from functions.api.app import app
from local.clock import SettableClock
from local.front import Front
from local.laptop import PROJECT

PORTAL = PROJECT / "portal"
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """Every element with its attributes and the text inside it; fails on a tag that is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[int, str] = {}
        self._open: list[int] = []
        self.feed(text)
        assert not self._open, f"never closed: {[self.elements[i][0] for i in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open[-1]][0] == tag, f"</{tag}> closes {self.elements[self._open[-1]]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self.texts[index] = self.texts.get(index, "") + data

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    def text_of(self, identity: str) -> str:
        index = next(i for i, (_, a) in enumerate(self.elements) if a.get("id") == identity)
        return " ".join(self.texts.get(index, "").split())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    front = Front(0, PORTAL, SettableClock(tmp_path_factory.mktemp("clock") / "clock"))
    front.start()
    yield front.url
    front.stop()


@pytest.fixture(scope="module")
def page(url: str) -> Page:
    return Page(requests.get(url, timeout=10).text)


def test_the_page_says_what_the_archive_is_before_any_script_runs(page: Page) -> None:
    assert page.of("html")[0]["lang"] == "en"
    assert len(page.of("h1")) == 1
    assert "archive" in page.text_of("what")
    for way, words in {"download": "biotheca download", "deposit": "biotheca submit", "programs": "OpenAPI"}.items():
        assert words in page.text_of(way)
    assert page.of("noscript")


def test_nothing_inline_and_nothing_from_elsewhere(url: str, page: Page) -> None:
    policy = requests.get(url, timeout=10).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert not page.of("style")
    assert all(script.get("src") for script in page.of("script"))
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
    for source in [*PORTAL.rglob("*.html"), *PORTAL.rglob("*.css"), *PORTAL.rglob("*.js")]:
        assert not re.search(r"https?://", source.read_text()), f"{source.name} asks another server"


def test_every_link_of_the_page_leads_somewhere(url: str, page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if attributes.get("id")}
    targets = [a.get("href") or a.get("src") or a.get("action") for a in page.of("a", "link", "script", "form")]
    assert len(targets) > 8
    for target in targets:
        assert target
        if target.startswith("#"):
            assert target[1:] in ids, target
        elif target.startswith(("/v1/", "/r/")):
            assert target in app.routes, target
        else:
            assert requests.get(f"{url}/{target}", timeout=10).status_code == 200, target


def test_modules_import_only_files_that_are_served_as_scripts(url: str) -> None:
    modules = sorted((PORTAL / "modules").glob("*.js"))
    assert modules
    for module in modules:
        answer = requests.get(f"{url}/modules/{module.name}", timeout=10)
        assert answer.headers["Content-Type"].startswith(("text/javascript", "application/javascript"))
        for name in re.findall(r'from "(\./[^"]+)"', answer.text):
            assert (module.parent / name).is_file(), f"{module.name} imports {name}"


def test_text_of_the_archive_never_becomes_markup() -> None:
    for module in (PORTAL / "modules").glob("*.js"):
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
            assert way not in module.read_text(), f"{module.name}: {way}"


def test_everything_has_a_name_for_those_who_listen(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in page.of("label")}
    for field in page.of("input", "select", "textarea"):
        assert field["id"] in labelled
        assert field.get("aria-describedby", "hint") in ids
    for index, (tag, attributes) in enumerate(page.elements):
        if tag in ("a", "button", "label", "h1", "h2"):
            assert page.texts.get(index, "").strip(), (tag, attributes)
        if tag in ("section", "nav", "article"):
            assert attributes.get("aria-label") or attributes.get("aria-labelledby") in ids, attributes
    status = next(attributes for _, attributes in page.elements if attributes.get("id") == "status")
    assert status["aria-live"] == "polite"
    assert page.elements[[tag for tag, _ in page.elements].index("body") + 1][1]["class"] == "skip"


def test_the_sheet_shows_focus_and_knows_dark_and_narrow_screens() -> None:
    sheet = Path(PORTAL / "style.css").read_text()
    for rule in (":focus-visible", "prefers-color-scheme: dark", "max-width: 40rem"):
        assert rule in sheet
    assert sheet.count("outline: none") == 1, "only a heading that is focused by script hides its outline"


def test_the_search_works_without_script(page: Page) -> None:
    form = page.of("form")[0]
    assert (form["action"], form["method"], form["role"]) == ("/v1/search", "get", "search")
    assert page.of("input")[0]["name"] == "q"
