"""Where accounts are kept: the user pool."""

from __future__ import annotations

from typing import Any

from biotheca.accounts.model import WrongPassword
from biotheca.aws import identity
from biotheca.settings import Settings


class UserPool:
    """Sign-in against the Cognito pool of the settings."""

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """token, refresh_token, expires_in_s; WrongPassword otherwise."""
        try:
            return identity.sign_in(Settings().user_pool_client, email, password)
        except identity.SignInRefused:
            raise WrongPassword("E-mail and password do not match an account.") from None

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """A new token; WrongPassword if the refresh token is spent or revoked."""
        try:
            return identity.refresh(Settings().user_pool_client, refresh_token)
        except identity.SignInRefused:
            raise WrongPassword("The refresh token is not valid (any more). Sign in again.") from None
