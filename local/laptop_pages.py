"""The laptop's own pages: status, logs, metrics, clock, fire, queues, redrive. Others register theirs beside them."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local import redrive as dead_letters
from local.hooks.cfn_clients import client
from local.pages import PageRequest, Refusal
from local.surroundings import ACCOUNT, REGION
from local.ticker import NoSuchSchedule

if TYPE_CHECKING:
    from local.laptop import Laptop


def register(laptop: Laptop) -> None:
    pages = laptop.front.pages
    pages.register("status", lambda request: status(laptop), "addresses, outputs, workers")
    pages.register("logs", lambda request: logs(laptop, request), "?group=lambda/<name>&last=100")
    pages.register("metrics", lambda request: laptop.metrics.rows(), "counted embedded metrics")
    pages.register(
        "clock", lambda request: clock(laptop, request), 'POST {"set": ISO} or {"advance_s": n} or {"reset": true}'
    )
    pages.register("fire", lambda request: fire(laptop, request), 'POST {"name": schedule}')
    pages.register("queues", lambda request: queues(), "messages waiting, in flight, and dead-letter queues")
    pages.register("redrive", redrive, 'POST {"queue": name}')


def status(laptop: Laptop) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "endpoint_url": laptop.endpoint_url,
        "front_url": laptop.front_url,
        "now": laptop.clock.now().isoformat(),
        "workers": laptop.lambdas.workers(),
        "schedules": laptop.ticker.names(),
        "outputs": laptop.outputs,
    }


def logs(laptop: Laptop, request: PageRequest) -> Any:
    wanted = str(request.fields.get("group", ""))
    groups = laptop.logs.groups()
    if not wanted:
        return {"groups": groups}
    found = [wanted] if wanted in groups else [group for group in groups if wanted.lower() in group.lower()]
    last = int(request.fields.get("last", 100))
    since = float(request.fields.get("since", 0))
    return {group: [line._asdict() for line in laptop.logs.log(group).lines(last, since)] for group in found}


def clock(laptop: Laptop, request: PageRequest) -> dict[str, Any]:
    if request.method == "POST":
        if request.fields.get("reset"):
            laptop.clock.reset()
        elif "set" in request.fields:
            moment = datetime.fromisoformat(str(request.fields["set"]))
            if moment.tzinfo is None:
                raise Refusal(400, "A moment needs a zone, such as 2027-03-01T00:00:00Z.")
            laptop.clock.set(moment)
        elif "advance_s" in request.fields:
            laptop.clock.advance(timedelta(seconds=float(request.fields["advance_s"])))
        else:
            raise Refusal(400, "Say set, advance_s or reset.")
    return {"now": laptop.clock.now().isoformat(), "offset_s": laptop.clock.offset.total_seconds()}


def fire(laptop: Laptop, request: PageRequest) -> dict[str, str]:
    if request.method != "POST":
        raise Refusal(405, "Firing is a POST.")
    try:
        return {"fired": laptop.ticker.fire(str(request.fields.get("name", "")))}
    except NoSuchSchedule as fault:
        raise Refusal(404, str(fault)) from fault


def queues() -> list[dict[str, Any]]:
    return [
        {
            "name": queue.name,
            "waiting": queue.approximate_number_of_messages,
            "in_flight": queue.approximate_number_of_messages_not_visible,
            "dead_letters": queue.dead_letter_queue.name if queue.dead_letter_queue else None,
        }
        for queue in _queues().values()
    ]


def redrive(request: PageRequest) -> dict[str, Any]:
    """Puts the dead letters of a queue back; the queue may be named by itself or by its dead-letter queue."""
    if request.method != "POST":
        raise Refusal(405, "Redriving is a POST.")
    wanted = str(request.fields.get("queue", "")).lower()
    known = _queues()
    sources = [
        queue
        for queue in known.values()
        if queue.dead_letter_queue and (wanted in queue.name.lower() or wanted in queue.dead_letter_queue.name.lower())
    ]
    if len(sources) != 1 or not wanted:
        names = ", ".join(sorted(q.name for q in known.values() if q.dead_letter_queue)) or "none"
        raise Refusal(
            404, f"{'Several queues' if sources else 'No queue'} with dead letters named {wanted!r}. Known: {names}."
        )
    source, dead = sources[0], sources[0].dead_letter_queue
    sqs = client("sqs")
    from_url, to_url = (sqs.get_queue_url(QueueName=queue.name)["QueueUrl"] for queue in (dead, source))
    return {"queue": source.name, "from": dead.name, "moved": dead_letters.redrive(sqs, from_url, to_url)}


def _queues() -> dict[str, Any]:
    from moto.sqs.models import sqs_backends

    return dict(sqs_backends[ACCOUNT][REGION].queues)
