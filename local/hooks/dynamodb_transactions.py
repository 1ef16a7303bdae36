"""Transactions that look at every condition before they write anything.

moto copies each table whole before a transaction and puts the copies back when one fails: a copy costs as much as
the table is large, and a stream that is being read belongs to the table that was thrown away, so that its later
records reach nobody.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from local.hooks.event_source_hooks import arrival_of
from local.hooks.patching import once, replace


@once
def install() -> None:
    from moto.dynamodb.models import DynamoDBBackend

    replace(DynamoDBBackend, transact_write_items=transact_write_items)


def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
    """All lines or none. Callers hold the lock of `soundness`, so nothing changes between looking and writing."""
    from moto.dynamodb.exceptions import TooManyTransactionsException, TransactionCanceledException

    if len(transact_items) > 100:
        raise TooManyTransactionsException()
    lines = [_Line(self, item) for item in transact_items]
    _refuse_repeated([line.place for line in lines])
    errors = [line.check() for line in lines]
    if any(code for code, _, _ in errors):
        raise TransactionCanceledException(errors)
    undo: list[Callable[[], None]] = []
    for number, line in enumerate(lines):
        undo.append(line.undo())
        try:
            line.write()
        except Exception as fault:  # an item too large, an update expression that does not fit
            for back in reversed(undo):
                back()
            errors[number] = (type(fault).__name__, str(fault), None)
            raise TransactionCanceledException(errors) from fault


def _refuse_repeated(places: list[tuple[str, str]]) -> None:
    from moto.dynamodb.exceptions import MultipleTransactionsException

    if len(set(places)) != len(places):
        raise MultipleTransactionsException()


class _Line:
    """One line of a transaction."""

    def __init__(self, backend: Any, item: dict[str, Any]) -> None:
        from moto.dynamodb.exceptions import TransactWriteSingleOpException

        if len(item) > 1:
            raise TransactWriteSingleOpException
        self.backend = backend
        self.kind, self.op = next(iter(item.items()))
        if self.kind not in {"ConditionCheck", "Put", "Delete", "Update"}:
            raise ValueError("Unsupported transaction operation")
        self.name = self.op["TableName"]
        self.table = backend.get_table(self.name)
        given = self.op["Item"] if self.kind == "Put" else self.op["Key"]
        names = [n for n in (self.table.hash_key_attr, self.table.range_key_attr) if n]
        self.key = {name: given[name] for name in names}
        self.place = (self.name, str(sorted(self.key.items())))

    def check(self) -> tuple[Any, Any, Any]:
        """(code, message, item) of what hinders this line, or three times None."""
        from moto.dynamodb.comparisons import get_filter_expression
        from moto.dynamodb.exceptions import ConditionalCheckFailed

        condition = self.op.get("ConditionExpression")
        if condition is None:
            return None, None, None
        current = self.backend.get_item(self.name, self.key)
        names, values = self.op.get("ExpressionAttributeNames"), self.op.get("ExpressionAttributeValues")
        if get_filter_expression(condition, names, values).expr(current):
            return None, None, None
        shown = self.op.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and current
        item = current.to_json()["Attributes"] if shown else None
        return "ConditionalCheckFailed", str(ConditionalCheckFailed(item=item).message), item

    def write(self) -> None:
        names, values = self.op.get("ExpressionAttributeNames"), self.op.get("ExpressionAttributeValues")
        given = {"expression_attribute_names": names, "expression_attribute_values": values}
        condition = self.op.get("ConditionExpression")  # again: moto refuses names that no expression uses
        if self.kind == "Put":
            self.backend.put_item(self.name, self.op["Item"], condition_expression=condition, **given)
        elif self.kind == "Delete":
            self.backend.delete_item(self.name, self.key, condition_expression=condition, **given)
        elif self.kind == "Update":
            expression = self.op["UpdateExpression"]
            self.backend.update_item(
                self.name, self.key, update_expression=expression, condition_expression=condition, **given
            )

    def undo(self) -> Callable[[], None]:
        """What puts this line's item and the table's stream back as they are now."""
        before = copy.deepcopy(self.backend.get_item(self.name, self.key))
        shard = self.table.stream_shard
        # By number and not by length: a poller may trim delivered records meanwhile.
        following = shard.starting_sequence_number + len(shard.items) if shard else 0

        def back() -> None:
            now = self.backend.get_item(self.name, self.key)
            if now is not None:
                self.table.delete_item(now.hash_key, now.range_key)
            if before is not None:
                items = self.table.items
                if self.table.range_key_attr:
                    items[before.hash_key][before.range_key] = before
                else:
                    items[before.hash_key] = before
            if shard:
                with arrival_of(shard):
                    del shard.items[max(0, following - shard.starting_sequence_number) :]

        return back
