"""Accounts: register, sign in, second factor, sign out, profile, personal access tokens, verification."""

from __future__ import annotations

from urllib.parse import quote

from biotheca.accounts import service
from biotheca.accounts.model import Person, Profile, Scope
from functions.api.seam import Routes
from functions.api.shapes import Page
from functions.api.shapes_accounts import (
    Address,
    Confirmation,
    Me,
    MfaAnswer,
    MfaBegin,
    MfaFinish,
    MfaSecret,
    NewPassword,
    NewToken,
    ProfileChange,
    ProfileShape,
    Refresh,
    Registration,
    SignIn,
    Tokens,
    TokenShape,
    Told,
)
from functions.stores import notices, people, users

routes = Routes(__name__, "accounts", changes=Scope.ACCOUNT)
SENT = "If the address can be used, a mail with a code is on its way."


@routes.on("POST", "/v1/register", body=Registration, answer=Told, status=202, errors=(422,))
def register(body: Registration) -> Told:
    """Open an account; a code is mailed. The answer never tells whether the address has one already."""
    told = body.model_dump(include={"name", "organisation", "country", "language"})
    service.register(people(), users(), body.email, body.password, told)
    return Told(message=SENT)


@routes.on("POST", "/v1/register/confirm", body=Confirmation, status=204, errors=(400, 422))
def confirm(body: Confirmation) -> None:
    """Open the account with the mailed code."""
    service.confirm(people(), users(), body.email, body.code)


@routes.on("POST", "/v1/register/resend", body=Address, answer=Told, status=202, errors=(422,))
def resend(body: Address) -> Told:
    """Mail the code again."""
    users().send_code_again(body.email.strip().lower())
    return Told(message=SENT)


@routes.on("POST", "/v1/password/forgot", body=Address, answer=Told, status=202, errors=(422,))
def forgot(body: Address) -> Told:
    """Mail a code with which a new password can be set."""
    users().forget_password(body.email.strip().lower())
    return Told(message=SENT)


@routes.on("POST", "/v1/password/reset", body=NewPassword, status=204, errors=(400, 422))
def reset(body: NewPassword) -> None:
    """Set a new password with the mailed code."""
    service.reset_password(users(), body.email, body.code, body.password)


@routes.on("POST", "/v1/sign-in", body=SignIn, answer=Tokens, errors=(401, 422))
def sign_in(body: SignIn) -> Tokens:
    """Get tokens for e-mail and password, or the challenge of a second factor."""
    return Tokens(**users().sign_in(body.email.strip().lower(), body.password))


@routes.on("POST", "/v1/sign-in/mfa", body=MfaAnswer, answer=Tokens, errors=(401, 422))
def sign_in_mfa(body: MfaAnswer) -> Tokens:
    """Answer the challenge with the code of the authenticator app."""
    return Tokens(**users().answer_mfa(body.email.strip().lower(), body.session, body.code.strip()))


@routes.on("POST", "/v1/refresh", body=Refresh, answer=Tokens, errors=(401, 422))
def refresh(body: Refresh) -> Tokens:
    """Get a new token for a refresh token."""
    return Tokens(**users().refresh(body.refresh_token))


@routes.on("POST", "/v1/sign-out", signed_in=True, status=204, errors=(401, 403))
def sign_out(person: Person) -> None:
    """End every session of yours, on every machine and in every member database."""
    service.sign_out(people(), users(), person)


def profile_shape(profile: Profile) -> ProfileShape:
    """A profile as its person sees it."""
    names = set(ProfileShape.model_fields) - {"principal_investigator", "principal_investigator_reasons"}
    shown = {name: getattr(profile, name) for name in names}
    return ProfileShape(
        **shown, principal_investigator=profile.pi_state, principal_investigator_reasons=profile.pi_reasons
    )


@routes.on("GET", "/v1/me", signed_in=True, answer=Me, errors=(401,))
def me(person: Person) -> Me:
    """Who the token belongs to: roles, scopes of the token, groups, profile."""
    profile, memberships = people().known(person.subject)
    profile = profile or service.profile_of(people(), person)
    return Me(
        subject=person.subject,
        email=person.email,
        roles=sorted(person.roles),
        scopes=sorted(person.scopes) if person.scopes is not None else None,
        groups=[{"id": m.group, "name": m.group_name, "standing": m.standing} for m in memberships],
        profile=profile_shape(profile),
        unread_notices=notices().unread(person.subject),
    )


@routes.on("PATCH", "/v1/me", signed_in=True, body=ProfileChange, answer=ProfileShape, errors=(401, 403, 422))
def edit(body: ProfileChange, person: Person) -> ProfileShape:
    """Change your profile."""
    changes = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None}
    return profile_shape(service.edit_profile(people(), person, changes))


@routes.on("POST", "/v1/me/mfa", signed_in=True, body=MfaBegin, answer=MfaSecret, errors=(401, 403, 422))
def begin_mfa(body: MfaBegin, person: Person) -> MfaSecret:
    """Get the secret for an authenticator app."""
    secret = users().begin_mfa(body.access_token)
    label = quote(f"Biotheca:{person.email}")
    return MfaSecret(secret=secret, uri=f"otpauth://totp/{label}?secret={secret}&issuer=Biotheca")


@routes.on("POST", "/v1/me/mfa/confirm", signed_in=True, body=MfaFinish, status=204, errors=(400, 401, 403, 422))
def finish_mfa(body: MfaFinish, person: Person) -> None:
    """Switch the second factor on by a first right code."""
    service.finish_mfa(people(), users(), person, body.access_token, body.code)


@routes.on("DELETE", "/v1/me/mfa", signed_in=True, status=204, errors=(401, 403))
def end_mfa(person: Person) -> None:
    """Switch the second factor off."""
    service.end_mfa(people(), users(), person)


@routes.on("GET", "/v1/me/tokens", signed_in=True, answer=Page, errors=(401, 403), scope=Scope.ACCOUNT)
def list_tokens(person: Person) -> Page:
    """Your personal access tokens, without their secrets."""
    held = [TokenShape(**t).model_dump(mode="json") for t in people().tokens(person.subject)]
    return Page(items=held)


@routes.on(
    "POST", "/v1/me/tokens", signed_in=True, body=NewToken, answer=TokenShape, status=201, errors=(401, 403, 422)
)
def make_token(body: NewToken, person: Person) -> TokenShape:
    """Make a personal access token. Its secret is shown in this answer and never again."""
    secret, token = service.make_token(people(), person, body.label, list(body.scopes), body.expires_in_days)
    return TokenShape(**token, token=secret)


@routes.on("DELETE", "/v1/me/tokens/{token_id}", signed_in=True, status=204, errors=(401, 403, 404))
def revoke_token(token_id: str, person: Person) -> None:
    """Revoke a token at once."""
    service.revoke_token(people(), person, token_id)


@routes.on(
    "POST",
    "/v1/me/principal-investigator",
    signed_in=True,
    answer=ProfileShape,
    status=202,
    errors=(401, 403, 409, 422),
)
def ask_for_pi(person: Person) -> ProfileShape:
    """Ask to be verified as a principal investigator."""
    return profile_shape(service.ask_for_pi(people(), person))
