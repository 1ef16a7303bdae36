"""Where people are kept: the user pool (who may sign in, in which roles) and the people table (the rest).

People table: PERSON#<subject> / A#PROFILE and A#GROUP#<group> (read together at each request), TOKEN#<id>;
EMAIL#<address> / PERSON leads from an address to a person; TOKEN#<digest> / TOKEN from a token to its person;
GROUP#<group> / GROUP and MEMBER#<subject>. What a person chose as a secret is never stored, only its digest.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from biotheca.accounts.model import Membership, PiState, Profile, Role, WrongPassword
from biotheca.aws import identity, outbox
from biotheca.aws.identity import AlreadyRegistered, CodeWrong, PasswordTooWeak
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.errors import Conflict
from biotheca.settings import Settings

__all__ = ["AlreadyRegistered", "CodeWrong", "PasswordTooWeak", "PeopleStore", "UserPool"]


class UserPool:
    """The Cognito pool of the settings: sign-in, registration, roles."""

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Tokens, or {"challenge": "mfa", "session": ...}; WrongPassword otherwise."""
        try:
            return identity.sign_in(Settings().user_pool_client, email, password)
        except identity.SignInRefused:
            raise WrongPassword("E-mail and password do not match an account.") from None

    def answer_mfa(self, email: str, session: str, code: str) -> dict[str, Any]:
        """Tokens for the six digits of the person's device; WrongPassword otherwise."""
        try:
            return identity.answer_mfa(Settings().user_pool_client, email, session, code)
        except identity.SignInRefused:
            raise WrongPassword("The code is not the one that your device shows now. Sign in again.") from None

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """A new token; WrongPassword if the refresh token is spent or revoked."""
        try:
            return identity.refresh(Settings().user_pool_client, refresh_token)
        except identity.SignInRefused:
            raise WrongPassword("The refresh token is not valid (any more). Sign in again.") from None

    def register(self, email: str, password: str) -> str:
        """Open an account that waits for its mailed code; the subject. AlreadyRegistered, PasswordTooWeak."""
        return identity.register(Settings().user_pool_client, email, password)

    def confirm(self, email: str, code: str) -> None:
        """Open the account with the mailed code; CodeWrong otherwise."""
        identity.confirm(Settings().user_pool_client, email, code)

    def send_code_again(self, email: str) -> None:
        """Mail another code, if there is such an account that waits for one."""
        identity.send_code_again(Settings().user_pool_client, email)

    def forget_password(self, email: str) -> None:
        """Mail a code for a new password, if there is such an account."""
        identity.forget_password(Settings().user_pool_client, email)

    def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password with the mailed code; CodeWrong, PasswordTooWeak."""
        identity.reset_password(Settings().user_pool_client, email, code, password)

    def begin_mfa(self, access_token: str) -> str:
        """The secret (base 32) that an authenticator app is to be given."""
        try:
            return identity.begin_mfa(access_token)
        except identity.SignInRefused:
            raise WrongPassword("The access token is not valid (any more). Sign in again.") from None

    def finish_mfa(self, access_token: str, code: str) -> None:
        """Switch the second factor on, once the app has shown a right code; CodeWrong otherwise."""
        identity.finish_mfa(access_token, code)

    def end_mfa(self, subject: str) -> None:
        """Switch the second factor off."""
        identity.end_mfa(Settings().user_pool, subject)

    def sign_out(self, subject: str) -> None:
        """End every session: no refresh token of the person works any more."""
        identity.sign_out(Settings().user_pool, subject)

    def person(self, subject: str) -> dict[str, Any] | None:
        """email, enabled, mfa of a subject, or None."""
        return identity.person(Settings().user_pool, subject)

    def subject_of(self, email: str) -> str | None:
        """The subject of a confirmed account by its address, or None."""
        return identity.subject_of(Settings().user_pool, email)

    def roles(self, subject: str) -> frozenset[Role]:
        """The roles of a person."""
        known = {role.value for role in Role}
        return frozenset(Role(g) for g in identity.groups(Settings().user_pool, subject) if g in known)

    def with_role(self, role: Role) -> list[str]:
        """The subjects of everybody who has a role."""
        return identity.members_of(Settings().user_pool, role.value)

    def set_role(self, subject: str, role: Role, held: bool) -> None:
        """Give or take a role; again changes nothing."""
        identity.set_group(Settings().user_pool, subject, role.value, held)

    def set_enabled(self, subject: str, enabled: bool) -> None:
        """Let a person in, or keep them out."""
        identity.set_enabled(Settings().user_pool, subject, enabled)


class GroupChanged(Conflict):
    """The membership is another than was expected."""


class PeopleStore:
    """Profiles, personal access tokens, groups."""

    def __init__(self, people: Table | None = None, out: Table | None = None) -> None:
        self.people = people or Table(Settings().people_table)
        self.out = out or Table(Settings().outbox_table)

    # --- profiles ---

    def known(self, subject: str) -> tuple[Profile | None, list[Membership]]:
        """The profile and the groups of a person, in one read."""
        found = list(self.people.every("pk = :p AND begins_with(sk, :s)", {"p": f"PERSON#{subject}", "s": "A#"}))
        profiles = [_profile(item) for item in found if item["sk"] == "A#PROFILE"]
        return (profiles[0] if profiles else None), [_membership(i) for i in found if i["sk"] != "A#PROFILE"]

    def profile(self, subject: str) -> Profile | None:
        """The profile, or None if the person never told us anything."""
        item = self.people.get({"pk": f"PERSON#{subject}", "sk": "A#PROFILE"})
        return _profile(item) if item else None

    def save_profile(self, profile: Profile, event: str | None = None, actor: str = "", **body: Any) -> None:
        """Write a profile; with the event that tells of it, in one transaction."""
        key = {"pk": f"PERSON#{profile.subject}", "sk": "A#PROFILE"}
        waiting = {"queue_key": "PI", "queued_at": profile.pi_asked_at} if profile.pi_state == PiState.PENDING else {}
        lines = [self.people.put_line(key | profile.as_dict() | waiting)]
        if event:
            lines.append(outbox.line(self.out, event, profile.subject, person=profile.subject, actor=actor, **body))
        transact(lines)

    def waiting_for_pi(self, limit: int, cursor: str | None) -> tuple[list[Profile], str | None]:
        """A page of those who ask to be verified, longest waiting first."""
        items, following = self.people.query(
            "queue_key = :q", {"q": "PI"}, index="by_queue", limit=limit, cursor=cursor
        )
        return [_profile(item) for item in items], following

    # --- personal access tokens ---

    def add_token(self, subject: str, token: dict[str, Any], digest: str, event: str) -> None:
        """Store a token's description and the way from its digest to it."""
        own = {"pk": f"PERSON#{subject}", "sk": f"TOKEN#{token['id']}", "digest": digest, **token}
        lead = {"pk": f"TOKEN#{digest}", "sk": "TOKEN", "subject": subject, **token}
        told = outbox.line(self.out, event, subject, person=subject, token=token["id"], actor=subject)
        transact([self.people.put_line(own), self.people.put_line(lead, "attribute_not_exists(pk)"), told])

    def tokens(self, subject: str) -> list[dict[str, Any]]:
        """All tokens of a person, oldest first."""
        found = self.people.every("pk = :p AND begins_with(sk, :s)", {"p": f"PERSON#{subject}", "s": "TOKEN#"})
        return [{k: v for k, v in item.items() if k not in ("pk", "sk")} for item in found]

    def token(self, digest: str) -> dict[str, Any] | None:
        """The token behind a digest: subject, scopes, expires_at ..., or None."""
        return self.people.get({"pk": f"TOKEN#{digest}", "sk": "TOKEN"})

    def remove_token(self, subject: str, token_id: str, digest: str, event: str) -> None:
        """Revoke at once."""
        told = outbox.line(self.out, event, subject, person=subject, token=token_id, actor=subject)
        own = self.people.delete_line({"pk": f"PERSON#{subject}", "sk": f"TOKEN#{token_id}"})
        transact([own, self.people.delete_line({"pk": f"TOKEN#{digest}", "sk": "TOKEN"}), told])

    # --- groups ---

    def add_group(self, group: dict[str, Any], owner: Membership, event: str) -> None:
        """A new group with its owner."""
        told = outbox.line(self.out, event, group["id"], group=group["id"], actor=owner.subject, change="opened")
        item = {"pk": f"GROUP#{group['id']}", "sk": "GROUP", **group}
        transact([self.people.put_line(item, "attribute_not_exists(pk)"), *self._member_lines(owner), told])

    def group(self, group_id: str) -> dict[str, Any] | None:
        """id, name, created_at of a group, or None."""
        item = self.people.get({"pk": f"GROUP#{group_id}", "sk": "GROUP"})
        return {k: v for k, v in item.items() if k not in ("pk", "sk")} if item else None

    def members(self, group_id: str) -> list[Membership]:
        """Everybody in a group, the invited too."""
        found = self.people.every("pk = :p AND begins_with(sk, :s)", {"p": f"GROUP#{group_id}", "s": "MEMBER#"})
        return [_membership(item) for item in found]

    def set_member(self, membership: Membership, expected: str | None, event: str, actor: str) -> None:
        """Put a person into a group (or change the standing) if the standing was `expected`; GroupChanged otherwise."""
        told = outbox.line(
            self.out, event, membership.group, group=membership.group, person=membership.subject, actor=actor,
            change=membership.standing,
        )  # fmt: skip
        try:
            transact([*self._member_lines(membership, expected), told])
        except ConditionFailed as error:
            raise GroupChanged("This membership was changed meanwhile. Look at the group and try again.") from error

    def remove_member(self, group_id: str, subject: str, event: str, actor: str) -> None:
        """Take a person out of a group."""
        told = outbox.line(self.out, event, group_id, group=group_id, person=subject, actor=actor, change="left")
        away = [
            self.people.delete_line({"pk": f"GROUP#{group_id}", "sk": f"MEMBER#{subject}"}),
            self.people.delete_line({"pk": f"PERSON#{subject}", "sk": f"A#GROUP#{group_id}"}),
        ]
        transact([*away, told])

    def _member_lines(self, m: Membership, expected: str | None = None) -> list[dict[str, Any]]:
        condition = "standing = :expected" if expected else "attribute_not_exists(pk)"
        values = {"expected": expected} if expected else {}
        in_group = {"pk": f"GROUP#{m.group}", "sk": f"MEMBER#{m.subject}", **asdict(m)}
        of_person = {"pk": f"PERSON#{m.subject}", "sk": f"A#GROUP#{m.group}", **asdict(m)}
        return [self.people.put_line(in_group, condition, **values), self.people.put_line(of_person)]


def _profile(item: dict[str, Any]) -> Profile:
    given = {k: v for k, v in item.items() if k in Profile.__dataclass_fields__}
    return Profile(**given | {"pi_state": PiState(item.get("pi_state", "none"))})


def _membership(item: dict[str, Any]) -> Membership:
    return Membership(**{k: item[k] for k in Membership.__dataclass_fields__})
