"""Corrections of accepted metadata: asked for by the owner, decided by a curator, kept as versions with differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events, ids
from biotheca.accounts.model import Person, Role
from biotheca.catalog.reasons import return_reasons
from biotheca.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from biotheca.publication.model import Record
from biotheca.publication.release import MOST_LISTED, version_row
from biotheca.publication.service import owned, put_grants, visible
from biotheca.publication.store import RecordStore
from biotheca.submissions.rules import check_document, finding
from biotheca.submissions.store import SubmissionStore


class CorrectionDecidedAlready(Conflict):
    """The correction was decided otherwise before."""

    rule = "curation.not_waiting"


# --- corrections ---


def request(
    store: SubmissionStore, records: RecordStore, person: Person, accession: str, changes: dict[str, Any], text: str
) -> dict[str, Any]:
    """Ask for fields of an accepted record to be changed (a field set to None goes). Invalid with every finding."""
    record = owned(store, records, person, accession)
    if findings := _check(record, changes):
        raise Invalid(findings[0].message, findings)
    identifier, at = ids.new("cor"), clock.stamp()
    row = {
        "accession": record.accession,
        "changes": [{"field": k, "to": v} for k, v in changes.items()],
        "version": record.version,
        "text": text,
        "state": "waiting",
        "actor": person.subject,
        "at": at,
    }
    waiting = {"queue_key": "QUEUE#corrections", "queue_position": f"1#{at}"}
    body = {"accession": record.accession, "correction": identifier, "actor": person.subject}
    records.write(
        [
            records.row_line(record.accession, "COR#", identifier, row | waiting),
            records.outbox_line(events.CORRECTION_REQUESTED, record.submission, body),
        ]
    )
    return row | {"id": identifier}


# What one record alone cannot show: these look at other objects of its document.
_OF_OTHERS = ("metadata.incomplete", "metadata.reference", "files.count", "pedigree.not_described")


def _check(record: Record, changes: dict[str, Any]) -> list[Finding]:
    """Findings of a record with changes, as its member's rules see it; references and files are not corrected so."""
    member = catalog.members()[record.member]
    kind = member.object_type(record.type)
    fixed = [name for name in changes if name in kind.fields and kind.fields[name].kind == "reference"]
    found = [
        finding("publication.fixed_field", f"/changes/{name}", f"{name} ties the record to another and stays.", name)
        for name in [*fixed, *(name for name in changes if name in ("alias", "files", "replaces"))]
    ]
    if not changes:
        found.append(finding("metadata.required", "/changes", "Nothing is to be changed."))
    entry = {"alias": record.alias, **_merged(record.attributes | record.sensitive, changes)}
    where = f"/{kind.section}"
    for one in check_document(member, {kind.section: [entry] if kind.many else entry}):
        passed = one.severity != "error" or one.rule in _OF_OTHERS
        if one.where.startswith(where) and not passed and not one.where.endswith("/replaces"):
            found.append(one)
    return found


def _merged(attributes: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in {**attributes, **changes}.items() if v is not None}


def waiting(
    records: RecordStore, person: Person, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the corrections that wait for a curator."""
    person.must_be(Role.CURATOR, Role.DATA_MANAGER)
    return records.corrections(limit, cursor)


def of_record(
    store: SubmissionStore, records: RecordStore, person: Person, accession: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the corrections of one's own record."""
    record = owned(store, records, person, accession)
    return records.rows(record.accession, "COR#", limit, cursor)


def decide(
    records: RecordStore, person: Person, accession: str, identifier: str, verdict: str, reasons: list[dict[str, str]]
) -> Record:
    """Accept a correction (the record has its next version) or refuse it with coded reasons."""
    person.must_be(Role.CURATOR)
    record = visible(records, person, accession)
    row = records.row(record.accession, "COR#", identifier)
    if row is None:
        raise NotFound(f"There is no correction {identifier[:60]!r} of {record.accession}.")
    if person.subject == record.owner:
        raise NotAllowed("This correction is your own; another curator decides on it.")
    if row["state"] != "waiting":
        if row["state"] == f"{verdict}ed":
            return record
        raise CorrectionDecidedAlready(f"The correction was {row['state']} before.")
    if verdict == "return":
        _must_have_reasons(reasons)
    decided = {k: v for k, v in row.items() if k != "id"} | {"state": f"{verdict}ed", "reasons": reasons}
    decided_line = records.row_line(
        record.accession, "COR#", identifier, decided, "#state = :waiting", n_state="state", waiting="waiting"
    )
    body = {"accession": record.accession, "correction": identifier, "decision": verdict}
    told = records.outbox_line(events.CORRECTION_DECIDED, record.submission, body)
    if verdict == "return":
        records.write([decided_line, told])
        return record
    return _corrected(records, record, row, person, [decided_line, told])


def _corrected(
    records: RecordStore, record: Record, row: dict[str, Any], person: Person, extra: list[dict[str, Any]]
) -> Record:
    changes = {change["field"]: change.get("to") for change in row["changes"]}
    kind = catalog.members()[record.member].object_type(record.type)
    attributes, sensitive = kind.split(_merged(record.attributes | record.sensitive, changes))
    new = replace(
        record,
        attributes=attributes,
        sensitive=sensitive,
        title=str(attributes.get("title", record.alias)),
        version=record.version + 1,
    )
    kept = records.row_line(record.accession, "VER#", f"{record.version:06d}", version_row(record))
    done = records.save(
        record,
        new,
        event="corrected",
        words=f"Version {new.version}: {', '.join(sorted(changes))} corrected.",
        actor=person.subject,
        announce=events.RECORD_CHANGED,
        body={"dataset": record.dataset, "change": "corrected"},
        extra=[kept, *extra],
    )
    put_grants(records, done)
    return done


def _must_have_reasons(reasons: list[dict[str, str]]) -> None:
    if not reasons:
        raise Invalid("A refusal needs a reason.", [finding("curation.reason_needed", "/reasons", "No reason.")])
    wrong = [
        finding("curation.reason_code", f"/reasons/{n}/code", f"{r['code']!r} is no reason code.", r["code"])
        for n, r in enumerate(reasons)
        if r["code"] not in return_reasons()
    ]
    if wrong:
        raise Invalid(wrong[0].message, wrong)


# --- versions ---


def versions(
    records: RecordStore, person: Person | None, accession: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the versions of a record, first to last; the one in force stands at the end of the last page."""
    record = visible(records, person, accession)
    rows, after = records.rows(record.accession, "VER#", limit, cursor)
    found = [{"version": row["version"], "title": row["title"], "until": row["at"]} for row in rows]
    if after is None:
        found.append({"version": record.version, "title": record.title, "until": None})
    return found, after


def version(records: RecordStore, person: Person | None, accession: str, number: int) -> dict[str, Any]:
    """A version of a record as it was; NotFound if it never had that one."""
    record = visible(records, person, accession)
    view = record.public_view()
    if number == record.version:
        return view | {"until": None}
    row = records.row(record.accession, "VER#", f"{number:06d}")
    if row is None:
        raise NotFound(f"{record.accession} has versions 1 to {record.version}, not {number}.")
    shown = {"title": row["title"], "attributes": row["attributes"], "version": number, "until": row["at"]}
    return view | shown


def difference(records: RecordStore, person: Person | None, accession: str, before: int, after: int) -> dict[str, Any]:
    """What changed from one version to another: fields, and of a dataset what came and went (the first thousand)."""
    old, new = (version(records, person, accession, number)["attributes"] for number in (before, after))
    fields = [
        {"field": name, "from": old.get(name), "to": new.get(name)}
        for name in sorted(set(old) | set(new))
        if old.get(name) != new.get(name)
    ]
    came: set[str] = set()
    gone: set[str] = set()
    low, high = sorted((before, after))
    for number in range(low + 1, high + 1):
        row = records.row(visible(records, person, accession).accession, "CAME#", f"{number:06d}") or {}
        came |= set(row.get("added", []))
        gone |= set(row.get("removed", []))
    if after < before:
        came, gone = gone, came
    listed = {"added": sorted(came)[:MOST_LISTED], "removed": sorted(gone)[:MOST_LISTED]}
    return {"accession": accession.strip().upper(), "from": before, "to": after, "fields": fields, **listed}
