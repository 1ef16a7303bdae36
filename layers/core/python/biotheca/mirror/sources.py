"""The sources of the mirror and which of their files a day needs. What they are is data: catalog/mirror.yaml.

A connector is a row there: where it lists what it has, what its full and daily files are called, and how one
record is asked for. Nothing here opens a connection: listings are given as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from biotheca import catalog
from biotheca.mirror.model import Kind, NoSuchSource

_LINK = re.compile(r"""href\s*=\s*["']([^"'?#]+)["']""", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """One file of a feed that a batch needs. `day` is the feed's own (YYYY-MM-DD); `whole`: it holds everything."""

    source: str
    feed: str
    kind: str
    url: str
    day: str
    whole: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a manifest."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """What a batch reads: files in the order in which they count, the later before the earlier."""

    day: str
    batch: int
    files: tuple[Wanted, ...]
    missing_days: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One row of the catalog, with its address here."""

    name: str
    base: str
    hosts: frozenset[str]
    per_second: float
    row: Mapping[str, Any]

    def url(self, path: str) -> str:
        """The address of a path of this source."""
        return f"{self.base.rstrip('/')}{path}"


def sources(addresses: str | None = None) -> dict[str, Source]:
    """Every source by name. `addresses`: JSON of other bases by name, for the laptop's own server."""
    other: dict[str, str] = json.loads(addresses) if addresses else {}
    found = {}
    for name, row in catalog.mirror()["sources"].items():
        base = other.get(name, row["base"])
        hosts = frozenset({host_of(base)} if name in other else row["hosts"])
        found[name] = Source(name, base, hosts, float(row["per_second"]), row)
    return found


def host_of(url: str) -> str:
    """Host and, where one is named, port of an address."""
    found = re.match(r"https?://([^/?#]+)", url)
    if found is None:
        raise NoSuchSource(f"{url!r} is no address of a source: expected http(s)://host/path")
    return found[1].rpartition("@")[2].lower()


def batch_of(day: str) -> int:
    """The number of a day's batch; repairs after it take the numbers that follow.

    >>> batch_of("2026-01-27")
    20260127000
    """
    return int(date.fromisoformat(day).strftime("%Y%m%d")) * 1000


def day_of(batch: int) -> str:
    """The day of a batch.

    >>> day_of(20260127002)
    '2026-01-27'
    """
    text = str(batch)
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def plan(day: str, since: str | None, begin: str, listing: Callable[[str], str], source: Source) -> Plan:
    """Which files the batch of a day needs: all days after `since`, or, at the first time, the latest full set of
    records before it and every day after that. `listing` gives the text behind an address.
    """
    feeds = {row["feed"]: row for row in source.row.get("feeds", [])}
    files: list[Wanted] = []
    missing: list[str] = []
    replaced = {row["instead"] for row in feeds.values() if "instead" in row}
    for name, row in feeds.items():
        if row.get("whole"):
            files.append(Wanted(source.name, name, row["kind"], source.url(row["file"]), day, whole=True))
        elif name not in replaced:
            found, absent = _dated(source, row, feeds.get(row.get("instead", "")), day, since, begin, listing)
            files += found
            missing += absent
    return Plan(day, batch_of(day), tuple(files), tuple(missing))


def _dated(
    source: Source,
    row: Mapping[str, Any],
    instead: Mapping[str, Any] | None,
    day: str,
    since: str | None,
    begin: str,
    listing: Callable[[str], str],
) -> tuple[list[Wanted], list[str]]:
    has = _names(listing(source.url(row["listing"])))
    has_instead = _names(listing(source.url(instead["listing"]))) if instead else frozenset()
    files: list[Wanted] = []
    first = date.fromisoformat(since) + timedelta(1) if since else date.fromisoformat(begin)
    if since is None:
        full = _latest_full(row, has, day)
        if full is not None:
            files += _of_day(source, row, "full", full.isoformat())
            first = max(first, full + timedelta(1))
    missing = []
    for one in _days(first, date.fromisoformat(day)):
        if _name(row, "increment", one) in has:
            files += _of_day(source, row, "increment", one)
        elif instead is not None and _name(instead, "increment", one) in has_instead:
            files += _of_day(source, instead, "increment", one)
        else:
            missing.append(one)
    return files, missing


def _names(text: str) -> frozenset[str]:
    """What a listing of a folder names, with a slash behind folders; paths and parents are left out."""
    return frozenset(name for name in _LINK.findall(text) if not name.startswith(("/", ".", "http")))


def _name(row: Mapping[str, Any], which: str, day: str) -> str:
    return str(row[which]).replace("{day}", day.replace("-", ""))


def _of_day(source: Source, row: Mapping[str, Any], which: str, day: str) -> list[Wanted]:
    place = source.url(row["listing"]) + _name(row, which, day)
    names = row.get("files") or [""]
    return [Wanted(source.name, row["feed"], row["kind"], f"{place}{name}", day) for name in names]


def _latest_full(row: Mapping[str, Any], has: frozenset[str], day: str) -> date | None:
    form = re.compile(re.escape(row["full"]).replace(re.escape("{day}"), r"(\d{8})"))
    days = []
    for name in has:
        if found := form.fullmatch(name):
            days.append(date(int(found[1][:4]), int(found[1][4:6]), int(found[1][6:])))
    return max((one for one in days if one <= date.fromisoformat(day)), default=None)


def _days(first: date, last: date) -> list[str]:
    return [(first + timedelta(number)).isoformat() for number in range((last - first).days + 1)]


def repairs(accession: str, addresses: str | None = None) -> list[tuple[Source, Wanted]]:
    """Where a single record may be asked for, the archive that owns its accession first."""
    found = []
    for source in sources(addresses).values():
        for row in source.row.get("repair", []):
            if re.fullmatch(row["of"], accession):
                url = source.url(row["path"].replace("{accession}", accession))
                owner = accession[0] in source.row.get("owns", [])
                found.append((not owner, source, Wanted(source.name, "repair", Kind(row["kind"]), url, "")))
    if not found:
        raise NoSuchSource(f"no source gives single records of the form {accession!r}; see catalog/mirror.yaml")
    return [(source, wanted) for _, source, wanted in sorted(found, key=lambda one: one[0])]


def archive_of(accession: str) -> str:
    """Who gave an accession out: NCBI, EBI or DDBJ, by its letters.

    >>> archive_of("ERR000001"), archive_of("SAMD00013807"), archive_of("PRJNA3")
    ('EBI', 'DDBJ', 'NCBI')
    """
    letters = re.match(r"(?:SAM|PRJ)([A-Z])|([A-Z])", accession)
    letter = (letters[1] or letters[2]) if letters else ""
    return {"E": "EBI", "D": "DDBJ"}.get(letter, "NCBI")
