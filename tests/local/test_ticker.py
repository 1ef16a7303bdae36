"""Schedules fire on the laptop's clock, also when it jumps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.schedules import BadSchedule, next_due
from local.ticker import NoSuchSchedule
from tests.local.conftest import Cloud, wait_for
from tests.local.test_event_targets import messages


@pytest.fixture(autouse=True)
def machine_time(cloud: Cloud) -> Any:
    messages(cloud, "Ticks")
    yield
    cloud.laptop.clock.reset()
    cloud.laptop.ticker.tick()
    messages(cloud, "Ticks")


def bodies(cloud: Cloud) -> list[str]:
    return [m["Body"] for m in messages(cloud, "Ticks")]


def test_advancing_the_clock_fires_what_became_due(cloud: Cloud) -> None:
    cloud.laptop.ticker.tick()
    assert bodies(cloud) == []
    cloud.laptop.clock.advance(timedelta(days=1, minutes=1))
    daily = wait_for(lambda: bodies(cloud), what="the daily schedule")
    assert len(daily) == 1
    # 3 o'clock in Shanghai
    assert json.loads(daily[0])["daily"].endswith("T19:00:00Z")


def test_a_long_jump_fires_each_schedule_once(cloud: Cloud) -> None:
    cloud.laptop.ticker.tick()
    cloud.laptop.clock.advance(timedelta(days=30))
    got: list[str] = []
    wait_for(lambda: got.extend(bodies(cloud)) or len(got) >= 2)
    cloud.laptop.ticker.tick()
    got += bodies(cloud)
    assert len(got) == 2  # the daily schedule and the weekly rule


def test_fire_runs_one_now_by_part_of_its_name(cloud: Cloud) -> None:
    assert cloud.laptop.ticker.fire("Sometimes") == cloud.out("Sometimes")
    event = json.loads(wait_for(lambda: bodies(cloud))[0])
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    with pytest.raises(NoSuchSchedule, match=r"No schedule has 'never' in the name\. Known: .*Daily"):
        cloud.laptop.ticker.fire("never")


def test_a_one_time_schedule_fires_once_and_is_deleted(cloud: Cloud) -> None:
    scheduler = cloud.client("scheduler")
    queue = cloud.client("sqs").get_queue_attributes(QueueUrl=cloud.out("Ticks"), AttributeNames=["QueueArn"])
    scheduler.create_schedule(
        Name="embargo",
        ScheduleExpression="at(2030-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": queue["Attributes"]["QueueArn"],
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "Input": '"free"',
        },
    )
    cloud.laptop.ticker.tick()
    cloud.laptop.clock.set(datetime(2030, 1, 1, 0, 0, 5, tzinfo=UTC))
    got: list[str] = []
    wait_for(lambda: got.extend(bodies(cloud)) or '"free"' in got)
    wait_for(lambda: not [s for s in scheduler.list_schedules()["Schedules"] if s["Name"] == "embargo"])


def test_a_disabled_schedule_does_not_fire(cloud: Cloud) -> None:
    cloud.client("events").disable_rule(Name=cloud.out("Sometimes"))
    try:
        cloud.laptop.ticker.tick()
        cloud.laptop.clock.advance(timedelta(days=8))
        got: list[str] = []
        wait_for(lambda: got.extend(bodies(cloud)) or got)  # the daily one
        cloud.laptop.ticker.tick()
        got += bodies(cloud)
        assert not any("Scheduled Event" in body for body in got)
    finally:
        cloud.client("events").enable_rule(Name=cloud.out("Sometimes"))


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("rate(1 hour)", "UTC", "2026-01-01T11:30:00+00:00"),
        ("cron(15 10 ? * 6L *)", "UTC", "2026-01-30T10:15:00+00:00"),  # last Friday
        ("cron(0 12 ? * 2#1 *)", "UTC", "2026-01-05T12:00:00+00:00"),  # first Monday
        ("cron(0 0 1 1 ? 2027)", "UTC", "2027-01-01T00:00:00+00:00"),
        ("cron(0/15 * * * ? *)", "UTC", "2026-01-01T10:45:00+00:00"),
        ("cron(0 8 ? * MON-FRI *)", "Europe/Berlin", "2026-01-02T07:00:00+00:00"),
        ("at(2025-01-01T00:00:00)", "UTC", None),
        ("cron(0 0 1 1 ? 2020)", "UTC", None),
    ],
)
def test_expressions_mean_what_eventbridge_means(expression: str, zone: str, expected: str | None) -> None:
    found = next_due(expression, datetime(2026, 1, 1, 10, 30, tzinfo=UTC), zone)
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    "expression", ["every day", "rate(0 days)", "rate(5 weeks)", "cron(0 0 * * *)", "cron(99 0 * * ? *)"]
)
def test_bad_expressions_are_refused(expression: str) -> None:
    with pytest.raises(BadSchedule):
        next_due(expression, datetime(2026, 1, 1, tzinfo=UTC))
