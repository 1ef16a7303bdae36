"""Cognito as verbs: register, sign in, second factor, roles. Who may do what: accounts."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from biotheca.aws.session import client

_REFUSED = (
    "NotAuthorizedException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "InvalidParameterException",
    "CodeMismatchException",
    "ResourceNotFoundException",
    "PasswordResetRequiredException",
)
_CODE_WRONG = (
    "CodeMismatchException",
    "ExpiredCodeException",
    "UserNotFoundException",
    "NotAuthorizedException",
    "EnableSoftwareTokenMFAException",
    "InvalidParameterException",
    "LimitExceededException",
)


class SignInRefused(Exception):
    """E-mail and password (or refresh token, or code) do not belong together, or the account is not active."""


class AlreadyRegistered(Exception):
    """There is an account of this address."""


class PasswordTooWeak(Exception):
    """The pool's policy refuses the password."""


class CodeWrong(Exception):
    """The code is not the one that was sent, or it is too old."""


def _cognito() -> Any:
    return client("cognito-idp")


FAULTS = (ClientError, ParamValidationError)


def _code_of(error: ClientError | ParamValidationError) -> str:
    """The service's code; what the SDK itself refuses to send is an invalid parameter."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else "InvalidParameterException"


def _words_of(error: ClientError | ParamValidationError) -> str:
    return error.response["Error"]["Message"] if isinstance(error, ClientError) else "too short or too long"


def sign_in(pool_client: str, email: str, password: str) -> dict[str, Any]:
    """Tokens (token, access_token, refresh_token, expires_in_s), or challenge and session of a second factor."""
    return _authenticate(pool_client, "USER_PASSWORD_AUTH", {"USERNAME": email, "PASSWORD": password})


def refresh(pool_client: str, refresh_token: str) -> dict[str, Any]:
    """A new token for a refresh token."""
    return _authenticate(pool_client, "REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": refresh_token})


def answer_mfa(pool_client: str, email: str, session: str, code: str) -> dict[str, Any]:
    """Tokens for the code of an authenticator app; SignInRefused otherwise."""
    try:
        answer = _cognito().respond_to_auth_challenge(
            ClientId=pool_client,
            ChallengeName="SOFTWARE_TOKEN_MFA",
            Session=session,
            ChallengeResponses={"USERNAME": email, "SOFTWARE_TOKEN_MFA_CODE": code},
        )
    except FAULTS as error:
        if _code_of(error) in _REFUSED:
            raise SignInRefused(_code_of(error)) from error
        raise
    return _tokens(answer)


def _authenticate(pool_client: str, flow: str, parameters: dict[str, str]) -> dict[str, Any]:
    try:
        answer = _cognito().initiate_auth(AuthFlow=flow, AuthParameters=parameters, ClientId=pool_client)
    except FAULTS as error:
        if _code_of(error) in _REFUSED:
            raise SignInRefused(_code_of(error)) from error
        raise
    if answer.get("ChallengeName") == "SOFTWARE_TOKEN_MFA":
        return {"challenge": "mfa", "session": answer["Session"]}
    return _tokens(answer)


def _tokens(answer: dict[str, Any]) -> dict[str, Any]:
    result = answer.get("AuthenticationResult")
    if not result:  # a challenge that this door cannot ask (a new password set by an operator)
        raise SignInRefused(answer.get("ChallengeName", "challenge"))
    return {
        "token": result["IdToken"],
        "access_token": result.get("AccessToken"),
        "refresh_token": result.get("RefreshToken"),
        "expires_in_s": result["ExpiresIn"],
    }


def register(pool_client: str, email: str, password: str) -> str:
    """Open an unconfirmed account and have its code mailed; the subject."""
    try:
        attributes = [{"Name": "email", "Value": email}]
        answer = _cognito().sign_up(ClientId=pool_client, Username=email, Password=password, UserAttributes=attributes)
        return answer["UserSub"]
    except FAULTS as error:
        if _code_of(error) == "UsernameExistsException":
            raise AlreadyRegistered(email) from error
        if _code_of(error) == "InvalidPasswordException":
            raise PasswordTooWeak(_words_of(error)) from error
        raise


def confirm(pool_client: str, email: str, code: str) -> None:
    """Open the account for sign-in; CodeWrong otherwise."""
    _with_code("confirm_sign_up", ClientId=pool_client, Username=email, ConfirmationCode=code)


def send_code_again(pool_client: str, email: str) -> None:
    """Mail another code; nothing happens if no account of the address waits for one."""
    _silently("resend_confirmation_code", ClientId=pool_client, Username=email)


def forget_password(pool_client: str, email: str) -> None:
    """Mail a code for a new password; nothing happens if there is no such account."""
    _silently("forgot_password", ClientId=pool_client, Username=email)


def _silently(verb: str, **wanted: Any) -> None:
    try:
        getattr(_cognito(), verb)(**wanted)
    except FAULTS as error:
        if _code_of(error) not in ("UserNotFoundException", "InvalidParameterException", "LimitExceededException"):
            raise


def reset_password(pool_client: str, email: str, code: str, password: str) -> None:
    """Set a new password; CodeWrong or PasswordTooWeak otherwise."""
    _with_code(
        "confirm_forgot_password", ClientId=pool_client, Username=email, ConfirmationCode=code, Password=password
    )


def _with_code(verb: str, **wanted: Any) -> None:
    try:
        getattr(_cognito(), verb)(**wanted)
    except FAULTS as error:
        if _code_of(error) == "InvalidPasswordException":
            raise PasswordTooWeak(_words_of(error)) from error
        if _code_of(error) in _CODE_WRONG:
            raise CodeWrong(_code_of(error)) from error
        raise


def begin_mfa(access_token: str) -> str:
    """A new secret for an authenticator app; SignInRefused if the access token is not valid."""
    try:
        return _cognito().associate_software_token(AccessToken=access_token)["SecretCode"]
    except FAULTS as error:
        if _code_of(error) in _REFUSED:
            raise SignInRefused(_code_of(error)) from error
        raise


def finish_mfa(access_token: str, code: str) -> None:
    """Ask for the app's code at every sign-in from now on; CodeWrong otherwise."""
    _with_code("verify_software_token", AccessToken=access_token, UserCode=code)
    wanted = {"Enabled": True, "PreferredMfa": True}
    _cognito().set_user_mfa_preference(AccessToken=access_token, SoftwareTokenMfaSettings=wanted)


def end_mfa(pool: str, subject: str) -> None:
    """Ask for no second factor any more."""
    wanted = {"Enabled": False, "PreferredMfa": False}
    _cognito().admin_set_user_mfa_preference(UserPoolId=pool, Username=subject, SoftwareTokenMfaSettings=wanted)


def sign_out(pool: str, subject: str) -> None:
    """Revoke every refresh token of a person."""
    _cognito().admin_user_global_sign_out(UserPoolId=pool, Username=subject)


def person(pool: str, subject: str) -> dict[str, Any] | None:
    """email, enabled, confirmed, mfa of an account; None if there is none."""
    try:
        answer = _cognito().admin_get_user(UserPoolId=pool, Username=subject)
    except FAULTS as error:
        if _code_of(error) == "UserNotFoundException":
            return None
        raise
    attributes = {a["Name"]: a["Value"] for a in answer.get("UserAttributes", [])}
    return {
        "subject": attributes.get("sub", subject),
        "email": attributes.get("email", ""),
        "enabled": answer.get("Enabled", True),
        "confirmed": answer.get("UserStatus") != "UNCONFIRMED",
        "mfa": bool(answer.get("UserMFASettingList")),
    }


def subject_of(pool: str, email: str) -> str | None:
    """The subject of a confirmed account by its address (any letter case), or None."""
    found = person(pool, email.lower())
    return found["subject"] if found and found["confirmed"] else None


def groups(pool: str, subject: str) -> list[str]:
    """Names of the groups that a person is in."""
    answer = _cognito().admin_list_groups_for_user(UserPoolId=pool, Username=subject, Limit=60)
    return [group["GroupName"] for group in answer["Groups"]]


def members_of(pool: str, group: str) -> list[str]:
    """Subjects of everybody in a group, page after page."""
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        answer = _cognito().list_users_in_group(UserPoolId=pool, GroupName=group, Limit=60, **more)
        for user in answer["Users"]:
            attributes = {a["Name"]: a["Value"] for a in user.get("Attributes", [])}
            found.append(attributes.get("sub", user["Username"]))
        if not answer.get("NextToken"):
            return found
        more = {"NextToken": answer["NextToken"]}


def set_group(pool: str, subject: str, group: str, held: bool) -> None:
    """Put a person into a group or take them out; again changes nothing."""
    verb = "admin_add_user_to_group" if held else "admin_remove_user_from_group"
    getattr(_cognito(), verb)(UserPoolId=pool, Username=subject, GroupName=group)


def set_enabled(pool: str, subject: str, enabled: bool) -> None:
    """Allow or refuse sign-in."""
    verb = "admin_enable_user" if enabled else "admin_disable_user"
    getattr(_cognito(), verb)(UserPoolId=pool, Username=subject)
