"""The FAIR assessment refuses what is not FAIR: a server that says nothing, and one whose words are not true."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests import fair

BODY = b"id,value\n1,2\n"
GOOD: dict[str, Any] = {
    "@context": "https://schema.org/",
    "@type": "Dataset",
    "identifier": ["http://archive.example/r/ABC000001", "ABC000001"],
    "url": "http://archive.example/r/ABC000001",
    "name": "A table",
    "description": "Two columns.",
    "keywords": ["table"],
    "about": [{"sameAs": "http://purl.obolibrary.org/obo/NCBITaxon_562"}],
    "creator": {"name": "Institute"},
    "publisher": {"name": "Archive"},
    "dateCreated": "2026-01-01",
    "datePublished": "2026-01-02",
    "version": "1",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "conditionsOfAccess": "Free.",
    "accessRights": "http://purl.org/coar/access_right/c_abf2",
    "isAccessibleForFree": True,
    "isBasedOn": ["http://archive.example/r/ABC000001"],
    "distribution": [
        {
            "contentUrl": "http://archive.example/file.csv",
            "contentSize": f"{len(BODY)} B",
            "encodingFormat": "text/csv",
            "sha256": hashlib.sha256(BODY).hexdigest(),
        }
    ],
}
CITED = {"schemaVersion": "http://datacite.org/schema/kernel-4", "titles": [{"title": "A table"}]}


@contextmanager
def served(said: Any, files: bytes = BODY, kind: str = fair.LD) -> Iterator[str]:
    """A small archive of one record; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            accept, body, made = self.headers.get("Accept", ""), files, "text/csv"
            if self.path.startswith("/search"):
                body, made = json.dumps({"items": [{"accession": "ABC000001"}]}).encode(), "application/json"
            elif self.path.startswith("/r/"):
                wanted = CITED if fair.DATACITE in accept else said
                body, made = json.dumps(wanted).encode(), fair.DATACITE if fair.DATACITE in accept else kind
            self.send_response(200)
            self.send_header("Content-Type", made)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _assessed(said: Any, **how: Any) -> fair.Assessment:
    with served(said, **how) as base:
        return fair.assess(base, "ABC000001", base + "/search?q={}")


def test_a_record_with_all_of_it_passes_every_check() -> None:
    found = _assessed(GOOD)
    assert found.percent == 100 and len(found.passed) == 16, found.why


@pytest.mark.parametrize(
    ("changed", "metric"),
    [
        ({"license": "free to use"}, "R1.1"),
        ({"conditionsOfAccess": ""}, "A1-01"),
        ({"identifier": ["ABC000001"]}, "F1-02D"),
        ({"description": ""}, "F2-01M"),
        ({"about": [{"name": "E. coli"}]}, "I2-01M"),
        ({"isBasedOn": []}, "I3-01M"),
        ({"dateCreated": "lately"}, "R1.2"),
        ({"@context": "https://example.org"}, "I1-01M"),
        ({"distribution": []}, "F3-01M"),
        ({"distribution": [GOOD["distribution"][0] | {"encodingFormat": "application/x-own"}]}, "R1.3-02D"),
        ({"distribution": [GOOD["distribution"][0] | {"sha256": "0" * 64}]}, "R1-01MD"),
    ],
)
def test_each_check_fails_on_what_lacks_its_words(changed: dict[str, Any], metric: str) -> None:
    found = _assessed(GOOD | changed)
    assert [name for name, passes in found.passed.items() if metric in name and not passes]


def test_json_that_says_nothing_or_is_no_linked_data_fails_most_checks() -> None:
    assert _assessed({}).percent < 50
    assert _assessed(GOOD, kind="text/html").percent < 50


def test_what_was_taken_back_but_still_lists_its_files_fails() -> None:
    with served(GOOD) as base:
        assert fair.kept(base, "ABC000001").percent == 0
