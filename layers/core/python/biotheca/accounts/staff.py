"""What staff decide about accounts: verification of principal investigators, roles, closing an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biotheca import catalog, clock, events
from biotheca.accounts import rules
from biotheca.accounts.model import Person, PiState, Profile, Role
from biotheca.accounts.store import PeopleStore, UserPool
from biotheca.errors import Conflict, Invalid, NotFound


def pi_queue(people: PeopleStore, person: Person, limit: int, cursor: str | None) -> tuple[list[Profile], str | None]:
    """Those who ask to be verified, longest waiting first. For curators and administrators."""
    person.must_be(Role.CURATOR, Role.ADMINISTRATOR)
    return people.waiting_for_pi(limit, cursor)


def decide_pi(
    people: PeopleStore, pool: UserPool, person: Person, subject: str, decision: str, reasons: list[str]
) -> Profile:
    """Verify, or refuse with coded reasons; the same decision again is no fault, nobody decides on themselves."""
    person.must_be(Role.CURATOR, Role.ADMINISTRATOR)
    profile = people.profile(subject)
    if profile is None or subject == person.subject:
        raise NotFound(f"There is no account {subject[:60]!r} that waits for you.")
    target = PiState.VERIFIED if decision == "verify" else PiState.REFUSED
    if profile.pi_state == target:
        return profile
    if profile.pi_state != PiState.PENDING:
        raise Conflict("This account does not wait for a verification.")
    _check_reasons(decision, reasons)
    pool.set_role(subject, Role.PRINCIPAL_INVESTIGATOR, target == PiState.VERIFIED)
    new = replace(profile, pi_state=target, pi_reasons=reasons, pi_asked_at=None)
    change = "verified" if target == PiState.VERIFIED else "verification refused"
    people.save_profile(new, events.ACCOUNT_CHANGED, person.subject, change=change, reasons=reasons)
    return new


def _check_reasons(decision: str, reasons: list[str]) -> None:
    if decision == "verify":
        return
    codes = catalog.vocabulary("pi_refusal_reason")
    wrong = [r for r in reasons if r not in codes]
    if wrong or not reasons:
        message = "A refusal needs coded reasons." if not reasons else f"{wrong[0]!r} is no reason code."
        raise Invalid(message, [rules.finding("/reasons", "accounts.pi_reason", message, expected=", ".join(codes))])


def account(people: PeopleStore, pool: UserPool, person: Person, email: str) -> dict[str, Any]:
    """An account by its address, for administrators: profile, roles, whether it is open."""
    person.must_be(Role.ADMINISTRATOR)
    subject = pool.subject_of(email.strip().lower())
    if subject is None:
        raise NotFound("There is no confirmed account of this address.")
    return _told(people, pool, subject)


def _told(people: PeopleStore, pool: UserPool, subject: str) -> dict[str, Any]:
    found = pool.person(subject)
    if found is None:
        raise NotFound(f"There is no account {subject[:60]!r}.")
    profile = people.profile(subject) or Profile(subject, found["email"])
    roles = sorted(pool.roles(subject))
    return {"profile": profile, "roles": roles, "enabled": found["enabled"] and not profile.disabled_at}


def set_roles(people: PeopleStore, pool: UserPool, person: Person, subject: str, roles: list[str]) -> dict[str, Any]:
    """Give an account exactly these roles. Nobody takes the administrator's role from themselves."""
    person.must_be(Role.ADMINISTRATOR)
    before = _told(people, pool, subject)
    wanted = {Role(role) for role in roles}
    if subject == person.subject and Role.ADMINISTRATOR not in wanted:
        raise Conflict("You cannot take the administrator's role from yourself; another administrator can.")
    for role in Role:
        if (role in wanted) != (role in before["roles"]):
            pool.set_role(subject, role, role in wanted)
    if wanted != set(before["roles"]):
        told = sorted(str(role) for role in wanted)
        people.save_profile(before["profile"], events.ACCOUNT_CHANGED, person.subject, change="roles", roles=told)
    return before | {"roles": sorted(wanted)}


def set_open(people: PeopleStore, pool: UserPool, person: Person, subject: str, enabled: bool) -> dict[str, Any]:
    """Close an account (its tokens are nobody's from the next request on) or open it again."""
    person.must_be(Role.ADMINISTRATOR)
    if subject == person.subject:
        raise Conflict("You cannot close your own account; another administrator can.")
    before = _told(people, pool, subject)
    pool.set_enabled(subject, enabled)
    if not enabled:
        pool.sign_out(subject)
    new = replace(before["profile"], disabled_at=None if enabled else clock.stamp())
    change = "opened again" if enabled else "closed"
    people.save_profile(new, events.ACCOUNT_CHANGED, person.subject, change=change)
    return before | {"profile": new, "enabled": enabled}
