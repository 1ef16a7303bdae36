"""Tell people: an event becomes a notice in the archive, then a mail. Told twice, it is one notice and one mail."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from biotheca import catalog
from biotheca.accounts.model import Person
from biotheca.accounts.store import PeopleStore, UserPool
from biotheca.errors import NotFound
from biotheca.notices import rules
from biotheca.notices.model import Notice
from biotheca.notices.store import AddressRefused, NoticeStore, Post
from biotheca.submissions.store import SubmissionStore

log = logging.getLogger(__name__)


class Links(Protocol):
    """Who makes lines that stand in a mail and not in its notice (access.clicks.MailLinks)."""

    def line(self, body: dict[str, Any], subject: str, language: str) -> str:
        """The line for a person about an event, or an empty text."""
        ...


def tell(
    submissions: SubmissionStore,
    people: PeopleStore,
    pool: UserPool,
    notices: NoticeStore,
    post: Post,
    envelope: dict[str, Any],
    links: Links | None = None,
) -> int:
    """Tell everybody whom an event concerns; returns how many. Again changes nothing."""
    row = rules.row_for(envelope["type"], envelope["body"])
    if row is None:
        return 0
    facts, recipients = _facts(submissions, people, row, envelope["body"])
    for subject in recipients:
        _tell_one(people, pool, notices, post, row, facts, envelope, subject, links)
    return len(recipients)


def _facts(
    submissions: SubmissionStore, people: PeopleStore, row: dict[str, Any], body: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What the words need, and the subjects of those who are told."""
    if row["to"] == "person":
        return dict(body), [body["person"]] if body.get("person") else []
    if row["to"] == "people":
        return dict(body), list(dict.fromkeys(body.get("people") or []))
    submission = submissions.get(body["submission"])
    last = submissions.history(submission.id, 1, None, newest_first=True)[0]
    facts = {
        **body,
        "title": submission.title,
        "title_stays_here": catalog.members()[submission.member].about_people,
        "dataset": body.get("dataset") or submission.dataset,
        "reasons": submission.reasons,
        "words": last[0]["words"] if last else "",
    }
    sharing = (
        [m.subject for m in people.members(submission.group) if m.standing != "invited"] if submission.group else []
    )
    return facts, list(dict.fromkeys([submission.owner, *sharing]))


def _tell_one(
    people: PeopleStore,
    pool: UserPool,
    notices: NoticeStore,
    post: Post,
    row: dict[str, Any],
    facts: dict[str, Any],
    envelope: dict[str, Any],
    subject: str,
    links: Links | None,
) -> None:
    profile = people.profile(subject)
    language = profile.language if profile else "en"
    said = facts | {"reasons": rules.listed(facts.get("reasons") or [], language)}
    title, text = rules.written(row, language, said)
    wanted = Notice(envelope["id"], subject, row["id"], envelope["at"], title, text, facts.get("submission"))
    kept = notices.add(wanted)
    if kept.mailed_at:
        return
    account = pool.person(subject)
    address = (account or {}).get("email", "") if account and account["enabled"] else ""
    signature = catalog.notices()["signature"][language]
    # A link that decides is for the mail alone: whoever reads notices later finds none.
    mailed = kept.title, kept.text
    if facts.get("title_stays_here"):
        mailed = rules.written(row, language, said | rules.in_the_archive_alone(facts["submission"], language))
    extra = links.line(envelope["body"], subject, language) if links and address and row.get("link") else ""
    try:
        sent = post.send(address, mailed[0], mailed[1] + extra + signature)
    except AddressRefused:
        log.warning("a mail was refused for good", extra={"notice": kept.id, "person": subject})
        sent = True
    if sent:
        notices.mark(subject, kept.id, "mailed_at")


def read(notices: NoticeStore, person: Person, notice_id: str) -> None:
    """Mark a notice of one's own as read; again changes nothing."""
    if not notices.mark(person.subject, notice_id, "read_at"):
        raise NotFound(f"You have no notice {notice_id[:60]!r}.")
