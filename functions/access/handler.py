"""The sweep over what waits for a day: reminders of requests, ends of grants."""

from __future__ import annotations

from typing import Any

from biotheca.access import reminders
from biotheca.accounts.model import Role
from functions.observability import logger, step
from functions.stores import access, users


def _staff() -> list[str]:
    return users().with_role(Role.DATA_MANAGER)


@step(lambda event: "access-sweep")
def remind(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule: remind committees, tell staff of what waits for a month, note what has expired."""
    done = reminders.sweep(access(), _staff)
    logger().info("access sweep", extra=done)
    return done
