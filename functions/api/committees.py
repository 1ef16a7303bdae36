"""Committees that decide on controlled data: form, invite, join, change; their requests, the log of their datasets."""

from __future__ import annotations

from typing import Any

from biotheca.access import committees
from biotheca.access.datasets import set_committee
from biotheca.access.model import Committee, Member
from biotheca.accounts.model import Person, Scope
from biotheca.errors import NotFound
from functions.api import requests as asking
from functions.api import views
from functions.api.seam import Routes, page_of, query_of
from functions.api.shapes import Page, SubmissionShape
from functions.api.shapes_accounts import Told
from functions.api.shapes_requests import (
    CommitteeChange,
    CommitteeChoice,
    CommitteeMember,
    CommitteeShape,
    Invitation,
    MemberRoles,
    NewCommittee,
)
from functions.api.submissions import PAGED
from functions.stores import access, minting, people, records, submissions, users

routes = Routes(__name__, "access", changes=Scope.ACCOUNT)


def _shape(committee: Committee) -> CommitteeShape:
    shown = committee.as_dict() | {"members": [_member(m) for m in committee.members]}
    return CommitteeShape(**shown, undecided=access().undecided(committee.number))


def _member(member: Member) -> CommitteeMember:
    profile = people().profile(member.subject) if member.since else None
    account = users().person(member.subject) if member.since and not (profile and profile.name) else None
    return CommitteeMember(
        subject=member.subject,
        name=(profile.name if profile else "") or (account or {}).get("email", ""),
        organisation=profile.organisation if profile else "",
        standing="joined" if member.since else "invited",
        contact=member.contact,
        deputy=member.deputy,
        away_until=member.away_until or None,
        since=member.since or None,
    )


@routes.on(
    "POST",
    "/v1/committees",
    signed_in=True,
    body=NewCommittee,
    answer=CommitteeShape,
    status=201,
    errors=(401, 403, 422),
)
def form(body: NewCommittee, person: Person) -> CommitteeShape:
    """Form a committee; you are its contact. With the same Idempotency-Key the first is returned again."""
    key = routes.current_request.headers.get("idempotency-key")
    made = committees.form(access(), minting(), person, body.name, body.description, body.rule, key)
    return _shape(made)


@routes.on("GET", "/v1/committees", signed_in=True, answer=Page, errors=(401,))
def list_own(person: Person) -> Page:
    """Your committees, and those that invite you."""
    found = committees.mine(access(), person)
    return Page(items=[_row(committee, person) for committee in found])


def _row(committee: Committee, person: Person) -> dict[str, Any]:
    standing = "joined" if committee.joined(person.subject) else "invited"
    return {"number": committee.number, "name": committee.name, "standing": standing}


@routes.on("GET", "/v1/committees/{committee}", signed_in=True, answer=CommitteeShape, errors=(401, 404))
def show(committee: str, person: Person) -> CommitteeShape:
    """A committee of yours, with its members."""
    return _shape(committees.show(access(), person, committee))


@routes.on(
    "PATCH",
    "/v1/committees/{committee}",
    signed_in=True,
    body=CommitteeChange,
    answer=CommitteeShape,
    errors=(401, 403, 404, 409, 422),
)
def edit(committee: str, body: CommitteeChange, person: Person) -> CommitteeShape:
    """Change name, description or rule (contacts); the rule only while nothing is undecided."""
    return _shape(committees.edit(access(), person, committee, body.name, body.description, body.rule))


@routes.on(
    "POST",
    "/v1/committees/{committee}/invitations",
    signed_in=True,
    body=Invitation,
    answer=Told,
    status=202,
    errors=(401, 403, 404, 409, 422),
)
def invite(committee: str, body: Invitation, person: Person) -> Told:
    """Invite an address (contacts). The answer never tells whether it has an account."""
    committees.invite(access(), users(), person, committee, body.email, body.contact, body.deputy)
    return Told(message="If the address has an account, its person is invited.")


@routes.on(
    "POST",
    "/v1/committees/{committee}/join",
    signed_in=True,
    answer=CommitteeShape,
    errors=(401, 403, 404, 409),
)
def join(committee: str, person: Person) -> CommitteeShape:
    """Accept an invitation."""
    return _shape(committees.join(access(), person, committee))


@routes.on(
    "PATCH",
    "/v1/committees/{committee}/members/{subject}",
    signed_in=True,
    body=MemberRoles,
    answer=CommitteeShape,
    errors=(401, 403, 404, 409, 422),
)
def set_member(committee: str, subject: str, body: MemberRoles, person: Person) -> CommitteeShape:
    """Say who is contact or deputy (contacts), or that you are away until a day."""
    found = committees.show(access(), person, committee)
    if body.away_until is not None:
        found = committees.set_away(access(), person, committee, subject, body.away_until.strip())
    if body.contact is not None or body.deputy is not None:
        found = committees.set_roles(access(), person, committee, subject, body.contact, body.deputy)
    return _shape(found)


@routes.on(
    "DELETE",
    "/v1/committees/{committee}/members/{subject}",
    signed_in=True,
    status=204,
    errors=(401, 403, 404, 409, 422),
)
def leave(committee: str, subject: str, person: Person) -> None:
    """Leave a committee, or take somebody out (contacts); the voice is gone at once."""
    committees.leave(access(), person, committee, subject)


@routes.on(
    "GET",
    "/v1/committees/{committee}/versions",
    signed_in=True,
    answer=Page,
    query=PAGED,
    errors=(401, 404, 422),
)
def versions(committee: str, person: Person) -> Page:
    """Every version of a committee of yours: rule and members, first to last."""
    limit, cursor = page_of(routes.current_request)
    number = committees.show(access(), person, committee).number
    found, following = access().versions(number, limit, cursor)
    return Page(items=[version.as_dict() for version in found], next_cursor=following)


@routes.on(
    "GET",
    "/v1/committees/{committee}/requests",
    signed_in=True,
    answer=Page,
    query=PAGED,
    errors=(401, 404, 422),
)
def requests_to(committee: str, person: Person) -> Page:
    """The requests that a committee of yours got, newest first."""
    limit, cursor = page_of(routes.current_request)
    number = committees.show(access(), person, committee).number
    found, following = access().requests_to(number, limit, cursor)
    places = access().places(number)
    shown = [asking.shape(request, person, places).model_dump(mode="json") for request in found]
    return Page(items=shown, next_cursor=following)


@routes.on(
    "GET",
    "/v1/committees/{committee}/log",
    signed_in=True,
    answer=Page,
    query={"dataset": "A dataset of the committee", **PAGED},
    errors=(401, 404, 422),
)
def log_of(committee: str, person: Person) -> Page:
    """Every link that was given to files of a dataset of the committee: who, what, when, bytes. Newest first."""
    request = routes.current_request
    limit, cursor = page_of(request)
    number = committees.show(access(), person, committee).number
    dataset = query_of(request).get("dataset", "").strip().upper()
    record = records().get(dataset) if dataset else None
    if record is None or record.committee != number:
        raise NotFound(f"{number} decides on no dataset {dataset[:60]!r}.")
    found, following = access().log_of(dataset, limit, cursor)
    return Page(items=found, next_cursor=following)


@routes.on(
    "PUT",
    "/v1/submissions/{submission_id}/committee",
    signed_in=True,
    body=CommitteeChoice,
    answer=SubmissionShape,
    errors=(401, 403, 404, 409, 422),
    scope=Scope.SUBMIT,
)
def choose(submission_id: str, body: CommitteeChoice, person: Person) -> SubmissionShape:
    """Name the committee that decides on requests: yours before release; after it by a curator, with a reason."""
    changed = set_committee(access(), submissions(), records(), person, submission_id, body.committee, body.reason)
    return views.of(submissions(), changed)
