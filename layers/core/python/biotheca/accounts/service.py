"""Who is calling, and what a person does with the own account: register, profile, tokens, second factor.

Groups: groups. Verification and roles, which staff decide: staff.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import clock, events, ids
from biotheca.accounts import rules, tokens
from biotheca.accounts.model import Person, PiState, Profile, Role, Scope
from biotheca.accounts.store import AlreadyRegistered, CodeWrong, PasswordTooWeak, PeopleStore, UserPool
from biotheca.errors import BiothecaError, Conflict, Invalid, NotFound, NotSignedIn

log = logging.getLogger(__name__)
ROLE_KEPT_S = 60.0  # how long a process believes what it read of a person's roles (tokens carry none)
_roles: dict[str, tuple[float, frozenset[Role]]] = {}


class WrongCode(BiothecaError):
    """A mailed or shown code does not fit."""

    rule = "accounts.code"


def who(people: PeopleStore, pool: UserPool, authorization: str | None) -> Person:
    """The person behind an Authorization header: a session's token or a personal one. NotSignedIn for all else.

    An account that was disabled, or signed out after the token was made, is nobody from the next request on.
    """
    secret = tokens.bearer(authorization)
    if secret.startswith(rules.TOKEN_PREFIX):
        return _by_personal_token(people, pool, secret)
    claims = tokens.verified(secret)
    profile, memberships = people.known(claims["sub"])
    if profile and profile.disabled_at:
        raise NotSignedIn("This account is closed. Ask the help desk.")
    if profile and profile.signed_out_at and claims["iat"] < profile.signed_out_at:
        raise NotSignedIn("You signed out. Sign in again.")
    groups = frozenset(m.group for m in memberships if m.standing != "invited")
    return Person(claims["sub"], claims.get("email", ""), tokens.roles_of(claims), groups)


def _by_personal_token(people: PeopleStore, pool: UserPool, secret: str) -> Person:
    refused = NotSignedIn("The token is not valid (any more). Make a new one: `biotheca tokens new`.")
    if len(secret) > 200:
        raise refused
    found = people.token(rules.digest(secret))
    if found is None or clock.parse(found["expires_at"]) <= clock.now():
        raise refused
    subject = found["subject"]
    profile, memberships = people.known(subject)
    if profile and profile.disabled_at:
        raise refused
    groups = frozenset(m.group for m in memberships if m.standing != "invited")
    scopes = frozenset(Scope(s) for s in found["scopes"])
    return Person(subject, profile.email if profile else "", _roles_of(pool, subject), groups, scopes)


def _roles_of(pool: UserPool, subject: str) -> frozenset[Role]:
    at, held = _roles.get(subject, (-ROLE_KEPT_S, frozenset()))
    if time.monotonic() - at > ROLE_KEPT_S:
        held = pool.roles(subject)
        _roles[subject] = (time.monotonic(), held)
    return held


# --- register ---


def register(people: PeopleStore, pool: UserPool, email: str, password: str, told: dict[str, str]) -> None:
    """Open an account; the code comes by mail. An address that has one gets the same answer: nobody learns of it."""
    email = email.strip().lower()
    if findings := rules.check_email(email) + rules.check_profile(told):
        raise Invalid("The registration has findings; nothing was stored.", findings)
    try:
        subject = pool.register(email, password)
    except AlreadyRegistered:
        pool.send_code_again(email)  # does nothing unless the account still waits for its code
        return
    except PasswordTooWeak as error:
        raise _weak(str(error)) from None
    profile = replace(Profile(subject, email, created_at=clock.stamp()), **_fields(told))
    people.save_profile(profile, events.ACCOUNT_CHANGED, subject, change="registered")


def _fields(told: dict[str, str]) -> dict[str, Any]:
    """Those of the told fields that a person may set."""
    return {name: value for name, value in told.items() if name in rules.EDITABLE}


def _weak(reason: str) -> Invalid:
    expected = "12 characters or more, with a small and a capital letter, a digit and a sign"
    message = "The password is too weak."
    log.info("password refused", extra={"reason": reason[:200]})
    return Invalid(message, [rules.finding("/password", "accounts.password", message, expected=expected)])


def confirm(people: PeopleStore, pool: UserPool, email: str, code: str) -> None:
    """Open the account with the mailed code; the person may now submit."""
    email = email.strip().lower()
    try:
        pool.confirm(email, code.strip())
    except CodeWrong:
        raise WrongCode("This is not the code that was mailed last, or it is older than a day.") from None
    subject = pool.subject_of(email)
    if subject is None:
        raise WrongCode("This is not the code that was mailed last, or it is older than a day.")
    pool.set_role(subject, Role.SUBMITTER, True)
    profile = people.profile(subject) or Profile(subject, email, created_at=clock.stamp())
    people.save_profile(profile, events.ACCOUNT_CHANGED, subject, change="confirmed")


def reset_password(pool: UserPool, email: str, code: str, password: str) -> None:
    """Set a new password with the mailed code."""
    try:
        pool.reset_password(email.strip().lower(), code.strip(), password)
    except PasswordTooWeak as error:
        raise _weak(str(error)) from None
    except CodeWrong:
        raise WrongCode("This is not the code that was mailed last, or it is too old. Ask for a new one.") from None


# --- the own account ---


def profile_of(people: PeopleStore, person: Person) -> Profile:
    """The person's profile; an empty one if nothing was ever told."""
    return people.profile(person.subject) or Profile(person.subject, person.email, created_at=clock.stamp())


def edit_profile(people: PeopleStore, person: Person, changes: dict[str, str]) -> Profile:
    """Change fields of the profile; a verified principal investigator who moves must be verified again."""
    if findings := rules.check_profile(changes):
        raise Invalid("The profile has findings; nothing was stored.", findings)
    before = profile_of(people, person)
    new = replace(before, **_fields(changes))
    moved = new.organisation != before.organisation or new.name != before.name
    if moved and before.pi_state == PiState.VERIFIED:
        new = replace(new, pi_state=PiState.NONE)
    people.save_profile(new, events.ACCOUNT_CHANGED, person.subject, change="profile")
    return new


def sign_out(people: PeopleStore, pool: UserPool, person: Person) -> None:
    """End every session of the person, here and on every other machine. Personal access tokens stay."""
    pool.sign_out(person.subject)
    # The machine's own clock, as the pool's tokens have it, also where ours was moved for a test.
    new = replace(profile_of(people, person), signed_out_at=int(time.time()))
    people.save_profile(new, events.ACCOUNT_CHANGED, person.subject, change="signed out")


def finish_mfa(people: PeopleStore, pool: UserPool, person: Person, access_token: str, code: str) -> None:
    """Switch the second factor on."""
    try:
        pool.finish_mfa(access_token, code.strip())
    except CodeWrong:
        raise WrongCode("This is not the code that the device shows now. Check its clock and try again.") from None
    people.save_profile(profile_of(people, person), events.ACCOUNT_CHANGED, person.subject, change="mfa on")


def end_mfa(people: PeopleStore, pool: UserPool, person: Person) -> None:
    """Switch the second factor off."""
    pool.end_mfa(person.subject)
    people.save_profile(profile_of(people, person), events.ACCOUNT_CHANGED, person.subject, change="mfa off")


def make_token(
    people: PeopleStore, person: Person, label: str, scopes: list[str], days: int
) -> tuple[str, dict[str, Any]]:
    """A personal access token: the secret, shown this once, and its description."""
    now = clock.now()
    expires_at = now + timedelta(days=days)
    held = people.tokens(person.subject)
    if findings := rules.check_token(scopes, expires_at, now, len(held)):
        raise Invalid(findings[0].message, findings)
    secret = rules.new_secret()
    token = {
        "id": ids.new("tok"),
        "label": label,
        "scopes": sorted(set(scopes)),
        "created_at": clock.stamp(now),
        "expires_at": clock.stamp(expires_at),
    }
    if people.profile(person.subject) is None:  # a token alone must lead to an address for mails
        people.save_profile(profile_of(people, person))
    people.add_token(person.subject, token, rules.digest(secret), events.TOKEN_CHANGED)
    return secret, token


def revoke_token(people: PeopleStore, person: Person, token_id: str) -> None:
    """Revoke a token at once; NotFound if the person has none of that id."""
    for token in people.tokens(person.subject):
        if token["id"] == token_id:
            people.remove_token(person.subject, token_id, token["digest"], events.TOKEN_CHANGED)
            return
    raise NotFound(f"You have no token {token_id[:60]!r}.")


def ask_for_pi(people: PeopleStore, person: Person) -> Profile:
    """Join the queue of those who want to be verified as principal investigators; again changes nothing."""
    profile = profile_of(people, person)
    if profile.pi_state == PiState.PENDING:
        return profile
    if profile.pi_state == PiState.VERIFIED:
        raise Conflict("You are verified as a principal investigator already.")
    if findings := rules.check_pi(profile):
        raise Invalid("The profile does not allow a verification yet.", findings)
    new = replace(profile, pi_state=PiState.PENDING, pi_reasons=[], pi_asked_at=clock.stamp())
    people.save_profile(new, events.ACCOUNT_CHANGED, person.subject, change="asks for verification")
    return new
