"""Approval from a mail: a secret for one member, one request, once, for two weeks. Opening its page changes nothing.

The secret is 256 random bits, kept only as its SHA-256. It stands in the mail alone, not in the notice, no event and
no log, and in the page's address behind the `#`, which browsers do not send. Whatever is wrong with it (unknown,
spent, expired, its member gone, the request decided) has one answer.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, Protocol

from biotheca import catalog, clock
from biotheca.access import rules
from biotheca.access.decisions import decidable, vote
from biotheca.access.model import NoVoice, Request, State, WrongRequestState
from biotheca.access.store import AccessStore
from biotheca.accounts.model import Person
from biotheca.catalog.archive import day_of
from biotheca.errors import NotFound

VALID_DAYS = 14
LONGEST_TOKEN = 200


class Accounts(Protocol):
    """Who knows whether an account is open (accounts.store.UserPool)."""

    def person(self, subject: str) -> dict[str, Any] | None:
        """email, enabled of a subject, or None."""
        ...


class MailLinks:
    """The lines that mails of notices get and notices do not (notices.service.Links)."""

    def __init__(self, store: AccessStore, address: str | None) -> None:
        self.store = store
        self.address = address

    def line(self, body: dict[str, Any], subject: str, language: str) -> str:
        """The line with the link to approve a request, for a member of its committee; empty where a member has none."""
        request = self.store.request(str(body.get("request", "")))
        if request is None or not self.address or not catalog.members()[request.member].one_click:
            return ""
        words = catalog.notices()["approval"][language]
        return words.format(place=f"{self.address.rstrip('/')}/approve.html#{make(self.store, request, subject)}")


def make(store: AccessStore, request: Request, subject: str) -> str:
    """A new secret for a member to approve a request with; it is in this answer and nowhere else."""
    token = f"apr_{secrets.token_urlsafe(32)}"
    expires_at = clock.stamp(clock.now() + timedelta(days=VALID_DAYS))
    store.add_click(_digest(token), {"request": request.number, "subject": subject, "expires_at": expires_at})
    return token


def look(store: AccessStore, accounts: Accounts, token: str) -> Request:
    """The request that a secret would approve; nothing is changed."""
    return _opened(store, accounts, token)[0]


def approve(store: AccessStore, accounts: Accounts, token: str) -> Request:
    """Give the member's voice for the request and spend the secret, in one write."""
    request, person = _opened(store, accounts, token)
    try:
        return vote(store, person, request.number, approve=True, lines=[store.use_click_line(_digest(token))])
    except (NoVoice, NotFound, WrongRequestState):
        raise _no_link() from None


def _opened(store: AccessStore, accounts: Accounts, token: str) -> tuple[Request, Person]:
    row = store.click(_digest(token)) if token and len(token) <= LONGEST_TOKEN else None
    if row is None or row.get("used_at") or row["expires_at"] <= clock.stamp():
        raise _no_link()
    account = accounts.person(row["subject"])
    person = Person(row["subject"], "", frozenset())
    if not account or not account["enabled"]:
        raise _no_link()
    try:
        request, committee = decidable(store, person, row["request"])
    except NotFound:
        raise _no_link() from None
    voices = {m.subject for m in rules.electorate(committee, request, day_of(clock.now()))}
    if request.state != State.SUBMITTED or person.subject not in voices:
        raise _no_link()
    return request, person


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _no_link() -> NotFound:
    return NotFound("This link approves nothing (any more). Sign in and look at the committee's requests.")
