"""Grants: who may read which controlled files from when to when; and the log of each link that was given.

`may_read_files` is the one place that says yes. Publication asks it through `Granted` (publication.access.Grants).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from biotheca import clock, events
from biotheca.access import rules
from biotheca.access.glass.store import GlassStore
from biotheca.access.model import Grant, GrantState, Request, State, WrongRequestState
from biotheca.access.proofs.store import VisaStore
from biotheca.access.service import no_grant
from biotheca.access.store import AccessStore
from biotheca.accounts.model import Person, Role
from biotheca.errors import Invalid
from biotheca.publication.service import STAFF
from biotheca.submissions.rules import finding


def may_read_files(
    store: AccessStore, person: Person | None, dataset: str, name: str | None = None, when: datetime | None = None
) -> Grant | None:
    """The live grant that lets a person read a file of a dataset (without a name: any file), or None.

    A visa of another archive that was taken counts as a grant while it lives (proofs.service.present), and
    so does glass that staff broke, as long as they are staff (glass.service.break_glass).
    """
    if person is None:
        return None
    now = when or clock.now()
    own = next((g for g in store.grants(person.subject, dataset) if rules.covers(g, now, name)), None)
    if own:
        return own
    taken = VisaStore(store.table).grants(person.subject, dataset)
    broken = GlassStore(store.table).grant(person.subject, dataset) if person.roles & STAFF else None
    return next((g for g in (*taken, *([broken] if broken else [])) if rules.covers(g, now, name)), None)


class Granted:
    """Grants as publication's doors ask for them."""

    def __init__(self, store: AccessStore) -> None:
        self.store = store

    def allow(self, person: Person | None, dataset: str, name: str | None = None) -> bool:
        """Whether a live grant opens the file (without a name: any file) of the dataset to the person."""
        return may_read_files(self.store, person, dataset, name) is not None

    def note_link(self, person: Person, dataset: str, file: dict[str, Any]) -> None:
        """Write down that the person gets a link to a controlled file, and by what right: a grant, or as an insider."""
        grant = may_read_files(self.store, person, dataset, file["name"])
        row = {"file": file["name"], "bytes": file["size_bytes"], "grant": grant.request if grant else "insider"}
        self.store.note_link(dataset, person.subject, row)


def from_approval(store: AccessStore, request: Request, now: datetime) -> list[dict[str, Any]]:
    """The transaction lines of the grant that an approved request becomes; a renewal begins where the old one ends."""
    start = now
    if request.renews:
        old = [g for g in store.grants(request.requester, request.dataset) if g.request == request.renews]
        ends = [clock.parse(g.ends_at) for g in old if rules.state_of(g, now) == GrantState.LIVE]
        start = max([now, *ends])
    months = int(request.answers.get("months") or rules.GRANT_MONTHS)
    grant = Grant(
        request.number,
        request.requester,
        request.dataset,
        request.committee,
        starts_at=clock.stamp(start),
        ends_at=clock.stamp(rules.grant_ends(start, min(months, rules.LONGEST_MONTHS))),
        files=request.files,
    )
    return [store.new_grant_line(grant), _told(store, grant, "granted", request.decided_by)]


def _told(store: AccessStore, grant: Grant, change: str, actor: str, **more: str) -> dict[str, Any]:
    body = {"request": grant.request, "dataset": grant.dataset, "person": grant.person, "committee": grant.committee}
    return store.told(events.GRANT_CHANGED, grant.request, **body, **more, change=change, actor=actor)


def mine(store: AccessStore, person: Person) -> list[Grant]:
    """All grants of a person, whatever they are worth now."""
    return store.grants(person.subject)


def revoke(store: AccessStore, person: Person, number: str, reason: str) -> Grant:
    """End a grant at once, with those that prolong it: a member of its committee or a data manager, with a reason.

    Again changes nothing. To everybody else the grant does not exist.
    """
    request, grant = _with_grant(store, number)
    committee = store.committee(request.committee)
    member = committee is not None and committee.joined(person.subject) and person.subject != grant.person
    if not (member or Role.DATA_MANAGER in person.roles):
        raise no_grant(number)
    if not reason.strip():
        message = "Say why: the holder of the grant reads it."
        raise Invalid(message, [finding("access.reason_needed", "/reason", message)])
    now = clock.now()
    for other in store.grants(grant.person, grant.dataset):
        if other.request != grant.request and rules.state_of(other, now) in (GrantState.LIVE, GrantState.FUTURE):
            _revoke_one(store, person, other, reason)
    return _revoke_one(store, person, grant, reason)


def _revoke_one(store: AccessStore, person: Person, grant: Grant, reason: str) -> Grant:
    request = store.request(grant.request)
    if grant.revoked_at or request is None:
        return grant
    ended = replace(grant, revoked_at=clock.stamp(), revoked_by=person.subject, reason=reason.strip())
    if request.state != State.APPROVED or grant.closed_at:
        raise WrongRequestState(f"The grant of {grant.request} has ended already.")
    lines = [store.end_grant_line(ended), _told(store, ended, "revoked", person.subject)]
    words = f"The grant was revoked: {reason.strip()}"
    new = replace(request, state=State.REVOKED)
    store.save_request(request, new, event="revoked", words=words, actor=person.subject, lines=lines)
    return ended


def close(store: AccessStore, person: Person, number: str, report: str, deleted: bool) -> Grant:
    """The closing report of a grant of one's own, with the attestation that the data are deleted; it ends the grant."""
    request, grant = _with_grant(store, number)
    if grant.person != person.subject:
        raise no_grant(number)
    if grant.closed_at:
        return grant
    if grant.revoked_at:
        raise WrongRequestState(f"The grant of {number} was revoked.")
    if not deleted:
        message = "A closing report attests that the data are deleted."
        raise Invalid(message, [finding("access.deleted", "/deleted", message, deleted, "true")])
    closed = replace(grant, closed_at=clock.stamp(), report=report.strip())
    lines = [store.end_grant_line(closed), _told(store, closed, "closed", person.subject)]
    new = replace(request, state=State.EXPIRED)
    words = "Closed with a report; the requester attests that the data are deleted."
    store.save_request(request, new, event="closed", words=words, actor=person.subject, lines=lines)
    return closed


def remind(store: AccessStore, request: Request, grant: Grant, day: int, now: datetime) -> None:
    """Tell the reader that a grant ends soon; `day` (14 or 3) is noted in the same write, so it is told once."""
    left = str(rules.days_left(grant, now))
    words = f"The reader was told that the grant ends on {grant.ends_at[:10]}."
    lines = [store.reminded_line(grant, day), _told(store, grant, "ending", "archive", days=left)]
    store.write([*lines, store.history_line(f"REQ#{request.id}", "ending", words, "archive")], f"Grant {grant.request}")


def expire(store: AccessStore, request: Request, grant: Grant) -> Request:
    """Write down that a grant's day has come; its files were shut by the clock already."""
    new = replace(request, state=State.EXPIRED)
    lines = [_told(store, grant, "expired", "archive")]
    words = f"The grant ended on {grant.ends_at[:10]}."
    return store.save_request(request, new, event="expired", words=words, actor="archive", lines=lines)


def _with_grant(store: AccessStore, number: str) -> tuple[Request, Grant]:
    request = store.request(number)
    grant = store.grant(request) if request and request.number else None
    if request is None or grant is None:
        raise no_grant(number)
    return request, grant
