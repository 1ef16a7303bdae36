"""Event-source mappings, polled as Lambda does. Queues: queue_source. Streams: stream_source.

moto itself calls the function inside SendMessage or PutItem, once, and without batches, retries or partial failures.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

from local.background import Background
from local.hooks import event_source_hooks, lambda_runtime
from local.hooks.lambda_runtime import Outcome
from local.queue_source import QueueSource
from local.stream_source import StreamSource

log = logging.getLogger("biotheca.laptop")


class EventSources:
    """One poller per mapping."""

    def __init__(self) -> None:
        self._sources: dict[str, QueueSource | StreamSource] = {}
        self._lock = threading.Lock()
        self._work: Background | None = None

    def start(self) -> None:
        self._work = Background("event-sources", 16)
        event_source_hooks.bind(self)

    def add(self, mapping: Any) -> None:
        """Begins to poll for a moto EventSourceMapping."""
        assert self._work is not None
        source: QueueSource | StreamSource
        if ":sqs:" in mapping.event_source_arn:
            source = QueueSource(mapping, invoke, self._work)
        else:
            source = StreamSource(mapping, invoke)
        with self._lock:
            self._sources[mapping.uuid] = source
        source.start()

    def remove(self, mapping_id: str) -> None:
        with self._lock:
            source = self._sources.pop(mapping_id, None)
        if source:
            source.ask_to_stop()

    def ask_to_stop(self) -> None:
        """Lets pollers end; calls in flight may still come back."""
        event_source_hooks.bind(None)
        for source in list(self._sources.values()):
            source.ask_to_stop()

    def stop(self) -> None:
        self.ask_to_stop()
        for source in list(self._sources.values()):
            source.join()
        if self._work:
            self._work.stop()
        self._sources.clear()


def invoke(mapping: Any, event: dict[str, Any]) -> Outcome:
    """Calls the mapping's function and waits."""
    from moto.awslambda.utils import get_backend

    runtime = lambda_runtime.bound()
    function = get_backend(mapping.account_id, mapping.region).get_function(mapping.function_arn)
    return runtime.invoke(function, json.dumps(event).encode())
