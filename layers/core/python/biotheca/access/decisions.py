"""What a committee does with a request: vote, return it for more, note a conflict of interest.

Decision, grant, history and events are one write, which holds only while request and committee are as they were read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import clock, events
from biotheca.access import rules
from biotheca.access.grants import from_approval
from biotheca.access.model import Committee, NoVoice, Request, State, Vote
from biotheca.access.service import must_be_in, no_request
from biotheca.access.store import AccessStore
from biotheca.accounts.model import Person
from biotheca.catalog.archive import day_of
from biotheca.errors import Invalid, NotFound
from biotheca.submissions.rules import finding


def decidable(store: AccessStore, person: Person, name: str) -> tuple[Request, Committee]:
    """A request with its committee, for a member of it who is not the requester; to all others it does not exist."""
    request = store.request(name)
    committee = store.committee(request.committee) if request else None
    if request is None or committee is None or not request.submitted_at:
        raise no_request(name)
    if request.requester == person.subject or not committee.joined(person.subject):
        raise no_request(name)
    return request, committee


def vote(
    store: AccessStore,
    person: Person,
    name: str,
    approve: bool,
    reason: str = "",
    lines: list[dict[str, Any]] | None = None,
) -> Request:
    """Give one's voice; the request is decided as soon as the committee's rule is met. The same again changes nothing.

    NoVoice for a member who has none on this request. `lines` are written in the same transaction.
    """
    request, committee = decidable(store, person, name)
    if not approve:
        _must_say(reason)
    mine = next((v for v in request.votes if v.subject == person.subject), None)
    if mine and (mine.approve, mine.reason) == (approve, reason.strip()):
        return request
    must_be_in(request, State.SUBMITTED)
    others = tuple(v for v in request.votes if v.subject != person.subject)
    given = replace(request, votes=(*others, Vote(person.subject, approve, clock.stamp(), reason.strip())))
    if all(m.subject != person.subject for m in rules.electorate(committee, given, day_of(clock.now()))):
        raise NoVoice(f"You have no vote on {request.number}.")
    return settled(store, request, given, committee, lines) or store.save_request(
        request,
        given,
        event="vote",
        words="A member of the committee voted.",
        actor=person.subject,
        lines=[*_voted(store, given, committee, person.subject), *(lines or [])],
    )


def _voted(store: AccessStore, request: Request, committee: Committee, actor: str) -> list[dict[str, Any]]:
    body = {"request": request.number, "dataset": request.dataset, "change": "vote", "actor": actor}
    return [store.same_committee_line(committee), store.told(events.ACCESS_CHANGED, request.number, **body)]


def settled(
    store: AccessStore,
    request: Request,
    given: Request,
    committee: Committee,
    lines: list[dict[str, Any]] | None = None,
) -> Request | None:
    """Decide a request if its voices do; None if they do not yet. Decision, grant and events are one write."""
    state = rules.outcome(committee, given, day_of(clock.now()))
    if state is None:
        return None
    approved = state == State.APPROVED
    last = max((v for v in given.votes if v.approve == approved), key=lambda v: v.at)
    at = clock.stamp()
    new = replace(
        given,
        state=state,
        decided_at=at,
        decided_by=last.subject,
        committee_version=committee.version,
        reason=last.reason,
    )
    body = {"request": new.number, "committee": committee.number, "dataset": new.dataset, "decision": str(state)}
    body |= {"actor": last.subject, "person": new.requester, "policy": str(committee.version)}
    written = [store.same_committee_line(committee), store.told(events.ACCESS_DECIDED, new.number, **body)]
    if approved:
        written += from_approval(store, new, clock.now())
    words = f"Decided by {committee.number}, version {committee.version}: {state}." + (
        f" Reason: {new.reason}" if new.reason else ""
    )
    return store.save_request(
        request, new, event=str(state), words=words, actor=last.subject, lines=[*written, *(lines or [])]
    )


def give_back(store: AccessStore, person: Person, name: str, reason: str) -> Request:
    """Ask the requester for more; any member with a voice may. The voices given so far are void."""
    request, committee = decidable(store, person, name)
    _must_say(reason)
    must_be_in(request, State.SUBMITTED)
    if all(m.subject != person.subject for m in rules.electorate(committee, request, day_of(clock.now()))):
        raise NoVoice(f"You have no vote on {request.number}.")
    new = replace(request, state=State.RETURNED, returned_at=clock.stamp(), reason=reason.strip(), votes=())
    body = {"request": new.number, "committee": committee.number, "dataset": new.dataset, "decision": "returned"}
    told = store.told(events.ACCESS_DECIDED, new.number, **body, actor=person.subject, person=new.requester)
    lines = [store.same_committee_line(committee), told]
    words = f"Returned for more information: {reason.strip()}"
    return store.save_request(request, new, event="returned", words=words, actor=person.subject, lines=lines)


def declare_conflict(store: AccessStore, person: Person, name: str, subject: str) -> Request:
    """Note a conflict of interest: one's own, or (a contact) another member's. That member has no voice any more."""
    request, committee = decidable(store, person, name)
    own_case = subject == person.subject
    is_contact = any(m.subject == person.subject and m.contact for m in committee.members)
    if committee.member(subject) is None or not (own_case or is_contact):
        raise NotFound(f"{committee.number} has no member {subject[:60]!r}.")
    if subject in request.conflicts:
        return request
    must_be_in(request, State.SUBMITTED)
    votes = tuple(v for v in request.votes if v.subject != subject)
    new = replace(request, conflicts=(*request.conflicts, subject), votes=votes)
    words = "A member has a conflict of interest and does not vote."
    return store.save_request(request, new, event="conflict", words=words, actor=person.subject)


def _must_say(reason: str) -> None:
    if not reason.strip():
        message = "Say why: the requester reads it."
        raise Invalid(message, [finding("access.reason_needed", "/reason", message)])
