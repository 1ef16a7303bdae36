"""What moto does unsafely under threads, or keeps for ever, made sound: DynamoDB, SQS, model instances, streams."""

from __future__ import annotations

import threading
import time
from typing import Any

from local.hooks.patching import once, replace

_MOST_DELETED_RECEIPTS = 10_000
_dynamodb = threading.RLock()


@once
def install() -> None:
    _track_no_instances()
    _lock_dynamodb()
    _lock_queues()


def _track_no_instances() -> None:
    """moto's BaseModel keeps every instance ever made (each item, message and key) in `instances_tracked`."""
    from moto.core.common_models import BaseModel

    def untracked(cls: Any, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    replace(BaseModel, __new__=untracked)


def _lock_dynamodb() -> None:
    """A conditional write reads, compares and writes in steps; threads of the server can interleave."""
    from moto.dynamodb.responses import DynamoHandler

    stock = DynamoHandler.call_action

    def one_at_a_time(self: Any) -> Any:
        with _dynamodb:
            return stock(self)

    replace(DynamoHandler, call_action=one_at_a_time)


def _lock_queues() -> None:
    """Deleting rebuilds the list of messages and loses one that is sent meanwhile; receiving can hand one out twice."""
    from moto.sqs.models import Queue, SQSBackend

    stock_delete, stock_receive = Queue.delete_message, SQSBackend.receive_message
    stock_visibility = SQSBackend.change_message_visibility

    def delete_message(self: Any, receipt_handle: str) -> None:
        with self._messages_lock:
            stock_delete(self, receipt_handle)
            if len(self.deleted_messages) > _MOST_DELETED_RECEIPTS:
                self.deleted_messages.clear()

    def receive_message(
        self: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        queue = self.get_queue(queue_name)
        end = time.monotonic() + (wait_seconds_timeout or 0)
        while True:
            with queue._messages_lock:
                found = stock_receive(self, queue_name, count, 0, visibility_timeout, *args, **kwargs)
                left = end - time.monotonic()
                if found or left <= 0:
                    return found
                queue._messages_lock.wait(min(left, 0.2))

    def change_message_visibility(self: Any, queue_name: str, *args: Any, **kwargs: Any) -> None:
        with self.get_queue(queue_name)._messages_lock:
            stock_visibility(self, queue_name, *args, **kwargs)

    replace(Queue, delete_message=delete_message)
    replace(SQSBackend, receive_message=receive_message, change_message_visibility=change_message_visibility)
