"""After release: suppress, withdraw, restore, replace; and what keeps a record from going."""

from __future__ import annotations

from dataclasses import replace

from biotheca import events
from biotheca.accounts.model import Person, Role
from biotheca.errors import Invalid
from biotheca.publication.model import CHANGES, Record, ReferredTo, Visibility, WrongVisibility
from biotheca.publication.service import owned, pointing_at, visible
from biotheca.publication.store import RecordStore
from biotheca.submissions.rules import finding
from biotheca.submissions.store import SubmissionStore

# The words of the API, what each makes of a record, and what listeners hear.
ACTS = {
    "suppress": (Visibility.SUPPRESSED, "suppressed"),
    "withdraw": (Visibility.WITHDRAWN, "withdrawn"),
    "restore": (Visibility.PUBLIC, "restored"),
    "replace": (Visibility.REPLACED, "replaced"),
}


def change(
    records: RecordStore, person: Person, accession: str, act: str, reason: str, successor: str | None = None
) -> Record:
    """Suppress, withdraw, restore or replace, with a public reason. The same again changes nothing.

    WrongVisibility if the record's visibility does not allow it, ReferredTo if others point at what would go.
    """
    person.must_be(Role.DATA_MANAGER)
    record = visible(records, person, accession)
    target, word = ACTS[act]
    if record.visibility == target and record.replaced_by == successor:
        return record
    never_public = record.released_at is None
    if target not in CHANGES[record.visibility] or (act == "restore" and never_public):
        raise WrongVisibility(f"{record.accession} is {record.visibility}: it cannot be {word}.")
    if target == Visibility.WITHDRAWN:
        must_not_be_referred_to(records, person, record)
    new = replace(record, visibility=target, reason=reason, replaced_by=None, release_on=None)
    if target == Visibility.REPLACED:
        new = replace(new, replaced_by=_successor(records, person, record, successor))
    if target == Visibility.PUBLIC:
        new = replace(new, reason=None)
    return records.save(
        record,
        new,
        event=word,
        words=f"{word.capitalize()}: {reason}",
        actor=person.subject,
        announce=events.RECORD_CHANGED,
        body={"dataset": record.dataset, "change": word},
    )


def _successor(records: RecordStore, person: Person, record: Record, successor: str | None) -> str:
    other = visible(records, person, successor) if successor else None
    if other is None or other.type != record.type or other.accession == record.accession:
        message = f"{record.accession} is replaced by another {record.type}; name its accession."
        raise Invalid(message, [finding("publication.successor", "/replaced_by", message, successor)])
    if other.visibility != Visibility.PUBLIC:
        raise WrongVisibility(
            f"{other.accession} is {other.visibility}: only a public record can take another's place."
        )
    return other.accession


def must_not_be_referred_to(records: RecordStore, person: Person, record: Record) -> None:
    """ReferredTo if a record that is not withdrawn points at this one; names those that the person may see."""
    cursor: str | None = None
    pointing: list[Record] = []
    while True:
        page, cursor = records.referrers(record.accession, None, 100, cursor)
        found = [other for accession in page if (other := records.get(accession))]
        pointing += [other for other in found if other.visibility != Visibility.WITHDRAWN]
        if cursor is None or pointing:
            break
    if not pointing:
        return
    staff = bool(person.roles & {Role.CURATOR, Role.DATA_MANAGER})
    shown = [o.accession for o in pointing if staff or person.subject == o.owner or o.visibility == Visibility.PUBLIC]
    named = ", ".join(shown[:20]) or "records that you may not see"
    raise ReferredTo(f"{record.accession} is in use: {named} refer to it.")


def _must_not_be_named(store: SubmissionStore, records: RecordStore, record: Record) -> None:
    """ReferredTo if a draft, or a submission on its way, names the record."""
    cursor: str | None = None
    while True:
        rows, cursor = pointing_at(records, store, record.accession, 100, cursor)
        if rows:
            raise ReferredTo(f"{record.accession} is in use: a submission that is not yet archived names it.")
        if cursor is None:
            return


def delete(store: SubmissionStore, records: RecordStore, person: Person, accession: str) -> None:
    """Give up a project or sample of one's own that never was public and that nothing points at.

    Its number is never given out again. Deleting twice changes nothing.
    """
    record = owned(store, records, person, accession)
    if record.visibility == Visibility.WITHDRAWN:
        return
    if record.released_at or record.visibility != Visibility.PRIVATE:
        raise WrongVisibility(f"{record.accession} was public: it can be withdrawn by the archive, not deleted.")
    if record.files or record.dataset not in (None, record.accession):
        raise WrongVisibility(f"{record.accession} belongs to {record.dataset}; it does not go alone.")
    must_not_be_referred_to(records, person, record)
    _must_not_be_named(store, records, record)
    new = replace(record, visibility=Visibility.WITHDRAWN, reason="Deleted by its owner.", release_on=None)
    records.save(record, new, event="deleted", words="Deleted by its owner.", actor=person.subject)
