"""Sign in, refresh, who am I."""

from __future__ import annotations

from biotheca.accounts.model import Person
from functions.api.seam import Routes
from functions.api.shapes import Me, Refresh, SignIn, Tokens
from functions.stores import users

routes = Routes(__name__, "accounts")


@routes.on("POST", "/v1/sign-in", body=SignIn, answer=Tokens, errors=(401, 422))
def sign_in(body: SignIn) -> Tokens:
    """Get a token for e-mail and password."""
    return Tokens(**users().sign_in(body.email, body.password))


@routes.on("POST", "/v1/refresh", body=Refresh, answer=Tokens, errors=(401, 422))
def refresh(body: Refresh) -> Tokens:
    """Get a new token for a refresh token."""
    return Tokens(**users().refresh(body.refresh_token))


@routes.on("GET", "/v1/me", signed_in=True, answer=Me, errors=(401,))
def me(person: Person) -> Me:
    """Who the token belongs to and in which roles."""
    return Me(subject=person.subject, email=person.email, roles=sorted(person.roles))
