"""Requests as those who ask have them: draft, fill in, hand in, withdraw. Decisions: decisions; grants: grants.

A request is its requester's and, once handed in, its committee's; data managers see it too. To everybody else it does
not exist. Whoever asks has no vote on it, whatever committee they are in.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events, ids
from biotheca.access import rules
from biotheca.access.committees import Numbers
from biotheca.access.model import EDITABLE, Committee, Request, State, WrongRequestState
from biotheca.access.store import AccessStore
from biotheca.accounts.model import Person, Role
from biotheca.catalog.archive import day_of
from biotheca.errors import Conflict, Invalid, NotFound
from biotheca.publication.access import OPEN, mode_of
from biotheca.publication.model import Record
from biotheca.publication.service import file_of, visible
from biotheca.publication.store import RecordStore
from biotheca.submissions.rules import finding, tiers_of

SHORT = "short"  # the form with which a grant is prolonged
MOST_FILES = 200


def no_request(name: str) -> NotFound:
    """The one answer for a request that there is not, or that is not the caller's."""
    return NotFound(f"There is no request {name[:60]!r} of yours.")


def no_grant(number: str) -> NotFound:
    """The one answer for a grant that there is not, or that is not the caller's."""
    return NotFound(f"There is no grant {number[:60]!r} of yours.")


# --- the requester's side ---


def begin(
    store: AccessStore,
    records: RecordStore,
    person: Person,
    dataset: str,
    renews: str = "",
    idempotency_key: str | None = None,
) -> Request:
    """A draft of a request to a controlled dataset, or to prolong a grant of one's own (`renews`: its number)."""
    record = controlled(records, visible(records, None, dataset))
    if renews:
        renews = _own_grant(store, person, renews, record.accession)
    identifier = ids.new("req")
    if idempotency_key:
        digest = hashlib.sha256(f"{person.subject} {idempotency_key}".encode()).hexdigest()
        identifier = f"req_{digest[:26]}"
    at = clock.stamp()
    draft = Request(
        identifier,
        requester=person.subject,
        dataset=record.accession,
        member=record.member,
        committee=record.committee,
        form=SHORT if renews else catalog.members()[record.member].request_form,
        state=State.DRAFT,
        created_at=at,
        updated_at=at,
        renews=renews,
    )
    stored = store.add_request(draft)
    if (stored.dataset, stored.renews) != (draft.dataset, draft.renews):
        raise Conflict("This Idempotency-Key was used for another request. Take a new key for a new one.")
    return stored


def controlled(records: RecordStore, record: Record) -> Record:
    """The public dataset that a record lies in, if its files need a grant; Invalid with the mode otherwise."""
    if record.accession != record.dataset:
        record = visible(records, None, record.dataset or record.accession)
    tiers = tiers_of(catalog.members()[record.member], record.attributes)
    if not record.committee or (mode_of(records, record) == OPEN and not tiers - {OPEN}):
        message = f"{record.accession} has no committee to ask: its access mode is {mode_of(records, record)}."
        raise Invalid(message, [finding("access.open_already", "/dataset", message, record.accession)])
    return record


def _own_grant(store: AccessStore, person: Person, number: str, dataset: str) -> str:
    request = store.request(number)
    if request is None or request.requester != person.subject or request.dataset != dataset:
        raise no_request(number)
    if store.grant(request) is None or request.state not in (State.APPROVED, State.EXPIRED):
        raise WrongRequestState(f"Request {request.number or number} has no grant that can be prolonged.")
    return request.number


def own(store: AccessStore, person: Person, name: str) -> Request:
    """The person's own request; NotFound otherwise."""
    request = store.request(name)
    if request is None or request.requester != person.subject:
        raise no_request(name)
    return request


def edit(
    store: AccessStore,
    records: RecordStore,
    person: Person,
    name: str,
    answers: dict[str, Any],
    files: list[str],
    documents: dict[str, int],
) -> Request:
    """Fill the form of a draft or returned request; looked at when it is handed in, but for files of other datasets."""
    request = own(store, person, name)
    must_be_in(request, *EDITABLE)
    _check_files(records, request, files)
    new = replace(request, answers=answers, files=tuple(dict.fromkeys(files)), documents=documents)
    if new == request:
        return request
    return store.save_request(request, new, event="filled", words="The form was filled in.", actor=person.subject)


def _check_files(records: RecordStore, request: Request, files: list[str]) -> None:
    record = controlled(records, visible(records, None, request.dataset))
    found = []
    if len(files) > MOST_FILES:
        message = f"A request names at most {MOST_FILES} files; leave them out to ask for all."
        found.append(finding("access.not_in_dataset", "/files", message, len(files)))
    for number, name in enumerate(files[:MOST_FILES]):
        try:
            known = file_of(records, None, record, name)["name"] == name
        except NotFound:
            known = False
        if not known:
            message = f"{record.accession} has no file {name[:100]!r}."
            found.append(finding("access.not_in_dataset", f"/files/{number}", message, name))
    if found:
        raise Invalid(found[0].message, found)


def submit(store: AccessStore, records: RecordStore, numbers: Numbers, person: Person, name: str) -> Request:
    """Hand a request in: it gets its number and goes to the committee. Again changes nothing."""
    request = own(store, person, name)
    if request.state == State.SUBMITTED:
        return request
    must_be_in(request, *EDITABLE)
    record = controlled(records, visible(records, None, request.dataset))
    found = rules.check_answers(request.form, request.answers)
    found += rules.check_documents(catalog.request_documents(request.form), request.documents)
    if found:
        raise Invalid(f"The form has {len(found)} finding(s); the first: {found[0].message}", found)
    at = clock.stamp()
    new = replace(
        request,
        state=State.SUBMITTED,
        number=request.number or numbers.mint("request", f"{request.id}/request")[0],
        committee=request.committee if request.submitted_at else record.committee,
        submitted_at=request.submitted_at or at,
        waiting_since=at,
        returned_at="",
        votes=(),
        reason="",
        reminded=0,
    )
    committee = _committee(store, new)
    people = [m.subject for m in rules.electorate(committee, new, day_of(clock.now()))]
    told = store.told(
        events.ACCESS_REQUESTED, new.number, request=new.number, committee=new.committee, dataset=new.dataset,
        actor=person.subject, people=people, form=new.form,
    )  # fmt: skip
    words = f"Handed in to {new.committee}."
    lines = [store.same_committee_line(committee), told]
    return store.save_request(request, new, event="submitted", words=words, actor=person.subject, lines=lines)


def withdraw(store: AccessStore, person: Person, name: str) -> Request:
    """Take a request back before it is decided. Again changes nothing."""
    request = own(store, person, name)
    if request.state == State.WITHDRAWN:
        return request
    new = replace(request, state=State.WITHDRAWN)
    return store.save_request(
        request, new, event="withdrawn", words="Withdrawn by its requester.", actor=person.subject
    )


def show(store: AccessStore, person: Person, name: str) -> Request:
    """A request, for its requester, its committee and data managers; drafts for their requester alone."""
    request = store.request(name)
    if request is None:
        raise no_request(name)
    if request.requester != person.subject:
        committee = store.committee(request.committee)
        inside = (committee is not None and committee.joined(person.subject)) or Role.DATA_MANAGER in person.roles
        if not request.submitted_at or not inside:
            raise no_request(name)
    return request


def _committee(store: AccessStore, request: Request) -> Committee:
    found = store.committee(request.committee)
    if found is None:
        raise no_request(request.number)
    return found


def must_be_in(request: Request, *states: State) -> None:
    """WrongRequestState unless the request is in one of the states."""
    if request.state not in states:
        wanted = " or ".join(sorted(states))
        raise WrongRequestState(f"Request {request.number or request.id} is {request.state}, not {wanted}.")
