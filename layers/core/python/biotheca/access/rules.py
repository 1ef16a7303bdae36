"""Who has a voice, what the voices decide, when a grant is worth something, whom to remind. Pure: time is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from biotheca import catalog, clock
from biotheca.access.model import Committee, Grant, GrantState, Member, Request, Rule, State
from biotheca.catalog.archive import day_of
from biotheca.errors import Finding
from biotheca.submissions.rules import finding
from biotheca.submissions.rules.finding import is_empty
from biotheca.submissions.rules.values import check_value, expected_of

MOST_MEMBERS = 30
REMINDERS = (3, 7, 14, 21)  # days that a request has waited
ESCALATION = 30  # days, after which the archive's staff hear of it too
ANSWER_DAYS = 90  # that a returned request waits for its requester
GRANT_MONTHS = 3
ENDING = (14, 3)  # days before its end that the reader is told
LONGEST_MONTHS = 12


# --- who may decide ---


def electorate(committee: Committee, request: Request, day: date) -> tuple[Member, ...]:
    """The members whose voice counts on a request on a day.

    Not the requester, nobody with a conflict, nobody who joined after it was handed in. Who is away is not waited
    for, but a voice given stays. For each contact who is missing the next deputy steps in, in order of joining.
    """
    heard = {vote.subject for vote in request.votes}
    able = [m for m in committee.members if _may_ever(m, request)]
    present = [m for m in able if m.subject in heard or not _is_away(m, day)]
    here = {m.subject for m in present}
    missing = sum(m.contact and _was_in(m, request) and m.subject not in here for m in committee.members)
    deputies = sorted((m for m in present if m.deputy), key=lambda m: (m.subject not in heard, m.since, m.subject))
    regular = [m for m in present if not m.deputy and (m.contact or committee.rule != Rule.CONTACT)]
    return (*regular, *deputies[:missing])


def _may_ever(member: Member, request: Request) -> bool:
    return _was_in(member, request) and member.subject not in (request.requester, *request.conflicts)


def _was_in(member: Member, request: Request) -> bool:
    return bool(member.since) and member.since <= (request.submitted_at or member.since)


def _is_away(member: Member, day: date) -> bool:
    return bool(member.away_until) and day.isoformat() <= member.away_until


def outcome(committee: Committee, request: Request, day: date) -> State | None:
    """What the voices given so far decide: approved, rejected, or None while it is open.

    An even split can no longer become a majority, so it is a rejection.
    """
    voices = {m.subject for m in electorate(committee, request, day)}
    counted = [vote for vote in request.votes if vote.subject in voices]
    yes, no = sum(v.approve for v in counted), sum(not v.approve for v in counted)
    if committee.rule in (Rule.ONE, Rule.CONTACT):
        return _first(counted)
    if committee.rule == Rule.ALL:
        return State.REJECTED if no else State.APPROVED if yes and yes == len(voices) else None
    if 2 * yes > len(voices):
        return State.APPROVED
    return State.REJECTED if no and 2 * no >= len(voices) else None


def _first(counted: list[Any]) -> State | None:
    if not counted:
        return None
    return State.APPROVED if min(counted, key=lambda v: v.at).approve else State.REJECTED


# --- committees ---


def check_committee(members: Iterable[Member]) -> list[Finding]:
    """Findings of a committee's members: somebody who joined is its contact, nobody is contact and deputy at once."""
    members = list(members)
    found = []
    if not any(m.contact and m.since for m in members):
        message = "The committee would have no contact who has joined."
        found.append(finding("access.contact", "/members", message, expected="one contact at least"))
    if any(m.contact and m.deputy for m in members):
        message = "A contact cannot be a deputy too."
        found.append(finding("access.contact", "/members", message, expected="contact or deputy"))
    return found


def may_change(before: Committee, after: Committee) -> bool:
    """Whether a change leaves to everybody who stays the say that they have: it may be made at any time."""
    stays = {m.subject: m for m in before.members}
    same = all(
        (m.contact, m.deputy) == (stays[m.subject].contact, stays[m.subject].deputy)
        for m in after.members
        if m.subject in stays
    )
    return before.rule == after.rule and same


# --- the form ---


def check_answers(form: str, answers: Mapping[str, Any]) -> list[Finding]:
    """Every finding of a filled form: unknown, missing and wrong answers, each at its field."""
    fields = catalog.request_forms()[form]
    found = [
        finding("metadata.unknown_field", f"/answers/{name}", f"The form has no field {name[:80]!r}.", name)
        for name in sorted(map(str, answers))
        if name not in fields
    ]
    for spec in fields.values():
        value, where = answers.get(spec.name), f"/answers/{spec.name}"
        asked = spec.required or any(answers.get(other) in values for other, values in spec.required_if.items())
        if not is_empty(value):
            found += check_value(spec, value, where, dict(answers))
        elif asked:
            message = f"The answer to {spec.label.get('en', spec.name)!r} is missing."
            found.append(finding("metadata.required", where, message, expected=expected_of(spec)))
    return found


def check_documents(form_documents: Iterable[str], accepted: Mapping[str, Any]) -> list[Finding]:
    """Findings of the documents that were accepted: each that is asked for, in its version in force."""
    found = []
    for name in form_documents:
        version = catalog.document(name)["version"]
        if accepted.get(name) != version:
            message = f"The version in force of the {name.replace('_', ' ')} is {version}; read it and accept it."
            found.append(finding("access.document", f"/documents/{name}", message, accepted.get(name, ""), version))
    return found


# --- grants ---


def grant_ends(start: datetime, months: int) -> datetime:
    """The same day so many months on; the last day of a month that is shorter.

    >>> from datetime import UTC
    >>> grant_ends(datetime(2026, 11, 30, tzinfo=UTC), 3).date().isoformat()
    '2027-02-28'
    """
    year, month = divmod(start.month - 1 + months, 12)
    first = start.replace(year=start.year + year, month=month + 1, day=1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(start.day, last.day))


def state_of(grant: Grant, now: datetime) -> GrantState:
    """What a grant is worth at a moment: the clock alone ends it, no job is needed."""
    at = clock.stamp(now)
    if grant.revoked_at:
        return GrantState.REVOKED
    if grant.closed_at:
        return GrantState.CLOSED
    if at < grant.starts_at:
        return GrantState.FUTURE
    return GrantState.LIVE if at < grant.ends_at else GrantState.EXPIRED


def covers(grant: Grant, now: datetime, name: str | None = None) -> bool:
    """Whether a grant opens a file of its dataset now; without a name, whether it opens any."""
    return state_of(grant, now) == GrantState.LIVE and (name is None or not grant.files or name in grant.files)


def ending_due(grant: Grant, others: Iterable[Grant], now: datetime) -> int | None:
    """The reminder (14 or 3 days before the end) whose day has come and that was not sent; the last one only.

    None for a grant that another of the same reader and dataset goes on with.
    """
    if state_of(grant, now) != GrantState.LIVE:
        return None
    ends = clock.parse(grant.ends_at)
    due = [day for day in ENDING if ends - now <= timedelta(days=day)]
    if not due or (grant.reminded and due[-1] >= grant.reminded):
        return None
    on = (GrantState.LIVE, GrantState.FUTURE)
    goes_on = any(
        state_of(o, now) in on and o.starts_at <= grant.ends_at < o.ends_at and (not o.files or o.files == grant.files)
        for o in others
    )
    return None if goes_on else due[-1]


def days_left(grant: Grant, now: datetime) -> int:
    """Days till a grant ends, a begun one counted whole."""
    return -((now - clock.parse(grant.ends_at)) // timedelta(days=1))


# --- waiting ---


def days_waited(request: Request, now: datetime) -> int:
    """Whole days since a request went to the committee (the last time)."""
    return (now - clock.parse(request.waiting_since)).days if request.waiting_since else 0


def reminder_due(request: Request, now: datetime) -> int | None:
    """The reminder (3, 7, 14, 21 or, to staff, 30) whose day has come and that was not sent; the last one only."""
    waited = days_waited(request, now)
    due = [day for day in (*REMINDERS, ESCALATION) if day <= waited]
    return due[-1] if due and due[-1] > request.reminded else None


def to_remind(committee: Committee, request: Request, now: datetime) -> list[str]:
    """The subjects whose voice is still missing."""
    heard = {vote.subject for vote in request.votes}
    return [m.subject for m in electorate(committee, request, day_of(now)) if m.subject not in heard]
