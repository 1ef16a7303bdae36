"""From accepted to public: mint, archive with proof, release; and what a reader gets.

Each step is safe to repeat: numbers come from the ledger, a verified copy is not made again, a record
that is public stays public.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accessions.model import derived, recognise
from biotheca.accessions.service import Mint
from biotheca.accounts.model import Person, Role
from biotheca.catalog import Member
from biotheca.catalog.archive import day_of
from biotheca.errors import NotFound, SystemFault
from biotheca.publication import rules
from biotheca.publication.access import Controlled, GlassNeeded, Grants, class_in, must_be_open, readable
from biotheca.publication.gate import gate_of
from biotheca.publication.model import MATRIX, Door, Record, Visibility, Withdrawn, public_file
from biotheca.publication.sensitivity import EVERYBODY, facts_of_file, is_sealed, noted, of_file, tier_of
from biotheca.publication.store import Archive, RecordStore
from biotheca.qc.report_json import public_statistics
from biotheca.qc.store import ReportStore
from biotheca.submissions.model import ArchiveObject, DataFile, FileState, Known, State, Submission
from biotheca.submissions.service import own
from biotheca.submissions.store import SubmissionStore, saved
from biotheca.taxonomy.model import Taxon
from biotheca.taxonomy.service import Taxonomy
from biotheca.uploads.rules import CONTROLLED_LINK_VALID_S, DOWNLOAD_LINK_VALID_S
from biotheca.uploads.store import Inbox

log = logging.getLogger(__name__)

STAFF = frozenset({Role.CURATOR, Role.DATA_MANAGER})


class CopyDiffers(SystemFault):
    """The archived bytes are not those that were checked; the copy must be made again."""


def mint(store: SubmissionStore, minting: Mint, submission_id: str) -> dict[str, int]:
    """Give every object of an accepted submission its accession; returns counts by type. A replay gives the same."""
    submission = store.get(submission_id)
    submission.must_be_in(State.ACCEPTED, State.ARCHIVED, State.RELEASED)
    member = catalog.members()[submission.member]
    objects = batch_of(store, submission)
    counts: dict[str, int] = {}
    fresh = False
    later = f"/{submission.batch}" if submission.batch > 1 else ""
    for kind in member.types:
        alike = [o for o in objects if o.type == kind.type]
        if not alike:
            continue
        owner = f"{submission_id}/{kind.type}{later}"
        if kind.accession in derived():
            of = submission.extends or rules.dataset_of(member, store.objects_of(submission, member.dataset))
            numbers = minting.mint_below(kind.accession, of, owner, len(alike))
        else:
            numbers = minting.mint(kind.accession, owner, len(alike))
        for obj, number in zip(alike, numbers, strict=True):
            if obj.accession is None:
                store.set_accession(submission, obj, number)
                fresh = True
        counts[kind.type] = len(alike)
    if fresh:
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        store.note(submission_id, "accessions issued", f"Accessions were issued for {listed}.", "archive")
    return counts


def batch_of(store: SubmissionStore, submission: Submission) -> list[ArchiveObject]:
    """The objects that the submission's latest acceptance brings in."""
    member = catalog.members()[submission.member]
    runs = store.batch(submission.id, submission.batch)
    return rules.chosen(member, store.objects(submission), submission.batch, runs)


def plan_archive(store: SubmissionStore, records: RecordStore, submission_id: str) -> list[dict[str, Any]]:
    """Work items for the archive step: one per file of what was accepted. `gate`: open or shut, asked once for all."""
    submission = store.get(submission_id)
    gate = "open" if gate_of(store, records, submission)[0].open else "shut"
    wanted = rules.archived_ids(catalog.members()[submission.member], batch_of(store, submission))
    return [
        {"file_id": f.id, "size_bytes": f.size_bytes, "gate": gate} for f in store.files(submission) if f.id in wanted
    ]


def archive_file(
    store: SubmissionStore,
    inbox: Inbox,
    archive: Archive,
    reports: ReportStore,
    submission_id: str,
    file_id: str,
    gate_open: bool = True,
) -> str:
    """Copy one checked file to the archive, read the copy back, compare SHA-256; returns its key.

    Its class decides on bucket, key and encryption (sensitivity); `gate_open`: the release gate when it was planned.

    Raises CopyDiffers if the copy's bytes are others (the machinery tries again). A replay changes nothing.
    """
    submission = store.get(submission_id)
    _, stored_file = store.file(file_id)
    obj, file = store.placed(submission, stored_file)
    if file.state == FileState.ARCHIVED and file.archived:
        return file.archived["key"]
    if file.state != FileState.QC_PASSED or not file.sha256 or file.size_bytes is None:
        raise SystemFault(f"file {file_id} is {file.state}: only a file that passed its checks is archived")
    member = catalog.members()[submission.member]
    kind, accession = member.object_type(obj.type), obj.accession
    if kind.made_anew:
        raise SystemFault(f"file {file_id} is only what other files are made of: it is never archived")
    dataset = submission.extends or rules.dataset_of(member, store.objects_of(submission, member.dataset))
    if not accession or not dataset:
        raise SystemFault(f"submission {submission_id} has no accessions yet")
    name = rules.published_name(kind, accession, file)
    key = rules.archive_key(member, dataset, accession, name)
    mode = member.access_mode(submission.access)
    above = _dataset_object(store, member, submission)
    facts = facts_of_file(member, above, submission, file, gate_open) | tier_of(kind, above)
    placed = of_file({"facts": facts}, mode, released=False)
    archive = archive.of(placed.bucket, sealed=is_sealed(member, mode, placed))
    version = archive.held(key, file.sha256)
    if version is None:
        metadata = {"sha256": file.sha256, "md5": file.md5, "accession": accession}
        version = archive.copy(
            file.key or inbox.key(submission_id, file_id), file.version_id, key, file.size_bytes, metadata
        )
    found = archive.digest(key, version)
    if found != file.sha256:
        raise CopyDiffers(f"archive copy of {file_id} has SHA-256 {found}, expected {file.sha256}")
    stored = {
        "name": name,
        "original_name": file.name,
        "run": accession,
        "bucket": archive.bucket,
        "key": key,
        "version_id": version,
        "size_bytes": file.size_bytes,
        "md5": file.md5,
        "sha256": file.sha256,
        "reads": file.reads,
        "bases": file.bases,
        "format": file.format,
        "container": file.container,
        "measured": file.measured,
        **({"sealed": True} if archive.sealed else {}),
        **noted(placed, facts),
    }
    if report := reports.report(file.report) if file.report else None:
        beside = rules.statistics_name(name)
        document = public_statistics(report, accession, name)
        place = rules.archive_key(member, dataset, accession, beside)
        stored["statistics"] = {"name": beside, **archive.put_statistics(place, document)}
    changed: DataFile = replace(file, state=FileState.ARCHIVED, archived=stored)
    words = f"{file.name} was archived as {name}; the copy was read back and its SHA-256 is equal."
    store.save_file(submission_id, changed, only_from={FileState.QC_PASSED}, words=words)
    return key


def _dataset_object(store: SubmissionStore, member: Member, submission: Submission) -> ArchiveObject | None:
    """The object that speaks for the whole dataset; of an addition, the record that it extends."""
    if submission.extends:
        record = RecordStore(store.records).get(submission.extends)
        return ArchiveObject(record.type, record.alias, record.attributes | record.sensitive) if record else None
    return next(iter(store.objects_of(submission, member.dataset)), None)


def close_archive(store: SubmissionStore, records: RecordStore, submission_id: str) -> dict[str, Any]:
    """Write the records (still private) and mark the submission archived; says whether to release now."""
    submission = store.get(submission_id)
    objects = [o for o in store.objects(submission) if o.batch]
    member = catalog.members()[submission.member]
    accepted = rules.archived_ids(member, objects)
    files = [f for f in store.files(submission) if f.id in accepted]
    left = [f.name for f in files if f.state != FileState.ARCHIVED]
    if left:
        raise SystemFault(f"submission {submission_id}: {len(left)} file(s) are not archived")
    found = rules.records_of(member, submission, objects, files)
    for record in found:
        records.put_new(record)
        records.put_references(record)
        put_grants(records, record)
        if uid := record.attributes.get(member.object_type(record.type).uid):
            records.put_name(rules.uid_name(str(uid)), record.accession)
    records.put_pointers(rules.pointers(member, found))
    dataset = submission.extends or rules.dataset_of(member, objects)
    if submission.extends:
        day = {"release_on": submission.release_on, "release_key": "HELD"} if submission.release_on else {}
        records.put_row(dataset, "EXT#", submission_id, {"submission": submission_id, "accession": dataset, **day})

    def change(current: Submission) -> Submission:
        if current.state != State.ACCEPTED:
            return current
        words = f"Archived as {dataset}" + (f"; release on {current.release_on}." if current.release_on else ".")
        if current.rest:
            return _close_part(store, current, dataset)
        return store.save(
            current,
            replace(current, state=State.ARCHIVED, dataset=dataset),
            event="archived",
            words=words,
            actor="archive",
            announce=events.DATASET_ARCHIVED,
            body={"dataset": dataset},
            # The date may have been changed while the copies were made.
            extra=[] if current.extends else [records.date_line(dataset, current.release_on)],
        )

    submission = saved(store, submission_id, change)
    today = day_of(clock.now()).isoformat()
    now = not submission.release_on or submission.release_on <= today
    return {"dataset": dataset, "release_now": now, "rest": submission.rest}


def put_grants(records: RecordStore, record: Record) -> None:
    """Note the grants that a record's metadata names, so that their numbers lead to it."""
    for grant in record.attributes.get("grants") or []:
        if isinstance(grant, dict) and grant.get("number"):
            records.put_name(rules.grant_name(str(grant["number"])), record.accession)


def _close_part(store: SubmissionStore, current: Submission, dataset: str) -> Submission:
    """A part is archived: the rest is under review again, or goes back with its reasons. Nothing is public yet."""
    kept = current.rest == "keep"
    new = replace(current, dataset=dataset, state=State.DATA_REVIEW if kept else State.REVISION_REQUESTED)
    words = f"A part is archived in {dataset}; the rest " + ("is under review." if kept else "is returned to you.")
    kind = None if kept else events.SUBMISSION_RETURNED
    return store.save(current, new, event="part archived", words=words, actor="archive", announce=kind)


def visible(
    records: RecordStore,
    person: Person | None,
    accession: str,
    door: Door = Door.ACCESSION,
    grants: Grants | None = None,
) -> Record:
    """The record that a text names, if the reader may come to it by that door.

    Controlled, if its files are not for everybody and the reader has no live grant.
    NotFound, the same as if there were none, otherwise; Withdrawn (its tombstone) if it was public once.
    """
    found = recognise(accession)
    record = records.get(found.text) if found and found.own else None
    if record is None:
        raise _no_record(accession)
    seen = met(records, record)
    if insider(records, person, record) and not (seen == Visibility.WITHDRAWN and door == Door.FILES):
        return record
    if door in MATRIX[seen]:
        if door == Door.FILES:
            must_be_open(records, record, person, grants)
        return record
    if seen == Visibility.WITHDRAWN and record.released_at:
        when = f" on {record.changed_at[:10]}" if record.changed_at and record.visibility == seen else ""
        raise Withdrawn(f"{record.accession} was withdrawn{when}: {record.reason or 'no reason is public'}.")
    raise _no_record(accession)


def _no_record(accession: str) -> NotFound:
    return NotFound(f"There is no public record {accession.strip()[:60]!r}.")


def insider(records: RecordStore, person: Person | None, record: Record) -> bool:
    """Owners, members of the group that shares the submission, and the archive's staff."""
    if person is None:
        return False
    return bool(person.roles & STAFF) or of_its_people(records, person, record)


def of_its_people(records: RecordStore, person: Person, record: Record) -> bool:
    """Whether somebody owns the record's submission or is of the group that shares it."""
    if person.subject == record.owner:
        return True
    return bool(person.groups) and records.group_of(record.submission) in person.groups


def by_right(records: RecordStore, person: Person | None, record: Record) -> bool:
    """Who reads files that are not open without a grant: the people of the submission, and curators before its release.

    After release staff break the glass first (access.glass); data managers do so before it, too.
    """
    if person is None:
        return False
    if of_its_people(records, person, record):
        return True
    return Role.CURATOR in person.roles and not _was_released(records, record)


def _was_released(records: RecordStore, record: Record) -> bool:
    dataset = record if record.dataset in (None, record.accession) else records.get(record.dataset or "")
    seen = (record, dataset or record)
    return any(one.released_at is not None or one.visibility != Visibility.PRIVATE for one in seen)


def may_see(records: RecordStore, person: Person | None, record: Record) -> bool:
    """Whether the reader may see a record in a listing: owners and staff always, others what is public."""
    return insider(records, person, record) or Door.LISTING in MATRIX[met(records, record)]


def seen(records: RecordStore, person: Person | None, accessions: Sequence[str]) -> list[Record]:
    """Those of these records that the reader may see in a listing, in the order of their accessions."""
    known = records.get_many(list(accessions))
    return [known[a] for a in accessions if a in known and may_see(records, person, known[a])]


def met(records: RecordStore, record: Record) -> Visibility:
    """The visibility that strangers meet: the record's own, and that of the dataset it lies in."""
    if record.dataset in (None, record.accession):
        return record.visibility
    dataset = records.get(record.dataset or "")
    return rules.effective(record.visibility, dataset.visibility if dataset else Visibility.PRIVATE)


def owned(store: SubmissionStore, records: RecordStore, person: Person, accession: str) -> Record:
    """The record if its submission is the person's own; NotFound otherwise."""
    named = recognise(accession)
    record = records.get(named.text) if named and named.own else None
    if record is None:
        raise _no_record(accession)
    try:
        own(store, person, record.submission)  # its owner's, or shared in a group
    except NotFound:
        visible(records, person, accession)
        raise NotFound(f"There is no record {record.accession!r} of yours.") from None
    return record


def inside(
    records: RecordStore, person: Person | None, accession: str, kind: str, limit: int, cursor: str | None
) -> tuple[list[Record], str | None]:
    """A page of the records of a type inside a dataset; strangers see those that are public themselves."""
    dataset = visible(records, person, accession, Door.LISTING)
    found, following = records.inside(dataset.accession, kind, limit, cursor)
    whole = insider(records, person, dataset)
    return [r for r in found if whole or Door.LISTING in MATRIX[r.visibility]], following


def files(
    records: RecordStore,
    person: Person | None,
    accession: str,
    limit: int,
    cursor: str | None,
    grants: Grants | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the files of a record; of a dataset, those of its runs."""
    record = visible(records, person, accession, Door.FILES, grants)
    if record.accession != record.dataset:
        return shown_files(records, person, record, _dataset_of(records, record), grants), None
    kinds = [kind.type for kind in catalog.members()[record.member].types if kind.published_names]
    if not kinds:
        return [], None
    runs, following = inside(records, person, record.accession, kinds[0], limit, cursor)
    return [file for run in runs for file in shown_files(records, person, run, record, grants)], following


def shown_files(
    records: RecordStore, person: Person | None, record: Record, dataset: Record, grants: Grants | None = None
) -> list[dict[str, Any]]:
    """The files of a record in a dataset that a reader who came through the door of files may have."""
    return record.files if insider(records, person, record) else readable(records, record, person, grants, dataset)


def _dataset_of(records: RecordStore, record: Record) -> Record:
    """The dataset that a record lies in; of what lies in none, itself."""
    return (records.get(record.dataset) if record.dataset else None) or record


def download(
    records: RecordStore,
    archive: Archive,
    person: Person | None,
    accession: str,
    name: str,
    grants: Grants | None = None,
) -> dict[str, Any]:
    """A link to one file of a record (or of a run inside a dataset), with its digests: of 15 minutes if it is open.

    What is not open is linked to for a minute only, so that a grant that ends opens nothing more after that.
    """
    record, file = permitted(records, person, accession, name, grants)
    for_all = class_in(records, record, file).access == EVERYBODY
    return link_to(archive, file, DOWNLOAD_LINK_VALID_S if for_all else CONTROLLED_LINK_VALID_S)


def permitted(
    records: RecordStore, person: Person | None, accession: str, name: str, grants: Grants | None = None
) -> tuple[Record, dict[str, Any]]:
    """(record, file) that the person may have now. What is not open is written down, also for owners and staff.

    The one way to a file: links, headers and whatever comes later ask here. Raises as `visible` does.
    """
    record = visible(records, person, accession, Door.FILES, grants)
    file = file_of(records, person, record, name)
    if class_in(records, record, file).access != EVERYBODY:
        if not by_right(records, person, record):
            _must_be_granted(records, record, person, grants, file)
        if person and grants:
            grants.note_link(person, record.dataset or record.accession, file)
    return record, file


def _must_be_granted(
    records: RecordStore, record: Record, person: Person | None, grants: Grants | None, file: dict[str, Any]
) -> None:
    try:
        must_be_open(records, record, person, grants, file)
    except Controlled as refusal:
        if not person or not person.roles & STAFF:
            raise
        # Who broke the glass reads files of every class; other staff, who see the record anyway, are told how.
        if not (grants and grants.allow(person, record.dataset or record.accession, file["name"])):
            raise GlassNeeded(refusal.message) from refusal


def file_of(records: RecordStore, person: Person | None, record: Record, name: str) -> dict[str, Any]:
    """The file of that name of a record, or of a run inside it that is as visible; NotFound otherwise."""
    found = record
    if record.accession == record.dataset:  # published names begin with the run's accession
        first = re.match(r"[A-Za-z]*[0-9]*(?:-[0-9]+)*", name)
        run = records.get(first[0].upper()) if first and first[0] else None
        if (
            run
            and run.dataset == record.accession
            and (insider(records, person, run) or Door.FILES in MATRIX[run.visibility])
        ):
            found = run
    # What was counted in a file is of its class.
    beside = ({**f["statistics"], "facts": f.get("facts")} for f in found.files if f.get("statistics"))
    inside = insider(records, person, found)
    named = ((f, (f.get("name"), public_file(f, inside)["original_name"] or f["name"])) for f in found.files)
    file = next((f for f, names in [*named, *((s, (s["name"],)) for s in beside)] if name in names), None)
    if file is None:
        raise NotFound(f"{record.accession} has no file {name[:100]!r}.")
    return file


def link_to(archive: Archive, file: dict[str, Any], valid_s: int = DOWNLOAD_LINK_VALID_S) -> dict[str, Any]:
    """Name, digests and a presigned link of one archived file. Of an encrypted one they are those of the plain file."""
    expires_at = clock.stamp(clock.now() + timedelta(seconds=valid_s))
    shown = {k: file[k] for k in ("name", "size_bytes", "md5", "sha256")} | {"encrypted": bool(file.get("sealed"))}
    return shown | {"url": archive.link(file, valid_s), "expires_at": expires_at}


class Registry:
    """What accessions name, for the checks of a document (submissions.service.Registry)."""

    def __init__(self, records: RecordStore, taxonomy: Taxonomy | None = None) -> None:
        self.records = records
        self.taxonomy = taxonomy or Taxonomy()

    def taxa(self, numbers: list[int]) -> dict[int, Taxon]:
        """Of these taxa those that are known."""
        return self.taxonomy.get_many(numbers)

    def known(self, person: Person, accessions: list[str]) -> dict[str, Known]:
        """Of these accessions the person's own and public ones, with the records above them of the same type."""
        found: dict[str, Known] = {}
        waiting = [a for a in accessions if (named := recognise(a)) and named.own]
        while waiting:
            records = self.records.get_many(list(dict.fromkeys(waiting)))
            usable = [r for r in records.values() if self._usable(person, r)]
            for r in usable:
                form = catalog.members()[r.member].object_type(r.type).accession
                found[r.accession] = Known(r.accession, r.type, r.attributes | _upwards(r), form)
            waiting = [up for r in usable for name in _upwards(r).values() for up in [name] if up not in found]
        return found

    def _usable(self, person: Person, record: Record) -> bool:
        seen = met(self.records, record)
        return seen == Visibility.PUBLIC or (insider(self.records, person, record) and seen == Visibility.PRIVATE)


def _upwards(record: Record) -> dict[str, str]:
    """Field -> accession of the record's references to its own type (a project's umbrella)."""
    kind = catalog.members()[record.member].object_type(record.type)
    own = [spec for spec in kind.fields.values() if spec.kind == "reference" and spec.to == record.type]
    return {spec.name: record.links[spec.name][0] for spec in own if record.links.get(spec.name)}


def pointing_at(
    records: RecordStore, submissions: SubmissionStore, accession: str, limit: int = 50, cursor: str | None = None
) -> tuple[list[dict[str, str]], str | None]:
    """A page of what still refers to a record from elsewhere: rows of `link` and `by` (an accession or submission).

    A pointer whose submission was cancelled or names the record no longer, or whose record is gone, is left out.
    """
    rows, following = records.pointers(accession, limit, cursor)
    return [row for row in rows if _still_points(records, submissions, accession, row)], following


def is_pointed_at(records: RecordStore, submissions: SubmissionStore, accession: str) -> bool:
    """Whether anything refers to a record, from elsewhere or from its own dataset: then it must not be taken away."""
    record = records.get(accession)
    if record is not None and any(_stands(records.get(by)) for by in _below(record)):
        return True
    cursor: str | None = None
    while True:
        rows, cursor = pointing_at(records, submissions, accession, 100, cursor)
        if rows or cursor is None:
            return bool(rows)


def _below(record: Record) -> list[str]:
    """Accessions of the same submission that refer to a record."""
    up = set(record.needs)
    return [a for accessions in record.links.values() for a in accessions if a not in up]


def _stands(record: Record | None) -> bool:
    return record is not None and record.visibility != Visibility.WITHDRAWN


def _still_points(records: RecordStore, submissions: SubmissionStore, accession: str, row: dict[str, str]) -> bool:
    if row["link"] != "submission":
        return _stands(records.get(row["by"]))
    try:
        submission = submissions.get(row["by"])
    except NotFound:
        return False
    if submission.state == State.CANCELLED:
        return False
    member = catalog.members()[submission.member]
    return any(
        named == accession
        for obj in submissions.objects(submission)
        for _, named in rules.references(member.object_type(obj.type), obj.attributes)
    )
