"""The archive's own key of encrypted files: made, turned, headers wrapped anew."""

from __future__ import annotations

from typing import Any

from biotheca.delivery import service
from functions.observability import logger, step
from functions.stores import headers, ring


@step(lambda event: "delivery-keys")
def turn_keys(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Every hour: make the first key, turn one that is a year old, go on wrapping. An operator sends {"anew": true}."""
    told = service.turn_keys(headers(), ring(), anew=event.get("anew") is True)
    logger().info("keys of encrypted files", extra=told)
    return told
