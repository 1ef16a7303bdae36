"""The sweep over what waits for a day: reminders of requests, ends of grants; and the key that signs visas."""

from __future__ import annotations

from typing import Any

from biotheca.access import reminders
from biotheca.access.proofs import service as proofs
from biotheca.accounts.model import Role
from functions.observability import logger, step
from functions.stores import access, users, visa_ring, visas


def _staff() -> list[str]:
    return users().with_role(Role.DATA_MANAGER)


@step(lambda event: "access-sweep")
def remind(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule: remind committees, tell staff of what waits for a month, note what has expired."""
    done = reminders.sweep(access(), _staff)
    logger().info("access sweep", extra=done)
    return done


@step(lambda event: "visa-keys")
def turn_keys(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make the first key of visas, turn one that is a year old. An operator sends {"anew": true}."""
    told = proofs.turn_keys(visa_ring(), visas(), anew=event.get("anew") is True)
    logger().info("keys of visas", extra=told)
    return told
