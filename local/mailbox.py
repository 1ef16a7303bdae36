"""What the system mailed: SES and SNS of moto in this process, as data, as a page and as JSON.

moto keeps no time of a mail and only one of its two parts; `install()` lets it keep both.
"""

from __future__ import annotations

import email
import email.policy
import html
import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from moto.ses.models import BulkTemplateMessage, Message, RawMessage, SESBackend, TemplateMessage, ses_backends
from moto.ses.responses import EmailResponse
from moto.sesv2.responses import SESV2Response
from moto.sns.models import Topic, sns_backends

from biotheca import clock

PATH = "/_local/mail"
NEWEST = 500
LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
Page = Callable[[], tuple[str, bytes]]

_parts = threading.local()
_published_at: dict[str, str] = {}


@dataclass(frozen=True)
class Mail:
    """One message, by whichever way it went out."""

    id: str
    way: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    sent_at: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def install() -> None:
    """Have moto keep the time and both parts of a mail. Calling it again changes nothing."""
    if getattr(SESBackend.send_email, "keeps_parts", False):
        return
    for name in ("send_email", "send_raw_email", "send_templated_email", "send_bulk_templated_email"):
        setattr(SESBackend, name, _stamped(getattr(SESBackend, name)))
    first, second, publish = EmailResponse.send_email, SESV2Response.send_email, Topic.publish

    def send_email(self: EmailResponse) -> Any:
        asked = self.querystring
        text, page = (asked.get(f"Message.Body.{part}.Data", [""])[0] for part in ("Text", "Html"))
        return _with_parts(text, page, lambda: first(self))

    def send_email_v2(self: SESV2Response) -> Any:
        body = json.loads(self.body).get("Content", {}).get("Simple", {}).get("Body", {})
        text, page = (body.get(part, {}).get("Data", "") for part in ("Text", "Html"))
        return _with_parts(text, page, lambda: second(self))

    def publish_stamped(self: Topic, *arguments: Any, **named: Any) -> str:
        message_id = publish(self, *arguments, **named)
        _published_at[message_id] = clock.stamp()
        while len(_published_at) > NEWEST:
            del _published_at[next(iter(_published_at))]
        return message_id

    EmailResponse.send_email = send_email  # type: ignore[method-assign]
    SESV2Response.send_email = send_email_v2  # type: ignore[method-assign]
    Topic.publish = publish_stamped  # type: ignore[method-assign]


def _stamped(send: Callable[..., Any]) -> Callable[..., Any]:
    def send_and_stamp(self: SESBackend, *arguments: Any, **named: Any) -> Any:
        message = send(self, *arguments, **named)
        message.sent_at = clock.stamp()
        message.parts = getattr(_parts, "current", None)
        return message

    send_and_stamp.keeps_parts = True  # type: ignore[attr-defined]
    return send_and_stamp


def _with_parts(text: str, page: str, send: Callable[[], Any]) -> Any:
    _parts.current = (text, page)
    try:
        return send()
    finally:
        _parts.current = None


def messages(account_id: str = "123456789012", limit: int = NEWEST) -> list[Mail]:
    """What went out of every region, newest first."""
    found: list[Mail] = []
    for region in list(ses_backends[account_id].values()):
        for message in list(region.sent_messages):
            found += _of_ses(message)
    for topics in list(sns_backends[account_id].values()):
        for topic in list(topics.topics.values()):
            found += _of_topic(topics, topic)
        for message_id, (phone, words) in list(topics.sms_messages.items()):
            found.append(Mail(message_id, "SMS", "", [phone], "", words, ""))
    order = {mail.id: number for number, mail in enumerate(found)}
    found.sort(key=lambda mail: (mail.sent_at, order[mail.id]), reverse=True)
    return found[:limit]


def _of_ses(message: Any) -> list[Mail]:
    sent_at = getattr(message, "sent_at", "")
    if isinstance(message, RawMessage):
        return [_of_raw(message, sent_at)]
    if isinstance(message, (TemplateMessage, BulkTemplateMessage)):
        ids = message.ids if isinstance(message, BulkTemplateMessage) else [message.id]
        words = f"template {message.template}\n{message.template_data}"
        to = _addresses(message.destinations)
        return [Mail(i, "SES template", message.source, to, f"[{message.template}]", words, "", sent_at) for i in ids]
    if not isinstance(message, Message):
        return []
    text, page = getattr(message, "parts", None) or ("", "")
    if not text and not page:
        looks_like_html = bool(re.match(r"\s*<(!doctype|html|[a-z]+[ >])", message.body or "", re.IGNORECASE))
        text, page = ("", message.body) if looks_like_html else (message.body or "", "")
    to = _addresses(message.destinations)
    return [Mail(message.id, "SES", message.source, to, message.subject or "", text, page, sent_at)]


def _addresses(destinations: Any) -> list[str]:
    if isinstance(destinations, dict):
        return [address for key in destinations for address in _addresses(destinations[key])]
    if isinstance(destinations, str):
        return [destinations]
    return [address for item in destinations or [] for address in _addresses(item)]


def _of_raw(message: RawMessage, sent_at: str) -> Mail:
    parsed = email.message_from_string(message.raw_data, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    parts = {}
    for kind in ("plain", "html"):
        part = parsed.get_body((kind,))
        parts[kind] = str(part.get_content()) if part is not None else ""
    sender = message.source or str(parsed["from"] or "")
    subject = str(parsed["subject"] or "")
    return Mail(
        message.id, "SES raw", sender, list(message.destinations), subject, parts["plain"], parts["html"], sent_at
    )


def _of_topic(backend: Any, topic: Any) -> Iterable[Mail]:
    subscriptions = [s for s in backend.subscriptions.values() if s.topic is topic]
    to = [s.endpoint for s in subscriptions if s.protocol in ("email", "email-json", "sms")]
    for message_id, words, subject, attributes, _ in list(topic.sent_notifications):
        named = {name: str(value.get("Value", "")) for name, value in (attributes or {}).items()}
        sent_at = _published_at.get(message_id, "")
        yield Mail(
            message_id, "SNS", topic.name, to or [f"topic {topic.name}"], subject or "", words, "", sent_at, named
        )


STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
article{border:1px solid #ccc;border-radius:.5rem;margin:1rem 0;padding:0 1rem 1rem}
h2{font-size:1.1rem;margin:.8rem 0 .2rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:0 .8rem;margin:0}
dt{color:#555}dd{margin:0;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
iframe{width:100%;height:20rem;border:1px solid #ddd;background:#fff}
@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}article{border-color:#555}dt{color:#aaa}a{color:#8cf}}
"""


def render(mails: list[Mail]) -> str:
    """A page that is readable without script. Nothing of a mail is trusted: text is escaped, HTML is caged."""
    cards = "".join(map(_card, mails)) or "<p>No mail yet. What the system mails will appear here.</p>"
    count = f"{len(mails)} message{'' if len(mails) == 1 else 's'}, newest first"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mailbox of the laptop cloud</title>'
        '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
        f"<style>{STYLE}</style></head><body><main><h1>Mailbox</h1>"
        f'<p>{count}. <a href="{PATH}.json">The same as JSON</a>. Nothing leaves this machine.</p>'
        f"{cards}</main></body></html>"
    )


def _card(mail: Mail) -> str:
    named = {"From": mail.sender, "To": ", ".join(mail.to), "Sent": mail.sent_at, "By": mail.way} | mail.attributes
    rows = "".join(f"<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>" for name, value in named.items() if value)
    body = f"<pre>{_linked(mail.text)}</pre>" if mail.text else ""
    if mail.html:
        # No script, no forms, no same origin; links open beside the page.
        caged = html.escape('<base target="_blank">' + mail.html, quote=True)
        cage = "allow-popups allow-popups-to-escape-sandbox"
        body += f'<iframe sandbox="{cage}" referrerpolicy="no-referrer" title="HTML part" srcdoc="{caged}"></iframe>'
    subject = _safe(mail.subject) or "(no subject)"
    return f'<article id="{_safe(mail.id)}"><h2>{subject}</h2><dl>{rows}</dl>{body}</article>'


def _safe(value: str) -> str:
    return html.escape(value, quote=True)


def _linked(text: str) -> str:
    """Escaped text whose http and https addresses can be clicked."""
    pieces, at = [], 0
    for match in LINK.finditer(text):
        link = _safe(match[0])
        pieces += [_safe(text[at : match.start()]), f'<a href="{link}" rel="noreferrer">{link}</a>']
        at = match.end()
    return "".join([*pieces, _safe(text[at:])])


def as_json(mails: list[Mail]) -> str:
    now = clock.stamp(datetime.now(UTC))
    return json.dumps({"read_at": now, "items": [asdict(mail) for mail in mails]}, ensure_ascii=False, indent=1)


def pages() -> dict[str, Page]:
    """For the front: path to a function that answers (content type, body)."""
    return {
        PATH: lambda: ("text/html; charset=utf-8", render(messages()).encode()),
        f"{PATH}.json": lambda: ("application/json", as_json(messages()).encode()),
    }
