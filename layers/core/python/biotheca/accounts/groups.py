"""Groups: people who share submissions. An owner invites by address; who is invited sees nothing before joining."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import clock, events, ids
from biotheca.accounts import rules
from biotheca.accounts.model import Membership, Person
from biotheca.accounts.store import PeopleStore, UserPool
from biotheca.errors import Conflict, Invalid, NotFound


def open_group(people: PeopleStore, person: Person, name: str) -> dict[str, Any]:
    """A new group; whoever opens it is its owner."""
    at = clock.stamp()
    group = {"id": ids.new("grp"), "name": name, "created_at": at}
    owner = Membership(group["id"], name, person.subject, person.email, "owner", at)
    people.add_group(group, owner, events.GROUP_CHANGED)
    return group


def mine(people: PeopleStore, person: Person) -> list[Membership]:
    """The groups of a person, with the own standing in each."""
    return people.known(person.subject)[1]


def show(people: PeopleStore, person: Person, group_id: str) -> tuple[dict[str, Any], list[Membership]]:
    """A group and its members, for those in it; to others it does not exist."""
    group, members = people.group(group_id), people.members(group_id)
    if group is None or not any(m.subject == person.subject for m in members):
        raise NotFound(f"There is no group {group_id[:60]!r} of yours.")
    return group, members


def _owned(people: PeopleStore, person: Person, group_id: str) -> tuple[dict[str, Any], list[Membership]]:
    group, members = show(people, person, group_id)
    if not any(m.subject == person.subject and m.standing == "owner" for m in members):
        raise NotFound(f"There is no group {group_id[:60]!r} of yours.")
    return group, members


def invite(people: PeopleStore, pool: UserPool, person: Person, group_id: str, email: str) -> None:
    """Invite an address. The answer is the same whether or not it has an account."""
    group, members = _owned(people, person, group_id)
    email = email.strip().lower()
    if findings := rules.check_email(email):
        raise Invalid(findings[0].message, findings)
    if len(members) >= rules.MOST_MEMBERS:
        raise Conflict(f"A group has at most {rules.MOST_MEMBERS} members.")
    subject = pool.subject_of(email)
    if subject is None or any(m.subject == subject for m in members):
        return
    invited = Membership(group_id, group["name"], subject, email, "invited", clock.stamp())
    people.set_member(invited, None, events.GROUP_CHANGED, person.subject)


def join(people: PeopleStore, person: Person, group_id: str) -> Membership:
    """Accept an invitation; again changes nothing."""
    own = next((m for m in mine(people, person) if m.group == group_id), None)
    if own is None:
        raise NotFound(f"There is no group {group_id[:60]!r} that invited you.")
    if own.standing != "invited":
        return own
    joined = replace(own, standing="member", since=clock.stamp())
    people.set_member(joined, "invited", events.GROUP_CHANGED, person.subject)
    return joined


def leave(people: PeopleStore, person: Person, group_id: str, subject: str) -> None:
    """Leave a group, or (as its owner) take somebody out. The last owner cannot leave while others are in it."""
    _, members = show(people, person, group_id)
    if subject != person.subject:
        _, members = _owned(people, person, group_id)
    going = next((m for m in members if m.subject == subject), None)
    if going is None:
        return
    owners = [m for m in members if m.standing == "owner"]
    if going.standing == "owner" and len(owners) == 1 and len(members) > 1:
        raise Conflict("You are the only owner. Take the others out first, or leave the group to another owner.")
    people.remove_member(group_id, subject, events.GROUP_CHANGED, person.subject)


def hand_over(people: PeopleStore, person: Person, group_id: str, subject: str) -> None:
    """Make another member an owner too."""
    _, members = _owned(people, person, group_id)
    heir = next((m for m in members if m.subject == subject), None)
    if heir is None or heir.standing == "invited":
        raise NotFound(f"There is no member {subject[:60]!r} in this group.")
    if heir.standing != "owner":
        people.set_member(replace(heir, standing="owner"), "member", events.GROUP_CHANGED, person.subject)
