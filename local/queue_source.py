"""SQS to Lambda: batches, windows, filters, partial failures. Dead letters are the queue's own redrive policy."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from local.background import Background
from local.hooks.lambda_runtime import Outcome

log = logging.getLogger("biotheca.laptop")

# A failed message comes back after the queue's visibility timeout, which is minutes for slow
# functions. Nobody waits that long at a laptop.
LONGEST_RETRY_WAIT_S = 2.0
MOST_BATCHES_AT_ONCE = 4

Invoke = Callable[[Any, dict[str, Any]], Outcome]


class QueueSource:
    """Polls one queue for one function."""

    def __init__(self, mapping: Any, invoke: Invoke, work: Background) -> None:
        from moto.sqs.models import sqs_backends

        self._mapping, self._invoke, self._work = mapping, invoke, work
        self._backend = sqs_backends[mapping.account_id][mapping.region]
        self._queue_name = mapping.event_source_arn.rpartition(":")[2]
        self._queue: Any = self._backend.get_queue(self._queue_name)
        scaling = (mapping.scaling_config or {}).get("MaximumConcurrency") or MOST_BATCHES_AT_ONCE
        most = 1 if self._queue.fifo_queue else min(MOST_BATCHES_AT_ONCE, int(scaling))
        self._free = threading.Semaphore(most)
        self._stopping = False
        self._thread = threading.Thread(target=self._poll, name=f"poll-{self._queue_name}"[:60], daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping = True
        with self._queue._messages_lock:
            self._queue._messages_lock.notify_all()

    def join(self) -> None:
        self._thread.join(timeout=10)

    def _poll(self) -> None:
        from moto.sqs.exceptions import QueueDoesNotExist

        while not self._stopping:
            if not self._free.acquire(timeout=0.5):
                continue
            try:
                messages = self._batch()
            except QueueDoesNotExist:  # deleted; its mapping finds nothing any more
                return
            if messages and not self._stopping:
                self._work.soon(self._handle, messages)
            else:
                self._free.release()

    def _batch(self) -> list[Any]:
        """Messages for one call; empty when it is time to look around."""
        messages = self._receive(self._mapping.batch_size)
        if not messages:
            self._wait()
            return []
        until = time.monotonic() + float(self._mapping.max_batch_window or 0)
        while len(messages) < self._mapping.batch_size and not self._stopping:
            left = until - time.monotonic()
            if left <= 0:
                break
            with self._queue._messages_lock:
                self._queue._messages_lock.wait(min(left, 0.5))
            messages += self._receive(self._mapping.batch_size - len(messages))
        return messages

    def _receive(self, most: int) -> list[Any]:
        if not self._mapping.enabled:
            return []
        visibility = max(1, int(self._queue.visibility_timeout))
        received: list[Any] = self._backend.receive_message(self._queue_name, most, 0, visibility, ["All"])
        return received

    def _wait(self) -> None:
        """Until a message is sent, or one in flight or delayed becomes visible."""
        with self._queue._messages_lock:
            if self._stopping or (self._mapping.enabled and self._queue.messages):
                return
            now = time.time() * 1000
            moments = [max(m.visible_at, m.delayed_until) for m in self._queue._messages]
            soonest = min((moment for moment in moments if moment > now), default=now + 5_000)
            self._queue._messages_lock.wait(max(0.01, min(5.0, (soonest - now) / 1000 + 0.005)))

    def _handle(self, messages: list[Any]) -> None:
        try:
            wanted = [message for message in messages if self._matches(message)]
            for message in messages:
                if message not in wanted:
                    self._delete(message)
            if wanted:
                self._call(wanted)
        finally:
            self._free.release()

    def _call(self, messages: list[Any]) -> None:
        event = {"Records": [self._record(message) for message in messages]}
        try:
            outcome = self._invoke(self._mapping, event)
        except Exception:
            log.exception("event source: the function could not be called", extra={"queue": self._queue_name})
            self._retry_later(messages)
            return
        failed = failed_ids(outcome, [m.id for m in messages], self._partial)
        for message in messages:
            if message.id not in failed:
                self._delete(message)
        self._retry_later([m for m in messages if m.id in failed])

    @property
    def _partial(self) -> bool:
        return "ReportBatchItemFailures" in (self._mapping.function_response_types or [])

    def _retry_later(self, messages: list[Any]) -> None:
        wait_ms = min(LONGEST_RETRY_WAIT_S, float(self._queue.visibility_timeout)) * 1000
        with self._queue._messages_lock:
            ids = {message.id for message in messages}
            for message in self._queue._messages:
                if message.id in ids:
                    message.visible_at = time.time() * 1000 + wait_ms
            self._queue._messages_lock.notify_all()

    def _delete(self, message: Any) -> None:
        with contextlib.suppress(Exception):  # purged meanwhile
            self._backend.delete_message(self._queue_name, message.receipt_handle)

    def _matches(self, message: Any) -> bool:
        filters = (self._mapping.filter_criteria or {}).get("Filters")
        if not filters:
            return True
        try:
            body = json.loads(message.body)
        except ValueError:
            body = message.body
        return matches_any(filters, {"body": body})

    def _record(self, message: Any) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        }
        if self._queue.fifo_queue:
            attributes |= {
                "MessageGroupId": message.group_id,
                "MessageDeduplicationId": message.deduplication_id,
                "SequenceNumber": message.sequence_number,
            }
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self._queue.queue_arn,
            "awsRegion": self._mapping.region,
        }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    fitted: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}
    if value.get("StringValue") is not None:
        fitted["stringValue"] = value["StringValue"]
    if value.get("BinaryValue") is not None:
        fitted["binaryValue"] = value["BinaryValue"]
    return fitted


def failed_ids(outcome: Outcome, ids: list[str], partial: bool) -> set[str]:
    """Which records a call left undone. An identifier that is not one of the batch's fails the whole batch."""
    if outcome.failed:
        return set(ids)
    if not partial:
        return set()
    try:
        answer = outcome.value()
        failures = (answer or {}).get("batchItemFailures") or []
        named = [failure["itemIdentifier"] for failure in failures]
    except (ValueError, KeyError, TypeError, AttributeError):
        return set(ids)
    return set(named) if set(named) <= set(ids) else set(ids)


def matches_any(filters: list[dict[str, Any]], record: dict[str, Any]) -> bool:
    """FilterCriteria: at least one pattern matches."""
    from moto.events.models import EventPattern

    for entry in filters:
        pattern = entry["Pattern"]
        document = json.loads(pattern) if isinstance(pattern, str) else pattern
        if EventPattern(None, document).matches_event(record):  # type: ignore[arg-type]
            return True
    return False
