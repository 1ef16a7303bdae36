"""Where notices are kept (people table, PERSON#<subject> / NOTICE#<id>) and how they are mailed."""

from __future__ import annotations

from typing import Any

from biotheca import clock
from biotheca.aws import mail
from biotheca.aws.mail import AddressRefused
from biotheca.aws.tables import ConditionFailed, Table
from biotheca.notices.model import Notice
from biotheca.settings import Settings

__all__ = ["AddressRefused", "NoticeStore", "Post"]


class NoticeStore:
    """Notices by person, newest first."""

    def __init__(self, people: Table | None = None) -> None:
        self.people = people or Table(Settings().people_table)

    def add(self, notice: Notice) -> Notice:
        """Write a notice; of one that is there already, what is there (with its marks)."""
        try:
            self.people.put(_key(notice.subject, notice.id) | notice.as_dict(), "attribute_not_exists(pk)")
        except ConditionFailed:
            item = self.people.get(_key(notice.subject, notice.id)) or {}
            return _notice(item) if item else notice
        return notice

    def mark(self, subject: str, notice_id: str, what: str) -> bool:
        """Set `read_at` or `mailed_at` to now; False if there is no such notice."""
        try:
            self.people.update(
                _key(subject, notice_id), f"SET {what} = if_not_exists({what}, :at)", "attribute_exists(pk)",
                at=clock.stamp(),
            )  # fmt: skip
        except ConditionFailed:
            return False
        return True

    def page(self, subject: str, limit: int, cursor: str | None) -> tuple[list[Notice], str | None]:
        """A page of a person's notices, newest first."""
        values = {"p": f"PERSON#{subject}", "s": "NOTICE#"}
        items, following = self.people.query(
            "pk = :p AND begins_with(sk, :s)", values, limit=limit, cursor=cursor, newest_first=True
        )
        return [_notice(item) for item in items], following

    def unread(self, subject: str) -> int:
        """How many of the newest 100 notices are unread: what a badge shows."""
        return sum(1 for notice in self.page(subject, 100, None)[0] if not notice.read_at)


class Post:
    """The mail service; without a sender in the settings nothing is mailed and notices are in the archive only."""

    def send(self, to: str, subject: str, text: str) -> bool:
        """Whether the mail was handed over. AddressRefused is final."""
        sender = Settings().optional("mail_from")
        if not sender or not to:
            return False
        mail.send(sender, to, subject, text)
        return True


def _key(subject: str, notice_id: str) -> dict[str, Any]:
    return {"pk": f"PERSON#{subject}", "sk": f"NOTICE#{notice_id}"}


def _notice(item: dict[str, Any]) -> Notice:
    return Notice(**{k: item.get(k) for k in Notice.__dataclass_fields__})  # type: ignore[arg-type]
