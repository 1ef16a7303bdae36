"""Which addresses a file may be fetched from, and which of them is best. Pure; the lists are catalog data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from biotheca.sequences.model import Place, SequenceFile, SourceRefused

# An object's URL in S3's virtual-hosted form, with or without the Region.
_S3_HOST = re.compile(r"^(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com$")
# Who may read: anybody, or any identity of AWS. What wants a payer or a permit is no source.
_OPEN = ("anonymous", "aws identity")
UNCONFIRMED = "usual place, not confirmed"


@dataclass(frozen=True)
class Allowed:
    """What may be asked for bytes: buckets and hosts of the catalog, and base URLs that a laptop's tests add.

    `extra` are whole beginnings of URLs; only they may be http and lie at a private address.
    """

    buckets: dict[str, dict[str, Any]]
    hosts: dict[str, dict[str, Any]]
    extra: tuple[str, ...] = ()

    def host(self, name: str) -> dict[str, Any]:
        """Pace of a host: connections, requests_per_second. Modest where nothing is said."""
        return {"connections": 4, "requests_per_second": 5} | self.hosts.get(name, {})


def extra_of(setting: str | None) -> tuple[str, ...]:
    """Base URLs out of the setting mirror_sources, a JSON object of name -> URL; each ends with a slash.

    >>> extra_of('{"files": "http://127.0.0.1:8000"}')
    ('http://127.0.0.1:8000/',)
    """
    bases = json.loads(setting) if setting else {}
    return tuple(dict.fromkeys(f"{base.rstrip('/')}/" for base in bases.values()))


def place_of(url: str, org: str, allowed: Allowed) -> Place:
    """The address as something that can be fetched; SourceRefused if it is not on the lists."""
    found = urlsplit(url)
    if found.username or found.password or found.fragment or "\\" in url or ".." in unquote(found.path).split("/"):
        raise SourceRefused(f"{url!r} is no plain address of an object.")
    for base in allowed.extra:
        if url.startswith(base):
            return Place("https", url, org, found.netloc)
    if found.scheme == "s3":
        return _in_bucket(found.netloc, unquote(found.path.lstrip("/")), url, org, allowed)
    host = (found.hostname or "").lower()
    if found.scheme == "https" and (of_s3 := _S3_HOST.match(host)) and of_s3["bucket"] in allowed.buckets:
        return _in_bucket(of_s3["bucket"], unquote(found.path.lstrip("/")), url, org, allowed)
    known = allowed.hosts.get(host)
    if known is None:
        raise SourceRefused(f"{host or url!r} is no host that files are fetched from.")
    if found.scheme == "ftp" and known.get("also_ftp"):
        return Place("https", f"https://{host}{found.path}", org, host)
    if found.scheme != "https" or found.port not in (None, 443):
        raise SourceRefused(f"{url!r} is not reached by HTTPS at its usual port.")
    return Place("https", url, org, host)


def _in_bucket(bucket: str, key: str, url: str, org: str, allowed: Allowed) -> Place:
    known = allowed.buckets.get(bucket)
    if known is None or not key:
        raise SourceRefused(f"{bucket!r} is no bucket that files are copied from.")
    return Place("s3", url, org, f"s3:{bucket}", bucket, key, known["region"])


def as_https(place: Place) -> Place:
    """An object of an open bucket by HTTPS, for whoever is not in its Region."""
    if place.kind != "s3":
        return place
    host = f"{place.bucket}.s3.amazonaws.com"
    return Place("https", f"https://{host}/{quote(place.key)}", place.org, host)


def ranked(row: SequenceFile, region: str, allowed: Allowed) -> list[Place]:
    """Addresses to copy from, best first; those that failed before (`exhausted`) are left out.

    1. an object of an open bucket in our own Region: S3 copies it, no byte passes through us;
    2. any other HTTPS address; 3. those of the other archives of the INSDC (ENA, DDBJ), whose lines are the longest.
    Within a rank the order of the metadata holds.
    """
    found: list[tuple[int, int, Place]] = []
    for number, given in enumerate(row.alternatives):
        url = given.get("url", "")
        if not url or given.get("access_type", "anonymous").lower() not in _OPEN:
            continue
        try:
            place = place_of(url, given.get("org", ""), allowed)
        except SourceRefused:
            continue
        if place.kind == "s3" and place.region != region:
            if given.get("access_type", "anonymous").lower() != "anonymous":
                continue  # an identity of AWS reads free of charge in the Region only
            place = as_https(place)
            if place.host not in allowed.hosts:
                continue
        if place.url not in row.exhausted:
            found.append((_rank(place, given), number, place))
    return [place for _, _, place in sorted(found, key=lambda entry: entry[:2])]


def _rank(place: Place, given: dict[str, str]) -> int:
    if place.kind == "s3":
        return 0 if given.get("access_type", "anonymous").lower() == "anonymous" else 1
    return 3 if place.org.upper() in ("ENA", "EBI", "DDBJ") else 2


def choose(row: SequenceFile, region: str, allowed: Allowed) -> Place | None:
    """The best address that is left, or None."""
    found = ranked(row, region, allowed)
    return found[0] if found else None


def references(row: SequenceFile) -> list[dict[str, str]]:
    """What a reader is told of the sources: every address of the metadata, none of them checked or fetched by us."""
    return [{k: v for k, v in given.items() if v} for given in row.alternatives]


def described(files: Iterable[dict[str, Any]], md5_from: str) -> list[SequenceFile]:
    """State rows of a run's file descriptions (lake.model.FILES), without a run yet; the main URL goes first."""
    rows: list[SequenceFile] = []
    taken: set[str] = set()
    for number, file in enumerate(files, 1):
        named = {"url": file.get("url") or "", "org": "", "access_type": "anonymous", "free_egress": ""}
        listed = [{k: str(v or "") for k, v in given.items()} for given in file.get("alternatives") or ()]
        if named["url"] and named["url"] not in [given.get("url") for given in listed]:
            listed.insert(0, named)
        md5 = (file.get("md5") or "").lower() or None
        rows.append(
            SequenceFile(
                run="",
                name=_name_of(file, listed, number, taken),
                size_bytes=file.get("bytes"),
                md5=md5,
                md5_from=md5_from if md5 else None,
                semantic_name=file.get("semantic_name") or "",
                cluster=file.get("cluster") or "public",
                alternatives=tuple(listed),
            )
        )
    return rows


def _name_of(file: Mapping[str, Any], listed: list[dict[str, str]], number: int, taken: set[str]) -> str:
    """The file's own name. NCBI leaves it out of what lies in clouds only: then the last step of its first address."""
    places = [given["url"].rstrip("/").rpartition("/")[2] for given in listed if given.get("url")]
    name = file.get("name") or next(iter(places), "") or f"{file.get('semantic_name') or 'file'}-{number}"
    if name in taken:
        name = f"{number}-{name}"
    taken.add(name)
    return str(name)


def told_of(record: Mapping[str, Any], usual: Iterable[Mapping[str, str]], md5_from: str) -> dict[str, Any] | None:
    """What `service.note_runs` is told of a mirrored record (mirror.serving.served); None if it is no run.

    `usual`: places of runs whose metadata name no files; only public, live runs are looked for there.
    """
    if record.get("entity") != "run":
        return None
    run, fields, status = str(record["accession"]), record.get("fields") or {}, record.get("status", "live")
    lying: list[dict[str, Any]] = []
    if status == "live" and fields.get("consent") in (None, "", "public"):
        lying = [
            {
                "name": row["name"].format(run=run),
                "semantic_name": UNCONFIRMED,
                "alternatives": [_usual_place(row, run)],
            }
            for row in usual
        ]
    return {
        "accession": run,
        "status": status,
        "batch": int(record.get("batch", 0)),
        "md5_from": md5_from,
        "files": list(fields.get("files") or ()),
        "usual": lying,
        "organism": fields.get("organism"),
        "taxon_id": fields.get("taxon_id"),
        "study": fields.get("sra_study"),
        "project": fields.get("bioproject"),
    }


def _usual_place(row: Mapping[str, str], run: str) -> dict[str, str]:
    return {"url": row["url"].format(run=run), "org": row["org"], "access_type": "anonymous"}
