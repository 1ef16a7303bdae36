"""What staff decide about accounts: verification queue, roles, closing and opening."""

from __future__ import annotations

from typing import Any

from biotheca.accounts import staff
from biotheca.accounts.model import Person, Scope
from biotheca.errors import Finding, Invalid
from functions.api.accounts import profile_shape
from functions.api.seam import Routes, page_of, query_of
from functions.api.shapes import Page
from functions.api.shapes_accounts import AccountShape, ProfileShape, RolesWanted, Verification
from functions.api.submissions import PAGED
from functions.stores import people, users

routes = Routes(__name__, "accounts", changes=Scope.ACCOUNT)
_QUEUE = "/v1/accounts/principal-investigators"


def _account(found: dict[str, Any]) -> AccountShape:
    profile = found["profile"]
    return AccountShape(
        subject=profile.subject,
        email=profile.email,
        roles=found["roles"],
        open=found["enabled"],
        profile=profile_shape(profile),
    )


@routes.on("GET", _QUEUE, signed_in=True, answer=Page, query=PAGED, errors=(401, 403, 422))
def pi_queue(person: Person) -> Page:
    """Who asks to be verified as a principal investigator, longest waiting first."""
    limit, cursor = page_of(routes.current_request)
    found, following = staff.pi_queue(people(), person, limit, cursor)
    shown = [
        {"subject": p.subject, "email": p.email, "asked_at": p.pi_asked_at, **profile_shape(p).model_dump(mode="json")}
        for p in found
    ]
    return Page(items=shown, next_cursor=following)


@routes.on(
    "POST",
    _QUEUE + "/{subject}/decision",
    signed_in=True,
    body=Verification,
    answer=ProfileShape,
    errors=(401, 403, 404, 409, 422),
)
def decide_pi(subject: str, body: Verification, person: Person) -> ProfileShape:
    """Verify a principal investigator, or refuse with coded reasons."""
    return profile_shape(staff.decide_pi(people(), users(), person, subject, body.decision, list(body.reasons)))


@routes.on(
    "GET",
    "/v1/accounts",
    signed_in=True,
    answer=AccountShape,
    query={"email": "The account's address"},
    errors=(401, 403, 404, 422),
    scope=Scope.ACCOUNT,
)
def find(person: Person) -> AccountShape:
    """An account by its address (administrators)."""
    email = query_of(routes.current_request).get("email", "")
    if not email:
        raise Invalid("Say which address.", [Finding("metadata.required", "?email", "An address.")])
    return _account(staff.account(people(), users(), person, email))


@routes.on(
    "PUT",
    "/v1/accounts/{subject}/roles",
    signed_in=True,
    body=RolesWanted,
    answer=AccountShape,
    errors=(401, 403, 404, 409, 422),
)
def set_roles(subject: str, body: RolesWanted, person: Person) -> AccountShape:
    """Give an account exactly these roles (administrators)."""
    return _account(staff.set_roles(people(), users(), person, subject, list(body.roles)))


@routes.on("POST", "/v1/accounts/{subject}/close", signed_in=True, answer=AccountShape, errors=(401, 403, 404, 409))
def close(subject: str, person: Person) -> AccountShape:
    """Close an account: its tokens end at once (administrators)."""
    return _account(staff.set_open(people(), users(), person, subject, enabled=False))


@routes.on("POST", "/v1/accounts/{subject}/open", signed_in=True, answer=AccountShape, errors=(401, 403, 404, 409))
def open_again(subject: str, person: Person) -> AccountShape:
    """Open a closed account again (administrators)."""
    return _account(staff.set_open(people(), users(), person, subject, enabled=True))
