"""Records as SRA XML and as trees of projects, in pages, as far as the reader may see them."""

from __future__ import annotations

from typing import Any

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.errors import Finding, Invalid, NotFound
from biotheca.publication import rules, service
from biotheca.publication.model import Record
from biotheca.publication.sensitivity import open_to_all
from biotheca.publication.store import RecordStore
from biotheca.sra_xml.terms import ELEMENTS
from biotheca.sra_xml.write import Written, one_set


def xml(
    records: RecordStore, person: Person | None, accession: str, kind: str, limit: int, cursor: str | None
) -> tuple[bytes, str | None]:
    """A page of one set of a record: itself, or of a dataset another type inside it or above it.

    `kind` is an object type or `submission`; empty, the record's own. Invalid for a type that the record leads not to.
    """
    record = service.visible(records, person, accession)
    found, following = _found(records, person, record, kind or record.type, limit, cursor)
    name = kind or record.type
    if name not in ELEMENTS or not found:
        expected = ", ".join(ELEMENTS)
        message = f"{record.accession} has no set of {kind[:40]!r}."
        raise Invalid(message, [Finding("metadata.choice", "?set", message, kind[:40], expected)])
    above = records.get_many(list(dict.fromkeys(one.dataset for one in found if one.files and one.dataset)))
    made = [_submission(one) if name == "submission" else _written(one, above.get(one.dataset or "")) for one in found]
    return one_set(name, made), following


def _found(
    records: RecordStore, person: Person | None, record: Record, kind: str, limit: int, cursor: str | None
) -> tuple[list[Record], str | None]:
    """The records of a type that a record leads to."""
    if kind in (record.type, "submission"):
        return [record], None
    if record.dataset == record.accession:
        member = catalog.members()[record.member]
        inside = next((k for k in member.types if k.type == kind and k.release == "in_dataset"), None)
        if inside:
            return service.inside(records, person, record.accession, kind, limit, cursor)
        below = next((k.type for k in member.types if k.release == "in_dataset" and _refers(k, kind)), None)
        if below:  # samples of a page of experiments, each once a page
            page, following = records.inside(record.accession, below, limit, cursor)
            return _seen(records, person, [a for one in page for a in one.links.get(kind, ())]), following
    return _seen(records, person, record.links.get(kind, [])), None


def _refers(kind: catalog.ObjectType, target: str) -> bool:
    return any(spec.kind == "reference" and spec.to == target for spec in kind.fields.values())


def _seen(records: RecordStore, person: Person | None, accessions: list[str]) -> list[Record]:
    """Those of these records that the reader may see, each once, by accession."""
    there = records.get_many(list(dict.fromkeys(accessions)))
    return [there[a] for a in sorted(there) if service.may_see(records, person, there[a])]


def _written(record: Record, above: Record | None) -> Written:
    kind = catalog.members()[record.member].object_type(record.type)
    refers = {}
    for spec in kind.fields.values():
        if spec.kind == "reference" and record.links.get(forth := rules.link_names(record.type, spec)[0]):
            refers[spec.name] = record.links[forth][0]
    dataset = record.dataset or ""
    # What leaves for other archives names no file that not everybody may have.
    files = [{"name": file["name"], "md5": file["md5"]} for file in open_to_all(record, above)]
    return Written(record.type, record.alias, record.attributes, record.accession, refers, files, (dataset, dataset))


def _submission(record: Record) -> Written:
    return Written("submission", record.dataset or record.accession, {"title": record.title})


def tree(
    records: RecordStore, person: Person | None, accession: str, limit: int, cursor: str | None
) -> tuple[dict[str, Any], str | None]:
    """A project with what is above it (to the top) and a page of what is directly below it, as far as may be seen."""
    record = service.visible(records, person, accession)
    kind = catalog.members()[record.member].object_type(record.type)
    up = next((s for s in kind.fields.values() if s.kind == "reference" and s.to == record.type and s.back), None)
    if up is None:
        raise NotFound(f"{record.accession} is a {record.type}, which stands in no tree.")
    above: list[dict[str, Any]] = []
    at, seen = record, {record.accession}
    while at.links.get(up.name) and at.links[up.name][0] not in seen:
        found = _seen(records, person, at.links[up.name][:1])
        if not found:
            break
        at = found[0]
        seen.add(at.accession)
        above.append(_node(at))
    below, following = _below(records, person, record, up.back or "", limit, cursor)
    return {**_node(record), "above": above, "items": [_node(one) for one in below]}, following


def _below(
    records: RecordStore, person: Person | None, record: Record, link: str, limit: int, cursor: str | None
) -> tuple[list[Record], str | None]:
    """Children of the same submission come with the first page, those of others by their pointers."""
    rows, following = records.pointers(record.accession, limit, cursor, link)
    here = record.links.get(link, []) if cursor is None else []
    return _seen(records, person, [*here, *(row["by"] for row in rows)]), following


def _node(record: Record) -> dict[str, Any]:
    kind = record.attributes.get("project_type") or "primary"
    return {"accession": record.accession, "title": record.title, "type": record.type, "project_type": kind}
