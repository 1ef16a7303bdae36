"""Who works on what next: files are claimed by leases, most urgent first, within hosts' windows and the day's budget.

What a worker does with a claimed file: work.py.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock
from biotheca.sequences import capacity, rules, sources
from biotheca.sequences.model import LeaseLost, Place, SequenceFile, SourceRefused, State, WrongBytes
from biotheca.sequences.rules import Policy
from biotheca.sequences.sources import Allowed
from biotheca.sequences.store import IN_HAND, LATER, WAITING, SequenceStore

log = logging.getLogger("biotheca.sequences")
WAIT_FOR_HOST_S = 60
_NOWHERE = Place("https", "", "", "")  # of a copy that is here already


def claim(store: SequenceStore, policy: Policy, lists: Allowed, region: str, owner: str) -> list[dict[str, Any]]:
    """Take files for a workflow execution, most urgent first; what each must be told to its worker.

    Bounded by what is in work already (most_copying), by each host's window and by the day's budget. Files whose
    lease ended come back here.
    """
    now = clock.now()
    moment = clock.stamp(now)
    in_hand = store.queue(IN_HAND, 10 * policy.most_copying)
    active = [row for row in in_hand if (row.lease_until or "") > moment]
    if mine := [row for row in active if row.lease_owner == owner]:
        return _told_again(policy, mine, lists, region, owner)  # the answer to the first call was lost
    room = policy.most_copying - len(active)
    if room <= 0:
        return []
    ended = [row for row in in_hand if (row.lease_until or "") <= moment]
    waiting = ended + store.queue(LATER, 4 * room, moment) + store.queue(WAITING, 4 * room)
    using: dict[str, int] = {}
    for row in active:
        using[host_of(row, lists)] = using.get(host_of(row, lists), 0) + 1
    tasks: list[dict[str, Any]] = []
    for seen in sorted(waiting, key=lambda row: (row.priority, row.requested_at or "")):
        if len(tasks) == room:
            break
        ready = _ready(store, seen, policy, lists, region, using, moment)
        if ready is None:
            continue
        row, place = ready
        if not _paid(store, policy, row, moment):
            log.info("the day's budget is spent", extra={"day": moment[:10]})
            break
        if task := _leased(store, policy, row, place, owner):
            using[place.host] = using.get(place.host, 0) + 1
            tasks.append(task)
    return tasks


def anything_waits(store: SequenceStore) -> bool:
    """Whether a claim might find something."""
    moment = clock.stamp()
    return bool(store.queue(WAITING, 1) or store.queue(LATER, 1, moment) or store.queue(IN_HAND, 1, moment))


def _ready(
    store: SequenceStore,
    seen: SequenceFile,
    policy: Policy,
    lists: Allowed,
    region: str,
    using: dict[str, int],
    moment: str,
) -> tuple[SequenceFile, Place] | None:
    """The row as it is now (the index may lag behind) and where to copy it from, if both are ready for it."""
    row = store.file(seen.run, seen.name)
    if row is None or not _waits(row, moment):
        return None
    place = _source(store, row, policy, lists, region)
    if place is None:
        return None
    if (until := _closed_until(store, place, lists, using, moment)) is not None:
        _postpone(store, row, until)
        return None
    return row, place


def _told_again(
    policy: Policy, mine: list[SequenceFile], lists: Allowed, region: str, owner: str
) -> list[dict[str, Any]]:
    places = [
        next((p for p in sources.ranked(row, region, lists) if p.url == row.source_url), _NOWHERE) for row in mine
    ]
    return [_task(policy, row, place, owner) for row, place in zip(mine, places, strict=True)]


def _task(policy: Policy, row: SequenceFile, place: Place, owner: str) -> dict[str, Any]:
    return {"run": row.run, "file": row.name, "owner": owner, "machine": rules.machine_of(policy, row, place)}


def _waits(row: SequenceFile, moment: str) -> bool:
    if row.state is State.REQUESTED:
        return (row.not_before or "") <= moment
    return row.state in (State.COPYING, State.COPIED) and (row.lease_until or "") <= moment


def _source(store: SequenceStore, row: SequenceFile, policy: Policy, lists: Allowed, region: str) -> Place | None:
    """Where to copy from: what the copy began with, else the best that is left. None after noting so."""
    ranked = sources.ranked(row, region, lists)
    if ranked:
        return next((place for place in ranked if row.source_url == place.url), ranked[0])
    if row.state is not State.COPIED:
        fault = WrongBytes("sequences.no_source", f"None of the {len(row.alternatives)} addresses is on the lists.")
        note_if_ours(store, row, rules.after_fault(row, fault, policy, clock.now(), others=False))
        return None
    return _NOWHERE  # it only has to be proved


def _closed_until(store: SequenceStore, place: Place, lists: Allowed, using: dict[str, int], moment: str) -> str | None:
    """When a host may be asked again, or None: now. S3 paces itself, and a proof asks no host."""
    if place.kind == "s3" or not place.host:
        return None
    window = store.window(place.host, int(lists.host(place.host)["connections"]))
    if window.closed_until > moment:
        return window.closed_until
    if using.get(place.host, 0) >= window.connections:
        return clock.stamp(clock.parse(moment) + timedelta(seconds=WAIT_FOR_HOST_S))
    return None


def _postpone(store: SequenceStore, row: SequenceFile, until: str) -> None:
    """Out of the way of those behind that want another host."""
    if row.state is State.REQUESTED:
        note_if_ours(store, row, replace(row, not_before=until))


def _paid(store: SequenceStore, policy: Policy, row: SequenceFile, moment: str) -> bool:
    """Reserve what is still to be copied; the day is the moment's, UTC."""
    left = max(0, (row.size_bytes or 0) - row.copied_bytes)
    cost = capacity.copy_cost_micro_usd(left, catalog.sequences()["prices"])
    return store.reserve(moment[:10], left, cost, policy.bytes_per_day, policy.micro_usd_per_day)


def _leased(store: SequenceStore, policy: Policy, row: SequenceFile, place: Place, owner: str) -> dict[str, Any] | None:
    until = clock.stamp(clock.now() + timedelta(seconds=policy.lease_s))
    lease: dict[str, Any] = {"lease_owner": owner, "lease_until": until, "not_before": None}
    if row.state is State.COPIED:  # it only has to be proved
        leased = row.to(State.COPIED, **lease)
    else:
        leased = rules.from_source(row, place.url).to(State.COPYING, **lease)
    try:
        store.change(row, leased)
    except LeaseLost:  # another claim was faster
        return None
    return _task(policy, row, place, owner)


def host_of(row: SequenceFile, lists: Allowed) -> str:
    """The host that a file is copied from; empty if none is known."""
    try:
        return sources.place_of(row.source_url or "", "", lists).host
    except SourceRefused:
        return ""


def note_if_ours(store: SequenceStore, before: SequenceFile, after: SequenceFile) -> None:
    """Write a row, unless somebody else did meanwhile."""
    try:
        store.change(before, after)
    except LeaseLost:  # the row is another's; what that one says counts
        log.info("row was changed meanwhile", extra={"run": before.run, "file": before.name})
