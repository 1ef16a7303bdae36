"""Withdraw a person: records become tombstones without content, stored bytes go in every version, a report proves it.

Asked for, the person's own record hides at once; the rest follows from the event, in an order from the leaves up, so
that whatever is left after a crash is still found from the person. Numbers stay, and what they meant is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts.model import Person, Role
from biotheca.consent import store as kept
from biotheca.errors import Conflict, NotFound
from biotheca.publication.model import Record, Visibility
from biotheca.publication.service import insider, owned, visible
from biotheca.publication.store import RecordStore, StaleRecord
from biotheca.qc.store import ReportStore
from biotheca.submissions.model import DataFile
from biotheca.submissions.rules.families import without
from biotheca.submissions.store import SubmissionStore
from biotheca.uploads.store import Inbox

PAGE = 100
REASON = "Consent was withdrawn."


class NoPerson(Conflict):
    """The record is of no person, so nobody's consent hangs on it."""

    rule = "consent.no_person"


def withdraw(store: SubmissionStore, records: RecordStore, person: Person, accession: str) -> dict[str, Any]:
    """Ask for a person's withdrawal: by the record's owner, or a data manager. Asked again it is the same one.

    NotFound for others; NoPerson for a record that is of no person.
    """
    staff = Role.DATA_MANAGER in person.roles
    record = visible(records, person, accession) if staff else owned(store, records, person, accession)
    if not catalog.members()[record.member].object_type(record.type).person:
        raise NoPerson(f"{record.accession} is a {record.type}; consent is withdrawn by the record of a person.")
    if row := kept.row_of(records, record.accession):
        return _shown(record.accession, row)
    row = {"state": "asked", "asked_at": clock.stamp(), "actor": person.subject, "found": []}
    hidden = replace(record, visibility=Visibility.WITHDRAWN, reason=REASON, release_on=None)
    records.save(
        record,
        hidden,
        event="consent withdrawn",
        words=REASON,
        actor=person.subject,
        announce=events.CONSENT_WITHDRAWN,
        body={"dataset": record.dataset},
        extra=[kept.row_line(records, record.accession, row)],
    )
    return _shown(record.accession, row)


def forget(
    store: SubmissionStore, records: RecordStore, inbox: Inbox, reports: ReportStore, accession: str
) -> dict[str, Any]:
    """Take everything of a withdrawn person away; what is gone already is looked at again. Returns the report's row.

    The row names what was found before any of it goes, so a run after a crash proves the same list.
    """
    record = records.get(accession)
    row = kept.row_of(records, accession)
    if record is None or row is None:
        raise NotFound(f"No withdrawal of {accession} was asked for.")
    below = [*_below(records, record), record]
    known = {(f["bucket"], f["key"]) for f in row["found"]}
    found = [
        *row["found"],
        *(f for f in _objects(store, inbox, reports, below) if (f["bucket"], f["key"]) not in known),
    ]
    names = sorted({*row.get("records", ()), *(one.accession for one in below)})
    row = {**row, "state": "running", "found": found, "records": names}
    kept.put_row(records, accession, row)
    for one in found:
        kept.delete_every_version(one["bucket"], one["key"])
    for one in below:
        _empty(store, records, one)
    _cut_from_families(store, records, record)
    row |= {"state": "done", "done_at": clock.stamp()}
    kept.put_row(records, accession, row)
    return _shown(accession, row)


def report(records: RecordStore, person: Person, accession: str) -> dict[str, Any]:
    """The proof: each thing that was found, looked at anew. For the owner and staff; NotFound for others."""
    record = visible(records, person, accession)
    row = kept.row_of(records, record.accession)
    if row is None or not insider(records, person, record):
        raise NotFound(f"There is no withdrawal of {accession.strip()[:60]!r}.")
    shown = _shown(record.accession, row)
    there = records.get_many(row.get("records", []))
    shown["records"] = [
        {"accession": a, "gone": one is None or not (one.attributes or one.sensitive or one.files)}
        for a, one in ((a, there.get(a)) for a in row.get("records", []))
    ]
    shown["objects"] = [
        {"what": f["what"], "of": f["of"], "gone": kept.is_gone(f["bucket"], f["key"])} for f in row["found"]
    ]
    shown["proved"] = row["state"] == "done" and all(x["gone"] for x in (*shown["records"], *shown["objects"]))
    return shown


def _shown(accession: str, row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row.get(name) for name in ("state", "asked_at", "done_at")}
    return {"accession": accession, **told, "records": [], "objects": [], "proved": False}


def _below(records: RecordStore, record: Record) -> list[Record]:
    """Every record that hangs on a person's, the leaves first: runs, experiments, samples, and copies elsewhere."""
    found: dict[str, Record] = {}
    left = [record]
    while left:
        one = left.pop()
        for accession in _hanging(records, one):
            other = records.get(accession)
            if other and accession != record.accession and accession not in found and other.dataset != accession:
                found[accession] = other
                left.append(other)
    return list(reversed(found.values()))


def _hanging(records: RecordStore, record: Record) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page, cursor = records.referrers(record.accession, None, PAGE, cursor)
        yield from page
        if cursor is None:
            return


def _objects(
    store: SubmissionStore, inbox: Inbox, reports: ReportStore, below: list[Record]
) -> Iterator[dict[str, str]]:
    """Every stored object of the records' files: archived, counted, uploaded, reported."""
    for record in below:
        if not record.files:
            continue
        for file in record.files:
            yield {"what": "archived file", "of": record.accession, "bucket": file["bucket"], "key": file["key"]}
            if beside := file.get("statistics"):
                bucket = beside.get("bucket") or file["bucket"]
                yield {"what": "statistics", "of": record.accession, "bucket": bucket, "key": beside["key"]}
        for data in _files_of(store, record):
            key = data.key or inbox.key(record.submission, data.id)
            yield {"what": "uploaded file", "of": record.accession, "bucket": inbox.bucket, "key": key}
            if data.report:
                for report_key in (data.report, reports.page_key(data.report)):
                    yield {"what": "report", "of": record.accession, "bucket": reports.bucket, "key": report_key}


def _files_of(store: SubmissionStore, record: Record) -> list[DataFile]:
    return [f for f in store.files(store.get(record.submission)) if f.owner_alias == record.alias]


def _empty(store: SubmissionStore, records: RecordStore, record: Record) -> None:
    """A record without content: its number, type, links and history stay."""
    for _ in range(5):
        now = records.get(record.accession) or record
        if now.visibility == Visibility.WITHDRAWN and not (now.attributes or now.sensitive or now.files):
            break
        new = replace(
            now, visibility=Visibility.WITHDRAWN, reason=REASON, title=now.accession,
            attributes={}, sensitive={}, files=[], release_on=None,
        )  # fmt: skip
        try:
            records.save(
                now, new, event="consent withdrawn", words="Its content is gone.", actor="archive",
                announce=events.RECORD_CHANGED, body={"dataset": now.dataset, "change": "withdrawn"},
            )  # fmt: skip
            break
        except StaleRecord:
            continue
    cursor: str | None = None
    while True:
        rows, cursor = records.rows(record.accession, "VER#", PAGE, cursor)
        for row in rows:
            records.delete_row(record.accession, "VER#", row["id"])
        if cursor is None:
            break
    store.forget_object(record.submission, record.type, record.alias)


def _cut_from_families(store: SubmissionStore, records: RecordStore, person: Record) -> None:
    """Rows of family tables of the person's dataset that name them go; who was their parent is theirs too."""
    dataset = records.get(person.dataset or "")
    if dataset is None:
        return
    names = {person.alias, person.accession}
    if (cut := without(dataset.sensitive, names)) != dataset.sensitive:
        records.save(
            dataset, replace(dataset, sensitive=cut), event="consent withdrawn",
            words="A person was taken out of its families.", actor="archive",
        )  # fmt: skip
    member = catalog.members()[dataset.member]

    def cut_stored(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
        shown, hidden = member.object_type(kind).split(attributes)
        return shown | without(hidden, names)

    store.change_objects(dataset.submission, cut_stored)
