"""A vocabulary has a next version: records get the terms of today, as a version of their own; nothing is dropped.

What took the place of which term is data (catalog/upgrades.yaml). A second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from biotheca import catalog, events
from biotheca.catalog.model import Field
from biotheca.publication.model import Record
from biotheca.publication.release import version_row
from biotheca.publication.service import put_grants
from biotheca.publication.store import RecordStore, StaleRecord
from biotheca.submissions.model import State
from biotheca.submissions.store import SubmissionStore

Row = Mapping[str, Any]


def problems(rows: Sequence[Row], vocabularies: Mapping[str, Sequence[str]]) -> list[str]:
    """What is wrong with rows of upgrades, in words: an old term that is still in force, a new one that nobody has."""
    found = []
    for row in rows:
        terms = set(vocabularies.get(row["vocabulary"], ()))
        later = [r for r in rows if r["vocabulary"] == row["vocabulary"] and r["version"] > row["version"]]
        leave = {old for r in later for old in (*r.get("renamed", {}), *r.get("split", {}))}
        for old, new in _moves(row):
            if old in terms:
                found.append(f"{row['id']}: {old!r} is still a term of {row['vocabulary']}; take it out there.")
            found += [
                f"{row['id']}: {one!r} is no term of {row['vocabulary']}; add it there."
                for one in new
                if one not in terms | leave
            ]
    return found


def _moves(row: Row) -> Iterable[tuple[str, list[str]]]:
    for old, new in row.get("renamed", {}).items():
        yield old, [new]
    for old, rule in row.get("split", {}).items():
        yield old, [*rule.get("of", {}).values(), rule["else"]]


def today(term: Any, vocabulary: str, record: Mapping[str, Any], rows: Sequence[Row]) -> Any:
    """The term of today for one of any day; itself if nothing took its place.

    >>> rows = [{"vocabulary": "v", "version": 2, "renamed": {"a": "b"}}]
    >>> today("a", "v", {}, rows), today("c", "v", {}, rows)
    ('b', 'c')
    """
    for row in sorted((r for r in rows if r["vocabulary"] == vocabulary), key=lambda r: int(r["version"])):
        if term in row.get("renamed", {}):
            term = row["renamed"][term]
        elif rule := row.get("split", {}).get(term):
            term = rule.get("of", {}).get(record.get(rule.get("case", "")), rule["else"])
    return term


def upgraded(
    fields: Mapping[str, Field], values: Mapping[str, Any], rows: Sequence[Row], record: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The same attributes with the terms of today, in lists and in items of items too; all others stay as they are."""
    record = values if record is None else record
    made = dict(values)
    for name, spec in fields.items():
        value = values.get(name)
        if value is None:
            continue
        if spec.fields and isinstance(value, list):
            made[name] = [upgraded(spec.fields, v, rows, record) if isinstance(v, dict) else v for v in value]
        elif spec.vocabulary and isinstance(value, list):
            made[name] = [today(one, spec.vocabulary, record, rows) for one in value]
        elif spec.vocabulary and isinstance(value, str):
            made[name] = today(value, spec.vocabulary, record, rows)
    return made


def upgrade(records: RecordStore, accession: str, rows: Sequence[Row]) -> bool:
    """Bring one record up to date; whether anything changed. The former version keeps the former terms."""
    record = records.get(accession)
    if record is None:
        return False
    kind = catalog.members()[record.member].object_type(record.type)
    new = _next(record, kind.fields, rows)
    if new is None:
        return False
    try:
        done = records.save(
            record,
            new,
            event="upgraded",
            words=f"Version {new.version}: terms of today ({', '.join(sorted(_changed(record, new)))}).",
            actor="archive",
            announce=events.RECORD_CHANGED,
            body={"dataset": record.dataset, "change": "corrected"},
            extra=[records.row_line(record.accession, "VER#", f"{record.version:06d}", version_row(record))],
        )
    except StaleRecord:  # somebody changed it at the same moment; the next night sees it again
        return False
    put_grants(records, done)
    return True


def _next(record: Record, fields: Mapping[str, Field], rows: Sequence[Row]) -> Record | None:
    whole = record.attributes | record.sensitive
    attributes = upgraded(fields, record.attributes, rows, whole)
    sensitive = upgraded(fields, record.sensitive, rows, whole)
    if (attributes, sensitive) == (record.attributes, record.sensitive):
        return None
    return replace(record, attributes=attributes, sensitive=sensitive, version=record.version + 1)


def _changed(old: Record, new: Record) -> set[str]:
    return {name for name, value in new.attributes.items() if value != old.attributes.get(name)} | {
        name for name, value in new.sensitive.items() if value != old.sensitive.get(name)
    }


def upgrade_all(store: SubmissionStore, records: RecordStore) -> int:
    """Bring every record of every archived submission up to date; how many changed. Without rows nothing is read."""
    rows = catalog.upgrades()
    if not rows:
        return 0
    changed = 0
    for state in (State.ARCHIVED, State.RELEASED):
        cursor: str | None = None
        while True:
            found, cursor = store.in_state(state, 100, cursor)
            accessions = {o.accession for one in found for o in store.objects(one) if o.accession}
            changed += sum(upgrade(records, accession, rows) for accession in sorted(accessions))
            if cursor is None:
                break
    return changed
