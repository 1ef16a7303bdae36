"""Release: now, at a date, alone or with the dataset; what must become public first; the sweep over dates.

Everything here may be repeated: what is public stays public, and what was suppressed or withdrawn stays so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts.model import Person
from biotheca.catalog.archive import archive, day_of
from biotheca.errors import Invalid, SystemFault
from biotheca.publication.gate import keeps_back
from biotheca.publication.model import Record, StaleRecord, Visibility, WrongVisibility
from biotheca.publication.service import owned
from biotheca.publication.store import RecordStore
from biotheca.submissions.model import State, Submission
from biotheca.submissions.rules import check_release, finding
from biotheca.submissions.service import own
from biotheca.submissions.store import SubmissionStore, saved

log = logging.getLogger(__name__)
MOST_LISTED = 1000  # of what would become public; all are counted
OVER = (State.RELEASED, State.CANCELLED)


# --- what becomes public with what ---


def parents(records: RecordStore, starts: list[str]) -> list[Record]:
    """The private records that these need, and those that they need, highest first. Never siblings."""
    found: dict[str, Record] = {}
    left = list(starts)
    while left:
        record = records.get(left.pop())
        if record is None or record.accession in found or record.visibility != Visibility.PRIVATE:
            continue
        found[record.accession] = record
        left += record.needs
    return list(reversed(found.values()))


def _inside(records: RecordStore, dataset: Record) -> Iterator[Record]:
    for kind in catalog.members()[dataset.member].types:
        if kind.release == "in_dataset":
            cursor: str | None = None
            while True:
                page, cursor = records.inside(dataset.accession, kind.type, 200, cursor)
                yield from page
                if cursor is None:
                    break


def is_dataset(record: Record) -> bool:
    """Whether a record's release is that of data with files (a project or a sample is released alone)."""
    kinds = catalog.members()[record.member].types
    return record.accession == record.dataset and any(kind.release == "in_dataset" for kind in kinds)


def is_registered(record: Record) -> bool:
    """Whether a record stands alone in a registry: it has a date of its own and nothing inside."""
    return record.accession == record.dataset and not is_dataset(record)


def would_release(records: RecordStore, record: Record) -> dict[str, Any]:
    """What becomes public if a record is released now: the first thousand, all counted."""
    within = [r for r in _inside(records, record) if r.visibility == Visibility.PRIVATE] if is_dataset(record) else []
    needed = [*record.needs, *(need for r in within for need in r.needs)]
    above = [r for r in parents(records, needed) if r.dataset != record.accession or record.dataset is None]
    listed = [*above, *([record] if record.visibility == Visibility.PRIVATE else []), *within]
    shown = [{"accession": r.accession, "type": r.type, "title": r.title} for r in listed[:MOST_LISTED]]
    return {"accession": record.accession, "release_on": record.release_on, "count": len(listed), "items": shown}


def to_extend(store: SubmissionStore, records: RecordStore, person: Person, member: str, accession: str) -> str:
    """The dataset that a new submission may add to: one's own, of the same member, archived or public."""
    record = owned(store, records, person, accession)
    good = record.visibility in (Visibility.PRIVATE, Visibility.PUBLIC)
    if not good or record.member != member or not is_dataset(record):
        message = f"{record.accession} is {record.visibility} in {record.member}: it cannot be extended."
        raise Invalid(message, [finding("publication.extends", "/extends", message, accession)])
    return record.accession


# --- release ---


def release(store: SubmissionStore, records: RecordStore, submission_id: str) -> Submission:
    """Make an archived submission public: what it needs to be understood first, then the dataset, in one write.

    One whose date lies ahead, or whose dataset is private while it only extends it, stays as it is; so does one that
    the rules of a country keep back (gate).
    """
    submission = store.get(submission_id)
    if submission.state not in (State.ARCHIVED, State.RELEASED):
        raise SystemFault(f"submission {submission_id} is {submission.state}: only an archived one is released")
    if submission.release_on and submission.release_on > day_of(clock.now()).isoformat():
        return submission
    dataset = records.get(submission.dataset or "")
    if dataset is None:
        raise SystemFault(f"submission {submission_id} has no dataset")
    if submission.extends and dataset.visibility == Visibility.PRIVATE:
        return submission  # it is released with the dataset that it extends
    if keeps_back(store, records, submission):
        return store.get(submission_id)
    at = clock.stamp()
    mine = {o.accession for o in store.objects(submission) if o.accession}
    fresh = [record for record in records.get_many(sorted(mine)).values() if not _postponed(record)]
    _publish_parents(records, fresh, mine)
    for record in fresh:
        if record.accession != dataset.accession:
            records.publish(record.accession, at)
    if submission.extends:
        _supersede(records, dataset, fresh)

    def change(current: Submission) -> Submission:
        if current.state != State.ARCHIVED:
            return current
        first = dataset.visibility == Visibility.PRIVATE and not _postponed(dataset)
        return store.save(
            current,
            replace(current, state=State.RELEASED, waits_for=[]),
            event="released",
            words=f"Released: {current.dataset} is public.",
            actor="archive",
            announce=events.DATASET_RELEASED,
            body={"dataset": current.dataset},
            extra=[records.publish_line(current.dataset or "", at)] if first else [],
        )

    done = saved(store, submission_id, change)
    if not submission.extends:
        _release_extensions(store, records, dataset.accession)
    return done


def _postponed(record: Record) -> bool:
    """Whether a registered record waits for a later day than its submission."""
    return (
        is_registered(record) and bool(record.release_on) and str(record.release_on) > day_of(clock.now()).isoformat()
    )


def _publish_parents(records: RecordStore, fresh: list[Record], mine: set[str]) -> None:
    """What these need and others registered becomes public, each with an event of its own."""
    for parent in parents(records, [need for record in fresh for need in record.needs]):
        if parent.accession not in mine:
            _publish(records, parent)


def _release_extensions(store: SubmissionStore, records: RecordStore, dataset: str) -> None:
    cursor: str | None = None
    while True:
        rows, cursor = records.rows(dataset, "EXT#", 100, cursor)
        for row in rows:
            if store.get(row["submission"]).state == State.ARCHIVED:
                release(store, records, row["submission"])
        if cursor is None:
            return


def _supersede(records: RecordStore, dataset: Record, fresh: list[Record]) -> None:
    """A released dataset grew: it has a next version that names what came; runs that were replaced lead on."""
    came = sorted(r.accession for r in fresh if r.dataset == dataset.accession)
    gone = []
    for record in fresh:
        old = records.get(str(record.attributes.get("replaces", "")))
        if old is None or old.dataset != dataset.accession:
            continue
        gone.append(old.accession)
        if old.visibility == Visibility.PUBLIC:
            new = replace(
                old, visibility=Visibility.REPLACED, replaced_by=record.accession, reason="Replaced by its owner."
            )
            words = f"Replaced by {record.accession}."
            body = {"dataset": dataset.accession, "change": "replaced"}
            records.save(
                old, new, event="replaced", words=words, actor="archive", announce=events.RECORD_CHANGED, body=body
            )
    now = records.get(dataset.accession)
    if now is None or not came or records.row(dataset.accession, "GREW#", fresh[0].submission):
        return
    kept = records.row_line(dataset.accession, "VER#", f"{now.version:06d}", version_row(now))
    noted = records.row_line(dataset.accession, "GREW#", fresh[0].submission, {"version": now.version + 1})
    new = replace(now, version=now.version + 1)
    row = {"added": came[:MOST_LISTED], "added_count": len(came), "removed": gone}
    names = records.row_line(dataset.accession, "CAME#", f"{new.version:06d}", row)
    records.save(
        now,
        new,
        event="extended",
        words=f"Version {new.version}: {len(came)} object(s) came, {len(gone)} were replaced.",
        actor="archive",
        announce=events.RECORD_CHANGED,
        body={"dataset": dataset.accession, "change": "extended"},
        extra=[kept, noted, names],
    )


def version_row(record: Record) -> dict[str, Any]:
    """What is kept of a version of a record when the next one takes its place."""
    kept = {"version": record.version, "title": record.title, "attributes": record.attributes, "at": clock.stamp()}
    return kept | ({"sensitive": record.sensitive} if record.sensitive else {})


def _publish(records: RecordStore, record: Record) -> None:
    """Make one private record public by itself, and say so."""
    for _ in range(5):
        if record.visibility != Visibility.PRIVATE:
            return
        new = replace(record, visibility=Visibility.PUBLIC, released_at=clock.stamp(), release_on=None)
        try:
            records.save(
                record,
                new,
                event="released",
                words="Released.",
                actor="archive",
                announce=events.RECORD_CHANGED,
                body={"dataset": record.dataset, "change": "released"},
            )
            return
        except StaleRecord:
            record = records.get(record.accession) or record
    raise SystemFault(f"record {record.accession} kept changing")


def release_record(store: SubmissionStore, records: RecordStore, accession: str) -> None:
    """Release a record whose time has come: a dataset with what it needs, a project or sample with its parents."""
    record = records.get(accession)
    if record is None or record.visibility != Visibility.PRIVATE:
        return
    if is_dataset(record) or _is_whole_due(store, record):
        release(store, records, record.submission)
        return
    for parent in parents(records, record.needs):
        if not is_dataset(parent):
            _publish(records, parent)
    _publish(records, record)


def _is_whole_due(store: SubmissionStore, record: Record) -> bool:
    """Whether the day of a registered record's whole submission has come, so that it ends with all its records."""
    if not is_registered(record):
        return False
    submission = store.get(record.submission)
    day = submission.release_on
    return submission.state == State.ARCHIVED and bool(day) and str(day) <= day_of(clock.now()).isoformat()


# --- the owner decides when ---


def set_release(
    store: SubmissionStore, records: RecordStore, person: Person, submission_id: str, mode: str, day: str | None
) -> Submission:
    """Another release date, or none, any time before release."""
    submission = own(store, person, submission_id)
    _must_be_possible(mode, day)
    if submission.state in OVER:
        raise WrongVisibility(f"Submission {submission_id} is {submission.state}: its release is past.")
    on = day if mode == "on_date" else None
    archived = submission.state == State.ARCHIVED and not submission.extends
    dated = archived and not _date_registered(store, records, submission, on)
    return store.save(
        submission,
        replace(submission, release_mode=mode, release_on=on),
        event="release date",
        words=f"To be released on {on}." if on else "To be released as soon as it is archived.",
        actor=person.subject,
        announce=events.RELEASE_REQUESTED if submission.state == State.ARCHIVED and not on else events.RELEASE_CHANGED,
        body={"accession": submission.dataset, "release_on": on, "whole": True},
        extra=[records.date_line(submission.dataset or "", on)] if dated else [],
    )


def _date_registered(store: SubmissionStore, records: RecordStore, submission: Submission, on: str | None) -> bool:
    """Whether the submission registers records alone; then its day is the day of each that is private still."""
    first = records.get(submission.dataset or "")
    if first is None or not is_registered(first):
        return False
    numbers = [o.accession for o in store.objects(submission) if o.accession]
    for record in records.get_many(numbers).values():
        if record.visibility == Visibility.PRIVATE:
            records.write([records.date_line(record.accession, on)])
    return True


def set_record_release(
    store: SubmissionStore, records: RecordStore, person: Person, accession: str, mode: str, day: str | None
) -> Record:
    """Release a record now or at a date; of a dataset, the whole submission. What is inside one goes with it."""
    record = owned(store, records, person, accession)
    _must_be_possible(mode, day)
    if record.visibility != Visibility.PRIVATE:
        raise WrongVisibility(f"{record.accession} is {record.visibility}: its release is past.")
    if record.dataset not in (None, record.accession):
        raise WrongVisibility(f"{record.accession} is released with its dataset {record.dataset}.")
    if is_dataset(record):
        set_release(store, records, person, record.submission, mode, day)
        return records.get(record.accession) or record
    on = day if mode == "on_date" else None
    return records.save(
        record,
        replace(record, release_on=on),
        event="release date",
        words=f"To be released on {on}." if on else "Released by its owner.",
        actor=person.subject,
        announce=events.RELEASE_CHANGED if on else events.RELEASE_REQUESTED,
        body={"release_on": on},
    )


def _must_be_possible(mode: str, day: str | None) -> None:
    if findings := check_release(mode, day, day_of(clock.now())):
        raise Invalid(findings[0].message, findings)


# --- the clock decides ---


def release_due(store: SubmissionStore, records: RecordStore) -> list[str]:
    """Release every record whose date has come where the archive stands; returns their accessions.

    One that fails does not hinder the others; SystemFault names them all at the end, so that an alarm goes off.
    """
    released, failed = [], []
    today = day_of(clock.now())
    near = today + timedelta(days=archive()["tell_days_before"])
    for row in records.due(near.isoformat()):
        try:
            if row["release_on"] > today.isoformat():
                _tell_near(records, row)
                continue
            if _release_row(store, records, row):
                released.append(row["accession"])
        except Exception:
            log.exception("a record could not be released", extra={"submission": row["submission"]})
            failed.append(row["accession"])
    if failed:
        raise SystemFault(f"{len(released)} released; these could not be: {', '.join(failed)}")
    return released


def _release_row(store: SubmissionStore, records: RecordStore, row: dict[str, Any]) -> bool:
    """Whether it was released; what the gate keeps back stays in the sweep."""
    if row["sk"].startswith("EXT#"):
        done = release(store, records, row["submission"])
        if done.waits_for:
            return False
        records.delete_due(row)
        return True
    release_record(store, records, row["accession"])
    now = records.get(row["accession"])
    return now is None or now.visibility != Visibility.PRIVATE


def _tell_near(records: RecordStore, row: dict[str, Any]) -> None:
    """Tell once for each date that a release is near."""
    where, day = row["pk"].removeprefix("ACC#"), row["release_on"]
    if records.row(where, "NEAR#", day):
        return
    body = {"accession": where, "release_on": day}
    records.write(
        [
            records.row_line(where, "NEAR#", day, {"at": clock.stamp()}, "attribute_not_exists(pk)"),
            records.outbox_line(events.RELEASE_NEAR, row["submission"], body),
        ]
    )
