"""One writer at a time: leases under races, after deaths, and with a clock that jumps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import boto3
import pytest
from moto import mock_aws

from biotheca.aws import session
from biotheca.aws.tables import Table
from biotheca.lake.lease import LeaseLost, Leases, TableIsLeased
from local.hooks import soundness

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


class StubClock:
    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment

    def pass_(self, **time_: float) -> None:
        self.moment += timedelta(**time_)


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    for name, value in {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    soundness.install()  # stock moto lets threads come between a condition and its write; DynamoDB does not
    with mock_aws():
        session.client.cache_clear()
        boto3.client("dynamodb", region_name="us-east-1").create_table(
            TableName="states",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Table("states")
        session.client.cache_clear()


@pytest.fixture
def time_() -> StubClock:
    return StubClock()


@pytest.fixture
def leases(states: Table, time_: StubClock) -> Leases:
    return Leases(states, time_.now)


def test_a_second_writer_is_told_who_writes_and_until_when(leases: Leases) -> None:
    with leases.held("run", "job-1"), pytest.raises(TableIsLeased) as refused:
        leases.take("run", "job-2")
    assert "'job-1', whose lease lasts until 2026-11-28T12:05:00.000Z" in str(refused.value)
    assert "Wait and try again" in str(refused.value)


def test_tables_are_leased_apart_and_a_given_back_lease_is_free_at_once(leases: Leases) -> None:
    with leases.held("run", "job-1") as one, leases.held("sample", "job-2"):
        assert one.token == 1
    with leases.held("run", "job-3") as next_one:
        assert next_one.token == 2


def test_a_dead_writers_lease_runs_out_and_it_cannot_come_back(leases: Leases, time_: StubClock) -> None:
    dead = leases.take("run", "job-1")
    time_.pass_(minutes=4, seconds=59)
    with pytest.raises(TableIsLeased):
        leases.take("run", "job-2")
    time_.pass_(seconds=1)
    assert leases.take("run", "job-2") == dead + 1
    with pytest.raises(LeaseLost, match="Stop writing"):
        leases.renew("run", "job-1", dead)
    leases.give_back("run", "job-1", dead)  # does not end the other's
    with pytest.raises(TableIsLeased, match="job-2"):
        leases.take("run", "job-3")


def test_of_ten_writers_at_once_one_gets_the_lease(leases: Leases) -> None:
    together = Barrier(10)

    def try_it(number: int) -> int | None:
        together.wait()
        try:
            return leases.take("run", f"job-{number}")
        except TableIsLeased:
            return None

    with ThreadPoolExecutor(10) as pool:
        tokens = list(pool.map(try_it, range(10)))
    assert sorted(t for t in tokens if t) == [1]


def test_a_lease_is_renewed_in_the_background(states: Table) -> None:
    leases = Leases(states)
    with leases.held("run", "job-1", timedelta(seconds=0.6)) as lease:
        time.sleep(1.2)
        lease.still_held()
        with pytest.raises(TableIsLeased):
            leases.take("run", "job-2")


def test_a_writer_learns_that_its_lease_went_to_another(leases: Leases, time_: StubClock) -> None:
    with leases.held("run", "job-1") as lease:
        lease.still_held()
        time_.pass_(minutes=6)
        leases.take("run", "job-2")
        with pytest.raises(LeaseLost):
            lease.still_held()
