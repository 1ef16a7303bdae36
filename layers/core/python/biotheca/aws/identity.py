"""Cognito: sign in and refresh. Who may do what: accounts and the capabilities themselves."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from biotheca.aws.session import client

_REFUSED = ("NotAuthorizedException", "UserNotFoundException", "UserNotConfirmedException", "InvalidParameterException")


class SignInRefused(Exception):
    """E-mail and password (or refresh token) do not belong together, or the account is not active."""


def sign_in(pool_client: str, email: str, password: str) -> dict[str, Any]:
    """Tokens for an e-mail and a password: token, refresh_token, expires_in_s."""
    return _authenticate(pool_client, "USER_PASSWORD_AUTH", {"USERNAME": email, "PASSWORD": password})


def refresh(pool_client: str, refresh_token: str) -> dict[str, Any]:
    """A new token for a refresh token."""
    return _authenticate(pool_client, "REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": refresh_token})


def _authenticate(pool_client: str, flow: str, parameters: dict[str, str]) -> dict[str, Any]:
    try:
        answer = client("cognito-idp").initiate_auth(AuthFlow=flow, AuthParameters=parameters, ClientId=pool_client)
    except ClientError as error:
        if error.response["Error"]["Code"] in _REFUSED:
            raise SignInRefused(error.response["Error"]["Code"]) from error
        raise
    result = answer.get("AuthenticationResult")
    if not result:  # a challenge (new password, MFA) that this door cannot ask
        raise SignInRefused(answer.get("ChallengeName", "challenge"))
    return {
        "token": result["IdToken"],
        "refresh_token": result.get("RefreshToken"),
        "expires_in_s": result["ExpiresIn"],
    }
