"""How a submission becomes records: links between accessions, published file names, archive keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from biotheca.catalog import Field, Member, ObjectType
from biotheca.publication.model import Record, Visibility
from biotheca.submissions.model import ArchiveObject, DataFile, Submission

_SUFFIX = {"gzip": ".gz", "bgzf": ".gz", "bzip2": ".bz2", "plain": ""}
_FORMAT = {"fastq": ".fq", "10x": ".tar", "OxfordNanopore_native": ".tar"}
_COMPRESSIONS = frozenset({"gz", "bgz", "bz2", "xz", "zst", "zip"})
_LONGEST_SUFFIX = 12
_COMPRESSED_WITHIN = frozenset({"bam", "cram", "bcf"})  # by their very format: the name says it already


def published_name(kind: ObjectType, accession: str, file: DataFile) -> str:
    """The name under which a file is published, e.g. CRR000001_f1.fq.gz."""
    pattern = kind.published_names[file.position]
    suffix = _FORMAT.get(file.format, f".{file.format}")
    if file.format not in _COMPRESSED_WITHIN:
        suffix += _SUFFIX.get(file.container or "plain", "")
    return pattern.format(accession=accession, suffix=suffix, own_suffix=own_suffix(file.name))


def own_suffix(name: str) -> str:
    """The suffix that a file came with, and the one before it where the last is of a compression.

    >>> own_suffix("counts.v2.csv"), own_suffix("spectra.tar.gz"), own_suffix("README"), own_suffix("a.b.gz")
    ('.csv', '.tar.gz', '', '.b.gz')
    """
    stem, _, last = name.rpartition(".")
    if not stem:
        return ""
    before = stem.rpartition(".")
    if last.lower() in _COMPRESSIONS and before[0] and len(before[2]) <= _LONGEST_SUFFIX:
        return f".{before[2]}.{last}"
    return f".{last}" if len(last) <= _LONGEST_SUFFIX else ""


def statistics_name(name: str) -> str:
    """The name of the statistics that are published beside a file.

    >>> statistics_name("CRR000001_f1.fq.gz")
    'CRR000001_f1_statistics.json'
    """
    return f"{name.partition('.')[0]}_statistics.json"


def archive_key(member: Member, dataset: str, accession: str, name: str) -> str:
    """The key of an archived file. The leading digits spread datasets over S3's prefixes."""
    return f"{dataset[-3:]}/{member.id}/{dataset}/{accession}/{name}"


def chosen(member: Member, objects: list[ArchiveObject], batch: int, runs: list[str] | None) -> list[ArchiveObject]:
    """The objects that a batch brings in: all that have no number yet; of a part, its runs and what they need.

    Objects that this very batch numbered belong to it, so that a replay chooses the same.
    """
    waiting = [o for o in objects if o.batch in (0, batch)]
    if runs is None:
        return waiting
    by_name = {(o.type, o.alias): o for o in objects}
    run_names = set(runs)
    wanted = {(o.type, o.alias) for o in objects if member.object_type(o.type).files and o.alias in run_names}
    wanted |= {(o.type, o.alias) for o in objects if o.type == member.dataset}
    left = list(wanted)
    while left:
        obj = by_name[left.pop()]
        for spec, named in references(member.object_type(obj.type), obj.attributes):
            target = (spec.to or "", named)
            if target in by_name and target not in wanted:
                wanted.add(target)
                left.append(target)
    return [o for o in waiting if (o.type, o.alias) in wanted]


def archived_ids(member: Member, objects: Iterable[ArchiveObject]) -> set[str]:
    """The files of objects that go to the archive: not those of which others were made."""
    return {i for obj in objects if not member.object_type(obj.type).made_anew for i in obj.file_ids}


def effective(own: Visibility, of_dataset: Visibility) -> Visibility:
    """What a stranger meets at a record inside a dataset: whichever of the two hides more."""
    for hiding in (Visibility.PRIVATE, Visibility.WITHDRAWN):
        if hiding in (own, of_dataset):
            return hiding
    if own == Visibility.PUBLIC:
        return of_dataset
    return own


def grant_name(number: str) -> str:
    """The name under which a grant's number is looked up: letters and digits alone, upper case.

    >>> grant_name("No. 3200-0000a")
    'GRANT#NO32000000A'
    """
    return "GRANT#" + "".join(c for c in number.upper() if c.isalnum())


def uid_name(uid: str) -> str:
    """The name under which the record with a UID is looked up.

    >>> uid_name("2.25.1")
    'UID#2.25.1'
    """
    return f"UID#{uid}"


def references(kind: ObjectType, attributes: dict[str, Any]) -> list[tuple[Field, str]]:
    """(field, alias or accession) of what an object refers to."""
    return [
        (spec, str(attributes[spec.name]))
        for spec in kind.fields.values()
        if spec.kind == "reference" and spec.to and attributes.get(spec.name)
    ]


def dataset_of(member: Member, objects: Iterable[ArchiveObject]) -> str:
    """The accession that names the submission: that of its dataset; of a registry with many, the first."""
    return next(o.accession for o in objects if o.type == member.dataset and o.accession)


def records_of(
    member: Member, submission: Submission, objects: list[ArchiveObject], files: list[DataFile]
) -> list[Record]:
    """One record per object, linked both ways by accession. Every object must have its accession.

    A reference to an accession of another submission is linked to from here; the way back is a pointer (`pointers`).
    What an object refers to it needs, to be understood.
    """
    number = {(o.type, o.alias): o.accession or "" for o in objects}
    dataset = submission.extends or dataset_of(member, objects)
    links: dict[str, dict[str, set[str]]] = {o.accession or "": {} for o in objects}
    needs: dict[str, dict[str, None]] = {o.accession or "": {} for o in objects}
    for obj in objects:
        kind, own = member.object_type(obj.type), obj.accession or ""
        for spec, named in references(kind, obj.attributes):
            target = number.get((spec.to or "", named), named)
            forth, back = link_names(obj.type, spec)
            links[own].setdefault(forth, set()).add(target)
            needs[own][target] = None
            if target in links:
                links[target].setdefault(back, set()).add(own)
        if kind.release == "in_dataset":  # one way: a dataset may have millions, which are listed in pages
            links[own].setdefault(member.dataset, set()).add(dataset)
    _bind_to_the_datasets_parents(member, objects, needs)
    by_run: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        by_run.setdefault(file.owner_alias, []).append(file.archived or {})
    found = []
    for obj in objects:
        kind, own = member.object_type(obj.type), obj.accession or ""
        shown, hidden = kind.split(obj.attributes)
        found.append(
            Record(
                accession=own,
                type=obj.type,
                member=member.id,
                alias=obj.alias,
                title=str(obj.attributes.get("title", obj.alias)),
                submission=submission.id,
                owner=submission.owner,
                attributes=shown,
                sensitive=hidden,
                links={k: sorted(v) for k, v in sorted(links[own].items())},
                files=by_run.get(obj.alias, []) if kind.published_names else [],
                dataset={"dataset": own, "in_dataset": dataset}.get(kind.release),
                release_on=submission.release_on if kind.release == "dataset" else None,
                access=submission.access if kind.release == "dataset" else "",
                committee=submission.committee if kind.release == "dataset" else "",
                needs=list(needs[own]),
                created_at=submission.created_at,
            )
        )
    return found


def _bind_to_the_datasets_parents(
    member: Member, objects: list[ArchiveObject], needs: dict[str, dict[str, None]]
) -> None:
    """A sample that came with a dataset belongs to the dataset's project: released alone it pulls that one up."""
    above = [needs[o.accession or ""] for o in objects if member.object_type(o.type).release == "dataset"]
    parents = {accession for found in above for accession in found}
    for obj in objects:
        own = obj.accession or ""
        if member.object_type(obj.type).release == "with_dataset" and own not in parents:
            needs[own] |= dict.fromkeys(sorted(parents))


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
