"""Openness scores: the whole log in one pass, one event as a fold, one event through the table."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from unittest.mock import patch

from moto import mock_aws

from bench.measure import table
from bench.openness_log import NOW, log
from biotheca.aws import session
from biotheca.aws.tables import Table
from biotheca.openness import rules, service
from biotheca.openness.model import Outcome, Request, Tally
from biotheca.openness.store import OpennessStore

REQUESTS, DATASETS, ROUNDS, FEW, EVENTS = 100_000, 5_000, 3, 20, 200


def run(folder: Path) -> str:
    """The table."""
    requests = list(log(REQUESTS, DATASETS))
    whole = [_cpu_s(lambda: _recompute(requests)) for _ in range(ROUNDS)]
    tallies = rules.tallies(requests)
    most = max(tallies, key=lambda name: tallies[name].decided + len(tallies[name].waiting))
    some = [request for request in requests if request.dataset == most and request.waits][:EVENTS]
    folds = [_cpu_s(lambda one=one: _fold(tallies[most], one)) for one in some]  # type: ignore[misc]
    stored = _through_the_table(some)
    own = tallies[most]
    rows = [
        ["whole log", f"{REQUESTS:,} requests, {len(tallies):,} datasets", f"{1e3 * median(whole):,.0f}"],
        ["one event", f"{own.decided:,} decided, {len(own.waiting):,} wait", f"{1e3 * median(folds):.2f}"],
        ["one event through moto's table", f"up to {FEW} wait", f"{1e3 * median(_through_the_table(some[:FEW])):.1f}"],
        ["the same", f"up to {len(some)} wait", f"{1e3 * median(stored):.1f}"],
    ]
    return table("Openness scores", ["", "of", "CPU ms"], rows)


def _recompute(requests: list[Request]) -> None:
    tallies = rules.tallies(requests)
    rates = rules.rates_of(tallies.values(), NOW)
    for tally in tallies.values():
        rules.score_of("controlled", tally, rates, NOW)


def _fold(tally: Tally, request: Request) -> None:
    after = rules.after(tally, request, replace(request, outcome=Outcome.APPROVED, decided_at=NOW))
    rules.score_of("controlled", after, rules.rates_of([after], NOW), NOW)


class _Log:
    def __init__(self, requests: list[Request]) -> None:
        self.rows = {request.id: request for request in requests}

    def requests(self) -> list[Request]:
        return list(self.rows.values())

    def request(self, request_id: str) -> Request | None:
        return self.rows.get(request_id)


def _through_the_table(requests: list[Request]) -> list[float]:
    """Seconds of each event: every request comes in, then every second one is approved."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with patch.dict(os.environ, keys), mock_aws():
        session.client.cache_clear()
        session.client("dynamodb").create_table(
            TableName="bench",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
        store, told = OpennessStore(Table("bench")), _Log(requests)
        taken = [_cpu_s(lambda one=one: service.take(store, told, one.id)) for one in requests]  # type: ignore[misc]
        for one in requests[::2]:
            told.rows[one.id] = replace(one, outcome=Outcome.APPROVED, decided_at=NOW)
            taken.append(_cpu_s(lambda one=one: service.take(store, told, one.id)))  # type: ignore[misc]
    session.client.cache_clear()
    return taken


def _cpu_s(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
