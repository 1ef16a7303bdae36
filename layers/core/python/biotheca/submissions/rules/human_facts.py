"""What a document says of what countries and classes of files look at: facts and numbers, read where the member's row
says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from biotheca import catalog
from biotheca.catalog import Member
from biotheca.submissions.rules.conditions import Facts
from biotheca.submissions.rules.finding import entries, is_empty
from biotheca.submissions.rules.human_resources import Document, Standing, individuals_sequenced
from biotheca.taxonomy.model import Taxon

Section = dict[str, Any]


def facts_of(member: Member, document: Section, mode: str, taxa: Mapping[int, Taxon]) -> Facts:
    """The facts of a document (submissions.rules.document_of) that is to have an access mode; what it does not say is
    left out. `taxa`: those that the document names, as far as they are known; others are of nobody."""
    return {"access": mode, **said_of(member, member.jurisdiction, document, taxa)}


def said_of(
    member: Member, rows: Mapping[str, Mapping[str, Any]], document: Section, taxa: Mapping[int, Taxon]
) -> dict[str, Any]:
    """The facts that rows of a member (`jurisdiction`, `sensitivity`) read from a document."""
    found = {}
    for fact, row in rows.items():
        value = _READERS[next(key for key in _READERS if key in row)](member, document, row, taxa)
        if not is_empty(value):
            found[fact] = value
    return found


def documents_of(member: Member, document: Section, vouched: Iterable[Mapping[str, str]]) -> list[Document]:
    """The numbers that a document states, each with what staff said of the very same number and dates last."""
    names = {name: kind for kind, row in _documents().items() for name in row.get("records", ())}
    said = {_identity(row): Standing(row["standing"]) for row in vouched}
    found = []
    for item in _values(member, document, member.numbers) if member.numbers else ():
        if not isinstance(item, dict) or item.get("status") in catalog.human_resources()["not_yet"]:
            continue
        if kind := names.get(str(item.get("record"))):
            number, dated, ends = (str(item.get(name) or "") for name in ("number", "date", "valid_until"))
            row = {"document": kind, "number": number, "dated": dated, "ends": ends}
            found.append(Document(kind, number, dated, said.get(_identity(row), Standing.DECLARED), ends))
    return found


def _identity(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in ("document", "number", "dated", "ends"))


def _documents() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = catalog.human_resources()["documents"]
    return found


def _values(member: Member, document: Section, place: str) -> Iterator[Any]:
    """What stands at `type.field` or `type.items.field`; of a list each, of what is empty nothing."""
    owner, _, path = place.partition(".")
    found: list[Any] = [entry for _, entry in entries(document, member.object_type(owner))]
    for name in path.split("."):
        inner = [entry.get(name) for entry in found if isinstance(entry, dict)]
        found = [one for value in inner for one in (value if isinstance(value, list) else [value])]
    yield from (value for value in found if not is_empty(value))


def _said(member: Member, document: Section, row: Mapping[str, Any], taxa: Mapping[int, Taxon]) -> Any:
    values = list(_values(member, document, row["of"]))
    if not values or "terms" in row:
        return row["terms"].get(values[0], row.get("else")) if values else row.get("else")
    if "true_if" in row:
        return any(value in row["true_if"] for value in values)
    owner, _, name = row["of"].partition(".")
    several = "." in name or member.object_type(owner).fields[name].multiple
    return values if several else values[0]


def _within(member: Member, document: Section, row: Mapping[str, Any], taxa: Mapping[int, Taxon]) -> bool | None:
    numbers = list(_values(member, document, row["taxa"]))
    if not numbers:
        return None
    return any(n == row["within"] or (n in taxa and taxa[n].within(row["within"])) for n in numbers)


def _sequenced(member: Member, document: Section, row: Mapping[str, Any], taxa: Mapping[int, Taxon]) -> int:
    """Persons, followed by alias from what was sequenced; what is not in the document counts as one of its own."""
    owner, _, strategy = row["strategy"].partition(".")
    steps, kind = [], owner
    for name in row["through"]:
        kind = member.object_type(kind).fields[name].to or name
        steps.append((name, {str(e.get("alias")): e for _, e in entries(document, member.object_type(kind))}))
    links = []
    for _, entry in entries(document, member.object_type(owner)):
        named: Section = entry
        end = str(entry.get("alias"))
        for name, by_alias in steps:
            end = str(named.get(name) or end)
            named = by_alias.get(end, {})
        links.append((str(entry.get(strategy) or ""), end))
    return individuals_sequenced(links)


_READERS: dict[str, Callable[[Member, Section, Mapping[str, Any], Mapping[int, Taxon]], Any]] = {
    "is": lambda member, document, row, taxa: row["is"],
    "of": _said,
    "taxa": _within,
    "strategy": _sequenced,
}
