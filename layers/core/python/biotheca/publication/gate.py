"""The release gate: what the rules of countries demand of a submission, what staff verified, and what is missing.

The rules are pure (submissions.rules.human_resources); here they are asked of what is stored. After archiving the
records speak, because corrections change them and not the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts.model import Person, Role
from biotheca.catalog import Member
from biotheca.catalog.archive import day_of
from biotheca.errors import Conflict, Invalid, NotAllowed
from biotheca.publication.model import Record
from biotheca.publication.rules import link_names
from biotheca.publication.store import RecordStore
from biotheca.submissions import rules
from biotheca.submissions.model import ArchiveObject, State, Submission
from biotheca.submissions.rules.finding import finding
from biotheca.submissions.rules.human_resources import Document, Gate, Standing, gate
from biotheca.submissions.service import visible
from biotheca.submissions.store import SubmissionStore
from biotheca.taxonomy.service import Taxonomy

PAGE = 200
OVER = (State.RELEASED, State.CANCELLED)


def gate_of(store: SubmissionStore, records: RecordStore, submission: Submission) -> tuple[Gate, list[Document]]:
    """The gate of a submission as it stands today, and the numbers that it states; open where its member's row asks
    for nothing."""
    member = catalog.members()[submission.member]
    if not member.jurisdiction:
        return Gate(True), []
    document = rules.document_of(member, _objects(store, records, member, submission))
    taxa = Taxonomy().get_many(rules.taxa_in(member, document))
    dataset = records.get(submission.extends) if submission.extends else None
    mode = member.access_mode(dataset.access if dataset else submission.access)
    vouched = [*_vouched_for(store, dataset), *submission.vouched]
    held = rules.documents_of(member, document, vouched)
    return gate(rules.facts_of(member, document, mode, taxa), held, day_of(clock.now())), held


def _vouched_for(store: SubmissionStore, dataset: Record | None) -> list[dict[str, str]]:
    """What was verified for a dataset holds for what is added to it."""
    return store.get(dataset.submission).vouched if dataset else []


def _objects(
    store: SubmissionStore, records: RecordStore, member: Member, submission: Submission
) -> Iterator[ArchiveObject]:
    """What the submission says, and of an addition what its dataset says: records where there are such already."""
    own = store.objects(submission)
    known = records.get_many([obj.accession for obj in own if obj.accession])
    for obj in own:
        record = known.get(obj.accession or "")
        yield _as_object(member, record) if record else obj
    if submission.extends and (dataset := records.get(submission.extends)):
        yield _as_object(member, dataset)
        for kind in member.types:
            cursor: str | None = None
            while kind.release == "in_dataset" and not kind.files:
                page, cursor = records.inside(dataset.accession, kind.type, PAGE, cursor)
                yield from (_as_object(member, one) for one in page if one.accession not in known)
                if cursor is None:
                    break


def _as_object(member: Member, record: Record) -> ArchiveObject:
    """A record as an object of a document: it and what it refers to stand under their numbers."""
    said = record.attributes | record.sensitive
    for spec in member.object_type(record.type).fields.values():
        if spec.kind == "reference" and (linked := record.links.get(link_names(record.type, spec)[0])):
            said = said | {spec.name: linked[0]}
    return ArchiveObject(record.type, record.accession, said, accession=record.accession)


def report(store: SubmissionStore, records: RecordStore, person: Person, submission_id: str) -> dict[str, Any]:
    """For its people and staff: whether the gate is open, what is demanded and why, numbers and what staff said of
    them, what is missing and how to mend it."""
    submission = visible(store, person, submission_id)
    found, held = gate_of(store, records, submission)
    documents = catalog.human_resources()["documents"]
    return {
        "open": found.open,
        "applies": bool(catalog.members()[submission.member].jurisdiction),
        "demands": [
            {
                "country": d.pack,
                "document": d.document,
                "title": documents.get(d.document, {}).get("title"),
                "why": d.why,
            }
            for d in found.demands
        ],
        "numbers": [
            {
                "document": one.kind,
                "title": documents[one.kind]["title"],
                "number": one.number,
                "dated": one.dated,
                "ends": one.ends,
                "standing": str(one.standing),
            }
            for one in held
        ],
        "findings": [one.as_dict() for one in found.findings],
    }


def check_number(
    store: SubmissionStore,
    records: RecordStore,
    person: Person,
    submission_id: str,
    said: dict[str, str],
    reason: str = "",
) -> Submission:
    """Staff verify or refuse a number that the submission states: `said` has document, number, dated, ends, standing.

    It holds for these very words: a number that is corrected must be verified anew. The same again changes nothing.
    If the gate opens and the release waited for it, that is asked for in the same write. Invalid if it states no such.
    """
    submission = visible(store, person, submission_id)
    person.must_be(Role.CURATOR, Role.DATA_MANAGER)
    if submission.may_edit(person):
        raise NotAllowed("This submission is your own; another member of staff looks at its numbers.")
    if submission.state in OVER:
        raise Conflict(f"Submission {submission_id} is {submission.state}: its release is past.")
    _, held = gate_of(store, records, submission)
    stated = [one for one in held if (one.kind, one.number, one.dated, one.ends) == tuple(said[n] for n in _NAMES)]
    found = []
    if not stated:
        where = f"/human_resources/documents/{said['document']}"[:200]
        found.append(finding("jurisdiction.no_such_number", where, "The submission states no such number."))
    if said["standing"] == Standing.REFUSED and not reason.strip():
        found.append(finding("jurisdiction.reason", "/reason", "A refusal needs a reason."))
    if found:
        raise Invalid(found[0].message, found)
    if str(stated[0].standing) == said["standing"]:
        return submission
    others = [row for row in submission.vouched if any(row[n] != said[n] for n in _NAMES)]
    row = {**{n: said[n] for n in _NAMES}, "standing": said["standing"], "by": person.subject, "at": clock.stamp()}
    new = replace(submission, vouched=[*others, row])
    title = catalog.human_resources()["documents"][said["document"]]["title"]["en"]
    words = f"{title}: {said['standing']} by the archive's staff." + (f" {reason.strip()}" if reason.strip() else "")
    after, _ = gate_of(store, records, new)
    body = {"document": said["document"], "standing": said["standing"]}
    extra = []
    if after.open and new.waits_for:
        told = {"accession": new.dataset, "whole": True, "actor": person.subject, "event": "number checked"}
        extra = [records.outbox_line(events.RELEASE_REQUESTED, new.id, told)]
    return store.save(
        submission,
        new,
        event="number checked",
        words=words,
        actor=person.subject,
        announce=events.NUMBER_CHECKED,
        body=body,
        extra=extra,
    )


_NAMES = ("document", "number", "dated", "ends")


def keeps_back(store: SubmissionStore, records: RecordStore, submission: Submission) -> bool:
    """Whether the gate keeps an archived submission back now; what is missing is noted once, and its owner told.

    What waits is looked at again by the sweep over release dates: a correction or a passing day may open the gate.
    """
    found, _ = gate_of(store, records, submission)
    waits_for = [{"rule": one.rule, "where": one.where} for one in found.findings]
    if found.open or submission.state == State.RELEASED or waits_for == submission.waits_for:
        return not found.open and submission.state != State.RELEASED
    told = "; ".join(one.message for one in found.findings)
    store.save(
        submission,
        replace(submission, waits_for=waits_for),
        event="release waits",
        words=f"The release waits: {told}"[:2000],
        actor="archive",
        announce=events.RELEASE_WAITS,
        body={"dataset": submission.dataset},
        extra=_swept(records, submission),
    )
    return True


def _swept(records: RecordStore, submission: Submission) -> list[dict[str, Any]]:
    """The line that puts what has no date into the sweep."""
    dataset, today = submission.dataset or "", day_of(clock.now()).isoformat()
    if submission.release_on:
        return []
    if submission.extends:
        row = {"submission": submission.id, "accession": dataset, "release_on": today, "release_key": "HELD"}
        return [records.row_line(dataset, "EXT#", submission.id, row)]
    return [records.date_line(dataset, today)]


def must_open(store: SubmissionStore, records: RecordStore, submission: Submission) -> None:
    """Invalid with what is missing if the gate of a released submission would be shut as it is to become."""
    found, _ = gate_of(store, records, submission)
    if not found.open:
        raise Invalid(found.findings[0].message, list(found.findings))
