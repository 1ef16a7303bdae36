"""Takes moto's event-source mappings away from SendMessage and PutItem, and lets streams be waited for and trimmed."""

from __future__ import annotations

import threading
import weakref
from typing import Any, Protocol

from local.hooks.patching import once, replace

# Delivered records stay readable for other consumers of the stream, up to this many.
KEPT_RECORDS = 1_000


class Hub(Protocol):
    """Who polls: local.event_sources.EventSources."""

    def add(self, mapping: Any) -> None: ...
    def remove(self, mapping_id: str) -> None: ...


_hub: Hub | None = None
_arrivals: weakref.WeakKeyDictionary[Any, threading.Condition] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def bind(hub: Hub | None) -> None:
    global _hub
    _hub = hub


def arrival_of(shard: Any) -> threading.Condition:
    """The condition that is notified when the shard gets a record; also its lock."""
    with _making:
        if shard not in _arrivals:
            _arrivals[shard] = threading.Condition()
        return _arrivals[shard]


def trim(shard: Any, below: int) -> None:
    """Forgets delivered records, so that memory stays flat; the shard's start moves on, as at AWS after a day."""
    with arrival_of(shard):
        delivered = below - shard.starting_sequence_number
        excess = min(delivered, len(shard.items) - KEPT_RECORDS)
        if excess > 0:
            del shard.items[:excess]
            shard.starting_sequence_number += excess


@once
def install() -> None:
    from moto.awslambda.models import LambdaBackend
    from moto.dynamodb.models.table import StreamRecord, StreamShard

    stock_create, stock_delete = LambdaBackend.create_event_source_mapping, LambdaBackend.delete_event_source_mapping

    def create(self: Any, spec: dict[str, Any]) -> Any:
        mapping = stock_create(self, spec)
        _detach(mapping)
        if _hub is not None:
            _hub.add(mapping)
        return mapping

    def delete(self: Any, uuid: str) -> Any:
        if _hub is not None:
            _hub.remove(uuid)
        return stock_delete(self, uuid)

    def add(self: Any, old: Any, new: Any) -> None:
        kind = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        if kind == "MODIFY" and old.to_json() == new.to_json():
            return  # a write that changes nothing makes no record
        view = self.table.stream_specification["StreamViewType"]
        arrival = arrival_of(self)
        with arrival:
            number = self.starting_sequence_number + len(self.items)
            self.items.append(StreamRecord(self.table, view, kind, old, new, number))
            if len(self.items) > 50 * KEPT_RECORDS:  # nobody reads this stream
                del self.items[:KEPT_RECORDS]
                self.starting_sequence_number += KEPT_RECORDS
            arrival.notify_all()

    def get(self: Any, start: int, quantity: int) -> list[dict[str, Any]]:
        with arrival_of(self):
            first = max(0, int(start) - self.starting_sequence_number)
            return [record.to_json() for record in self.items[first : first + quantity]]

    replace(LambdaBackend, create_event_source_mapping=create, delete_event_source_mapping=delete)
    replace(StreamShard, add=add, get=get)


def _detach(mapping: Any) -> None:
    from moto.dynamodb.models import dynamodb_backends
    from moto.sqs.models import sqs_backends

    account, region = mapping.account_id, mapping.region
    for queue in sqs_backends[account][region].queues.values():
        queue.lambda_event_source_mappings.clear()
    for table in dynamodb_backends[account][region].tables.values():
        table.lambda_event_source_mappings.clear()
