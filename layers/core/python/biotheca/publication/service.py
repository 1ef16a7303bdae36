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
from biotheca.submissions.model import ArchiveObject, DataFile, FileState, State, Submission
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
    objects = batch_of(store, submission)
    counts: dict[str, int] = {}
    fresh = False
    later = f"/{submission.batch}" if submission.batch > 1 else ""
    for kind in member.objects:
        alike = [o for o in objects if o.type == kind.type]
        if not alike:
            continue
        numbers = minting.mint(kind.accession, f"{submission_id}/{kind.type}{later}", len(alike))
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


def plan_archive(store: SubmissionStore, submission_id: str) -> list[dict[str, Any]]:
    """Work items for the archive step: one per file of what was accepted."""
    submission = store.get(submission_id)
    wanted = {identifier for obj in batch_of(store, submission) for identifier in obj.file_ids}
    return [{"file_id": f.id, "size_bytes": f.size_bytes} for f in store.files(submission) if f.id in wanted]


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
    dataset = next(o.accession for o in objects if o.type == member.dataset)
    if not accession or not dataset:
        raise SystemFault(f"submission {submission_id} has no accessions yet")
    name = rules.published_name(kind, accession, file)
    key = rules.archive_key(member, dataset, accession, name)
    version = archive.held(key, file.sha256)
    if version is None:
        metadata = {"sha256": file.sha256, "md5": file.md5, "accession": accession}
        version = archive.copy(inbox.key(submission_id, file_id), file.version_id, key, file.size_bytes, metadata)
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
    objects = [o for o in store.objects(submission) if o.batch]
    accepted = {identifier for obj in objects for identifier in obj.file_ids}
    files = [f for f in store.files(submission) if f.id in accepted]
    left = [f.name for f in files if f.state != FileState.ARCHIVED]
    if left:
        raise SystemFault(f"submission {submission_id}: {len(left)} file(s) are not archived")
    member = catalog.members()[submission.member]
    found = rules.records_of(member, submission, objects, files)
    for record in found:
        records.put_new(record)
    dataset = submission.extends or next(r.accession for r in found if r.type == member.dataset)

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
        )

    saved(store, submission_id, change)
    today = clock.now().date().isoformat()
    now = not submission.release_on or submission.release_on <= today
    return {"dataset": dataset, "release_now": now, "rest": submission.rest}


def _close_part(store: SubmissionStore, current: Submission, dataset: str) -> Submission:
    """A part is archived: the rest is under review again, or goes back with its reasons. Nothing is public yet."""
    kept = current.rest == "keep"
    new = replace(current, dataset=dataset, state=State.DATA_REVIEW if kept else State.REVISION_REQUESTED)
    words = f"A part is archived in {dataset}; the rest " + ("is under review." if kept else "is returned to you.")
    kind = None if kept else events.SUBMISSION_RETURNED
    return store.save(current, new, event="part archived", words=words, actor="archive", announce=kind)


def release(store: SubmissionStore, records: RecordStore, submission_id: str) -> Submission:
    """Make an archived submission public: what it needs to be understood first, then the dataset, in one write.

    Releasing pulls parents (project, samples) up, never siblings. Again changes nothing.
    """
    submission = store.get(submission_id)
    if submission.state not in (State.ARCHIVED, State.RELEASED):
        raise SystemFault(f"submission {submission_id} is {submission.state}: only an archived one is released")
    at = clock.stamp()
    for obj in store.objects(submission):
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


def release_due(store: SubmissionStore, records: RecordStore) -> list[str]:
    """Release every dataset whose date has come (UTC); returns the submissions.

    One that fails does not hinder the others; SystemFault names them all at the end, so that an alarm goes off.
    """
    released, failed = [], []
    for submission_id in records.due(clock.now().date().isoformat()):
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
