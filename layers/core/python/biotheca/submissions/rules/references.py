"""What refers to what: by alias inside a document, by accession to a record that is there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from biotheca.catalog import Field, Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.model import Known
from biotheca.submissions.rules.finding import aliases_of, entries, finding, is_empty
from biotheca.submissions.rules.taxa import elsewhere
from biotheca.submissions.rules.values import expected_of
from biotheca.taxonomy.model import Taxon


def references_in(member: Member, document: dict[str, Any]) -> Iterator[tuple[ObjectType, Field, str, Any]]:
    """(type, field, place, value) of every reference of a document that says something."""
    for kind in member.objects:
        fields = [spec for spec in kind.fields.values() if spec.kind == "reference"]
        for where, entry in entries(document, kind) if fields else ():
            for spec in fields:
                if not is_empty(entry.get(spec.name)):
                    yield kind, spec, f"{where}/{spec.name}", entry[spec.name]


def accessions_in(member: Member, document: dict[str, Any]) -> list[str]:
    """What references name that no alias of the document explains: accessions to look up, each once, upper case."""
    aliases = aliases_of(member, document)
    found = (
        value.strip().upper()
        for _, spec, _, value in references_in(member, document)
        if isinstance(value, str) and value not in aliases.get(spec.to or "", {})
    )
    return list(dict.fromkeys(found))


def all_referred(member: Member, kind: ObjectType, document: dict[str, Any], known: Mapping[str, Known]) -> bool:
    """Whether the document refers to objects of this type, and to accessions only: its section may be absent then."""
    values = [
        value
        for owner, spec, _, value in references_in(member, document)
        if spec.to == kind.type and owner.type != kind.type
    ]
    return bool(values) and all(isinstance(v, str) and v in known for v in values)


def check(
    member: Member,
    document: dict[str, Any],
    known: Mapping[str, Known],
    numbers: Mapping[tuple[str, str], str],
    taxa: Mapping[int, Taxon],
) -> Iterator[Finding]:
    """Findings of every reference: that it leads to something of the right type, and never in a circle."""
    aliases = aliases_of(member, document)
    for _, spec, where, value in references_in(member, document):
        yield from _check_one(member, spec, value, where, aliases, known, taxa)
    for kind in member.objects:
        for spec in kind.fields.values():
            if spec.kind == "reference" and spec.to == kind.type:
                yield from _check_circle(kind, spec, document, known, numbers)


def target_of(
    spec: Field, value: Any, aliases: Mapping[str, Mapping[str, dict[str, Any]]], known: Mapping[str, Known]
) -> dict[str, Any] | None:
    """The attributes of what a reference names, or None."""
    if not isinstance(value, str):
        return None
    entry = aliases.get(spec.to or "", {}).get(value)
    if entry is not None:
        return entry
    record = known.get(value)
    return record.attributes if record and record.type == spec.to else None


def _check_one(
    member: Member,
    spec: Field,
    value: Any,
    where: str,
    aliases: Mapping[str, Mapping[str, dict[str, Any]]],
    known: Mapping[str, Known],
    taxa: Mapping[int, Taxon],
) -> Iterator[Finding]:
    target = target_of(spec, value, aliases, known)
    record = known.get(value) if isinstance(value, str) else None
    wanted = member.object_type(spec.to or "")
    if target is None and record is not None:
        message = f"{value} is a {record.type}, not a {spec.to}."
        yield finding("metadata.reference_type", where, message, value, expected_of(spec))
    elif record is not None and record.form not in (None, wanted.accession):
        message = f"{value} is a {record.type} of another registry; {member.id} has its own."
        yield finding("metadata.reference_type", where, message, value, f"a {wanted.title['en']}")
    elif target is None:
        message = (
            f"There is no {spec.to} with the alias {str(value)[:80]!r} here, and no such accession that you may use."
        )
        yield finding("metadata.reference", where, message, value, expected_of(spec))
    else:
        for name, allowed in spec.where.items():
            if target.get(name) not in allowed:
                message = (
                    f"{value} has {name.replace('_', ' ')} {target.get(name)!r}; {' or '.join(allowed)} is needed."
                )
                yield finding("metadata.reference_where", where, message, value, f"{name} {' or '.join(allowed)}")
        taxon = target.get("taxon_id") if record else None
        if there := elsewhere(member, taxon, taxa):
            message = f"{value} is of taxon {taxon}, which belongs in {there}, not in {member.id}."
            yield finding("metadata.taxon_elsewhere", where, message, value, f"submit it to {there}")


def _check_circle(
    kind: ObjectType,
    spec: Field,
    document: dict[str, Any],
    known: Mapping[str, Known],
    numbers: Mapping[tuple[str, str], str],
) -> Iterator[Finding]:
    """A reference from a type to itself (a project to its umbrella) must end somewhere, at any depth."""
    above: dict[str, str] = {}
    by_number = {number: alias for (owner, alias), number in numbers.items() if owner == kind.type}
    for accession, record in known.items():
        if record.type == kind.type and isinstance(record.attributes.get(spec.name), str):
            above[accession] = record.attributes[spec.name]
    places = {}
    for where, entry in entries(document, kind):
        alias, parent = entry.get("alias"), entry.get(spec.name)
        if isinstance(alias, str) and isinstance(parent, str):
            above[alias] = by_number.get(parent, parent)
            places[alias] = f"{where}/{spec.name}"
    for alias, where in places.items():
        if circle := _circle(alias, above, by_number):
            message = f"The {spec.name} of {alias!r} leads back to itself: {' > '.join(circle)}."
            yield finding("metadata.circle", where, message, above[alias], "a reference that ends")


def _circle(start: str, above: Mapping[str, str], by_number: Mapping[str, str]) -> list[str]:
    """The way from a start back to itself; empty if there is none."""
    way, seen = [start], {start}
    while (following := above.get(way[-1])) is not None:
        following = by_number.get(following, following)
        way.append(following)
        if following == start:
            return way
        if following in seen:  # a circle further up, which its own members are told
            return []
        seen.add(following)
    return []
