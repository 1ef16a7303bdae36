"""Articles by DOI and PMID get their words from services that answer in the published forms, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.publication import articles
from biotheca.publication.bibliography import Bibliography, SourceSilent, crossref, europepmc
from biotheca.submissions.model import State
from functions.publication import handler
from tests.depth import examples
from tests.unit.publication.test_release import brought
from tests.unit.world import ANA, World

# Fields, names and shapes as the two services give them for this article (its authors and counts left out).
WORK = {
    "status": "ok",
    "message-type": "work",
    "message-version": "1.0.0",
    "message": {
        "DOI": "10.1016/j.gpb.2021.08.001",
        "title": ["The Genome Sequence Archive Family: Toward Explosive Data Growth and Diverse Data Types"],
        "container-title": ["Genomics, Proteomics & Bioinformatics"],
        "issued": {"date-parts": [[2021, 8, 1]]},
        "type": "journal-article",
    },
}
SEARCH = {
    "version": "6.9",
    "hitCount": 1,
    "resultList": {
        "result": [
            {
                "id": "34400360",
                "source": "MED",
                "pmid": "34400360",
                "doi": "10.1016/j.gpb.2021.08.001",
                "title": "The Genome Sequence Archive Family: Toward Explosive Data Growth and Diverse Data Types.",
                "journalTitle": "Genomics Proteomics Bioinformatics",
                "pubYear": "2021",
            }
        ]
    },
}
NOTHING = {"version": "6.9", "hitCount": 0, "resultList": {"result": []}}
DOI, PMID = "10.1016/j.gpb.2021.08.001", "34400360"


@dataclass
class Service:
    """Both services on the loopback; `broken` answers 503 or what is no JSON."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    broken: str = ""

    @property
    def bases(self) -> dict[str, str]:
        return {"doi": f"{self.url}/crossref", "pmid": f"{self.url}/europepmc"}

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(unquote(path))
        if self.broken:
            return (503, b"busy") if self.broken == "busy" else (200, b"<html>sorry</html>")
        if path.startswith("/crossref/works/"):
            known = unquote(path).endswith(DOI)
            return (200, json.dumps(WORK).encode()) if known else (404, b"Resource not found.")
        return 200, json.dumps(SEARCH if f"ext_id:{PMID} " in unquote(path) else NOTHING).encode()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = made.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()


def _added(world: World, **article: str) -> str:
    dataset = brought(world, State.RELEASED, title=f"Study of {article}").dataset or ""
    articles.add(world.submissions, world.records, ANA, dataset, article)
    return dataset


def test_an_article_by_doi_or_pmid_gets_its_words_and_its_other_number(world: World, service: Service) -> None:
    by_doi, by_pmid = _added(world, doi=DOI), _added(world, pmid=PMID)
    by_hand = _added(world, title="In press, by hand")
    assert articles.fill(world.records, Bibliography(service.bases)) == {"filled": 2, "unknown": 0, "waiting": 0}
    (first,), (second,), (third,) = (articles.articles(world.records, None, d) for d in (by_doi, by_pmid, by_hand))
    assert first["title"] == WORK["message"]["title"][0] and first["journal"].endswith("& Bioinformatics")  # type: ignore[index]
    assert (first["year"], first["source"], second["year"], second["doi"]) == ("2021", "doi", "2021", DOI)
    assert third["title"] == "In press, by hand" and "journal" not in third
    led = {row["accession"] for row in articles.of_article(world.records, DOI, None)}
    assert led == {by_doi, by_pmid}, "the number that was found leads to the dataset too"
    asked = list(service.asked)
    assert articles.fill(world.records, Bibliography(service.bases)) == {"filled": 0, "unknown": 0, "waiting": 0}
    assert service.asked == asked and len(asked) == 2, "nobody is asked twice"


def test_an_unknown_number_is_told_and_a_silent_source_is_asked_again(world: World, service: Service) -> None:
    unknown, known = _added(world, doi="10.1000/nobody"), _added(world, doi=DOI)
    for broken in ("busy", "no json"):
        service.broken = broken
        assert articles.fill(world.records, Bibliography(service.bases))["waiting"] == 2
    service.broken = ""
    assert articles.fill(world.records, Bibliography(service.bases)) == {"filled": 1, "unknown": 1, "waiting": 0}
    assert articles.articles(world.records, None, unknown)[0]["status"] == "unknown"
    assert articles.articles(world.records, None, known)[0]["title"]
    removed = _added(world, doi=DOI)
    (row,) = articles.articles(world.records, None, removed)
    articles.remove(world.submissions, world.records, ANA, removed, row["id"])
    assert articles.fill(world.records, Bibliography(service.bases))["filled"] == 0
    assert articles.articles(world.records, None, removed) == []


def test_the_door_asks_whom_the_setting_names_and_nobody_if_it_is_empty(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _added(world, doi=DOI)
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "1")
    monkeypatch.setattr(handler, "records", lambda: world.records)
    monkeypatch.setenv("BIOTHECA_ARTICLE_SOURCES", "{}")
    assert handler.fill_articles({}, None)["waiting"] == 1 and service.asked == []
    monkeypatch.setenv("BIOTHECA_ARTICLE_SOURCES", json.dumps(service.bases))
    assert handler.fill_articles({}, None)["filled"] == 1 and service.asked == [f"/crossref/works/{DOI}"]


def test_a_source_that_is_not_there_is_silent() -> None:
    with pytest.raises(SourceSilent):
        Bibliography({"doi": "http://127.0.0.1:9"}).words("doi", DOI)


@settings(max_examples=examples(200))
@given(title=st.text(max_size=1500), year=st.one_of(st.integers(), st.text(max_size=6), st.none()))
def test_whatever_a_source_says_its_words_are_short_and_printable(title: str, year: Any) -> None:
    message = {"DOI": "10.1/X", "title": [title], "container-title": None, "issued": {"date-parts": [[year]]}}
    one = {"pmid": "1", "title": title, "pubYear": year}
    for words in (crossref({"message": message}), europepmc({"resultList": {"result": [one]}})):
        assert words and len(words["title"]) <= 1000 and not any(ord(c) < 32 or ord(c) == 127 for c in words["title"])
        assert words["year"] == "" or 1500 <= int(words["year"]) < 2100
