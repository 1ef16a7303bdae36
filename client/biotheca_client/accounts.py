"""What the client can do with accounts: register, second factor, personal tokens, groups, notices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biotheca_client.api import Session, path_of


class AccountCalls:
    """The verbs of an own account over one session. Answers are the API's JSON."""

    session: Session

    def register(self, email: str, password: str, name: str, organisation: str, language: str = "en") -> str:
        """Open an account; a code is mailed. What the archive says."""
        told = {"email": email, "password": password, "name": name, "organisation": organisation, "language": language}
        return str(self.session.call("POST", "/v1/register", told)["message"])

    def confirm(self, email: str, code: str) -> None:
        """Open the account with the mailed code."""
        self.session.call("POST", "/v1/register/confirm", {"email": email, "code": code})

    def resend_code(self, email: str) -> str:
        """Have the code mailed again."""
        return str(self.session.call("POST", "/v1/register/resend", {"email": email})["message"])

    def forget_password(self, email: str) -> str:
        """Have a code for a new password mailed."""
        return str(self.session.call("POST", "/v1/password/forgot", {"email": email})["message"])

    def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password with the mailed code."""
        self.session.call("POST", "/v1/password/reset", {"email": email, "code": code, "password": password})

    def tokens(self) -> list[dict[str, Any]]:
        """Personal access tokens, without their secrets."""
        return list(self.session.pages("/v1/me/tokens"))

    def make_token(self, label: str, scopes: list[str], days: int) -> dict[str, Any]:
        """A new token; `token` is its secret, shown this once."""
        body = {"label": label, "scopes": scopes, "expires_in_days": days}
        made: dict[str, Any] = self.session.call("POST", "/v1/me/tokens", body)
        return made

    def revoke_token(self, token_id: str) -> None:
        """Revoke a token at once."""
        self.session.call("DELETE", path_of("v1", "me", "tokens", token_id))

    def notices(self) -> Iterator[dict[str, Any]]:
        """What the archive told you, newest first."""
        return self.session.pages("/v1/me/notices")

    def mark_read(self, notice_id: str) -> None:
        """Mark a notice as read."""
        self.session.call("POST", path_of("v1", "me", "notices", notice_id, "read"))

    def groups(self) -> list[dict[str, Any]]:
        """Your groups and the ones that invite you."""
        return list(self.session.pages("/v1/groups"))

    def group(self, group_id: str) -> dict[str, Any]:
        """One group with its members."""
        found: dict[str, Any] = self.session.call("GET", path_of("v1", "groups", group_id))
        return found

    def open_group(self, name: str) -> dict[str, Any]:
        """A new group of yours."""
        made: dict[str, Any] = self.session.call("POST", "/v1/groups", {"name": name})
        return made

    def invite(self, group_id: str, email: str) -> str:
        """Invite an address into your group."""
        path = path_of("v1", "groups", group_id, "invitations")
        return str(self.session.call("POST", path, {"email": email})["message"])

    def join_group(self, group_id: str) -> dict[str, Any]:
        """Accept an invitation."""
        joined: dict[str, Any] = self.session.call("POST", path_of("v1", "groups", group_id, "join"))
        return joined

    def leave_group(self, group_id: str, subject: str) -> None:
        """Leave a group, or take somebody out of yours."""
        self.session.call("DELETE", path_of("v1", "groups", group_id, "members", subject))

    def share(self, submission: str, group_id: str | None) -> dict[str, Any]:
        """Share a submission with a group of yours; None takes it back."""
        path = path_of("v1", "submissions", submission, "group")
        shared: dict[str, Any] = self.session.call("PUT", path, {"group": group_id})
        return shared
