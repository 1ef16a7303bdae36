"""Whether anybody hears of what is written: inside `quiet()` neither S3's notifications nor streams tell of it.

For contents that come back from a saved folder: what they caused has happened already, before they were saved.
Events that programs put on a bus themselves are not held back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.hooks.patching import once, replace

_lock = threading.Lock()
_depth = 0


@contextmanager
def quiet() -> Iterator[None]:
    """While entered, by whomever, new objects and items are no news."""
    global _depth
    with _lock:
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1


def is_quiet() -> bool:
    return _depth > 0


@once
def install() -> None:
    import moto.s3.notifications
    from moto.dynamodb.models.table import StreamShard

    stock_send, heard_add = moto.s3.notifications.send_event, StreamShard.add

    def send_event(*arguments: Any, **named: Any) -> None:
        if not is_quiet():
            stock_send(*arguments, **named)

    def add(self: Any, old: Any, new: Any) -> None:
        if not is_quiet():
            heard_add(self, old, new)

    replace(moto.s3.notifications, send_event=send_event)
    replace(StreamShard, add=add)
