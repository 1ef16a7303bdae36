"""Two records of one person in two databases: asked for, agreed to, shown both ways, taken back, and found together.

Which types of object may be one person is the catalog's `same_person`. A link needs the people of both records: who has
only one of them asks, and it is made when the other's people say the same. It stands among what uses each record, so
that all that hangs on the one is found from the other. Nobody learns of a record that they may not see.
"""

from __future__ import annotations

from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid, NotFound
from biotheca.publication.model import Record
from biotheca.publication.service import may_see, of_its_people, visible
from biotheca.publication.store import RecordStore

MOST = 20  # links of one record
ASKED, MADE = "asked", "made"
ROW, ALL = "SAME#", "SAME_PERSON"
WORDS = {
    "linked": "It was linked with another record of the same person.",
    "link asked": "A link with another record of the same person was asked for.",
    "unlinked": "A link with another record of the same person was taken back.",
}


def link(records: RecordStore, person: Person, accession: str, other: str) -> dict[str, Any]:
    """Say that two records are of one person; {accession, state}: `made`, or `asked` till the other's people agree.

    The same again changes nothing. NotFound unless one sees both and is of the people of the first; Invalid if their
    types are never one person, or the record has too many links.
    """
    one, two = _both(records, person, accession, other)
    _must_pair(one, two)
    row = records.row(one.accession, ROW, two.accession)
    mine = of_its_people(records, person, two)
    agreed = mine or (row is not None and row["state"] == ASKED and row["asked_of"] == one.accession)
    if row and (row["state"] == MADE or not agreed):
        return _shown(two, row)
    if row is None and any(len(records.rows(r.accession, ROW, MOST)[0]) == MOST for r in (one, two)):
        raise Invalid(f"{one.accession} or {two.accession} has {MOST} links already.", [_finding("many", two)])
    row = {"state": MADE if agreed else ASKED, "at": clock.stamp(), "asked_of": two.accession}
    lines = [records.row_line(a.accession, ROW, b.accession, row) for a, b in ((one, two), (two, one))]
    if agreed:
        lines += [records.reference_line(one, two.accession), records.reference_line(two, one.accession)]
        lines.append(records.name_line(ALL, _key(one, two), {"pair": _ordered(one, two)}))
    _write(records, person, one, two, "linked" if agreed else "link asked", lines)
    return _shown(two, row)


def unlink(records: RecordStore, person: Person, accession: str, other: str) -> None:
    """Take a link or a question back; the people of either record may. NotFound if there is none of theirs."""
    one = visible(records, person, accession)
    row = records.row(one.accession, ROW, other.strip().upper())
    two = records.get(other.strip().upper())
    if row is None or two is None or not any(of_its_people(records, person, r) for r in (one, two)):
        raise NotFound(f"There is no link of {one.accession} to {other.strip()[:60]!r} of yours.")
    lines = [records.row_gone_line(a.accession, ROW, b.accession) for a, b in ((one, two), (two, one))]
    if row["state"] == MADE:
        lines += [records.reference_gone_line(one, two.accession), records.reference_gone_line(two, one.accession)]
        lines.append(records.name_gone_line(ALL, _key(one, two)))
    _write(records, person, one, two, "unlinked", lines)


def listed(records: RecordStore, person: Person | None, accession: str) -> list[dict[str, Any]]:
    """The other records of a person, as far as the reader may see them; questions to the people of either record."""
    one = visible(records, person, accession)
    rows = {row["id"]: row for row in records.rows(one.accession, ROW, MOST)[0]}
    others = records.get_many(list(rows))
    return [
        _shown(two, rows[number])
        for number, two in sorted(others.items())
        if may_see(records, person, two) and (rows[number]["state"] == MADE or _of_either(records, person, one, two))
    ]


def joint(
    records: RecordStore, person: Person | None, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the people who have records in two databases, both of which the reader may see.

    A page may be shorter than `limit` and yet have a next.
    """
    rows, following = records.named(ALL, limit, cursor)
    known = records.get_many(list(dict.fromkeys(number for row in rows for number in row["pair"])))
    pairs = [[known.get(number) for number in row["pair"]] for row in rows]
    seen = [pair for pair in pairs if all(one and may_see(records, person, one) for one in pair)]
    return [{"records": [_named(one) for one in pair if one]} for pair in seen], following


def _both(records: RecordStore, person: Person, accession: str, other: str) -> tuple[Record, Record]:
    one, two = visible(records, person, accession), visible(records, person, other)
    if not of_its_people(records, person, one):
        raise NotFound(f"There is no record {one.accession!r} of yours.")
    return one, two


def _must_pair(one: Record, two: Record) -> None:
    types = [catalog.members()[r.member].object_type(r.type) for r in (one, two)]
    if not (types[0].same_person == types[1].type or types[1].same_person == types[0].type):
        words = f"{one.accession} ({one.type}) and {two.accession} ({two.type}) are never one person."
        raise Invalid(words, [_finding("types", two)])


def _of_either(records: RecordStore, person: Person | None, one: Record, two: Record) -> bool:
    return person is not None and any(of_its_people(records, person, r) for r in (one, two))


def _finding(what: str, two: Record) -> Finding:
    rule = f"publication.same_person_{what}"
    message = str(catalog.rules()[rule]["message"]["en"])
    return Finding(rule, "/accession", message, two.accession, mend=catalog.mend(rule))


def _ordered(one: Record, two: Record) -> list[str]:
    """The record of the type that names the other first."""
    first = catalog.members()[one.member].object_type(one.type).same_person == two.type
    return [one.accession, two.accession] if first else [two.accession, one.accession]


def _key(one: Record, two: Record) -> str:
    return "#".join(_ordered(one, two))


def _write(
    records: RecordStore, person: Person, one: Record, two: Record, event: str, lines: list[dict[str, Any]]
) -> None:
    """All or none. A history names no other record: who reads it may not see that one."""
    for record in (one, two):
        lines += records.change_lines(record, record, event=event, words=WORDS[event], actor=person.subject)
        body = {"accession": record.accession, "dataset": record.dataset, "actor": person.subject, "event": event}
        lines.append(records.outbox_line(events.RECORD_CHANGED, record.submission, body | {"change": event}))
    records.write(lines)


def _shown(two: Record, row: dict[str, Any]) -> dict[str, Any]:
    return {**_named(two), "state": row["state"], "at": row["at"]}


def _named(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("accession", "type", "member", "title", "dataset")}
