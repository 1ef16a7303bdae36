"""The event bus: publish envelopes. What the events mean: biotheca.events."""

from __future__ import annotations

import json
from typing import Any

from biotheca.aws.session import client


class NotPublished(Exception):
    """The bus refused one or more entries; they must be sent again."""


def publish(bus: str, envelopes: list[dict[str, Any]]) -> None:
    """Send envelopes (see events.envelope), ten a call; NotPublished if the bus refuses any."""
    for start in range(0, len(envelopes), 10):
        entries = [
            {
                "EventBusName": bus,
                "Source": "biotheca",
                "DetailType": envelope["type"],
                "Detail": json.dumps(envelope, ensure_ascii=False),
            }
            for envelope in envelopes[start : start + 10]
        ]
        answer = client("events").put_events(Entries=entries)
        if answer.get("FailedEntryCount"):
            raise NotPublished(str([e.get("ErrorMessage") for e in answer["Entries"] if e.get("ErrorCode")]))
