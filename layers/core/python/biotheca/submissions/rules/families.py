"""Families of a document: the rows of parents that an object type has, joined with what is said of each person. Pure.

Which field holds the rows and where sex and phenotype stand is the catalog's word (`pedigree` of an object type):

rows        the field of the type, of kind items, with `family`, `individual`, `father`, `mother` as fields of a row
people      the object type of a person, whom rows name by the alias and by nothing else: who takes consent back is
            looked for by it
sex, phenotype    fields of a person
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from biotheca.catalog import Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.model import Known
from biotheca.submissions.rules.finding import entries, finding
from biotheca.submissions.rules.pedigree import PHENOTYPE, SEX, Relative, check_pedigree, ped

COLUMNS = ("family", "individual", "father", "mother")


def check(
    member: Member, document: dict[str, Any], known: Mapping[str, Known], existing: Collection[str] = ()
) -> Iterator[Finding]:
    """Every finding of the families of a document, each at its row and field.

    `existing`: object types that a dataset which is extended has already; people among them are not looked for.
    """
    for kind in member.objects:
        if not kind.pedigree:
            continue
        people = _people(member, kind, document)
        for where, entry in entries(document, kind):
            rows = _rows(kind, entry)
            if rows is None:
                continue
            section = f"{where}/{kind.pedigree['rows']}"
            yield from check_pedigree([_relative(row, people, kind) for row in rows], section)
            if kind.pedigree["people"] not in existing:
                yield from _strangers(rows, {*people, *known}, section)


def _strangers(rows: list[dict[str, str]], called: set[str], section: str) -> Iterator[Finding]:
    for number, row in enumerate(rows):
        name = row["individual"]
        if name and name != "0" and name not in called:
            place = f"{section}/{number}/individual"
            message = f"{name[:80]!r} is none of the individuals of this submission."
            yield finding("pedigree.not_described", place, message, name, "the alias of an individual")


def ped_of(member: Member, document: dict[str, Any]) -> str:
    """The families of a document as PED text, a line a row; empty if it has none."""
    texts = []
    for kind in member.objects:
        if kind.pedigree:
            people = _people(member, kind, document)
            for _, entry in entries(document, kind):
                texts.append(ped([_relative(row, people, kind) for row in _rows(kind, entry) or []]))
    return "".join(texts)


def _rows(kind: ObjectType, entry: dict[str, Any]) -> list[dict[str, str]] | None:
    """The rows with texts in all columns; None if any is malformed, which other rules tell."""
    rows = entry.get((kind.pedigree or {})["rows"])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    wanted = [{name: row.get(name) or "" for name in COLUMNS} for row in rows]
    if not all(isinstance(value, str) for row in wanted for value in row.values()):
        return None
    return [{name: value.strip() for name, value in row.items()} for row in wanted]


def _people(member: Member, kind: ObjectType, document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Alias -> person, of every person of the document."""
    persons = [entry for _, entry in entries(document, member.object_type((kind.pedigree or {})["people"]))]
    return {entry["alias"]: entry for entry in persons if isinstance(entry.get("alias"), str)}


def _relative(row: dict[str, str], people: Mapping[str, dict[str, Any]], kind: ObjectType) -> Relative:
    wanted, person = kind.pedigree or {}, people.get(row["individual"], {})
    # A word that a pedigree has no code for has passed the field's own vocabulary: to a pedigree it is unknown.
    sex, phenotype = (
        value if isinstance(value := person.get(wanted[name]), str) and value.strip().casefold() in codes else ""
        for name, codes in (("sex", SEX), ("phenotype", PHENOTYPE))
    )
    return Relative(**row, sex=sex, phenotype=phenotype)


def without(attributes: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Attributes of an object without the rows of its lists that name somebody of `names`, in whatever column."""
    return {
        name: [row for row in value if not (isinstance(row, dict) and names & {str(v) for v in row.values()})]
        if isinstance(value, list)
        else value
        for name, value in attributes.items()
    }
