"""A FAIR assessment over HTTP alone, after the metrics of F-UJI (FAIRsFAIR data object assessment, version 0.5).

It knows an archive's address and an identifier and nothing of our code. Each check is one metric: its name is the
metric's, and it passes only on what a machine that comes from elsewhere can find.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

LD, DATACITE = "application/ld+json", "application/vnd.datacite.datacite+json"
CORE = ("creator", "name", "identifier", "publisher", "datePublished", "description", "keywords")  # FsF-F2-01M
LICENCES = re.compile(r"https?://(creativecommons\.org/(licenses|publicdomain)/|opendatacommons\.org/licenses/)")
RIGHTS = re.compile(r"http://purl\.org/coar/access_right/c_\w+")
# Forms that anybody can read without buying something (FsF-R1.3-02D); the last holds what the name does not tell.
FORMATS = ("text/", "application/gzip", "application/zip", "application/json", "application/xml", "application/x-tar")
TERMS = re.compile(r"http://purl\.obolibrary\.org/obo/\w+_\d+|https?://identifiers\.org/\S+")
KEPT = "FsF-A2-01M metadata stay when data are gone"


@dataclass
class Assessment:
    """What was found of one record: metric -> whether it passes, and why not."""

    passed: dict[str, bool] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def note(self, metric: str, passes: Any, why: str = "") -> None:
        self.passed[metric] = bool(passes)
        if not passes:
            self.why[metric] = why

    @property
    def percent(self) -> float:
        return 100 * sum(self.passed.values()) / len(self.passed)


def _get(url: str, accept: str = "*/*", **options: Any) -> requests.Response | None:
    try:
        return requests.get(url, headers={"Accept": accept}, timeout=30, **options)
    except requests.RequestException:
        return None


def _here(url: str, base: str) -> str:
    """A public address, at the server that stands in for it."""
    there, own = urlsplit(url), urlsplit(base)
    return urlunsplit(there._replace(scheme=own.scheme, netloc=own.netloc))


def _parsed(answer: requests.Response | None, kind: str) -> dict[str, Any]:
    if answer is None or answer.status_code != 200 or kind not in answer.headers.get("Content-Type", ""):
        return {}
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _day(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(str(text)))
    except ValueError:
        return False


def assess(base: str, accession: str, search: str) -> Assessment:
    """Of one public record. `search`: the address that finds records, with {} for a word."""
    found = Assessment()
    identifier = f"{base}/r/{accession}"
    page = _get(identifier)
    negotiated = _get(identifier, LD)
    said = _parsed(negotiated, LD)
    found.note("FsF-F1-01D unique identifier", re.fullmatch(r"[A-Z]{3,6}\d{2,}(-\d+)?", accession), accession)
    owns = [str(one) for one in said.get("identifier", []) if isinstance(said.get("identifier"), list)]
    resolves = page is not None and page.status_code == 200
    permanent = resolves and any(urlsplit(one).path == f"/r/{accession}" for one in owns)
    found.note("FsF-F1-02D persistent identifier that resolves", permanent, f"{owns}")
    found.note("FsF-F2-01M core metadata", all(said.get(n) for n in CORE), str([n for n in CORE if not said.get(n)]))
    _content(found, said, base)
    hits = _parsed(_get(search.format(accession)), "json").get("items", [])
    found.note("FsF-F4-01M found by search", any(hit.get("accession") == accession for hit in hits), str(hits)[:80])
    schema = "schema.org" in str(said.get("@context")) and said.get("@type") == "Dataset"
    found.note("FsF-I1-01M formal metadata", schema, str(said)[:80])
    found.note("FsF-I2-01M terms of known vocabularies", TERMS.search(json.dumps(said.get("about", []))), "no term")
    related = [str(one) for one in said.get("isBasedOn", [])]
    leads = bool(related) and all((a := _get(_here(one, base))) is not None and a.status_code == 200 for one in related)
    found.note("FsF-I3-01M links that lead to what it rests on", leads, str(related))
    dated = _day(said.get("dateCreated")) and _day(said.get("datePublished")) and said.get("version")
    found.note("FsF-R1.2-01M provenance", dated and said.get("creator"), "no days, version or creator")
    cited = _parsed(_get(identifier, DATACITE), DATACITE)
    community = "datacite.org/schema/kernel-4" in str(cited.get("schemaVersion")) and cited.get("titles")
    found.note("FsF-R1.3-01M community standard by content negotiation", community, str(cited)[:80])
    return found


def _content(found: Assessment, said: dict[str, Any], base: str) -> None:
    """Access, licence, and whether the files are what is said of them. Of closed data, the conditions alone."""
    free = said.get("isAccessibleForFree")
    files = said.get("distribution", [])
    conditions = said.get("conditionsOfAccess") and RIGHTS.fullmatch(str(said.get("accessRights")))
    found.note("FsF-A1-01M access level and conditions", isinstance(free, bool) and conditions, str(free))
    found.note(
        "FsF-A1-02M metadata over an open protocol", said.get("url", "").startswith("http"), str(said.get("url"))
    )
    if free is False:
        found.note("FsF-R1.1-01M licence or conditions", conditions and not files, "closed, and files are listed")
        return
    found.note("FsF-R1.1-01M licence or conditions", LICENCES.match(str(said.get("license"))), str(said.get("license")))
    named = bool(files) and all(one.get("contentUrl") and one.get("contentSize") for one in files)
    found.note("FsF-F3-01M metadata name the files", named, f"{len(files)} files")
    bodies = [_get(_here(one["contentUrl"], base)) for one in files] if named else []
    there = bool(bodies) and all(body is not None and body.status_code == 200 for body in bodies)
    found.note("FsF-A1-03D files over an open protocol", there, "a file does not come")
    same = there and all(
        hashlib.sha256(body.content).hexdigest() == one.get("sha256")
        and f"{len(body.content)} B" == one.get("contentSize")
        for one, body in zip(files, bodies, strict=True)
        if body is not None
    )
    found.note("FsF-R1-01MD files are what is said of them", same, "size or SHA-256 differ")
    kinds = [str(one.get("encodingFormat", "")) for one in files]
    found.note("FsF-R1.3-02D open file formats", kinds and all(k.startswith(FORMATS) for k in kinds), str(kinds))


def kept(base: str, accession: str) -> Assessment:
    """Of a record whose data were taken back: whether a machine still learns what it was and why it is gone."""
    found = Assessment()
    said = _parsed(_get(f"{base}/r/{accession}", LD), LD)
    files = _get(f"{base}/v1/records/{accession}/files")
    gone = files is not None and files.status_code in (404, 410)
    found.note(KEPT, gone and said.get("name") and not said.get("distribution"), str(said)[:80])
    return found
