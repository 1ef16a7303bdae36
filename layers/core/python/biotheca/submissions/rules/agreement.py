"""What a member's own row demands between objects, and of a document that is to be open or controlled. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from biotheca.catalog import Member
from biotheca.errors import Finding
from biotheca.submissions.model import ArchiveObject
from biotheca.submissions.rules.finding import entries, finding, is_empty
from biotheca.submissions.rules.taxa import places
from biotheca.submissions.rules.values import expected_of
from biotheca.taxonomy.model import Taxon


def check(member: Member, document: dict[str, Any]) -> Iterator[Finding]:
    """Objects whose terms do not go with a term of another object: a person's template with the type of study."""
    for row in member.agree:
        owner, _, field = row["of"].partition(".")
        said = {entry.get(field) for _, entry in entries(document, member.object_type(owner))}
        known = {term for term in said if isinstance(term, str) and term in row["terms"]}
        allowed = {value for term in known for value in row["terms"][term]}
        if not known:
            continue
        for place in row["with"]:
            other, _, name = place.partition(".")
            for where, entry in entries(document, member.object_type(other)):
                value = entry.get(name)
                if isinstance(value, str) and value and value not in allowed:
                    words = f"A {owner} of type {' or '.join(sorted(known))} has no {other} of template {value[:80]}."
                    yield finding("metadata.agree", f"{where}/{name}", words, value, " or ".join(sorted(allowed)))


def check_mode(
    member: Member, document: dict[str, Any], mode: str, taxa: Mapping[int, Taxon] | None = None
) -> Iterator[Finding]:
    """What a document lacks to be published in an access mode, or why it may not be."""
    for place in member.demands.get(mode, ()):
        owner, _, name = place.partition(".")
        kind = member.object_type(owner)
        for where, entry in entries(document, kind):
            if is_empty(entry.get(name)):
                label = kind.fields[name].label["en"]
                words = f"{label!r} is missing: {mode} access needs it."
                yield finding("access.demand", f"{where}/{name}", words, expected=expected_of(kind.fields[name]))
    if wanted := member.only_with_taxa.get(mode):
        numbers = [entry.get(spec.name) for spec, _, entry in places(member, document)]
        if numbers and not any(_within(number, wanted, taxa or {}) for number in numbers):
            words = f"No organism of this dataset lets it have {mode} access."
            yield finding("access.organism", "/access", words, mode, f"an organism within taxon {wanted[0]}, or open")


def _within(number: Any, wanted: Iterable[int], taxa: Mapping[int, Taxon]) -> bool:
    taxon = taxa.get(number) if isinstance(number, int) else None
    return any(number == one or (taxon is not None and taxon.within(one)) for one in wanted)


def document_of(member: Member, objects: Iterable[ArchiveObject]) -> dict[str, Any]:
    """Stored objects as the document that they came from, without files and what was made of them."""
    found: dict[str, Any] = {}
    made = {kind.type for kind in member.made}
    for obj in objects:
        if obj.type in made:
            continue
        kind = member.object_type(obj.type)
        entry = {"alias": obj.alias, **obj.attributes}
        if kind.many:
            found.setdefault(kind.section, []).append(entry)
        else:
            found[kind.section] = entry
    return found
