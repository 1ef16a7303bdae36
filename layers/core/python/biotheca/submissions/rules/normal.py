"""How a document is written down: terms for their aliases, accessions in capitals, a platform from its model."""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.catalog import Field, Member, ObjectType
from biotheca.errors import Finding
from biotheca.submissions.rules.finding import aliases_of, finding, is_empty, objects_of, place_of


def normalised(member: Member, document: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The document as it is stored, and a hint for each value that was written otherwise. The given one stays."""
    hints: list[Finding] = []
    aliases = aliases_of(member, document)
    made = dict(document)
    for kind in member.objects:
        written = [
            _entry(kind, entry, place_of(kind, number), aliases, hints) if isinstance(entry, dict) else entry
            for number, entry in enumerate(objects_of(document, kind))
        ]
        if isinstance(document.get(kind.section), list):
            made[kind.section] = written
        elif written:
            made[kind.section] = written[0]
    return made, hints


def _entry(
    kind: ObjectType, entry: dict[str, Any], where: str, aliases: dict[str, dict[str, Any]], hints: list[Finding]
) -> dict[str, Any]:
    made = dict(entry)
    for name, value in entry.items():
        spec = kind.fields.get(name)
        if spec is None or is_empty(value):
            continue
        if spec.kind == "reference":
            if isinstance(value, str) and value not in aliases.get(spec.to or "", {}):
                made[name] = value.strip().upper()
        elif spec.multiple:
            many = value if isinstance(value, list) else [value]
            made[name] = [_term(spec, one, f"{where}/{name}", hints) for one in many]
        else:
            made[name] = _term(spec, value, f"{where}/{name}", hints)
    _derive(kind, made)
    return made


def _term(spec: Field, value: Any, where: str, hints: list[Finding]) -> Any:
    """The value as its vocabulary writes it."""
    if not isinstance(value, str):
        return value
    term = value
    folded = " ".join(value.split()).casefold()
    if spec.kind == "choice" and value not in catalog.vocabulary(spec.vocabulary or ""):
        term = catalog.aliases(spec.vocabulary or "").get(folded, value)
    elif spec.missing and folded in catalog.missing_terms():
        term = folded
    if term != value:
        message = f"{value!r} is written as {term!r}."
        hints.append(finding("metadata.alias_of_term", where, message, value, term))
    return term


def _derive(kind: ObjectType, made: dict[str, Any]) -> None:
    """Fill a field that narrows another from that other's value, if only one fits (the platform of a model)."""
    for spec in kind.fields.values():
        if not spec.within or not isinstance(made.get(spec.name), str) or not is_empty(made.get(spec.within)):
            continue
        fitting = [k for k, terms in catalog.terms_within(spec.vocabulary or "").items() if made[spec.name] in terms]
        if len(fitting) == 1:
            made[spec.within] = fitting[0]
