"""One laptop cloud for all journeys: synthesised templates, gate, example people. It ends with the package."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from playwright.sync_api import Browser

from local.people import PEOPLE
from local.stack import STATE_DIR, Stack
from local.synthesis import assembly as synthesised
from tests.journeys.browser import Surfer, running, sign_in, surfing
from tests.unit.sequences.http_source import HttpSource, http_source

WAIT_S = 60.0
FIFTH_MEMBER = Path(__file__).resolve().parent / "fifth_member"  # test_fifth_member


@pytest.fixture(scope="package")
def assembly() -> Path:
    """The laptop's cloud assembly, as `make up` makes it."""
    return synthesised(STATE_DIR)


@pytest.fixture(scope="package")
def other_archive() -> Iterator[HttpSource]:
    """Another archive's HTTP server, on the loopback: the mirror may fetch files from it."""
    with http_source() as served:
        yield served


@pytest.fixture(scope="package")
def stack(assembly: Path, other_archive: HttpSource, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running laptop cloud on free ports."""
    laptop = Stack(tmp_path_factory.mktemp("laptop"), port=0, front_port=0)
    laptop.environment["BIOTHECA_CATALOG"] = str(FIFTH_MEMBER)
    sources = json.loads(laptop.environment.get("BIOTHECA_MIRROR_SOURCES", "{}")) | {"files": other_archive.base}
    laptop.environment["BIOTHECA_MIRROR_SOURCES"] = json.dumps(sources)
    with laptop as running:
        running.deploy(assembly)
        yield running


@dataclass
class Person:
    """A signed-in example person who talks to the API over HTTP."""

    url: str
    email: str
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=60, allow_redirects=False, **options)

    def get(self, path: str) -> dict[str, Any]:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """All items of a list, from its first page to its last. `path` has a query."""
        cursor = ""
        while True:
            page = self.get(path + cursor)
            yield from page["items"]
            if not page["next_cursor"]:
                return
            cursor = f"&cursor={page['next_cursor']}"

    def post(self, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        answer = self.call("POST", path, json=body, **options)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()


def _signed_in(stack: Stack, email: str) -> Person:
    return signed_in(stack, email, next(p.password for p in PEOPLE if p.email == email))


@pytest.fixture(scope="package")
def ana(stack: Stack) -> Person:
    """A submitter."""
    return _signed_in(stack, "ana@example.org")


@pytest.fixture(scope="package")
def li(stack: Stack) -> Person:
    """Another submitter."""
    return _signed_in(stack, "li@example.org")


@pytest.fixture(scope="package")
def chen(stack: Stack) -> Person:
    """A curator."""
    return _signed_in(stack, "chen@example.org")


@pytest.fixture(scope="package")
def ada(stack: Stack) -> Person:
    """An operator."""
    return _signed_in(stack, "ada@example.org")


@pytest.fixture(scope="package")
def nobody(stack: Stack) -> Person:
    """A visitor without an account."""
    return Person(stack.front_url, "")


@pytest.fixture(scope="package")
def aws(stack: Stack) -> Callable[[str], Any]:
    """boto3 clients as an operator of the laptop has them."""

    def make(service: str) -> Any:
        return boto3.client(service, **stack.client_options())

    return make


def tiny_fastq(reads: int = 20, seed: int = 1, mate: int = 1, first: int = 0) -> bytes:
    """A gzip FASTQ of random reads, numbered from `first`, that passes every check."""
    dice = random.Random(seed)
    lines = []
    for number in range(first, first + reads):
        length = 50
        bases = "".join(dice.choices("ACGT", k=length))
        lines.append(f"@SIM:1:FC:1:1:{number}:{number} {mate}:N:0:A\n{bases}\n+\n{'I' * length}\n")
    return gzip.compress("".join(lines).encode(), mtime=0)


def document(
    files: list[tuple[str, bytes]], title: str = "Synthetic reads", layout: str | None = None
) -> dict[str, Any]:
    """Metadata for one run with these files, complete and right."""
    layout = layout or ("PAIRED" if len(files) == 2 else "SINGLE")
    return {
        "project": {
            "alias": "p1",
            "title": f"{title} project",
            "description": "Synthetic reads made by a test of the archive.",
            "relevance": "Other",
            "data_types": ["Raw sequence reads"],
            "sample_scope": "Monoisolate",
            "organisms": [{"taxon_id": 562, "organism": "Escherichia coli"}],
        },
        "samples": [
            {
                "alias": "s1",
                "title": f"{title} sample",
                "sample_type": "microbe",
                "organism": "Escherichia coli",
                "taxon_id": 562,
                "description": "Reads that a seeded generator wrote",
                "strain": "synthetic",
                "isolation_source": "a random generator",
                "collection_date": "2026-03-01",
                "geographic_location": "China: Beijing",
            }
        ],
        "study": {"alias": "st1", "title": title, "project": "p1"},
        "experiments": [
            {
                "alias": "e1",
                "title": f"{title} library",
                "sample": "s1",
                "platform": "ILLUMINA",
                "instrument_model": "Illumina MiSeq",
                "library_strategy": "WGS",
                "library_source": "GENOMIC",
                "library_selection": "RANDOM",
                "library_layout": layout,
                "design_description": "Random reads, no biology in them.",
                "read_length_1": 50,
                **({"read_length_2": 50, "nominal_size": 300} if layout == "PAIRED" else {}),
            }
        ],
        "runs": [
            {
                "alias": "r1",
                "title": f"{title} run",
                "experiment": "e1",
                "file_type": "fastq",
                "files": [{"name": name, "md5": hashlib.md5(body).hexdigest()} for name, body in files],
            }
        ],
    }


def draft(
    person: Person, files: list[tuple[str, bytes]], title: str = "Synthetic reads", **release: str
) -> dict[str, Any]:
    """A described draft."""
    wanted = {"member": "gsa", "title": title, "release": release or {"mode": "immediately"}}
    made = person.post("/v1/submissions", wanted)
    answer = person.call("PUT", f"/v1/submissions/{made['id']}/metadata", json=document(files, title))
    assert answer.status_code == 200, answer.text
    return answer.json()


def sha256_base64(body: bytes) -> str:
    import base64

    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def part_link(person: Person, file_id: str, body: bytes) -> dict[str, Any]:
    """Open an upload of one part and get its link."""
    person.post(f"/v1/files/{file_id}/upload", {"size_bytes": len(body)})
    wanted = {"parts": [{"number": 1, "size_bytes": len(body), "sha256": sha256_base64(body)}]}
    return person.post(f"/v1/files/{file_id}/part-urls", wanted)["items"][0]


def send(person: Person, file_id: str, body: bytes) -> None:
    """Upload a file of one part by the API."""
    link = part_link(person, file_id, body)
    put = requests.put(link["url"], data=body, headers=link["headers"], timeout=60)
    assert put.status_code == 200, put.text
    person.post(f"/v1/files/{file_id}/complete")


def wait_for(person: Person, submission_id: str, *states: str, wait_s: float = WAIT_S) -> dict[str, Any]:
    """The submission once it is in one of the states; fails with its history if it does not get there."""
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        found = person.get(f"/v1/submissions/{submission_id}")
        if found["state"] in states:
            return found
        time.sleep(0.2)
    history = person.get(f"/v1/submissions/{submission_id}/history")["items"]
    words = "\n".join(f"{line['at']} {line['words']}" for line in history)
    raise AssertionError(f"{submission_id} is {found['state']}, not {states}:\n{words}")


def released(
    ana: Person, chen: Person, files: list[tuple[str, bytes]], title: str = "Synthetic reads"
) -> dict[str, Any]:
    """A submission brought all the way to its release."""
    made = draft(ana, files, title)
    by_name = {f["name"]: f["id"] for f in made["files"]}
    ana.post(f"/v1/submissions/{made['id']}/submit")
    for name, body in files:
        send(ana, by_name[name], body)
    wait_for(chen, made["id"], "data_review")
    chen.post(f"/v1/curation/{made['id']}/decision", {"decision": "accept"})
    return wait_for(ana, made["id"], "released")


def eventually(check: Callable[[], Any], wait_s: float = 30.0) -> Any:
    """The first true answer of `check`; fails after a while."""
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        if found := check():
            return found
        time.sleep(0.2)
    raise AssertionError(f"never true within {wait_s} s")


PASSWORD = "Grow-rice-slowly-2026!"


def notices_of(person: Person) -> list[dict[str, Any]]:
    """All notices of a person, newest first: other tests' may be dated later and fill the first page."""
    return list(person.pages("/v1/me/notices?limit=100"))


def mails(stack: Stack, to: str) -> list[dict[str, Any]]:
    """What the laptop's mailbox has for an address, newest first."""
    found = requests.get(f"{stack.front_url}/_local/mail.json", timeout=10).json()["items"]
    return [mail for mail in found if to in mail["to"]]


def code_for(stack: Stack, email: str) -> str:
    """The newest code that was mailed to an address."""
    mail = eventually(lambda: mails(stack, email), 10)[0]
    found = re.search(r"\b\d{6}\b", mail["text"])
    assert found, mail
    return found[0]


def signed_in(stack: Stack, email: str, password: str = PASSWORD) -> Person:
    """A person after sign-in."""
    person = Person(stack.front_url, email)
    tokens = person.post("/v1/sign-in", {"email": email, "password": password})
    person.session.headers["Authorization"] = f"Bearer {tokens['token']}"
    return person


def newcomer(stack: Stack, nobody: Person) -> Person:
    """Somebody who registers, confirms and signs in now."""
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    told = {"email": email, "password": PASSWORD, "name": "Wang Fang", "organisation": "Institute of Rice"}
    nobody.post("/v1/register", told)
    done = nobody.call("POST", "/v1/register/confirm", json={"email": email, "code": code_for(stack, email)})
    assert done.status_code == 204, done.text
    return signed_in(stack, email)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with running() as browser:
        yield browser


@pytest.fixture
def newcomer_surfs(chrome: Browser, stack: Stack) -> Iterator[Surfer]:
    """Somebody whose sessions may be ended: whoever else is signed in is shared by all journeys."""
    person = newcomer(stack, Person(stack.front_url, ""))
    with surfing(chrome, stack.front_url) as surfer:
        sign_in(surfer, person.email, PASSWORD)
        yield surfer


@pytest.fixture
def chen_surfs(chrome: Browser, stack: Stack) -> Iterator[Surfer]:
    yield from _surfs(chrome, stack, "chen@example.org")


@pytest.fixture
def ana_surfs(chrome: Browser, stack: Stack) -> Iterator[Surfer]:
    yield from _surfs(chrome, stack, "ana@example.org")


def _surfs(chrome: Browser, stack: Stack, email: str) -> Iterator[Surfer]:
    """One of the people whom all journeys share, signed in in a browser."""
    with surfing(chrome, stack.front_url) as surfer:
        sign_in(surfer, email, next(p.password for p in PEOPLE if p.email == email))
        yield surfer
