"""The words of an article by its DOI or PMID, from services that tell them in their published JSON forms.

Crossref's REST API (a work's `message`) and Europe PMC's (`resultList`). What they say is strangers' text: it is cut,
and cleaned of control characters, and of authors nothing is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import urllib3

from biotheca.catalog import bibliography
from biotheca.errors import SystemFault

MOST_BYTES = 2_000_000
LONGEST = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_YEAR = re.compile(r"(1[5-9]|20)\d\d")
Words = dict[str, str]


class SourceSilent(SystemFault):
    """A service did not answer, or not in its form; asked again at another time."""


def crossref(answer: Any) -> Words:
    """Of a work as Crossref tells it; KeyError or TypeError where it is in no such form.

    >>> crossref({"message": {"DOI": "10.1/A", "title": ["T"], "issued": {"date-parts": [[2021]]}}})
    {'title': 'T', 'journal': '', 'year': '2021', 'doi': '10.1/a', 'pmid': ''}
    """
    work = answer["message"]
    parts = (work.get("issued") or {}).get("date-parts") or [[""]]
    journal = (work.get("container-title") or [""])[0]
    return _words((work.get("title") or [""])[0], journal, parts[0][0], work["DOI"].lower(), "")


def europepmc(answer: Any) -> Words | None:
    """Of the one article of a search of Europe PMC; None if it knows none."""
    found = answer["resultList"]["result"]
    if not found:
        return None
    one = found[0]
    doi = str(one.get("doi") or "").lower()
    return _words(one.get("title"), one.get("journalTitle"), one.get("pubYear"), doi, one["pmid"])


def _words(title: Any, journal: Any, year: Any, doi: Any, pmid: Any) -> Words:
    said = {"title": title, "journal": journal, "year": year, "doi": doi, "pmid": pmid}
    clean = {name: " ".join(_CONTROL.sub(" ", str(v or "")).split())[:LONGEST] for name, v in said.items()}
    return clean | {"year": clean["year"] if _YEAR.fullmatch(clean["year"]) else ""}


FORMS: Mapping[str, Callable[[Any], Words | None]] = {"crossref": crossref, "europepmc": europepmc}


class Bibliography:
    """Asks the services of the catalog, or a deployment's own bases (name -> base; what is not named is off)."""

    def __init__(self, bases: Mapping[str, str] | None = None) -> None:
        self._sources = bibliography()
        self._bases = {name: row["base"] for name, row in self._sources.items()} if bases is None else dict(bases)
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=20))

    @classmethod
    def of_setting(cls, text: str | None) -> Bibliography:
        """`text`: the setting article_sources; None: those of the catalog."""
        return cls(None if text is None else json.loads(text))

    def asks(self, kind: str) -> bool:
        """Whether anybody is asked for numbers of this kind (doi, pmid)."""
        return bool(self._bases.get(kind))

    def words(self, kind: str, number: str) -> Words | None:
        """Title, journal, year and both numbers; None if the service knows no such article. SourceSilent otherwise."""
        row = self._sources[kind]
        url = self._bases[kind].rstrip("/") + row["address"].format(number=quote(number, safe=""))
        try:
            answer = self._pool.request("GET", url, redirect=False, preload_content=False)
            body = answer.read(MOST_BYTES + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as fault:
            raise SourceSilent(f"the source of {kind} did not answer: {type(fault).__name__}") from fault
        if answer.status == 404:
            return None
        if answer.status != 200 or len(body) > MOST_BYTES:
            raise SourceSilent(f"the source of {kind} answered {answer.status} with {len(body)} bytes")
        try:
            return FORMS[row["form"]](json.loads(body))
        except (ValueError, LookupError, TypeError, AttributeError) as fault:
            raise SourceSilent(f"the source of {kind} answered in no form of {row['form']}") from fault
