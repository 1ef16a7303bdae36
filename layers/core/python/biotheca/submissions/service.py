"""What a submitter can do: open, describe, submit, cancel. Files: uploads. Decisions: curation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from biotheca import catalog, clock, events, ids
from biotheca.accounts.model import Person, Role
from biotheca.catalog.archive import day_of
from biotheca.errors import Conflict, Finding, Invalid, NotFound
from biotheca.privacy import anonymity
from biotheca.privacy.anonymity import Report
from biotheca.submissions import rules
from biotheca.submissions.model import (
    EDITABLE,
    UPLOADABLE,
    ArchiveObject,
    DataFile,
    FileState,
    Known,
    State,
    Submission,
)
from biotheca.submissions.rules.anonymous import people, rows_of
from biotheca.submissions.store import SubmissionStore, saved
from biotheca.taxonomy.model import Taxon
from biotheca.taxonomy.service import Taxonomy

POLICIES = ("submission_policy", "management_policy", "sharing_policy")  # accepted by whoever hands in


def open_submission(
    store: SubmissionStore,
    person: Person,
    member: str,
    title: str,
    release_mode: str,
    release_on: str | None,
    idempotency_key: str | None = None,
    extends: str | None = None,
    access: str | None = None,
) -> Submission:
    """A new draft; with the same idempotency key by the same person, the draft of the first call."""
    person.must_be(Role.SUBMITTER)
    if member not in catalog.members():
        known = ", ".join(catalog.members())
        finding = rules.finding("members.unknown", "/member", f"There is no member {member!r}.", member, known)
        raise Invalid(finding.message, [finding])
    findings = rules.check_release(release_mode, release_on, day_of(clock.now()))
    access = catalog.members()[member].access_modes[0] if access is None else access
    if findings := findings + rules.check_access(catalog.members()[member], access):
        raise Invalid(findings[0].message, findings)
    identifier = ids.new("sub")
    if idempotency_key:
        digest = hashlib.sha256(f"{person.subject}\0{idempotency_key}".encode()).hexdigest()
        identifier = f"sub_{digest[:26]}"
    at = clock.stamp()
    draft = Submission(
        identifier,
        member,
        person.subject,
        title,
        State.DRAFT,
        release_mode,
        release_on,
        at,
        at,
        extends=extends,
        access=access,
    )
    stored = store.create(draft, person.subject)
    asked = (member, title, release_on, extends, access)
    if (stored.member, stored.title, stored.release_on, stored.extends, stored.access or access) != asked:
        raise Conflict("This Idempotency-Key was used for another submission. Take a new key for a new one.")
    return stored


def visible(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """The submission if the person may see it; else NotFound, the same as if there were none."""
    submission = store.get(submission_id)
    if not submission.may_see(person):
        raise NotFound(f"There is no submission {submission_id!r}, or you may not see it.")
    return submission


def own(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """The submission if it is the person's own or shared in a group of theirs; else NotFound."""
    submission = visible(store, person, submission_id)
    if not submission.may_edit(person):
        raise NotFound(f"There is no submission {submission_id!r} of yours.")
    return submission


class Registry(Protocol):
    """Who knows what an accession names (publication does; it stands above this capability)."""

    def known(self, person: Person, accessions: list[str]) -> dict[str, Known]:
        """Of these accessions those that the person may refer to, with what lies above them (umbrella projects)."""
        ...

    def taxa(self, numbers: list[int]) -> dict[int, Taxon]:
        """Of these taxa those that are known."""
        ...


def verdict(
    store: SubmissionStore,
    person: Person,
    submission: Submission,
    document: dict[str, Any],
    registry: Registry | None = None,
) -> list[Finding]:
    """Every finding of a document for this submission. Nothing is written."""
    member = catalog.members()[submission.member]
    named = rules.accessions_in(member, document)
    known = registry.known(person, named) if registry and named else {}
    numbers = {(o.type, o.alias): o.accession for o in store.objects(submission) if o.accession}
    document, _ = _without_successors(member, document)
    # What an extended dataset has already need not come again.
    existing = [kind.type for kind in member.objects if not kind.files] if submission.extends else []
    numbers_of_taxa = _taxa(member, document, known)
    taxa = registry.taxa(numbers_of_taxa) if registry else Taxonomy().get_many(numbers_of_taxa)
    today = clock.now().date()
    mode = member.access_mode(submission.access)
    return rules.check_document(member, document, known, existing, numbers, taxa=taxa, today=today, mode=mode)


def _taxa(member: catalog.Member, document: dict[str, Any], known: dict[str, Known]) -> list[int]:
    """Taxonomy ids of a document and of the records that it names."""
    named = [record.attributes.get("taxon_id") for record in known.values()]
    return [*rules.taxa_in(member, document), *(n for n in named if isinstance(n, int))]


def describe(
    store: SubmissionStore,
    person: Person,
    submission_id: str,
    document: dict[str, Any],
    registry: Registry | None = None,
) -> Submission:
    """Replace the metadata by a document; Invalid with every finding if a rule refuses it (nothing is written then).

    Warnings and hints are stored with the submission. Without a `registry` no accession can be referred to.
    """
    submission = own(store, person, submission_id)
    submission.must_be_in(*EDITABLE)
    member = catalog.members()[submission.member]
    document, replaced = _without_successors(member, document)
    findings = verdict(store, person, submission, document, registry)
    if refused := rules.errors_in(findings):
        raise Invalid(f"The metadata has {len(refused)} error(s); nothing was stored.", findings)
    named = rules.accessions_in(member, document)
    document, _ = rules.normalised(member, document)
    before = {(f.owner_alias, f.name, f.md5): f for f in store.files(submission)}
    known = {(o.type, o.alias): o for o in store.objects(submission)}
    objects, files = parts_of(member, document, known, before, replaced)
    if changed := rules.check_accepted(list(known.values()), objects):
        raise Invalid(changed[0].message, changed)
    words = f"Metadata with {len(objects)} objects and {len(files)} files was stored."
    counts = counts_of(member, objects, files)
    warnings = sum(f.severity == "warning" for f in findings)
    checked = replace(submission, catalog_version=catalog.version(), warnings=warnings, counts=counts)
    return store.describe(checked, objects, files, words, person.subject, findings=findings, refers_to=named)


def parts_of(
    member: catalog.Member,
    document: dict[str, Any],
    known: Mapping[tuple[str, str], ArchiveObject],
    before: Mapping[tuple[str, str, str], DataFile],
    replaced: Mapping[tuple[str, int], str],
) -> tuple[list[ArchiveObject], list[DataFile]]:
    """The objects and files of a right document. `known`: objects that are there, by (type, alias); `before`: files
    that are, by (alias of their object, name, MD5); `replaced`: which object takes which accession's place."""
    objects: list[ArchiveObject] = []
    files: list[DataFile] = []
    for kind in member.objects:
        for position, entry in enumerate(rules.objects_of(document, kind)):
            attributes = {k: v for k, v in entry.items() if k not in ("alias", "files")}
            if successor := replaced.get((kind.type, position)):
                attributes["replaces"] = successor
            old = known.get((kind.type, entry["alias"]))
            declared = (
                [_declared(before, entry, place, kind) for place in range(len(entry["files"]))] if kind.files else []
            )
            ids_of_files = [f.id for f in declared]
            number, batch = (old.accession, old.batch) if old else (None, 0)
            objects.append(ArchiveObject(kind.type, entry["alias"], attributes, position, number, ids_of_files, batch))
            files += declared
    return objects, files


def counts_of(member: catalog.Member, objects: list[ArchiveObject], files: list[DataFile]) -> dict[str, int]:
    """How many objects of each type and files there are."""
    return {kind.type: sum(o.type == kind.type for o in objects) for kind in member.objects} | {"files": len(files)}


def _without_successors(
    member: catalog.Member, document: dict[str, Any]
) -> tuple[dict[str, Any], dict[tuple[str, int], str]]:
    """The document without `replaces`, and which object replaces which accession: that is no field of the object."""
    found: dict[tuple[str, int], str] = {}
    clean = dict(document)
    for kind in member.objects:
        entries = rules.objects_of(document, kind)
        if not kind.files or not any(isinstance(entry, dict) and "replaces" in entry for entry in entries):
            continue
        found |= {
            (kind.type, n): str(entry["replaces"]).strip().upper()
            for n, entry in enumerate(entries)
            if isinstance(entry, dict) and entry.get("replaces")
        }
        plain = [{k: v for k, v in e.items() if k != "replaces"} if isinstance(e, dict) else e for e in entries]
        clean[kind.section] = plain if kind.many else plain[0]
    return clean, found


def _declared(
    before: Mapping[tuple[str, str, str], DataFile], entry: dict[str, Any], place: int, kind: catalog.ObjectType
) -> DataFile:
    """The file as declared; what was uploaded under the same run, name and MD5 stays."""
    file = entry["files"][place]
    md5 = file["md5"].lower()
    file_type = entry[(kind.files or {})["type_field"]]
    if old := before.get((entry["alias"], file["name"], md5)):
        return replace(old, position=place, format=file_type)
    return DataFile(ids.new("file"), file["name"], entry["alias"], place, md5, file_type, file.get("size_bytes"))


def submit(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """Hand the submission in: the next round of the workflow starts. Submitting twice changes nothing."""
    submission = own(store, person, submission_id)
    if submission.state in UPLOADABLE - EDITABLE:
        return submission
    submission.must_be_in(*EDITABLE)
    needed = store.files(submission) if catalog.members()[submission.member].has_files else store.objects(submission)
    if not needed:
        finding = rules.finding("metadata.incomplete", "/", "The submission has no metadata yet.", expected="metadata")
        raise Invalid(finding.message, [finding])
    found = [*_of_mode(store, submission, submission.access)]
    member = catalog.members()[submission.member]
    above = next(iter(store.objects_of(submission, member.dataset)), None)
    tiers = rules.tiers_of(member, above.attributes) if above else set()
    if found := found + rules.check_committee(member, submission, tiers):
        raise Invalid(found[0].message, found)
    policies = {name: catalog.document(name)["version"] for name in POLICIES}
    new = replace(
        submission, state=State.SUBMITTED, round=submission.round + 1, reasons=[], tokens={}, policies=policies
    )
    return store.save(
        submission,
        new,
        event="submitted",
        words=f"Handed in (round {new.round}).",
        actor=person.subject,
        announce=events.SUBMISSION_SUBMITTED,
    )


def check_mode(store: SubmissionStore, submission: Submission, mode: str) -> None:
    """Invalid if what is described may not have this access mode, or lacks what the mode demands."""
    if found := _of_mode(store, submission, mode):
        raise Invalid(found[0].message, found)


def _of_mode(store: SubmissionStore, submission: Submission, mode: str) -> list[Finding]:
    member = catalog.members()[submission.member]
    if not member.demands and not member.only_with_taxa:
        return []
    document = rules.document_of(member, store.objects(submission))
    taxa = Taxonomy().get_many(rules.taxa_in(member, document))
    return list(rules.check_mode(member, document, member.access_mode(mode), taxa))


def pedigree(store: SubmissionStore, person: Person, submission_id: str) -> str:
    """The families of a submission as PED text, for its owner and staff; NotFound if it names none."""
    submission = visible(store, person, submission_id)
    member = catalog.members()[submission.member]
    text = rules.ped_of(member, rules.document_of(member, store.objects(submission)))
    if not text:
        raise NotFound(f"{submission_id} names no families.")
    return text


def anonymity_of(store: SubmissionStore, person: Person, submission_id: str) -> tuple[Report, list[dict[str, str]]]:
    """How well the persons of a submission are hidden, and their table made as coarse as proposed; for its people and
    staff. NotFound if it describes nobody. The table has no alias, title or text: quasi-identifiers and choices."""
    submission = visible(store, person, submission_id)
    member = catalog.members()[submission.member]
    rows = rows_of(member, rules.document_of(member, store.objects(submission)))
    kind = people(member)
    if kind is None or not rows:
        raise NotFound(f"{submission_id} describes no persons.")
    told = anonymity.report(rows)
    choices = [name for name, spec in kind.fields.items() if spec.kind == "choice" and not spec.sensitive]
    return told, anonymity.generalised(rows, told, choices)


def cancel(store: SubmissionStore, person: Person, submission_id: str) -> None:
    """Give a draft (or a returned submission) up. Cancelling twice changes nothing."""
    submission = own(store, person, submission_id)
    if submission.state == State.CANCELLED:
        return
    new = replace(submission, state=State.CANCELLED)
    store.save(submission, new, event="cancelled", words="Cancelled by its owner.", actor=person.subject)


def share(store: SubmissionStore, person: Person, submission_id: str, group: str | None) -> Submission:
    """Share with a group that the person is in, or take it back; only the owner decides. Again changes nothing."""
    submission = own(store, person, submission_id)
    if submission.owner != person.subject:
        raise NotFound(f"There is no submission {submission_id!r} of yours.")
    if group is not None and group not in person.groups:
        raise NotFound(f"There is no group {group[:60]!r} of yours.")
    if submission.group == group:
        return submission
    words = "Shared with a group." if group else "No longer shared with a group."
    return store.save(submission, replace(submission, group=group), event="shared", words=words, actor=person.subject)


def resume(store: SubmissionStore, person: Person, submission_id: str) -> Submission:
    """Send a held submission round the workflow again, once its cause is mended. For data managers."""
    person.must_be(Role.DATA_MANAGER)
    submission = store.get(submission_id)
    submission.must_be_in(State.HELD)
    new = replace(submission, state=State.SUBMITTED, round=submission.round + 1, tokens={})
    return store.save(
        submission,
        new,
        event="resumed",
        words=f"Sent round again by an operator (round {new.round}).",
        actor=person.subject,
        announce=events.SUBMISSION_SUBMITTED,
    )


def expect_files(store: SubmissionStore, submission_id: str, round_number: int) -> list[DataFile]:
    """The metadata is accepted: files are awaited; what has none is accepted itself. A replay changes nothing."""

    def change(submission: Submission) -> Submission:
        if submission.state != State.METADATA_ACCEPTED or submission.round != round_number:
            return submission
        count = len(store.files(submission))
        if not count:
            new = replace(submission, state=State.ACCEPTED, batch=submission.batch + 1, rest="")
            return store.save(submission, new, event="accepted", words="It has no files: accepted.", actor="archive")
        new = replace(submission, state=State.FILES_EXPECTED)
        words = f"Waiting for {count} file(s)."
        return store.save(submission, new, event="files expected", words=words, actor="archive")

    return store.files(saved(store, submission_id, change))


def keep_token(store: SubmissionStore, submission_id: str, round_number: int, step: str, token: str) -> bool:
    """Bind a workflow token to submission, round and step; False if the submission has moved on."""
    kept = False

    def change(submission: Submission) -> Submission:
        nonlocal kept
        if submission.round != round_number:
            return submission
        kept = True
        new = replace(submission, tokens={**submission.tokens, step: token})
        return store.save(submission, new, event="waiting", words=_WAITING[step], actor="archive")

    saved(store, submission_id, change)
    return kept


_WAITING = {
    "files": "The workflow waits until every file has arrived.",
    "decision": "The workflow waits for a curator.",
}


def reception(store: SubmissionStore, submission: Submission) -> dict[str, Any]:
    """Which files have not come (the first 100, all counted), and what came beside them."""
    files = store.files(submission)
    missing = [f for f in files if f.state in (FileState.DECLARED, FileState.UPLOADING)]
    shown = [{"id": f.id, "name": f.name, "run": f.owner_alias, "state": str(f.state)} for f in missing[:100]]
    surplus = store.surplus(submission.id)
    return {"expected": len(files), "arrived": len(files) - len(missing), "missing": shown, "surplus": surplus}


def hold(store: SubmissionStore, submission_id: str, reason: str) -> Submission:
    """Stop a submission whose workflow failed on our side; the alarm on failed executions tells an operator."""

    def change(submission: Submission) -> Submission:
        if submission.state in (State.HELD, State.RELEASED, State.CANCELLED):
            return submission
        return store.save(
            submission,
            replace(submission, state=State.HELD),
            event="held",
            words=f"Held: {reason}",
            actor="archive",
            announce=events.SUBMISSION_HELD,
        )

    return saved(store, submission_id, change)
