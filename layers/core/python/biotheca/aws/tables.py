"""DynamoDB in plain Python values: get, put, update, query, transact. Knows no table's meaning.

Numbers come back as int (or float where there is a fraction); an item is a dict.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from biotheca.aws.session import client
from biotheca.errors import Finding, Invalid, SystemFault

CALLS_AT_ONCE = 8  # of a long list: a table answers them side by side

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize


class ConditionFailed(Exception):
    """The condition of a write did not hold; nothing was written."""


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | set):
        return [_plain(v) for v in value]
    return value


def _storable(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {k: _storable(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_storable(v) for v in value]
    return value


def marshal(item: dict[str, Any]) -> dict[str, Any]:
    """Python values to DynamoDB's typed form; None is left out."""
    return {k: _serialise(_storable(v)) for k, v in item.items() if v is not None}


def unmarshal(item: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's typed form to Python values."""
    return {k: _plain(_deserialise(v)) for k, v in item.items()}


def encode_cursor(key: dict[str, Any] | None) -> str | None:
    """A page's last key as an opaque text for the caller, or None when there is no next page."""
    if not key:
        return None
    return base64.urlsafe_b64encode(json.dumps(unmarshal(key), sort_keys=True).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> dict[str, Any] | None:
    """The key behind a cursor; Invalid if the text is not one of ours."""
    if not cursor:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(key, dict) or not all(isinstance(v, str) for v in key.values()):
            raise ValueError(cursor)
    except (ValueError, binascii.Error) as error:
        raise _unknown_cursor() from error
    return marshal(key)


def _unknown_cursor() -> Invalid:
    message = "The cursor is not one that this list gave out. Start again without it."
    return Invalid(message, [Finding("general.cursor", "?cursor", message, expected="next_cursor of a page")])


class Table:
    """One DynamoDB table by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, key: dict[str, str], consistent: bool = True) -> dict[str, Any] | None:
        """The item under a key, or None."""
        answer = client("dynamodb").get_item(TableName=self.name, Key=marshal(key), ConsistentRead=consistent)
        return unmarshal(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: list[dict[str, str]]) -> list[dict[str, Any]]:
        """The items that there are under these keys, 100 a call, in no order; what is throttled is asked again."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(keys), 100):
            wanted = [marshal(key) for key in keys[start : start + 100]]
            left: dict[str, Any] = {self.name: {"Keys": wanted, "ConsistentRead": True}}
            for attempt in range(8):
                answer = client("dynamodb").batch_get_item(RequestItems=left)
                found += [unmarshal(item) for item in answer["Responses"].get(self.name, [])]
                left = answer.get("UnprocessedKeys") or {}
                if not left:
                    break
                time.sleep(0.05 * 2**attempt)
            if left:
                raise SystemFault(f"table {self.name} did not give {len(left[self.name]['Keys'])} items after 8 tries")
        return found

    def put(self, item: dict[str, Any], condition: str | None = None, **names_values: Any) -> None:
        """Write an item whole; ConditionFailed if the condition does not hold."""
        _raising_conditions(
            client("dynamodb").put_item, TableName=self.name, Item=marshal(item), **_condition(condition, names_values)
        )

    def put_many(self, items: list[dict[str, Any]]) -> None:
        """Write items whole, 25 a call and some calls at once; what is throttled is sent again with growing pauses."""
        batches = [items[start : start + 25] for start in range(0, len(items), 25)]
        if len(batches) < 2:
            for batch in batches:
                self._put_batch(batch)
            return
        with ThreadPoolExecutor(min(CALLS_AT_ONCE, len(batches)), thread_name_prefix="put") as pool:
            for _ in pool.map(self._put_batch, batches):
                pass

    def _put_batch(self, items: list[dict[str, Any]]) -> None:
        left = {self.name: [{"PutRequest": {"Item": marshal(item)}} for item in items]}
        for attempt in range(8):
            left = client("dynamodb").batch_write_item(RequestItems=left).get("UnprocessedItems") or {}
            if not left:
                return
            time.sleep(0.05 * 2**attempt)
        raise SystemFault(f"table {self.name} did not take {len(left[self.name])} items after 8 tries")

    def delete(self, key: dict[str, str]) -> None:
        """Remove an item; removing what is not there is no fault."""
        client("dynamodb").delete_item(TableName=self.name, Key=marshal(key))

    def update(
        self, key: dict[str, str], expression: str, condition: str | None = None, **names_values: Any
    ) -> dict[str, Any]:
        """Change an item by an expression; returns it as it is after. ConditionFailed if refused."""
        answer = _raising_conditions(
            client("dynamodb").update_item,
            TableName=self.name,
            Key=marshal(key),
            UpdateExpression=expression,
            ReturnValues="ALL_NEW",
            **_condition(condition, names_values),
        )
        return unmarshal(answer["Attributes"])

    def query(
        self,
        condition: str,
        values: dict[str, Any],
        *,
        index: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
        newest_first: bool = False,
        start_after: dict[str, str] | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """One page of items that meet a key condition, and the cursor of the next page or None."""
        wanted: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {f":{k}": _serialise(v) for k, v in values.items()},
            "Limit": limit,
            "ScanIndexForward": not newest_first,
        }
        if index:
            wanted["IndexName"] = index
        else:
            wanted["ConsistentRead"] = True
        start = decode_cursor(cursor) or (marshal(start_after) if start_after else None)
        if start:
            wanted["ExclusiveStartKey"] = start
        try:
            answer = client("dynamodb").query(**wanted)
        except ClientError as error:
            if cursor and error.response["Error"]["Code"] == "ValidationException":
                raise _unknown_cursor() from error
            raise
        return [unmarshal(item) for item in answer["Items"]], encode_cursor(answer.get("LastEvaluatedKey"))

    def every(self, condition: str, values: dict[str, Any], index: str | None = None) -> Iterator[dict[str, Any]]:
        """All items that meet a key condition, page after page."""
        cursor: str | None = None
        while True:
            items, cursor = self.query(condition, values, index=index, limit=500, cursor=cursor)
            yield from items
            if cursor is None:
                return

    # The three kinds of line of a transaction; `transact` writes all or none.

    def put_line(self, item: dict[str, Any], condition: str | None = None, **names_values: Any) -> dict[str, Any]:
        """A put for `transact`."""
        return {"Put": {"TableName": self.name, "Item": marshal(item), **_condition(condition, names_values)}}

    def update_line(
        self, key: dict[str, str], expression: str, condition: str | None = None, **names_values: Any
    ) -> dict[str, Any]:
        """An update for `transact`."""
        return {
            "Update": {
                "TableName": self.name,
                "Key": marshal(key),
                "UpdateExpression": expression,
                **_condition(condition, names_values),
            }
        }

    def delete_line(self, key: dict[str, str], condition: str | None = None, **names_values: Any) -> dict[str, Any]:
        """A delete for `transact`."""
        return {"Delete": {"TableName": self.name, "Key": marshal(key), **_condition(condition, names_values)}}


def transact(lines: list[dict[str, Any]]) -> None:
    """Write all lines or none (at most 100); ConditionFailed if any condition does not hold."""
    _raising_conditions(client("dynamodb").transact_write_items, TransactItems=lines)


def _condition(condition: str | None, names_values: dict[str, Any]) -> dict[str, Any]:
    """`n_state="state"` becomes the name #state, other keywords become values (:keyword)."""
    given: dict[str, Any] = {}
    if condition:
        given["ConditionExpression"] = condition
    names = {f"#{k[2:]}": v for k, v in names_values.items() if k.startswith("n_")}
    values = {f":{k}": _serialise(_storable(v)) for k, v in names_values.items() if not k.startswith("n_")}
    if names:
        given["ExpressionAttributeNames"] = names
    if values:
        given["ExpressionAttributeValues"] = values
    return given


def _raising_conditions(call: Any, **wanted: Any) -> Any:
    try:
        return call(**wanted)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reasons = [r.get("Code") for r in error.response.get("CancellationReasons", [])]
        if code == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in reasons:
            raise ConditionFailed(str(error)) from error
        if code == "TransactionCanceledException" and "TransactionConflict" in reasons:
            raise ConditionFailed(str(error)) from error
        raise
