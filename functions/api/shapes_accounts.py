"""The JSON shapes of accounts, tokens, groups and notices."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from biotheca.accounts.model import Role
from functions.api.shapes import Shape, Text

Email = Annotated[str, StringConstraints(min_length=3, max_length=254)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Code = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
SixDigits = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Line = Annotated[Text, StringConstraints(max_length=300)]
Named = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class SignIn(Shape):
    email: Email
    password: Password


class MfaAnswer(Shape):
    email: Email
    session: Secret
    code: SixDigits


class Refresh(Shape):
    refresh_token: Secret


class Tokens(BaseModel):
    """Tokens, or `challenge: mfa` with the `session` that POST /v1/sign-in/mfa takes together with the code."""

    token: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    expires_in_s: int | None = None
    challenge: Literal["mfa"] | None = None
    session: str | None = None


class Registration(Shape):
    email: Email
    password: Password
    name: Named
    organisation: Named
    country: Line = ""
    language: Literal["en", "zh"] = "en"


class Confirmation(Shape):
    email: Email
    code: Code


class Address(Shape):
    email: Email


class NewPassword(Shape):
    email: Email
    code: Code
    password: Password


class Told(BaseModel):
    """What was done, in words."""

    message: str


class ProfileChange(Shape):
    """Fields that are given are changed, the others stay."""

    name: Named | None = None
    organisation: Named | None = None
    department: Line | None = None
    title: Line | None = None
    country: Line | None = None
    homepage: Line | None = None
    orcid: Line | None = None
    language: Literal["en", "zh"] | None = None


class ProfileShape(BaseModel):
    name: str
    organisation: str
    department: str
    title: str
    country: str
    homepage: str
    orcid: str
    language: str
    principal_investigator: str
    principal_investigator_reasons: list[str]


class Me(BaseModel):
    subject: str
    email: str
    roles: list[str]
    scopes: list[str] | None
    groups: list[dict[str, str]]
    profile: ProfileShape
    unread_notices: int


class MfaBegin(Shape):
    access_token: Secret


class MfaSecret(BaseModel):
    """`secret` is base 32; `uri` is what a QR code of it holds."""

    secret: str
    uri: str


class MfaFinish(Shape):
    access_token: Secret
    code: SixDigits


class NewToken(Shape):
    label: Named
    scopes: Annotated[list[Literal["read", "submit", "curate"]], Field(min_length=1, max_length=3)]
    expires_in_days: Annotated[int, Field(ge=1, le=366)] = 90


class TokenShape(BaseModel):
    id: str
    label: str
    scopes: list[str]
    created_at: str
    expires_at: str
    token: str | None = None


class Verification(Shape):
    decision: Literal["verify", "refuse"]
    reasons: Annotated[list[Line], Field(max_length=10, default_factory=list)]


class RolesWanted(Shape):
    roles: Annotated[list[Role], Field(max_length=10)]


class AccountShape(BaseModel):
    subject: str
    email: str
    roles: list[str]
    open: bool
    profile: ProfileShape


class NewGroup(Shape):
    name: Named


class MemberShape(BaseModel):
    subject: str
    email: str
    standing: str
    since: str


class GroupShape(BaseModel):
    id: str
    name: str
    created_at: str
    members: list[MemberShape]


class Sharing(Shape):
    """The group that shares the submission; null takes it back."""

    group: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
