"""From accepted to public: mint, archive with proof, release; and what a reader gets.

Each step is safe to repeat: numbers come from the ledger, a verified copy is not made again, a record
that is public stays public.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accessions.model import recognise
from biotheca.accessions.service import Mint
from biotheca.accounts.model import Person, Role
from biotheca.errors import NotFound, SystemFault
from biotheca.publication import rules
from biotheca.publication.model import Record, Visibility
from biotheca.publication.store import Archive, RecordStore
from biotheca.submissions.model import ArchiveObject, DataFile, FileState, Known, State, Submission
from biotheca.submissions.store import SubmissionStore, saved
from biotheca.uploads.rules import DOWNLOAD_LINK_VALID_S
from biotheca.uploads.store import Inbox

log = logging.getLogger(__name__)


class CopyDiffers(SystemFault):
    """The archived bytes are not those that were checked; the copy must be made again."""


def mint(store: SubmissionStore, minting: Mint, submission_id: str) -> dict[str, int]:
    """Give every object of an accepted submission its accession; returns counts by type. A replay gives the same."""
    submission = store.get(submission_id)
    submission.must_be_in(State.ACCEPTED, State.ARCHIVED, State.RELEASED)
    member = catalog.members()[submission.member]
    objects = store.objects(submission)
    counts: dict[str, int] = {}
    fresh = False
    for kind in member.objects:
        alike = [o for o in objects if o.type == kind.type]
        numbers = minting.mint(kind.accession, f"{submission_id}/{kind.type}", len(alike))
        for obj, number in zip(alike, numbers, strict=True):
            if obj.accession is None:
                store.set_accession(submission, obj, number)
                fresh = True
        counts[kind.type] = len(alike)
    if fresh:
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        store.note(submission_id, "accessions issued", f"Accessions were issued for {listed}.", "archive")
    return counts


def plan_archive(store: SubmissionStore, submission_id: str) -> list[dict[str, Any]]:
    """Work items for the archive step: one per file."""
    submission = store.get(submission_id)
    return [{"file_id": f.id, "size_bytes": f.size_bytes} for f in store.files(submission)]


def archive_file(store: SubmissionStore, inbox: Inbox, archive: Archive, submission_id: str, file_id: str) -> str:
    """Copy one checked file to the archive, read the copy back, compare SHA-256; returns its key.

    Raises CopyDiffers if the copy's bytes are others (the machinery tries again). A replay changes nothing.
    """
    submission = store.get(submission_id)
    file = next(f for f in store.files(submission) if f.id == file_id)
    if file.state == FileState.ARCHIVED and file.archived:
        return file.archived["key"]
    if file.state != FileState.QC_PASSED or not file.sha256 or file.size_bytes is None:
        raise SystemFault(f"file {file_id} is {file.state}: only a file that passed its checks is archived")
    member = catalog.members()[submission.member]
    objects = store.objects(submission)
    kind, accession = next((member.object_type(o.type), o.accession) for o in objects if file_id in o.file_ids)
    dataset = rules.dataset_of(member, objects)
    if not accession or not dataset:
        raise SystemFault(f"submission {submission_id} has no accessions yet")
    name = rules.published_name(kind, accession, file)
    key = rules.archive_key(member, dataset, accession, name)
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
    }
    changed: DataFile = replace(file, state=FileState.ARCHIVED, archived=stored)
    words = f"{file.name} was archived as {name}; the copy was read back and its SHA-256 is equal."
    store.save_file(submission_id, changed, only_from={FileState.QC_PASSED}, words=words)
    return key


def close_archive(store: SubmissionStore, records: RecordStore, submission_id: str) -> dict[str, Any]:
    """Write the records (still private) and mark the submission archived; says whether to release now."""
    submission = store.get(submission_id)
    files = store.files(submission)
    left = [f.name for f in files if f.state != FileState.ARCHIVED]
    if left:
        raise SystemFault(f"submission {submission_id}: {len(left)} file(s) are not archived")
    member = catalog.members()[submission.member]
    found = rules.records_of(member, submission, store.objects(submission), files)
    for record in found:
        records.put_new(record)
    records.put_pointers(rules.pointers(member, found))
    dataset = rules.dataset_of(member, store.objects(submission))

    def change(current: Submission) -> Submission:
        if current.state != State.ACCEPTED:
            return current
        words = f"Archived as {dataset}" + (f"; release on {current.release_on}." if current.release_on else ".")
        return store.save(
            current,
            replace(current, state=State.ARCHIVED, dataset=dataset),
            event="archived",
            words=words,
            actor="archive",
            announce=events.DATASET_ARCHIVED,
            body={"dataset": dataset},
        )

    saved(store, submission_id, change)
    today = clock.now().date().isoformat()
    return {"dataset": dataset, "release_now": not submission.release_on or submission.release_on <= today}


def release(store: SubmissionStore, records: RecordStore, submission_id: str) -> Submission:
    """Make an archived submission public: what it needs to be understood first, then the dataset, in one write.

    Releasing pulls parents (project, samples) up, never siblings. Again changes nothing.
    """
    submission = store.get(submission_id)
    if submission.state not in (State.ARCHIVED, State.RELEASED):
        raise SystemFault(f"submission {submission_id} is {submission.state}: only an archived one is released")
    member = catalog.members()[submission.member]
    at = clock.stamp()
    objects = store.objects(submission)
    for accession in _parents(records, member, objects):
        records.publish(accession, at)
    for obj in objects:
        if obj.accession and obj.accession != submission.dataset:
            records.publish(obj.accession, at)

    def change(current: Submission) -> Submission:
        if current.state != State.ARCHIVED:
            return current
        return store.save(
            current,
            replace(current, state=State.RELEASED),
            event="released",
            words=f"Released: {current.dataset} is public.",
            actor="archive",
            announce=events.DATASET_RELEASED,
            body={"dataset": current.dataset},
            extra=[records.publish_line(current.dataset or "", at)],
        )

    return saved(store, submission_id, change)


def _parents(records: RecordStore, member: catalog.Member, objects: list[ArchiveObject]) -> list[str]:
    """Private records of other submissions that these objects need to be understood, at any depth."""
    here = {(o.type, o.alias) for o in objects}
    waiting = [
        named
        for obj in objects
        for spec, named in rules.references(member.object_type(obj.type), obj.attributes)
        if (spec.to, named) not in here
    ]
    found: dict[str, None] = {}
    private: dict[str, None] = {}
    while fresh := list(dict.fromkeys(a for a in waiting if a not in found)):
        above = records.get_many(fresh)
        found |= dict.fromkeys(fresh)
        private |= {a: None for a, record in above.items() if record.visibility == Visibility.PRIVATE}
        waiting = [up for record in above.values() for up in _above(record)]
    return list(private)


def _above(record: Record) -> list[str]:
    """Accessions that a record refers to (a sample to its project, a project to its umbrella)."""
    kind = catalog.members()[record.member].object_type(record.type)
    names = [rules.link_names(record.type, spec)[0] for spec in kind.fields.values() if spec.kind == "reference"]
    return [accession for name in names for accession in record.links.get(name, ())]


def release_due(store: SubmissionStore, records: RecordStore) -> list[str]:
    """Release every dataset whose date has come (UTC); returns the submissions.

    One that fails does not hinder the others; SystemFault names them all at the end, so that an alarm goes off.
    """
    released, failed = [], []
    for submission_id in dict.fromkeys(records.due(clock.now().date().isoformat())):
        try:
            release(store, records, submission_id)
            released.append(submission_id)
        except Exception:
            log.exception("a dataset could not be released", extra={"submission": submission_id})
            failed.append(submission_id)
    if failed:
        raise SystemFault(f"{len(released)} released; these could not be: {', '.join(failed)}")
    return released


def visible(records: RecordStore, person: Person | None, accession: str) -> Record:
    """The record that a text names, if the reader may see it; else NotFound, the same as if there were none."""
    found = recognise(accession)
    record = records.get(found.text) if found and found.own else None
    if record is None or not _may_see(records, person, record):
        raise NotFound(f"There is no public record {accession.strip()[:60]!r}.")
    return record


def _may_see(records: RecordStore, person: Person | None, record: Record) -> bool:
    if person and (person.subject == record.owner or person.roles & {Role.CURATOR, Role.DATA_MANAGER}):
        return True
    if record.visibility != Visibility.PUBLIC:
        return False
    if record.dataset in (None, record.accession):
        return True
    dataset = records.get(record.dataset or "")
    return dataset is not None and dataset.visibility == Visibility.PUBLIC


def inside(
    records: RecordStore, person: Person | None, accession: str, kind: str, limit: int, cursor: str | None
) -> tuple[list[Record], str | None]:
    """A page of the records of a type inside a dataset that the reader may see."""
    dataset = visible(records, person, accession)
    return records.inside(dataset.accession, kind, limit, cursor)


def files(
    records: RecordStore, person: Person | None, accession: str, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the files of a record; of a dataset, those of its runs."""
    record = visible(records, person, accession)
    if record.accession != record.dataset:
        return record.files, None
    kinds = [kind.type for kind in catalog.members()[record.member].objects if kind.files]
    runs, following = records.inside(record.accession, kinds[0], limit, cursor)
    return [file for run in runs for file in run.files], following


def download(
    records: RecordStore, archive: Archive, person: Person | None, accession: str, name: str
) -> dict[str, Any]:
    """A link of 15 minutes to one file of a record (or of a run inside a dataset), with its digests."""
    record = visible(records, person, accession)
    if record.accession == record.dataset:  # published names begin with the run's accession
        run = records.get(name.split("_", 1)[0].upper())
        record = run if run and run.dataset == record.accession else record
    file = next((f for f in record.files if name in (f.get("name"), f.get("original_name"))), None)
    if file is None:
        raise NotFound(f"{record.accession} has no file {name[:100]!r}.")
    expires_at = clock.stamp(clock.now() + timedelta(seconds=DOWNLOAD_LINK_VALID_S))
    shown = {k: file[k] for k in ("name", "size_bytes", "md5", "sha256")}
    return shown | {"url": archive.link(file, DOWNLOAD_LINK_VALID_S), "expires_at": expires_at}


class Registry:
    """What accessions name, for the checks of a document (submissions.service.Registry)."""

    def __init__(self, records: RecordStore) -> None:
        self.records = records

    def known(self, person: Person, accessions: list[str]) -> dict[str, Known]:
        """Of these accessions the person's own and public ones, with the records above them of the same type."""
        found: dict[str, Known] = {}
        waiting = [a for a in accessions if (named := recognise(a)) and named.own]
        while waiting:
            records = self.records.get_many(list(dict.fromkeys(waiting)))
            usable = [r for r in records.values() if _may_see(self.records, person, r)]
            found |= {r.accession: Known(r.accession, r.type, r.attributes | _upwards(r)) for r in usable}
            waiting = [up for r in usable for name in _upwards(r).values() for up in [name] if up not in found]
        return found


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
    up = set(_above(record))
    return [a for accessions in record.links.values() for a in accessions if a not in up]


def _stands(record: Record | None) -> bool:
    return record is not None and record.visibility in (Visibility.PRIVATE, Visibility.PUBLIC)


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
