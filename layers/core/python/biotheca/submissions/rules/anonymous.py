"""The table of persons that a document makes: a row each, with what their first sample says. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca.catalog import Member, ObjectType
from biotheca.errors import Finding
from biotheca.privacy import anonymity
from biotheca.submissions.rules.finding import entries, is_empty

Row = dict[str, Any]
# What an age is worth in years, where it is given in another unit.
_YEARS = {"months": 12, "weeks": 52, "days": 365, "hours": 8766}


def people(member: Member) -> ObjectType | None:
    """The type of object of a member of which each is a person, or None."""
    return next((kind for kind in member.objects if kind.person), None)


def rows_of(member: Member, document: Row) -> list[Row]:
    """A row a person, in the order of the document: `alias`, their attributes, and those that only their first sample
    has (age, day of collection, place). Ages are years. Attributes of the submitter's own are columns too."""
    person = people(member)
    if person is None:
        return []
    rows = {str(entry.get("alias")): _flat(entry) for _, entry in entries(document, person)}
    for kind in member.objects:
        for spec in kind.fields.values():
            if spec.kind == "reference" and spec.to == person.type:
                seen: set[str] = set()
                for _, entry in entries(document, kind):
                    named = str(entry.get(spec.name))
                    if named in rows and named not in seen:
                        seen.add(named)
                        rows[named] = {**_flat(entry), **rows[named]}
    return [_in_years(row) for row in rows.values()]


def _flat(entry: Row) -> Row:
    own = entry.get("attributes")
    plain = {k: v for k, v in entry.items() if not isinstance(v, dict | list) and not is_empty(v)}
    return {**(own if isinstance(own, dict) else {}), **plain}


def _in_years(row: Row) -> Row:
    age, unit = row.get("age"), row.get("age_unit")
    if isinstance(age, int | float) and unit in _YEARS:
        return row | {"age": int(age / _YEARS[unit])}
    return row


def check(member: Member, document: Row) -> Iterator[Finding]:
    """A warning if persons are told apart too well, with the least coarsening that would mend it."""
    person = people(member)
    if person and (rows := rows_of(member, document)):
        yield from anonymity.findings(anonymity.report(rows), f"/{person.section}")
