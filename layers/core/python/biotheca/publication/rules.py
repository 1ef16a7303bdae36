"""How a submission becomes records: links between accessions, published file names, archive keys. Pure."""

from __future__ import annotations

from typing import Any

from biotheca.catalog import Field, Member, ObjectType
from biotheca.publication.model import Record
from biotheca.submissions.model import ArchiveObject, DataFile, Submission

_SUFFIX = {"gzip": ".gz", "bgzf": ".gz", "bzip2": ".bz2", "plain": ""}
_FORMAT = {"fastq": ".fq"}


def published_name(kind: ObjectType, accession: str, file: DataFile) -> str:
    """The name under which a file is published, e.g. CRR000001_f1.fq.gz."""
    pattern = kind.published_names[file.position]
    suffix = _FORMAT.get(file.format, f".{file.format}") + _SUFFIX.get(file.container or "plain", "")
    return pattern.format(accession=accession, suffix=suffix)


def archive_key(member: Member, dataset: str, accession: str, name: str) -> str:
    """The key of an archived file. The leading digits spread datasets over S3's prefixes."""
    return f"{dataset[-3:]}/{member.id}/{dataset}/{accession}/{name}"


def references(kind: ObjectType, attributes: dict[str, Any]) -> list[tuple[Field, str]]:
    """(field, alias or accession) of what an object refers to."""
    return [
        (spec, str(attributes[spec.name]))
        for spec in kind.fields.values()
        if spec.kind == "reference" and spec.to and attributes.get(spec.name)
    ]


def dataset_of(member: Member, objects: list[ArchiveObject]) -> str:
    """The accession that names the submission: that of its dataset; of a registry with many, the first."""
    return next(o.accession for o in objects if o.type == member.dataset and o.accession)


def records_of(
    member: Member, submission: Submission, objects: list[ArchiveObject], files: list[DataFile]
) -> list[Record]:
    """One record per object, linked both ways by accession. Every object must have its accession.

    A reference to an accession of another submission is linked to from here; the way back is a pointer (`pointers`).
    """
    number = {(o.type, o.alias): o.accession or "" for o in objects}
    dataset = dataset_of(member, objects)
    links: dict[str, dict[str, set[str]]] = {o.accession or "": {} for o in objects}
    for obj in objects:
        kind, own = member.object_type(obj.type), obj.accession or ""
        for spec, named in references(kind, obj.attributes):
            target = number.get((spec.to or "", named), named)
            forth, back = link_names(obj.type, spec)
            links[own].setdefault(forth, set()).add(target)
            if target in links:
                links[target].setdefault(back, set()).add(own)
        if kind.release == "in_dataset":  # one way: a dataset may have millions, which are listed in pages
            links[own].setdefault(member.dataset, set()).add(dataset)
    by_run: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        by_run.setdefault(file.owner_alias, []).append(file.archived or {})
    found = []
    for obj in objects:
        kind = member.object_type(obj.type)
        own_files = by_run.get(obj.alias, []) if kind.files else []
        found.append(
            Record(
                accession=obj.accession or "",
                type=obj.type,
                member=member.id,
                alias=obj.alias,
                title=str(obj.attributes.get("title", obj.alias)),
                submission=submission.id,
                owner=submission.owner,
                attributes=obj.attributes,
                links={k: sorted(v) for k, v in sorted(links[obj.accession or ""].items())},
                files=own_files,
                dataset={"dataset": obj.accession, "in_dataset": dataset}.get(kind.release),
                release_on=submission.release_on,
            )
        )
    return found


def link_names(owner: str, spec: Field) -> tuple[str, str]:
    """What a link is called forth and back: types, or within one type the field and its `back`."""
    return (spec.to or "", owner) if spec.to != owner else (spec.name, spec.back or owner)


def pointers(member: Member, records: list[Record]) -> list[tuple[str, str, str]]:
    """(accession, name of the link, accession of the record) of every record that refers to one elsewhere."""
    here = {record.accession for record in records}
    found = []
    for record in records:
        for spec in member.object_type(record.type).fields.values():
            if spec.kind == "reference":
                forth, back = link_names(record.type, spec)
                found += [
                    (target, back, record.accession) for target in record.links.get(forth, ()) if target not in here
                ]
    return found
