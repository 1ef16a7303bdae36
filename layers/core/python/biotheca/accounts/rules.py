"""What an account's fields, tokens and groups must be like. Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from biotheca import catalog
from biotheca.accounts.model import Profile, Scope
from biotheca.errors import Finding

TOKEN_PREFIX = "biotheca_"  # noqa: S105 - lets people and secret scanners recognise a token; no secret
LONGEST_TOKEN_LIFE = timedelta(days=366)
MOST_TOKENS = 50
MOST_MEMBERS = 200
EDITABLE = ("name", "organisation", "department", "title", "country", "homepage", "orcid", "language")
LANGUAGES = ("en", "zh")
_EMAIL = re.compile(r"[^@\s\x00-\x1f<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_HOMEPAGE = re.compile(r"https?://[^\s<>\"']{3,500}")
# Mailboxes that many share: a principal investigator has one of their own (domain of the mail box's left part).
_SHARED_BOX = re.compile(r"(info|admin|office|lab|contact|service|support|mail|group|team|noreply|no-reply)([._-].*)?")


def finding(where: str, rule: str, message: str, value: str = "", expected: str = "") -> Finding:
    """A finding with its mend from the catalogue."""
    return Finding(rule, where, message, value[:80], expected, catalog.mend(rule))


def check_email(email: str) -> list[Finding]:
    """Findings of an e-mail address."""
    if len(email) <= 254 and _EMAIL.fullmatch(email):
        return []
    return [finding("/email", "accounts.field", "This is no e-mail address.", email, "name@institution.org")]


def orcid_is_sound(orcid: str) -> bool:
    """Form and check digit (ISO 7064 MOD 11-2, as ORCID publishes it).

    >>> orcid_is_sound("0000-0002-1825-0097"), orcid_is_sound("0000-0002-1825-0098")
    (True, False)
    """
    if not _ORCID.fullmatch(orcid):
        return False
    digits = orcid.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    rest = (12 - total % 11) % 11
    return digits[-1] == ("X" if rest == 10 else str(rest))


def check_profile(changes: dict[str, Any]) -> list[Finding]:
    """Findings of changed profile fields (`EDITABLE`); absent fields are not looked at."""
    found = []
    if changes.get("orcid") and not orcid_is_sound(changes["orcid"]):
        message = "This is no ORCID, or its check digit is wrong."
        found.append(finding("/orcid", "accounts.field", message, changes["orcid"], "0000-0002-1825-0097"))
    if changes.get("homepage") and not _HOMEPAGE.fullmatch(changes["homepage"]):
        message = "This is no web address."
        found.append(finding("/homepage", "accounts.field", message, changes["homepage"], "https://..."))
    if "language" in changes and changes["language"] not in LANGUAGES:
        found.append(finding("/language", "accounts.field", "Not a language of the archive.", expected="en or zh"))
    return found


def check_pi(profile: Profile) -> list[Finding]:
    """What stands in the way of asking for verification as a principal investigator (domain survey of refusals)."""
    found = []
    for name in ("name", "organisation", "title", "homepage"):
        if not getattr(profile, name).strip():
            message = f"The profile has no {name}; staff cannot verify without it."
            found.append(finding(f"/{name}", "accounts.pi_profile", message, expected="a filled field"))
    box = profile.email.partition("@")[0].lower()
    if _SHARED_BOX.fullmatch(box):
        message = "The account's e-mail looks like a shared mailbox."
        found.append(finding("/email", "accounts.pi_profile", message, expected="a personal institutional address"))
    return found


def new_secret() -> str:
    """A personal access token: 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a token. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_token(scopes: list[str], expires_at: datetime, now: datetime, held: int) -> list[Finding]:
    """Findings of a wanted personal access token."""
    found = []
    grantable = [s.value for s in Scope if s != Scope.ACCOUNT]
    for number, scope in enumerate(scopes):
        if scope not in grantable:
            message = f"{scope!r} is no scope of a token."
            found.append(finding(f"/scopes/{number}", "accounts.token", message, scope, ", ".join(grantable)))
    if not now < expires_at <= now + LONGEST_TOKEN_LIFE:
        message = "A token ends within 366 days from now."
        found.append(finding("/expires_in_days", "accounts.token", message, expected="1 to 366"))
    if held >= MOST_TOKENS:
        message = f"You hold {held} tokens; revoke some that you do not use."
        found.append(finding("/", "accounts.token", message, expected=f"at most {MOST_TOKENS}"))
    return found
