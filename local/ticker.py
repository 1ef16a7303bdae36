"""Fires what is due: EventBridge Scheduler's schedules and scheduled rules, on the laptop's settable clock.

moto stores both and fires neither. When the clock jumps over several moments of one schedule, it fires
once, for the last of them: its work is to look at what is due, not to count.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from local.clock import SettableClock
from local.hooks import event_targets
from local.schedules import BadSchedule, next_due
from local.surroundings import ACCOUNT, REGION

log = logging.getLogger("biotheca.laptop")

TICK_S = 0.25
# A one-time schedule made for "now" must not be missed because making it took a moment.
LATE_S = 60.0


class NoSuchSchedule(LookupError):
    """No schedule or rule has this name; tells which there are."""


@dataclass
class Timer:
    """One schedule or scheduled rule, and when it is due next."""

    expression: str
    zone: str
    due: dt.datetime | None


class Ticker:
    """A thread that looks at all schedules, and at a few periodic tasks of the laptop itself."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self._timers: dict[str, Timer] = {}
        self._tasks: list[tuple[float, Callable[[], None], list[float]]] = []
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self._last = clock.now()
        clock.on_change(self._wake.set)

    def start(self) -> None:
        self._stopping = False
        self._last = self._clock.now()
        self._thread = threading.Thread(target=self._run, name="laptop-ticker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=10)
        self._timers.clear()

    def every(self, seconds: float, task: Callable[[], None]) -> None:
        """Runs a short task of the laptop itself again and again, in machine time."""
        self._tasks.append((seconds, task, [time.monotonic() + seconds]))

    def names(self) -> list[str]:
        return sorted({thing.name for _, thing in _schedules()} | {rule.name for _, rule in _rules()})

    def fire(self, name: str) -> str:
        """Fires one schedule or rule now, by its name or the unique end or part of it. Raises NoSuchSchedule."""
        things = {thing.name: (kind, thing) for kind, thing in [*_schedules(), *_rules()]}
        found = [name] if name in things else [known for known in things if name.lower() in known.lower()]
        if len(found) != 1:
            known = ", ".join(sorted(things)) or "none"
            raise NoSuchSchedule(
                f"{'Several schedules have' if found else 'No schedule has'} {name!r} in the name. Known: {known}."
            )
        kind, thing = things[found[0]]
        self._fire(kind, thing, self._clock.now())
        return found[0]

    def tick(self) -> None:
        """Fires what is due now; called by the thread, and by tests that will not wait."""
        with self._lock:
            now = self._clock.now()
            if now < self._last - dt.timedelta(seconds=1):
                self._timers.clear()  # set back: moments that were over lie ahead again
            due = []
            alive = set()
            for kind, thing in [*_schedules(), *_rules()]:
                key = thing.arn
                alive.add(key)
                timer = self._timer(key, kind, thing, now)
                if timer.due and timer.due <= now and thing.state == "ENABLED":
                    due.append((timer.due, kind, thing))
                    timer.due = self._following(timer, now)
            for key in self._timers.keys() - alive:
                del self._timers[key]
            self._last = now
        for moment, kind, thing in sorted(due, key=lambda entry: entry[0]):
            self._fire(kind, thing, moment)

    def _timer(self, key: str, kind: str, thing: Any, now: dt.datetime) -> Timer:
        expression, zone = _expression(kind, thing)
        timer = self._timers.get(key)
        if timer is None or (timer.expression, timer.zone) != (expression, zone):
            timer = self._timers[key] = Timer(expression, zone, None)
            since = now - dt.timedelta(seconds=LATE_S) if expression.startswith("at(") else min(now, self._last)
            with contextlib.suppress(BadSchedule):
                timer.due = next_due(expression, since, zone, _moment(getattr(thing, "start_date", None)))
        end = _moment(getattr(thing, "end_date", None))
        if end and timer.due and timer.due > end:
            timer.due = None
        return timer

    def _following(self, timer: Timer, now: dt.datetime) -> dt.datetime | None:
        if timer.expression.startswith("at("):
            return None
        return next_due(timer.expression, now, timer.zone)

    def _fire(self, kind: str, thing: Any, moment: dt.datetime) -> None:
        event = _event(thing.arn, moment, "aws.scheduler" if kind == "schedule" else "aws.events")
        if kind == "rule":
            event_targets.fire_targets(thing, event)
            return
        event_targets.fire_schedule(thing.target, thing.arn, event)
        if thing.schedule_expression.startswith("at(") and thing.action_after_completion == "DELETE":
            from moto.scheduler.models import scheduler_backends

            scheduler_backends[ACCOUNT][REGION].delete_schedule(thing.group_name, thing.name)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.tick()
            except Exception:
                log.exception("the ticker stumbled")
            for seconds, task, due in self._tasks:
                if time.monotonic() >= due[0]:
                    due[0] = time.monotonic() + seconds
                    try:
                        task()
                    except Exception:
                        log.exception("a periodic task failed")
            self._wake.wait(TICK_S)
            self._wake.clear()


def _schedules() -> Iterator[tuple[str, Any]]:
    from moto.scheduler.models import scheduler_backends

    for group in list(scheduler_backends[ACCOUNT][REGION].schedule_groups.values()):
        for schedule in list(group.schedules.values()):
            yield "schedule", schedule


def _rules() -> Iterator[tuple[str, Any]]:
    from moto.events.models import events_backends

    for bus in list(events_backends[ACCOUNT][REGION].event_buses.values()):
        for rule in list(bus.rules.values()):
            if rule.scheduled_expression:
                yield "rule", rule


def _expression(kind: str, thing: Any) -> tuple[str, str]:
    if kind == "rule":
        return thing.scheduled_expression, "UTC"
    return thing.schedule_expression, thing.schedule_expression_timezone


def _moment(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return dt.datetime.fromtimestamp(float(value), dt.UTC)


def _event(arn: str, moment: dt.datetime, source: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": ACCOUNT,
        "time": moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [arn],
        "detail": {},
    }
