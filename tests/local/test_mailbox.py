"""The mailbox: every way of mailing is shown, newest first, and nothing in a mail can act."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import mailbox
from local.mailbox import Mail
from tests.local.served import Served, serving

FROM = "archive@example.org"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Served]:
    mailbox.install()
    with serving() as served:
        served.client("ses").verify_email_identity(EmailAddress=FROM)
        yield served


def mailed(subject: str) -> Mail:
    return next(mail for mail in mailbox.messages() if mail.subject == subject)


def test_ses_v1_and_v2_keep_both_parts_and_the_time(cloud: Served) -> None:
    body = {"Text": {"Data": "plain words"}, "Html": {"Data": "<p>rich words</p>"}}
    to = {"ToAddresses": ["ada@example.org"], "CcAddresses": ["bob@example.org"]}
    cloud.client("ses").send_email(Source=FROM, Destination=to, Message={"Subject": {"Data": "v1"}, "Body": body})
    content = {"Simple": {"Subject": {"Data": "v2"}, "Body": body}}
    cloud.client("sesv2").send_email(FromEmailAddress=FROM, Destination=to, Content=content)
    for subject in ("v1", "v2"):
        mail = mailed(subject)
        assert (mail.text, mail.html) == ("plain words", "<p>rich words</p>")
        assert mail.sender == FROM and set(mail.to) == {"ada@example.org", "bob@example.org"}
        assert mail.sent_at.endswith("Z")
    shown = [mail.subject for mail in mailbox.messages()]
    assert shown.index("v2") < shown.index("v1")


def test_raw_mail_is_taken_apart(cloud: Served) -> None:
    raw = EmailMessage()
    raw["From"], raw["To"], raw["Subject"] = FROM, "ada@example.org", "Grüße 日本"
    raw.set_content("raw words")
    raw.add_alternative("<b>raw</b>", subtype="html")
    cloud.client("ses").send_raw_email(RawMessage={"Data": raw.as_bytes()})
    mail = mailed("Grüße 日本")
    assert (mail.text.strip(), mail.html.strip(), mail.to) == ("raw words", "<b>raw</b>", ["ada@example.org"])


def test_notifications_are_shown_with_who_hears_them(cloud: Served) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.org")
    sns.publish(TopicArn=topic, Subject="Queue is old", Message="for 3 h")
    mail = mailed("Queue is old")
    assert (mail.way, mail.to, mail.text) == ("SNS", ["ops@example.org"], "for 3 h")
    assert mail.sent_at
    sns.publish(PhoneNumber="+4912345678", Message="short words")
    assert any(m.way == "SMS" and m.text == "short words" for m in mailbox.messages())


def test_the_pages_are_html_and_its_json_twin(cloud: Served) -> None:
    pages = mailbox.pages()
    kind, page = pages["/_local/mail"]()
    assert kind.startswith("text/html") and page.startswith(b"<!doctype html>")
    kind, twin = pages["/_local/mail.json"]()
    items = json.loads(twin)["items"]
    assert kind == "application/json" and {"id", "to", "subject", "text", "html"} <= set(items[0])


def test_an_empty_mailbox_says_so() -> None:
    assert "No mail yet" in mailbox.render([]) and "0 messages" in mailbox.render([])


class Reader(HTMLParser):
    """Tags outside of cages, links, and what the cages hold."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.cages: list[dict[str, Any]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")
        if tag == "iframe":
            self.cages.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.words += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=1>',
    "</pre></article>",
    "javascript:alert(1)",
]
ANY = st.text(max_size=60) | st.sampled_from(HOSTILE)


@given(subject=ANY, text=ANY, page=ANY, sender=ANY)
def test_nothing_in_a_mail_escapes_its_place(subject: str, text: str, page: str, sender: str) -> None:
    mail = Mail("1", "SES", sender, [sender], subject, text, page)
    reader = read(mailbox.render([mail]))
    assert not {"script", "img", "form", "object"} & set(reader.tags)
    assert reader.tags.count("article") == 1 and reader.tags.count("iframe") == bool(page)
    for cage in reader.cages:
        assert "allow-scripts" not in (cage["sandbox"] or "") and "allow-same-origin" not in (cage["sandbox"] or "")
        assert cage["srcdoc"] == '<base target="_blank">' + page
    assert all(link.startswith(("http://", "https://", "/_local/")) for link in reader.links)


def test_links_of_the_text_can_be_clicked() -> None:
    mail = Mail("1", "SES", "", [], "s", "See https://example.org/r/CRA1?a=1&b=2. Or (http://example.org/x)!", "")
    assert read(mailbox.render([mail])).links[1:] == ["https://example.org/r/CRA1?a=1&b=2", "http://example.org/x"]
