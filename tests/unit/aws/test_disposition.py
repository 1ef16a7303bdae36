"""The header under which a download is saved holds one plain word and, where needed, the exact name encoded."""

from __future__ import annotations

import re
from email.message import Message
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biotheca.aws import buckets

# RFC 6266: one quoted word without quote, backslash or control character; then perhaps RFC 8187's exact name.
GRAMMAR = re.compile(
    r"attachment; filename=\"([A-Za-z0-9._ -]*)\"(?:; filename\*=UTF-8''((?:[\w.~-]|%[0-9A-F]{2})+))?", re.A
)


@given(st.text(max_size=40))
def test_no_name_however_odd_leaves_its_place_in_the_header(name: str) -> None:
    assert GRAMMAR.fullmatch(buckets.disposition(name))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_the_exact_name_can_be_read_back(name: str) -> None:
    match = GRAMMAR.fullmatch(buckets.disposition(name))
    assert match and (unquote(match[2]) if match[2] else match[1]) == name


def test_another_reader_of_the_header_finds_one_plain_name() -> None:
    header = Message()
    header["Content-Disposition"] = buckets.disposition('\u8bfb"\r\nX-Evil: 1')
    assert header.get_filename() == "____X-Evil_ 1"
    assert "\n" not in str(header["Content-Disposition"])


@pytest.mark.parametrize("name", ['a"b', "a\r\nSet-Cookie: x=1", "\u202egz.qf", "a\\b"])
def test_the_link_itself_carries_the_safe_header(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    link = buckets.presign_download("bucket", "key", None, name, 60)
    assert parse_qs(urlsplit(link).query)["response-content-disposition"] == [buckets.disposition(name)]
