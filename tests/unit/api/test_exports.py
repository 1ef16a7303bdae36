"""Whole exports through the API's doors: more rows than any page or answer can carry, none lost and none twice."""

from __future__ import annotations

import bisect
import csv
import io
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import requests
from chalice.test import Client

from biotheca.aws.tables import marshal
from biotheca.publication.model import Record, Visibility
from functions import stores
from functions.api.app import app

RUNS = 12_000
DATASET = "CRA000001"
LARGEST_ANSWER_BYTES = 6 * 1024 * 1024  # of a function


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(app) as made:
        yield made


class Planted:
    """DynamoDB with many items, for reading: keys sorted once, and pages cut at one megabyte as DynamoDB cuts them.

    moto walks over every item at each query, which for these many takes minutes.
    """

    KEYS: ClassVar = {None: ("pk", "sk"), "by_dataset": ("dataset_key", "inside_key")}

    def __init__(self, items: list[dict[str, Any]]) -> None:
        typed = [(item, marshal(item), len(str(item))) for item in items]
        self.by_key = {(item["pk"], item["sk"]): made for item, made, _ in typed}
        self.rows: dict[tuple[str | None, str], list[tuple[str, dict[str, Any], int]]] = {}
        for index, (first, second) in self.KEYS.items():
            for item, made, size in sorted((t for t in typed if first in t[0]), key=lambda t: str(t[0][second])):
                self.rows.setdefault((index, item[first]), []).append((item[second], made, size))

    def get_item(self, **asked: Any) -> dict[str, Any]:
        found = self.by_key.get((asked["Key"]["pk"]["S"], asked["Key"]["sk"]["S"]))
        return {"Item": found} if found else {}

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:
        ((table, wanted),) = asked["RequestItems"].items()
        found = [self.by_key.get((key["pk"]["S"], key["sk"]["S"])) for key in wanted["Keys"]]
        return {"Responses": {table: [item for item in found if item]}}

    def query(self, **asked: Any) -> dict[str, Any]:
        index, values = asked.get("IndexName"), [v["S"] for v in asked["ExpressionAttributeValues"].values()]
        second = self.KEYS[index][1]
        rows = self.rows.get((index, values[0]), [])
        after = asked.get("ExclusiveStartKey", {}).get(second, {}).get("S")
        start = 0 if after is None else bisect.bisect_right(rows, after, key=lambda row: row[0])
        given, size = [], 0
        for sort, item, bytes_ in rows[start : start + asked["Limit"]]:
            if not sort.startswith(values[1] if len(values) > 1 else "") or size > 1024 * 1024:
                break
            given.append(item)
            size += bytes_
        more = given and rows[-1][1] is not given[-1]
        names = {"pk", "sk", *self.KEYS[index]}
        last = {"LastEvaluatedKey": {name: given[-1][name] for name in names}} if more else {}
        return {"Items": given, **last}


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A public dataset of 12,000 runs, straight in the tables, and each of them under one word of the index."""
    common: dict[str, Any] = {"dataset": DATASET, "visibility": Visibility.PUBLIC, "created_at": "2026"}
    dataset = Record(DATASET, "study", "gsa", "st", "Very many runs", "sub_x", "ana", {}, **common)
    items = [dataset.as_dict() | {"pk": f"ACC#{DATASET}", "sk": "REC"}]
    for number in range(1, RUNS + 1):
        name = f"CRR{number:06d}"
        file = {"name": f"{name}_f1.fq.gz", "size_bytes": 1, "md5": f"{number:032x}", "sha256": "0", "run": name}
        run = Record(name, "run", "gsa", f"r{number}", "x" * 450, "sub_x", "ana", {}, files=[file], **common)
        keys = {"pk": f"ACC#{name}", "sk": "REC", "dataset_key": f"DATASET#{DATASET}", "inside_key": f"run#{name}"}
        items.append(run.as_dict() | keys)
        items.append({"pk": "many", "sk": name, "shown": {"accession": name, "type": "run", "title": "Many"}})
    cloud = Planted(items)
    monkeypatch.setattr("biotheca.aws.tables.client", lambda service: cloud)
    for name in ("records", "search", "outbox", "access"):
        monkeypatch.setenv(f"BIOTHECA_{name.upper()}_TABLE", name)
    for store in (stores.records, stores.index):
        store.cache_clear()
    yield
    for store in (stores.records, stores.index):
        store.cache_clear()


def pages(client: Client, path: str) -> Iterator[str]:
    """Every page of a listing, along the Link headers, as a client follows them."""
    following: str | None = path
    while following:
        answer = client.http.get(following)
        assert answer.status_code == 200, answer.body
        assert len(answer.body) < LARGEST_ANSWER_BYTES
        yield answer.body.decode()
        links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
        following = next((link["url"] for link in links if link["rel"] == "next"), None)


@pytest.mark.usefixtures("planted")
def test_every_run_of_a_dataset_and_every_hit_of_a_search_is_exported_once(client: Client) -> None:
    runs = [f"CRR{number:06d}" for number in range(1, RUNS + 1)]
    found = list(pages(client, f"/v1/records/{DATASET}/runs.csv"))
    assert len(found) > 1 and sum(map(len, found)) > LARGEST_ANSWER_BYTES
    rows = list(csv.DictReader(io.StringIO("".join(found))))
    assert [row["Run"] for row in rows] == runs  # one header alone, every run, none twice, in order
    sums = "".join(pages(client, f"/v1/records/{DATASET}/md5sum.txt")).splitlines()
    assert [line.split("  ")[0] for line in sums] == [f"{number:032x}" for number in range(1, RUNS + 1)]
    hits = csv.DictReader(io.StringIO("".join(pages(client, "/v1/search.tsv?q=many"))), delimiter="\t")
    assert [hit["accession"] for hit in hits] == runs
