"""Every row of the notice catalogue can be filled, in both languages, and fits an event that exists."""

from __future__ import annotations

import pytest

from biotheca import catalog, events
from biotheca.notices import rules

ROWS = catalog.notices()["notices"]
FACTS = dict.fromkeys(rules.SHOWN, "WORD") | {"round": 2}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_row_is_written_without_a_brace_left(row: dict, language: str) -> None:
    subject, text = rules.written(row, language, FACTS)
    assert subject and text and "{" not in subject + text
    assert row["subject"]["en"] != row["subject"]["zh"] and row["text"]["en"] != row["text"]["zh"]


def test_rows_name_events_that_exist() -> None:
    assert {row["event"] for row in ROWS} <= set(events.ALL)
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_a_title_cannot_break_a_mail_into_headers() -> None:
    row = next(row for row in ROWS if row["id"] == "submission.submitted")
    subject, _ = rules.written(row, "en", {"title": "x\r\nBcc: everybody@example.org", "submission": "sub_1"})
    assert "\r" not in subject and "\n" not in subject


def test_words_in_braces_of_a_title_stay_words() -> None:
    row = next(row for row in ROWS if row["id"] == "submission.submitted")
    subject, _ = rules.written(row, "en", {"title": "{reasons} {0.__class__}", "submission": "sub_1"})
    assert subject == "Received: {reasons} {0.__class__}"


def test_an_event_is_told_by_what_its_body_says() -> None:
    returned = rules.row_for("CurationDecided", {"decision": "return"})
    accepted = rules.row_for("CurationDecided", {"decision": "accept"})
    assert returned and accepted and returned["id"] != accepted["id"]
    assert rules.row_for("CurationDecided", {"decision": "?"}) is None
    assert rules.row_for("FileReceived", {}) is None
