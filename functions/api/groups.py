"""Groups that share submissions: open, invite, join, leave, share."""

from __future__ import annotations

from biotheca.accounts import groups
from biotheca.accounts.model import Person, Scope
from biotheca.errors import NotFound
from biotheca.submissions import service as submission_service
from functions.api import views
from functions.api.seam import Routes, page_of
from functions.api.shapes import Page, SubmissionSummary
from functions.api.shapes_accounts import Address, GroupShape, MemberShape, NewGroup, Sharing, Told
from functions.api.submissions import PAGED
from functions.stores import people, submissions, users

routes = Routes(__name__, "accounts", changes=Scope.ACCOUNT)


def _shape(group_id: str, person: Person) -> GroupShape:
    group, members = groups.show(people(), person, group_id)
    shown = [MemberShape(subject=m.subject, email=m.email, standing=m.standing, since=m.since) for m in members]
    return GroupShape(**group, members=shown)


@routes.on("POST", "/v1/groups", signed_in=True, body=NewGroup, answer=GroupShape, status=201, errors=(401, 403, 422))
def open_group(body: NewGroup, person: Person) -> GroupShape:
    """Open a group; you are its owner."""
    return _shape(groups.open_group(people(), person, body.name)["id"], person)


@routes.on("GET", "/v1/groups", signed_in=True, answer=Page, errors=(401,))
def list_own(person: Person) -> Page:
    """Your groups, and those that invite you."""
    found = groups.mine(people(), person)
    return Page(items=[{"id": m.group, "name": m.group_name, "standing": m.standing} for m in found])


@routes.on("GET", "/v1/groups/{group_id}", signed_in=True, answer=GroupShape, errors=(401, 404))
def show(group_id: str, person: Person) -> GroupShape:
    """A group with its members."""
    return _shape(group_id, person)


@routes.on(
    "POST",
    "/v1/groups/{group_id}/invitations",
    signed_in=True,
    body=Address,
    answer=Told,
    status=202,
    errors=(401, 403, 404, 409, 422),
)
def invite(group_id: str, body: Address, person: Person) -> Told:
    """Invite an address. The answer never tells whether it has an account."""
    groups.invite(people(), users(), person, group_id, body.email)
    return Told(message="If the address has an account, its person is invited.")


@routes.on("POST", "/v1/groups/{group_id}/join", signed_in=True, answer=GroupShape, errors=(401, 403, 404, 409))
def join(group_id: str, person: Person) -> GroupShape:
    """Accept an invitation."""
    groups.join(people(), person, group_id)
    return _shape(group_id, person)


@routes.on(
    "POST",
    "/v1/groups/{group_id}/members/{subject}/owner",
    signed_in=True,
    answer=GroupShape,
    errors=(401, 403, 404, 409),
)
def hand_over(group_id: str, subject: str, person: Person) -> GroupShape:
    """Make a member an owner too."""
    groups.hand_over(people(), person, group_id, subject)
    return _shape(group_id, person)


@routes.on("DELETE", "/v1/groups/{group_id}/members/{subject}", signed_in=True, status=204, errors=(401, 403, 404, 409))
def leave(group_id: str, subject: str, person: Person) -> None:
    """Leave a group, or take somebody out of yours."""
    groups.leave(people(), person, group_id, subject)


@routes.on("GET", "/v1/groups/{group_id}/submissions", signed_in=True, answer=Page, query=PAGED, errors=(401, 404, 422))
def shared(group_id: str, person: Person) -> Page:
    """The submissions that a group shares, last changed first."""
    limit, cursor = page_of(routes.current_request)
    if group_id not in person.groups:
        raise NotFound(f"There is no group {group_id[:60]!r} of yours.")
    found, following = submissions().of_group(group_id, limit, cursor)
    return Page(items=[views.summary(s).model_dump(mode="json") for s in found], next_cursor=following)


@routes.on(
    "PUT",
    "/v1/submissions/{submission_id}/group",
    signed_in=True,
    body=Sharing,
    answer=SubmissionSummary,
    errors=(401, 403, 404, 409, 422),
    scope=Scope.SUBMIT,
)
def share(submission_id: str, body: Sharing, person: Person) -> SubmissionSummary:
    """Share a submission with a group of yours: its members see and edit it. Null takes it back."""
    return views.summary(submission_service.share(submissions(), person, submission_id, body.group))
