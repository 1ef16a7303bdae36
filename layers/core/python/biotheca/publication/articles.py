"""Articles and grants of datasets, citations and certificates as they are asked for, a project's datasets."""

from __future__ import annotations

import re
import secrets
from typing import Any

from biotheca import catalog, clock, ids
from biotheca.accounts.model import Person, Role
from biotheca.errors import Invalid, NotFound
from biotheca.publication import citation, rules
from biotheca.publication.bibliography import Bibliography, SourceSilent
from biotheca.publication.model import MATRIX, Door, Record, Visibility
from biotheca.publication.service import insider, met, owned, visible
from biotheca.publication.store import RecordStore
from biotheca.submissions.rules import finding
from biotheca.submissions.store import SubmissionStore

# What staff found when they looked into an article, after the original's classes.
OUTCOMES = ("matched", "no full text", "not about our data", "preprint", "accession error")
_DOI = re.compile(r"10\.\d{4,9}/\S{1,200}")
_PMID = re.compile(r"[1-9]\d{0,8}")
_CODE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def doi_name(doi: str) -> str:
    """The name under which a DOI is looked up.

    >>> doi_name("https://doi.org/10.1000/ABC")
    'DOI#10.1000/abc'
    """
    return "DOI#" + re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)", "", doi.strip(), flags=re.IGNORECASE).lower()


# --- articles ---


def add(
    store: SubmissionStore, records: RecordStore, person: Person, accession: str, article: dict[str, Any]
) -> dict[str, Any]:
    """Add an article (DOI, PMID, or a title that is in press) to one's own record; the same again is the same."""
    record = owned(store, records, person, accession)
    doi = doi_name(article["doi"]).removeprefix("DOI#") if article.get("doi") else None
    pmid = str(article["pmid"]).strip() if article.get("pmid") else None
    for value, pattern, where in ((doi, _DOI, "doi"), (pmid, _PMID, "pmid")):
        if value is not None and not pattern.fullmatch(value):
            message = f"{value!r} is no {where.upper()}."
            raise Invalid(message, [finding("publication.article", f"/{where}", message, value)])
    if not (doi or pmid or article.get("title")):
        message = "An article has a DOI, a PMID, or a title while it is in press."
        raise Invalid(message, [finding("publication.article", "/", message)])
    for row in articles(records, person, accession):
        if (doi and row.get("doi") == doi) or (pmid and row.get("pmid") == pmid):
            return row
    identifier = ids.new("pub")
    row = {
        "doi": doi,
        "pmid": pmid,
        "title": article.get("title"),
        "status": "published" if doi or pmid else "in press",
        "at": clock.stamp(),
    }
    if (doi or pmid) and not row["title"]:  # its words are asked for by `fill`
        row |= {"accession": record.accession, "queue_key": "QUEUE#articles", "queue_position": row["at"]}
    names = [doi_name(doi)] if doi else []
    names += [f"PMID#{pmid}"] if pmid else []
    records.write(
        [
            records.row_line(record.accession, "PUB#", identifier, row),
            *(records.name_line(name, record.accession, {"article": identifier}) for name in names),
        ]
    )
    return {name: value for name, value in row.items() if not name.startswith("queue_")} | {"id": identifier}


def fill(records: RecordStore, source: Bibliography, most: int = 500) -> dict[str, int]:
    """Ask for the words of articles that are known by a number only; what was done with how many.

    A number that nobody knows is `unknown` and not asked for again; where a service is silent the article waits.
    """
    counts = {"filled": 0, "unknown": 0, "waiting": 0}
    cursor: str | None = None
    rows: list[dict[str, Any]] = []
    while len(rows) < most:
        page, cursor = records.articles_without_words(100, cursor)
        rows += page
        if cursor is None:
            break
    for row in rows[:most]:
        counts[_filled(records, source, row)] += 1
    return counts


def _filled(records: RecordStore, source: Bibliography, row: dict[str, Any]) -> str:
    kinds = [kind for kind in ("doi", "pmid") if row.get(kind) and source.asks(kind)]
    try:
        answers = [source.words(kind, row[kind]) for kind in kinds]
    except SourceSilent:
        return "waiting"
    if not kinds:
        return "waiting"
    found = next((answer for answer in answers if answer), None)
    if found is None:
        records.settle_row(row["accession"], "PUB#", row["id"], status="unknown", looked_at=clock.stamp())
        return "unknown"
    # Numbers that a person gave stay; the other one is added and leads to the record too.
    fields = {name: value for name, value in found.items() if value and not row.get(name)}
    if not records.settle_row(row["accession"], "PUB#", row["id"], **fields, source=kinds[0], looked_at=clock.stamp()):
        return "unknown"
    names = [doi_name(fields["doi"])] if "doi" in fields else []
    names += [f"PMID#{fields['pmid']}"] if "pmid" in fields else []
    for name in names:
        records.write([records.name_line(name, row["accession"], {"article": row["id"]})])
    return "filled"


def articles(records: RecordStore, person: Person | None, accession: str) -> list[dict[str, Any]]:
    """The articles of a record, those of its metadata first; at most two hundred were added later."""
    record = visible(records, person, accession)
    of_metadata = [
        {"doi": a.get("doi"), "pmid": str(a["pubmed_id"]) if a.get("pubmed_id") else None}
        | {"title": a.get("title"), "journal": a.get("journal"), "year": str(a["year"]) if a.get("year") else None}
        for a in record.attributes.get("publications") or []
        if isinstance(a, dict)
    ]
    return of_metadata + records.rows(record.accession, "PUB#")[0]


def remove(store: SubmissionStore, records: RecordStore, person: Person, accession: str, identifier: str) -> None:
    """Take an article away again."""
    record = owned(store, records, person, accession)
    row = records.row(record.accession, "PUB#", identifier)
    if row is None:
        raise NotFound(f"There is no article {identifier[:60]!r} of {record.accession}.")
    if row.get("doi"):
        records.delete_name(doi_name(row["doi"]), record.accession)
    if row.get("pmid"):
        records.delete_name(f"PMID#{row['pmid']}", record.accession)
    records.delete_row(record.accession, "PUB#", identifier)


def judge(records: RecordStore, person: Person, accession: str, identifier: str, outcome: str) -> dict[str, Any]:
    """Staff say what an article turned out to be."""
    person.must_be(Role.CURATOR, Role.DATA_MANAGER)
    record = visible(records, person, accession)
    if outcome not in OUTCOMES:
        message = f"{outcome!r} is no outcome."
        raise Invalid(message, [finding("metadata.choice", "/outcome", message, outcome, ", ".join(OUTCOMES))])
    row = records.row(record.accession, "PUB#", identifier)
    if row is None:
        raise NotFound(f"There is no article {identifier[:60]!r} of {record.accession}.")
    records.update_row(record.accession, "PUB#", identifier, outcome=outcome)
    return row | {"outcome": outcome}


# --- what leads to datasets ---


def of_article(records: RecordStore, doi: str | None, pmid: str | None) -> list[dict[str, Any]]:
    """All public records that an article is about."""
    name = doi_name(doi) if doi else f"PMID#{(pmid or '').strip()}"
    return [_row(r) for r in _public(records, [row["accession"] for row in records.named(name, 1000)[0]])]


def of_grant(records: RecordStore, number: str) -> list[dict[str, Any]]:
    """All public datasets of a grant: those whose metadata names it, and those of projects that name it."""
    named = [row["accession"] for row in records.named(rules.grant_name(number), 1000)[0]]
    found: dict[str, Record] = {}
    for record in _public(records, named):
        if record.dataset == record.accession and not _is_parent(record):
            found[record.accession] = record
        for below in _datasets_below(records, record.accession):
            found[below.accession] = below
    return [_row(r) for r in found.values()]


def datasets_of(
    records: RecordStore, person: Person | None, accession: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the datasets of every member that refer to a project, own and others', as far as one may see them."""
    project = visible(records, person, accession)
    found, following = records.referrers(project.accession, None, limit, cursor)
    seen = [r for a in found if (r := records.get(a)) and _is_dataset(r)]
    kept = [r for r in seen if insider(records, person, r) or Door.LISTING in MATRIX[met(records, r)]]
    return [_row(r) for r in kept], following


def _row(record: Record) -> dict[str, Any]:
    shown = ("accession", "type", "member", "title", "released_at")
    return {name: getattr(record, name) for name in shown} | {
        "visibility": str(record.visibility),
        "access": catalog.members()[record.member].access_mode(record.access),
    }


def _is_dataset(record: Record) -> bool:
    return record.accession == record.dataset and not _is_parent(record)


def _is_parent(record: Record) -> bool:
    """Projects and samples of a registry stand alone; a dataset has objects inside."""
    return not any(kind.release == "in_dataset" for kind in catalog.members()[record.member].objects)


def _public(records: RecordStore, accessions: list[str]) -> list[Record]:
    found = [records.get(accession) for accession in dict.fromkeys(accessions)]
    return [r for r in found if r and met(records, r) == Visibility.PUBLIC]


def _datasets_below(records: RecordStore, accession: str) -> list[Record]:
    found, cursor = [], None
    while True:
        page, cursor = records.referrers(accession, None, 500, cursor)
        found += [r for r in _public(records, page) if _is_dataset(r)]
        if cursor is None:
            return found


# --- citation and certificate ---


def cited(records: RecordStore, person: Person | None, accession: str) -> dict[str, Any]:
    """What a citation of a record says."""
    record = visible(records, person, accession)
    year = int((record.released_at or clock.stamp())[:4])
    return citation.facts(record, _creator(records, record), year)


def described(records: RecordStore, record: Record) -> dict[str, Any]:
    """Description, organisms as (taxon, name) and words of a record, each its own or of the nearest record above."""
    organisms = _nearest(records, record, "organisms") or []
    kinds = _nearest(records, record, "data_types", "data_type") or []
    named = [(one["taxon_id"], one["organism"]) for one in organisms if one.get("taxon_id")]
    words = [kinds] if isinstance(kinds, str) else list(kinds)
    return {
        "description": str(_nearest(records, record, "description") or ""),
        "organisms": named,
        "words": [*words, *(name for _, name in named), record.type, record.member],
    }


def _creator(records: RecordStore, record: Record) -> str:
    """The organisation of the record, or of the nearest record above that names one."""
    return str(_nearest(records, record, "organisation", "consortium") or "")


def _nearest(records: RecordStore, record: Record, *names: str) -> Any:
    """The first of these attributes that the record has, or else the nearest record above; None if none has."""
    left = [record.accession, *record.needs]
    seen: set[str] = set()
    while left and len(seen) < 20:
        accession = left.pop(0)
        if accession in seen:
            continue
        seen.add(accession)
        found = records.get(accession)
        if found is None:
            continue
        for name in names:
            if value := found.attributes.get(name):
                return value
        left += found.needs
    return None


def certify(records: RecordStore, person: Person | None, accession: str) -> dict[str, Any]:
    """The facts of a record's certificate with its code: one code a version, made at the first asking."""
    record = visible(records, person, accession)
    key = f"{record.version:06d}-{record.visibility}"
    row = records.row(record.accession, "CERT#", key)
    if row is None:
        code = "".join(secrets.choice(_CODE) for _ in range(20))
        row = {"code": code, "issued_at": clock.stamp(), "version": record.version}
        records.write(
            [
                records.row_line(record.accession, "CERT#", key, row),
                records.name_line(f"CERT#{code}", record.accession, {"version": record.version, **row}),
            ]
        )
    return row | {"said": cited(records, person, accession)}


def confirm(records: RecordStore, code: str) -> dict[str, Any]:
    """What a certificate's code stands for; NotFound for a code that was never given out."""
    found, _ = records.named(f"CERT#{code.strip().upper()[:40]}")
    record = records.get(found[0]["accession"]) if found else None
    if record is None:
        raise NotFound("No certificate has this code.")
    seen = met(records, record)
    return {
        "code": found[0]["code"],
        "accession": record.accession,
        "version": found[0]["version"],
        "issued_at": found[0]["issued_at"],
        "visibility": str(seen),
        "title": record.title if Door.ACCESSION in MATRIX[seen] else None,
    }
