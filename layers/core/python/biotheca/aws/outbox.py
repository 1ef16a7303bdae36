"""The outbox: an event written in the same transaction as the state that it tells of. Sent by functions/events."""

from __future__ import annotations

from typing import Any

from biotheca import clock, events
from biotheca.aws.tables import Table

KEPT_DAYS = 7


def line(outbox: Table, kind: str, correlation_id: str, /, **body: Any) -> dict[str, Any]:
    """The transaction line of one event; it leaves the table by itself after a week."""
    envelope = events.envelope(kind, correlation_id, **body)
    expires = int(clock.now().timestamp()) + KEPT_DAYS * 86_400
    return outbox.put_line({"pk": envelope["id"], "envelope": envelope, "expires": expires})
