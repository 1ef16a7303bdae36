"""What Cognito proves and moto lets pass: mailed codes, codes of authenticator apps, sessions that were ended.

moto confirms an account with any code or none, takes any second factor, knows no resending, and does not end a
session that was begun with an e-mail address. Codes go to the laptop's mailbox, as the pool would mail them.
"""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any

from local.hooks.patching import once, replace

SENDER = "no-reply@verificationemail.com"
CODE_VALID_S = 24 * 3600
RESET_VALID_S = 3600
TRIES = 5
_codes: dict[tuple[str, str], list[Any]] = {}  # (subject, purpose) -> [code, until, tries left]
_secrets: dict[str, str] = {}  # subject -> base 32 of its authenticator app


@once
def install() -> None:
    _mailed_codes()
    _authenticator_apps()
    _ended_sessions()


def _mail(to: str, subject: str, text: str) -> None:
    from moto.ses.models import Message, ses_backends

    from biotheca import clock
    from local.surroundings import ACCOUNT, REGION

    message = Message(secrets.token_hex(8), SENDER, subject, text, {"ToAddresses": [to]})
    message.sent_at = clock.stamp()  # type: ignore[attr-defined]
    ses_backends[ACCOUNT][REGION].sent_messages.append(message)


def _send_code(user: Any, purpose: str, subject: str, valid_s: int) -> None:
    code = f"{secrets.randbelow(10**6):06d}"
    _codes[user.id, purpose] = [code, time.time() + valid_s, TRIES]
    _mail(user.attribute_lookup.get("email", ""), subject, f"Your code is {code}")


def _spend_code(user: Any, purpose: str, given: str) -> None:
    from moto.cognitoidp.exceptions import CodeMismatchException, ExpiredCodeException

    kept = _codes.get((user.id, purpose))
    if kept is None or kept[1] < time.time() or kept[2] <= 0:
        raise ExpiredCodeException("Invalid code provided, please request a code again.")
    if not secrets.compare_digest(kept[0], str(given)):
        kept[2] -= 1
        raise CodeMismatchException("Invalid verification code provided, please try again.")
    del _codes[user.id, purpose]


def _user(backend: Any, client_id: str, username: str) -> tuple[Any, Any]:
    """(pool, user) of a client's pool; the user is None if there is none."""
    for pool in backend.user_pools.values():
        if client_id in pool.clients:
            return pool, pool._get_user(username)
    return None, None


def _backend_of(handler: Any, client_id: str) -> Any:
    from moto.cognitoidp.models import cognitoidp_backends, find_account_region_by_value

    account, region = find_account_region_by_value("client_id", client_id, (handler.current_account, handler.region))
    return cognitoidp_backends[account][region]


def _mailed_codes() -> None:
    from moto.cognitoidp.exceptions import (
        InvalidParameterException,
        NotAuthorizedError,
        UserNotFoundError,
    )
    from moto.cognitoidp.models import CognitoIdpBackend, UserStatus
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import ActionResult, EmptyResult

    stock_sign_up = CognitoIdpBackend.sign_up

    def sign_up(self: Any, client_id: str, username: str, *args: Any, **named: Any) -> Any:
        made = stock_sign_up(self, client_id, username, *args, **named)
        _send_code(made[0], "sign up", "Your verification code", CODE_VALID_S)
        return made

    def confirm_sign_up(self: Any) -> Any:
        client_id, username = self._get_param("ClientId"), self._get_param("Username")
        _, user = _user(_backend_of(self, client_id), client_id, username)
        if user is None:
            raise UserNotFoundError(username)
        if user.status == UserStatus.CONFIRMED:
            raise NotAuthorizedError("User cannot be confirmed. Current status is CONFIRMED")
        _spend_code(user, "sign up", self._get_param("ConfirmationCode") or "")
        user.status = UserStatus.CONFIRMED
        user.update_attributes([{"Name": "email_verified", "Value": "true"}])
        return EmptyResult()

    def resend_confirmation_code(self: Any) -> Any:
        client_id, username = self._get_param("ClientId"), self._get_param("Username")
        _, user = _user(_backend_of(self, client_id), client_id, username)
        if user is None:
            raise UserNotFoundError(username)
        if user.status == UserStatus.CONFIRMED:
            raise InvalidParameterException("User is already confirmed.")
        _send_code(user, "sign up", "Your verification code", CODE_VALID_S)
        return ActionResult({"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL", "AttributeName": "email"}})

    def forgot_password(self: Any) -> Any:
        client_id, username = self._get_param("ClientId"), self._get_param("Username")
        _, user = _user(_backend_of(self, client_id), client_id, username)
        if user is not None and user.status == UserStatus.CONFIRMED and user.enabled:
            _send_code(user, "password", "Your password reset code", RESET_VALID_S)
        return ActionResult({"CodeDeliveryDetails": {"DeliveryMedium": "EMAIL", "AttributeName": "email"}})

    def confirm_forgot_password(self: Any) -> Any:
        client_id, username = self._get_param("ClientId"), self._get_param("Username")
        backend = _backend_of(self, client_id)
        pool, user = _user(backend, client_id, username)
        if user is None:
            raise UserNotFoundError(username)
        backend._validate_password(pool.id, self._get_param("Password"))
        _spend_code(user, "password", self._get_param("ConfirmationCode") or "")
        user.password = self._get_param("Password")
        return EmptyResult()

    replace(CognitoIdpBackend, sign_up=sign_up)
    replace(
        CognitoIdpResponse,
        confirm_sign_up=confirm_sign_up,
        forgot_password=forgot_password,
        confirm_forgot_password=confirm_forgot_password,
    )
    CognitoIdpResponse.resend_confirmation_code = resend_confirmation_code  # type: ignore[attr-defined]


def _authenticator_apps() -> None:
    import pyotp
    from moto.cognitoidp.exceptions import CodeMismatchException, NotAuthorizedError
    from moto.cognitoidp.models import CognitoIdpBackend

    stock_verify, stock_answer = CognitoIdpBackend.verify_software_token, CognitoIdpBackend.respond_to_auth_challenge

    def by_access_token(backend: Any, access_token: str) -> Any:
        for pool in backend.user_pools.values():
            if access_token in pool.access_tokens:
                return pool._get_user(pool.access_tokens[access_token][1])
        raise NotAuthorizedError("Access Token has been revoked")

    def prove(user: Any, code: str) -> None:
        secret = _secrets.get(user.id)
        if secret is None or not pyotp.TOTP(secret).verify(str(code), valid_window=1):
            raise CodeMismatchException("Invalid code received for user")

    def associate_software_token(self: Any, access_token: str, session: str) -> dict[str, str]:
        user = by_access_token(self, access_token)
        _secrets[user.id] = base64.b32encode(secrets.token_bytes(20)).decode()
        return {"SecretCode": _secrets[user.id]}

    def verify_software_token(self: Any, access_token: str, session: str, user_code: str, name: str) -> Any:
        prove(by_access_token(self, access_token), user_code)
        return stock_verify(self, access_token, session, user_code, name)

    def respond_to_auth_challenge(self: Any, session: str, client_id: str, challenge: str, responses: Any) -> Any:
        if challenge == "SOFTWARE_TOKEN_MFA":
            if session not in self.sessions:
                raise NotAuthorizedError("Invalid session for the user, session is expired.")
            username, pool = self.sessions[session]
            user, named = pool._get_user(username), pool._get_user(responses.get("USERNAME", ""))
            if named is not user:
                raise NotAuthorizedError("Incorrect username or password.")
            prove(user, responses.get("SOFTWARE_TOKEN_MFA_CODE", ""))
        return stock_answer(self, session, client_id, challenge, responses)

    replace(
        CognitoIdpBackend,
        associate_software_token=associate_software_token,
        verify_software_token=verify_software_token,
        respond_to_auth_challenge=respond_to_auth_challenge,
    )


def _ended_sessions() -> None:
    """A session is kept under the name that was typed; ending the sessions of a subject must find it."""
    from moto.cognitoidp.models import CognitoIdpUserPool

    stock = CognitoIdpUserPool.sign_out

    def sign_out(self: Any, username: str) -> None:
        user = self._get_user(username)
        for name in {username, *((user.username, user.id, user.attribute_lookup.get("email")) if user else ())}:
            if name:
                stock(self, name)

    replace(CognitoIdpUserPool, sign_out=sign_out)
