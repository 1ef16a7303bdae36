"""How a submission becomes records: links between accessions, published file names, archive keys. Pure."""

from __future__ import annotations

from typing import Any

from biotheca.catalog import Member, ObjectType
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


def references(kind: ObjectType, obj: ArchiveObject) -> dict[str, str]:
    """type -> alias of the objects that this one refers to."""
    return {
        spec.to: obj.attributes[spec.name]
        for spec in kind.fields.values()
        if spec.kind == "reference" and spec.to and obj.attributes.get(spec.name)
    }


def records_of(
    member: Member, submission: Submission, objects: list[ArchiveObject], files: list[DataFile]
) -> list[Record]:
    """One record per object, linked both ways by accession. Every object must have its accession."""
    number = {(o.type, o.alias): o.accession or "" for o in objects}
    dataset = next(o.accession for o in objects if o.type == member.dataset)
    links: dict[str, dict[str, set[str]]] = {o.accession or "": {} for o in objects}

    def link(one: str, other: str, kind_of_one: str, kind_of_other: str) -> None:
        links[one].setdefault(kind_of_other, set()).add(other)
        links[other].setdefault(kind_of_one, set()).add(one)

    for obj in objects:
        kind = member.object_type(obj.type)
        for target_type, alias in references(kind, obj).items():
            link(obj.accession or "", number[target_type, alias], obj.type, target_type)
        if kind.release == "in_dataset":  # one way: a dataset may have millions, which are listed in pages
            links[obj.accession or ""].setdefault(member.dataset, set()).add(dataset or "")
    by_run: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        by_run.setdefault(file.owner_alias, []).append(file.archived or {})
    found = []
    for obj in objects:
        kind = member.object_type(obj.type)
        own = by_run.get(obj.alias, []) if kind.files else []
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
                files=own,
                dataset=dataset if kind.release in ("dataset", "in_dataset") else None,
                release_on=submission.release_on,
            )
        )
    return found
