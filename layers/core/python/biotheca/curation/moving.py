"""A curator moves a submission to the member where it belongs: with its files, under that member's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts.model import Person, Role
from biotheca.catalog import Member
from biotheca.curation.model import OwnWork, Stale
from biotheca.errors import Conflict, Invalid
from biotheca.submissions import rules
from biotheca.submissions import service as submitting
from biotheca.submissions.model import EDITABLE, REVIEWS, State, Submission
from biotheca.submissions.rules import finding
from biotheca.submissions.service import Registry
from biotheca.submissions.store import StaleWrite, SubmissionStore

MOVABLE = frozenset(REVIEWS) | EDITABLE
REASON = "archive.wrong"


def move(
    store: SubmissionStore,
    person: Person,
    submission_id: str,
    target: str,
    reason: str,
    document: dict[str, Any] | None = None,
    version: int | None = None,
    registry: Registry | None = None,
) -> Submission:
    """Make a submission one of another member; it goes back to its owner, who hands it in there with one act.

    `document`: its metadata as the other member wants them; without it, what both members know by the same names.
    Invalid with every finding where the target's rules do not hold or a file would be lost; Conflict once numbers are
    issued. Files stay as they are, whatever was uploaded and checked; the former document is kept. Again changes
    nothing.
    """
    person.must_be(Role.CURATOR)
    submission = store.get(submission_id)
    if submission.may_edit(person):
        raise OwnWork("This submission is your own; another curator decides on it.")
    if submission.member == target:
        return submission
    _must_be_movable(submission, version)
    if target not in catalog.members():
        known = ", ".join(catalog.members())
        raise Invalid(
            f"There is no member {target[:40]!r}.",
            [finding("members.unknown", "/member", "There is no such member.", target, known)],
        )
    source, member = catalog.members()[submission.member], catalog.members()[target]
    moved = replace(submission, member=target)
    held = rules.document_of(source, store.objects(submission))
    wanted = document if document is not None else carried(source, member, held)
    found = submitting.verdict(store, person, moved, wanted, registry)
    found += rules.check_access(member, member.access_mode(submission.access))
    found += _lost(store, submission, member, wanted)
    if rules.errors_in(found):
        raise Invalid(f"{submission_id} does not hold to the rules of {target}; nothing was moved.", found)
    return _moved(store, person, submission, moved, wanted, reason, found)


def _must_be_movable(submission: Submission, version: int | None) -> None:
    if submission.state not in MOVABLE or submission.batch or submission.extends:
        words = "what has numbers, or adds to a dataset, stays where it is"
        raise Conflict(f"Submission {submission.id} is {submission.state}: {words}.")
    if version not in (None, submission.version):
        raise Stale(f"You saw version {version} of the submission; it is now at {submission.version}.")


def carried(source: Member, target: Member, document: dict[str, Any]) -> dict[str, Any]:
    """What a document says that another member knows by the same section, type and field."""
    found: dict[str, Any] = {}
    kinds = {kind.section: kind for kind in source.objects}
    for kind in target.objects:
        same = kinds.get(kind.section)
        if same is None or same.type != kind.type:
            continue
        known = {"alias", "attributes", *kind.fields} | ({"files"} if kind.files else set())
        kept = [{k: v for k, v in entry.items() if k in known} for entry in rules.objects_of(document, same)]
        if kept:
            found[kind.section] = kept if kind.many else kept[0]
    return found


def _lost(store: SubmissionStore, submission: Submission, member: Member, document: dict[str, Any]) -> list[Any]:
    """A finding for each file of the submission that the document does not name with the same digest."""
    named = {(str(f.get("name")), str(f.get("md5")).lower()) for f in _files_in(member, document)}
    left = [f.name for f in store.files(submission) if (f.name, f.md5) not in named]
    return [finding("curation.move_file", "/files", f"{name!r} is not named: it would be lost.", name) for name in left]


def _files_in(member: Member, document: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = [kind for kind in member.objects if kind.files]
    entries = [entry for kind in kinds for entry in rules.objects_of(document, kind) if isinstance(entry, dict)]
    listed = [entry.get("files") for entry in entries]
    return [file for files in listed if isinstance(files, list) for file in files if isinstance(file, dict)]


def _moved(
    store: SubmissionStore,
    person: Person,
    submission: Submission,
    moved: Submission,
    document: dict[str, Any],
    reason: str,
    found: list[Any],
) -> Submission:
    member = catalog.members()[moved.member]
    named = rules.accessions_in(member, document)
    document, _ = rules.normalised(member, document)
    by_name = {(f.name, f.md5): f for f in store.files(submission)}
    before = {
        (entry["alias"], name, md5): file
        for kind in member.objects
        if kind.files
        for entry in rules.objects_of(document, kind)
        for (name, md5), file in by_name.items()
        if any((f["name"], f["md5"].lower()) == (name, md5) for f in entry["files"])
    }
    objects, files = submitting.parts_of(member, document, {}, before, {})
    waits = submission.state in REVIEWS
    told = [{"code": REASON, "text": reason}]
    becomes = replace(
        moved,
        state=State.REVISION_REQUESTED if waits else submission.state,
        reasons=told,
        catalog_version=catalog.version(),
        warnings=sum(f.severity == "warning" for f in found),
        approved=[],
        counts=submitting.counts_of(member, objects, files),
    )
    store.keep_document(submission, f"{submission.member}#{clock.stamp()}")
    decided = {"decision": "return", "stage": REVIEWS.get(submission.state), "automatic": False}
    words = f"Moved from {submission.member} to {moved.member} by a curator, with its {len(files)} file(s): {reason}"
    try:
        return store.describe(
            submission,
            objects,
            files,
            words,
            person.subject,
            findings=found,
            refers_to=named,
            becomes=becomes,
            event="moved",
            announce=events.CURATION_DECIDED if waits else None,
            body={"member": moved.member} | (decided if waits else {}),
        )
    except StaleWrite:
        raise Stale(f"Submission {submission.id} was changed at the same moment. Look at it again.") from None
