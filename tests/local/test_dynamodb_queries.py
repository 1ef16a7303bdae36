"""Queries by the order of sort keys answer what stock moto answers, and cost what they answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from local.hooks import dynamodb_queries

KEYS = st.text(alphabet="ab#\u00e9\U0001f600", min_size=1, max_size=4)
CONDITIONS = [
    "",
    "sk = :a",
    "sk < :a",
    "sk <= :a",
    "sk > :a",
    "sk >= :a",
    "begins_with(sk, :a)",
    "sk BETWEEN :a AND :b",
]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    dynamodb_queries.install()
    with mock_aws():
        made = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        key = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        index = [{"AttributeName": "state", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        made.create_table(
            TableName="T",
            KeySchema=key,
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "state")],
            GlobalSecondaryIndexes=[
                {"IndexName": "by_state", "KeySchema": index, "Projection": {"ProjectionType": "ALL"}}
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield made


def _filled(client: Any, rows: dict[tuple[str, str], int]) -> None:
    _table().items.clear()
    for (pk, sk), n in rows.items():
        item = {
            "pk": {"S": pk},
            "sk": {"S": sk},
            "n": {"N": str(n)},
            **({"state": {"S": f"s{n % 3}"}} if n % 4 else {}),
        }
        client.put_item(TableName="T", Item=item)


def _table() -> Any:
    return next(iter(dynamodb_backends.values()))["us-east-1"].tables["T"]


def _pages(client: Any, **query: Any) -> list[str]:
    found, more = [], {}
    while True:
        answer = client.query(TableName="T", **query, **more)
        found += [item["sk"]["S"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(st.tuples(st.sampled_from("xy"), KEYS), st.integers(0, 9), max_size=14),
    gone=st.lists(KEYS, max_size=4),
    condition=st.sampled_from(CONDITIONS),
    ends=st.tuples(KEYS, KEYS),
    limit=st.integers(1, 5),
    forward=st.booleans(),
    odd=st.booleans(),
)
def test_every_query_answers_as_one_that_looks_at_every_item(
    client: Any,
    rows: dict[tuple[str, str], int],
    gone: list[str],
    condition: str,
    ends: tuple[str, str],
    limit: int,
    forward: bool,
    odd: bool,
) -> None:
    _filled(client, dict(list(rows.items())[::2]))
    client.query(TableName="T", KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "x"}})
    _filled_more(client, dict(list(rows.items())[1::2]), gone)  # after the order is known
    kept = {key: n for key, n in rows.items() if key not in {("x", sk) for sk in gone}}
    low, high = min(ends), max(ends)
    fits = {
        "": lambda sk: True,
        "sk = :a": lambda sk: sk == low,
        "sk < :a": lambda sk: sk < low,
        "sk <= :a": lambda sk: sk <= low,
        "sk > :a": lambda sk: sk > low,
        "sk >= :a": lambda sk: sk >= low,
        "begins_with(sk, :a)": lambda sk: sk.startswith(low),
        "sk BETWEEN :a AND :b": lambda sk: low <= sk <= high,
    }[condition]
    values = {":p": {"S": "x"}} | ({":a": {"S": low}} if ":a" in condition else {})
    values |= {":b": {"S": high}} if ":b" in condition else {}
    query: dict[str, Any] = {
        "KeyConditionExpression": "pk = :p" + (f" AND {condition}" if condition else ""),
        "ScanIndexForward": forward,
        "Limit": limit,
    }
    if odd:
        query["FilterExpression"] = "n >= :n"
        values[":n"] = {"N": "5"}
    wanted = sorted((sk for (pk, sk), n in kept.items() if pk == "x" and fits(sk) and (not odd or n >= 5)))
    found = _pages(client, ExpressionAttributeValues=values, **query)
    assert found == (wanted if forward else wanted[::-1])


def _filled_more(client: Any, rows: dict[tuple[str, str], int], gone: list[str]) -> None:
    for (pk, sk), n in rows.items():
        client.put_item(TableName="T", Item={"pk": {"S": pk}, "sk": {"S": sk}, "n": {"N": str(n)}})
    for sk in gone:
        client.delete_item(TableName="T", Key={"pk": {"S": "x"}, "sk": {"S": sk}})


def test_an_index_has_only_the_items_with_its_key_in_its_order(client: Any) -> None:
    _filled(client, {("x", f"k{n:02}"): n for n in range(12)} | {("y", f"k{n:02}"): n for n in range(12)})
    found = _pages(
        client,
        IndexName="by_state",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "s1"}},
        Limit=3,
    )
    assert found == sorted(f"k{n:02}" for n in range(12) for _ in "xy" if n % 4 and n % 3 == 1)


def test_a_page_of_a_large_partition_touches_a_page_of_items(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(client, {("x", f"k{n:04}"): 1 for n in range(1500)})
    seen: list[int] = []
    stock = dynamodb_queries._of_partition
    monkeypatch.setattr(dynamodb_queries, "_of_partition", lambda *a: (r := stock(*a), seen.append(len(r)))[0])
    started = time.process_time()
    assert (
        len(_pages(client, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "x"}}, Limit=50))
        == 1500
    )
    assert max(seen) <= 51 and len(seen) <= 32, time.process_time() - started
