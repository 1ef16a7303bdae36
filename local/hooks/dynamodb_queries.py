"""Queries that read their own partition, in order, and no more of it than they answer.

moto sorts every item of the whole table for each query and looks at each: with a submission of ten thousand files
one page costs a second and an upload hours. Here partitions know the order of their sort keys, and moto's own query,
with all its rules of filters, sizes and pages, is given only the items among which its answer can be.
"""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from typing import Any

from local.hooks.patching import once, replace

_AFTER_ALL = "\U0010ffff"  # sorts behind every text that begins alike


@once
def install() -> None:
    from moto.dynamodb.models.table import Table

    stock_init: Any = Table.__init__
    stock_query: Any = Table.query

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        stock_init(self, *args, **kwargs)
        self.items = defaultdict(Partition)

    def query(
        self: Any,
        hash_key: Any,
        range_comparison: str | None,
        range_objs: list[Any],
        limit: int,
        exclusive_start_key: dict[str, Any] | None,
        scan_index_forward: bool,
        projection_expressions: Any,
        index_name: str | None = None,
        *more: Any,
        **named: Any,
    ) -> Any:
        if index_name:
            candidates = _of_index(self, named.get("hash_key_conditions") or [])
        else:
            start = _start(self, exclusive_start_key)
            condition, forward = (range_comparison, range_objs), scan_index_forward is not False
            candidates = _of_partition(self, hash_key, condition, limit, start, forward)
        view = copy.copy(self)
        view.all_items = lambda: candidates
        place = (hash_key, range_comparison, range_objs, limit, exclusive_start_key, scan_index_forward)
        return stock_query(view, *place, projection_expressions, index_name, *more, **named)

    replace(Table, __init__=begin, query=query)


class Partition(dict[Any, Any]):
    """The items of one partition by sort key, which knows their order from the first query on."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._order: list[Any] | None = None
        self._keys: dict[Any, Any] = {}

    def __setitem__(self, key: Any, item: Any) -> None:
        if self._order is not None and key not in self:
            insort(self._order, key.cast_value)
            self._keys[key.cast_value] = key
        super().__setitem__(key, item)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._forget(key)

    def pop(self, key: Any, *default: Any) -> Any:
        known = key in self
        item = super().pop(key, *default)
        if known:
            self._forget(key)
        return item

    def _forget(self, key: Any) -> None:
        if self._order is not None:
            del self._order[bisect_left(self._order, key.cast_value)]
            del self._keys[key.cast_value]

    def order(self) -> list[Any]:
        """The plain values of all sort keys, rising."""
        if self._order is None:
            self._keys = {key.cast_value: key for key in self}
            self._order = sorted(self._keys)
        return self._order

    def at(self, value: Any) -> Any:
        """The item under a sort key's plain value."""
        return self[self._keys[value]]


def _start(table: Any, start_key: dict[str, Any] | None) -> Any:
    """The plain value of the sort key after which a page begins, or None."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    if not start_key or not table.range_key_attr:
        return None
    return DynamoType(start_key[table.range_key_attr]).cast_value


def _of_partition(
    table: Any, hash_key: Any, condition: tuple[str | None, list[Any]], limit: int, start: Any, forward: bool
) -> list[Any]:
    """Items that a query can answer with, and one more, by which it knows that there is more."""
    partition = table.items.get(hash_key)
    if partition is None:
        return []
    if not table.range_key_attr:
        return [partition]
    if not isinstance(partition, Partition):  # a restored backup of another kind
        return list(partition.values())
    order = partition.order()
    low, high = _span(order, *condition)
    if start is not None and forward:
        low = max(low, bisect_right(order, start))
    elif start is not None:
        high = min(high, bisect_left(order, start))
    high = max(low, high)
    if limit and forward:
        high = min(high, low + limit)
    elif limit:
        low = max(low, high - limit)
    # moto takes any further item, fitting or not, for the sign that a page is not the last.
    low, high = (low, high + 1) if forward else (max(0, low - 1), high)
    return [partition.at(value) for value in order[low:high]]


def _span(order: list[Any], comparison: str | None, operands: list[Any]) -> tuple[int, int]:
    """First and behind-last place of the sort keys that fit."""
    if not comparison:
        return 0, len(order)
    values = [operand.cast_value for operand in operands]
    first, last = values[0], values[-1]
    spans = {
        "EQ": lambda: (bisect_left(order, first), bisect_right(order, first)),
        "LT": lambda: (0, bisect_left(order, first)),
        "LE": lambda: (0, bisect_right(order, first)),
        "GT": lambda: (bisect_right(order, first), len(order)),
        "GE": lambda: (bisect_left(order, first), len(order)),
        "BETWEEN": lambda: (bisect_left(order, first), bisect_right(order, last)),
        "BEGINS_WITH": lambda: (bisect_left(order, first), bisect_left(order, first + _AFTER_ALL)),
    }
    words = {"=": "EQ", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
    span = spans.get(words.get(comparison, comparison))
    if span is None or (comparison == "BEGINS_WITH" and not isinstance(first, str)):
        return 0, len(order)
    return span()


def _of_index(table: Any, conditions: list[tuple[str, Any]]) -> list[Any]:
    """Items that have the index's partition key; moto sorts them itself."""
    held = table.items.values()
    items = (item for partition in held for item in partition.values()) if table.range_key_attr else held
    return [
        item
        for item in items
        if all((has := item.attrs.get(attribute)) is not None and has == wanted for attribute, wanted in conditions)
    ]
