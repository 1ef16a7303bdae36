"""Committees: form, invite, join, change, leave. To whoever is not in one it does not exist, but for its name.

What would change who decides on an undecided request (rule, contacts, deputies) is refused till it is decided. A member
may leave or be taken out at any moment, and has no voice from then on; who joins has none on what was sent before.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol

from biotheca import clock, ids
from biotheca.access import rules
from biotheca.access.model import Committee, Member, Rule
from biotheca.access.store import AccessStore
from biotheca.accessions.model import recognise
from biotheca.accounts.model import Person
from biotheca.accounts.rules import check_email
from biotheca.catalog.archive import day_of
from biotheca.errors import Conflict, Invalid, NotFound
from biotheca.submissions.rules import finding

LONGEST_ABSENCE = timedelta(days=366)


class Numbers(Protocol):
    """Who gives out accessions (accessions.service.Mint)."""

    def mint(self, kind: str, owner: str, count: int = 1) -> list[str]:
        """`count` accessions of a kind for an owner; again the same ones."""
        ...


class Addresses(Protocol):
    """Who knows whose an address is (accounts.store.UserPool)."""

    def subject_of(self, email: str) -> str | None:
        """The subject of a confirmed account, or None."""
        ...


def form(
    store: AccessStore,
    numbers: Numbers,
    person: Person,
    name: str,
    description: str,
    rule: Rule,
    idempotency_key: str | None = None,
) -> Committee:
    """A new committee with its number; whoever forms it is its contact. The same key again gives the same committee."""
    owner = ids.new("com")
    if idempotency_key:
        owner = f"com_{hashlib.sha256(f'{person.subject} {idempotency_key}'.encode()).hexdigest()[:26]}"
    (number,) = numbers.mint("committee", f"{owner}/committee")
    at = clock.stamp()
    first = Member(person.subject, invited_at=at, since=at, contact=True)
    made = Committee(number, name, description, rule, (first,), created_at=at, changed_at=at)
    store.add_committee(made, person.subject)
    return store.committee(number) or made


def known(store: AccessStore, number: str) -> Committee | None:
    """The committee that a text names, in any letter case, or None."""
    found = recognise(number)
    return store.committee(found.text) if found and found.own and found.kind == "committee" else None


def mine(store: AccessStore, person: Person) -> list[Committee]:
    """The committees that a person is in or invited to."""
    found = (store.committee(number) for number in store.committees_of(person.subject))
    return [c for c in found if c]


def show(store: AccessStore, person: Person, number: str) -> Committee:
    """A committee, for those in it; NotFound for everybody else, the same as if there were none."""
    committee = known(store, number)
    if committee is None or not committee.joined(person.subject):
        raise _none(number)
    return committee


def _none(number: str) -> NotFound:
    return NotFound(f"There is no committee {number[:60]!r} of yours.")


def _managed(store: AccessStore, person: Person, number: str) -> Committee:
    """The committee, if the person is a contact of it."""
    committee = show(store, person, number)
    if not any(m.subject == person.subject and m.contact for m in committee.members):
        raise _none(number)
    return committee


def edit(
    store: AccessStore,
    person: Person,
    number: str,
    name: str | None = None,
    description: str | None = None,
    rule: Rule | None = None,
) -> Committee:
    """Change name, description or rule (its contacts). CommitteeBusy if the rule would change under a request."""
    committee = _managed(store, person, number)
    new = replace(
        committee,
        name=committee.name if name is None else name,
        description=committee.description if description is None else description,
        rule=rule or committee.rule,
    )
    return _save(store, committee, new, "changed", "Name, description or rule were changed.", person)


def invite(
    store: AccessStore, addresses: Addresses, person: Person, number: str, email: str, contact: bool, deputy: bool
) -> Committee:
    """Invite an address (contacts). The answer is the same whether or not it has an account."""
    committee = _managed(store, person, number)
    email = email.strip().lower()
    if found := check_email(email):
        raise Invalid(found[0].message, found)
    if contact and deputy:
        refused = rules.check_committee([*committee.members, Member("", "", contact=True, deputy=True)])
        raise Invalid(refused[0].message, refused)
    if len(committee.members) >= rules.MOST_MEMBERS:
        raise Conflict(f"A committee has at most {rules.MOST_MEMBERS} members.")
    subject = addresses.subject_of(email)
    if subject is None or committee.member(subject):
        return committee
    invited = Member(subject, invited_at=clock.stamp(), contact=contact, deputy=deputy)
    new = replace(committee, members=(*committee.members, invited))
    return _save(store, committee, new, "invited", "A person was invited.", person, subject)


def join(store: AccessStore, person: Person, number: str) -> Committee:
    """Accept an invitation; again changes nothing. The voice counts for requests that are handed in from now on."""
    committee = known(store, number)
    own = committee.member(person.subject) if committee else None
    if committee is None or own is None:
        raise NotFound(f"There is no committee {number[:60]!r} that invited you.")
    if own.since:
        return committee
    new = _with(committee, replace(own, since=clock.stamp()))
    return _save(store, committee, new, "joined", "A member joined.", person, person.subject)


def set_roles(
    store: AccessStore, person: Person, number: str, subject: str, contact: bool | None, deputy: bool | None
) -> Committee:
    """Make a member a contact or deputy, or no longer (contacts). CommitteeBusy while requests are undecided."""
    committee = _managed(store, person, number)
    member = _member(committee, subject)
    new = _with(
        committee,
        replace(
            member,
            contact=member.contact if contact is None else contact,
            deputy=member.deputy if deputy is None else deputy,
        ),
    )
    return _save(store, committee, new, "roles", "The roles of a member were changed.", person, subject)


def set_away(store: AccessStore, person: Person, number: str, subject: str, until: str) -> Committee:
    """Be away up to a day (YYYY-MM-DD, inclusive), or back with an empty text: a member's own, or told by a contact."""
    committee = show(store, person, number) if subject == person.subject else _managed(store, person, number)
    member = _member(committee, subject)
    if until:
        _check_day(until, day_of(clock.now()))
    words = f"A member is away until {until}." if until else "A member is back."
    return _save(store, committee, _with(committee, replace(member, away_until=until)), "away", words, person, subject)


def _check_day(text: str, today: date) -> None:
    latest = today + LONGEST_ABSENCE
    expected = f"a date from {today} to {latest}"
    try:
        right = today <= date.fromisoformat(text) <= latest
    except ValueError:
        right = False
    if not right:
        message = f"{text[:20]!r} is no day within a year from now."
        raise Invalid(message, [finding("release.date", "/away_until", message, text, expected)])


def leave(store: AccessStore, person: Person, number: str, subject: str) -> Committee | None:
    """Leave, or take somebody out (contacts); at any moment, effective at once. The last contact cannot go."""
    committee = known(store, number) if subject == person.subject else _managed(store, person, number)
    member = committee.member(subject) if committee else None
    if committee is None or member is None:
        raise _none(number)
    new = replace(committee, members=tuple(m for m in committee.members if m.subject != subject))
    words = "A member left." if subject == person.subject else "A member was taken out."
    return _save(store, committee, new, "left", words, person, subject)


def _member(committee: Committee, subject: str) -> Member:
    found = committee.member(subject)
    if found is None:
        raise NotFound(f"{committee.number} has no member {subject[:60]!r}.")
    return found


def _with(committee: Committee, member: Member) -> Committee:
    return replace(committee, members=tuple(member if m.subject == member.subject else m for m in committee.members))


def _save(
    store: AccessStore, old: Committee, new: Committee, change: str, words: str, person: Person, about: str = ""
) -> Committee:
    if new == old:
        return old
    if found := rules.check_committee(new.members):
        raise Invalid(found[0].message, found)
    idle = not rules.may_change(old, new)
    return store.save_committee(old, new, change=change, words=words, actor=person.subject, person=about, idle=idle)
