"""Organisms: that id and name agree, and that no taxon stands here that belongs in another member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from biotheca.catalog import Field, Member
from biotheca.errors import Finding
from biotheca.submissions.rules.finding import entries, finding
from biotheca.taxonomy.model import Taxon
from biotheca.taxonomy.rules import same_name


def places(member: Member, document: dict[str, Any]) -> Iterator[tuple[Field, str, dict[str, Any]]]:
    """(taxon field, place of its object, object) of every taxon of a document, also inside lists of small objects."""
    for kind in member.objects:
        for where, entry in entries(document, kind):
            for spec in kind.fields.values():
                if spec.kind == "taxon":
                    yield spec, where, entry
                elif spec.kind == "items" and isinstance(entry.get(spec.name), list):
                    for number, item in enumerate(entry[spec.name]):
                        inner = [s for s in spec.fields.values() if s.kind == "taxon"] if isinstance(item, dict) else []
                        yield from ((s, f"{where}/{spec.name}/{number}", item) for s in inner)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def taxa_in(member: Member, document: dict[str, Any]) -> list[int]:
    """Every taxonomy id of a document, each once."""
    found = (_number(entry.get(spec.name)) for spec, _, entry in places(member, document))
    return list(dict.fromkeys(n for n in found if n is not None))


def elsewhere(member: Member, number: Any, taxa: Mapping[int, Taxon]) -> str | None:
    """The member where data of a taxon belong, if not in this one: the taxon itself or anything below it."""
    wanted = _number(number)
    if wanted is None:
        return None
    taxon = taxa.get(wanted)
    for refused, target in member.refuses_taxa.items():
        if wanted == refused or (taxon is not None and taxon.within(refused)):
            return target
    return None


def check(member: Member, document: dict[str, Any], taxa: Mapping[int, Taxon]) -> Iterator[Finding]:
    """Every finding of organisms."""
    for spec, where, entry in places(member, document):
        number = _number(entry.get(spec.name))
        if number is None:
            continue
        place = f"{where}/{spec.name}"
        if target := elsewhere(member, number, taxa):
            message = f"Taxon {number} belongs in {target}, not in {member.id}."
            yield finding("metadata.taxon_elsewhere", place, message, number, f"submit it to {target}")
        elif number not in taxa:
            message = f"Taxon {number} is not known to this archive."
            yield finding("taxonomy.unknown", place, message, number, "an id of the NCBI taxonomy")
        elif spec.beside and isinstance(entry.get(spec.beside), str):
            yield from _check_name(taxa[number], entry[spec.beside], f"{where}/{spec.beside}")


def _check_name(taxon: Taxon, name: str, where: str) -> Iterator[Finding]:
    fits = same_name(taxon, name)
    if fits == "no":
        message = f"Taxon {taxon.id} is {taxon.name}, not {name[:100]!r}."
        yield finding("taxonomy.name", where, message, name, taxon.name)
    elif fits == "other":
        message = f"{name[:100]!r} is another name of {taxon.name}."
        yield finding("taxonomy.synonym", where, message, name, taxon.name)
