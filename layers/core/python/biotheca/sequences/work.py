"""How workers bring files: claim some by a lease, copy by slices, prove, let go. Each step bears being done twice."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock
from biotheca.sequences import capacity, copying, rules, sources
from biotheca.sequences.copying import Means
from biotheca.sequences.model import (
    CopyFault,
    LeaseLost,
    Place,
    SequenceFile,
    SourceBusy,
    SourceRefused,
    State,
    WrongBytes,
)
from biotheca.sequences.pace import TokenBucket
from biotheca.sequences.ports import Bucket, Web
from biotheca.sequences.rules import Policy
from biotheca.sequences.sources import Allowed
from biotheca.sequences.store import IN_HAND, LATER, WAITING, SequenceStore
from biotheca.settings import Settings

log = logging.getLogger("biotheca.sequences")
WAIT_FOR_HOST_S = 60
_NOWHERE = Place("https", "", "", "")  # of a copy that is here already
BEAT_S = 30  # how often a lease is renewed while nothing else is written


def allowed() -> Allowed:
    """The lists of the catalog, and base URLs that the setting mirror_sources adds (laptop only)."""
    words = catalog.sequences()
    return Allowed(words["buckets"], words["hosts"], sources.extra_of(Settings().optional("mirror_sources")))


def means(bucket: Bucket, web: Web, lists: Allowed, over: Callable[[], bool] = lambda: False, **sizes: int) -> Means:
    """A worker's means, with one token bucket a host."""
    buckets: dict[str, TokenBucket] = {}

    def pace(host: str) -> TokenBucket:
        if host not in buckets:
            rate = float(lists.host(host)["requests_per_second"]) if not host.startswith("s3:") else 100.0
            buckets[host] = TokenBucket(rate, rate, time.monotonic)
        return buckets[host]

    return Means(bucket, web, pace, time.sleep, over, **sizes)


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
        using[_host(row, lists)] = using.get(_host(row, lists), 0) + 1
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


def _told_again(policy: Policy, mine: list[SequenceFile], lists: Allowed, region: str, owner: str) -> list[dict[str, Any]]:
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


def _host(row: SequenceFile, lists: Allowed) -> str:
    try:
        return sources.place_of(row.source_url or "", "", lists).host
    except SourceRefused:
        return ""


def _source(store: SequenceStore, row: SequenceFile, policy: Policy, lists: Allowed, region: str) -> Place | None:
    """Where to copy from: what the copy began with, else the best that is left. None after noting so."""
    ranked = sources.ranked(row, region, lists)
    if ranked:
        return next((place for place in ranked if row.source_url == place.url), ranked[0])
    if row.state is not State.COPIED:
        fault = WrongBytes("sequences.no_source", f"None of the {len(row.alternatives)} addresses is on the lists.")
        _note(store, row, rules.after_fault(row, fault, policy, clock.now(), others=False))
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
        _note(store, row, replace(row, not_before=until))


def _paid(store: SequenceStore, policy: Policy, row: SequenceFile, moment: str) -> bool:
    """Reserve what is still to be copied; the day is the moment's, UTC."""
    left = max(0, (row.size_bytes or 0) - row.copied_bytes)
    cost = capacity.copy_cost_micro_usd(left, catalog.sequences()["prices"])
    return store.reserve(moment[:10], left, cost, policy.bytes_per_day, policy.micro_usd_per_day)


def _leased(store: SequenceStore, policy: Policy, row: SequenceFile, place: Place, owner: str) -> dict[str, Any] | None:
    until = clock.stamp(clock.now() + timedelta(seconds=policy.lease_s))
    state = State.COPYING if row.state is State.REQUESTED else row.state
    leased = row.to(state, lease_owner=owner, lease_until=until, not_before=None, source_url=place.url)
    if place is _NOWHERE:
        leased = replace(leased, source_url=row.source_url)
    elif row.source_url not in (None, place.url):  # another source than the copy began with
        leased = replace(leased, source_etag=None, source_crc64nvme=None, source_size_bytes=None)
    try:
        store.change(row, leased)
    except LeaseLost:  # another claim was faster
        return None
    return _task(policy, row, place, owner)


def copy_slice(
    store: SequenceStore, policy: Policy, lists: Allowed, region: str, means: Means, task: dict[str, Any]
) -> str:
    """Bring a claimed file on; what comes next: slice, function or job (its proof), or done.

    LeaseLost is no accident: the file is another's, or was withdrawn, and this worker is done with it.
    """
    row = store.file(task["run"], task["file"])
    if row is None or row.lease_owner != task["owner"]:
        return "done"
    if row.state is State.COPIED:
        return rules.machine_of_proof(policy, row)
    worker = _Worker(store, policy, row)
    try:
        place = next((p for p in sources.ranked(row, region, lists) if p.url == row.source_url), None)
        if place is None:
            raise SourceRefused(f"{row.source_url!r} is no source of {row.name!r} any more.")
        worker.row = copying.copy(row, place, means, worker.save, _siblings(store, row))
    except LeaseLost:
        _left(store, worker.row, means)
        return "done"
    except CopyFault as fault:
        return _met(store, policy, lists, region, means, worker, fault)
    return rules.machine_of_proof(policy, worker.row) if worker.row.state is State.COPIED else "slice"


def prove(store: SequenceStore, policy: Policy, lists: Allowed, region: str, means: Means, task: dict[str, Any]) -> str:
    """Prove a copied file: it is VERIFIED, or what the rules say of the fault. Always answers done."""
    row = store.file(task["run"], task["file"])
    if row is None or row.lease_owner != task["owner"] or row.state is not State.COPIED:
        return "done"
    worker = _Worker(store, policy, row)
    try:
        found = copying.prove(row, means, policy.least_level, _siblings(store, row), worker.beat)
        done = {
            "verified_at": clock.stamp(),
            "lease_owner": None,
            "lease_until": None,
            "error_rule": None,
            "error": None,
        }
        after = worker.row.to(State.VERIFIED, **found, **done)
        _note(store, worker.row, after)
        _better(store, after, lists)
    except LeaseLost:
        _left(store, worker.row, means)
    except CopyFault as fault:
        return _met(store, policy, lists, region, means, worker, fault)
    return "done"


def anything_waits(store: SequenceStore) -> bool:
    """Whether a claim might find something."""
    moment = clock.stamp()
    return bool(store.queue(WAITING, 1) or store.queue(LATER, 1, moment) or store.queue(IN_HAND, 1, moment))


def let_go(store: SequenceStore, policy: Policy, task: dict[str, Any], reason: str) -> str:
    """A worker crashed: the file waits again, a little longer each time, and is quarantined in the end."""
    row = store.file(task["run"], task["file"])
    if row is None or row.lease_owner != task["owner"]:
        return "done"
    fault = RuntimeError(f"a worker ended unexpectedly: {reason}")
    _note(store, row, rules.after_fault(row, fault, policy, clock.now(), others=False))
    return "done"


class _Worker:
    """One worker's hold of a row. `save` renews the lease; it fails as soon as the row is another's."""

    def __init__(self, store: SequenceStore, policy: Policy, row: SequenceFile) -> None:
        self.store, self.policy, self.row = store, policy, row
        self._beaten = time.monotonic()

    def save(self, row: SequenceFile) -> SequenceFile:
        """Write the row and renew the lease."""
        until = clock.stamp(clock.now() + timedelta(seconds=self.policy.lease_s))
        self.row = self.store.change(self.row, replace(row, lease_until=until))
        return self.row

    def beat(self) -> None:
        """Renew the lease now and then, while nothing else is written."""
        if time.monotonic() - self._beaten > BEAT_S:
            self._beaten = time.monotonic()
            self.save(self.row)


def _siblings(store: SequenceStore, row: SequenceFile) -> dict[str, str]:
    _, rows = store.run(row.run)
    return {other.md5: other.name for other in rows if other.md5 and other.name != row.name}


def _met(
    store: SequenceStore, policy: Policy, lists: Allowed, region: str, means: Means, worker: _Worker, fault: CopyFault
) -> str:
    """Go on from a fault as the rules say. What cannot be used is thrown away before the row forgets where it was."""
    now = clock.now()
    given_up = replace(worker.row, exhausted=(*worker.row.exhausted, worker.row.source_url or ""))
    others = sources.choose(given_up, region, lists) is not None
    after = rules.after_fault(worker.row, fault, policy, now, others)
    if worker.row.key and after.key is None:
        try:
            worker.save(worker.row)  # only whoever holds the file may throw away what lies under its key
            copying.discard(worker.row, means)
        except LeaseLost:
            _left(store, worker.row, means)
            return "done"
        except CopyFault as other:  # the row keeps its place until that is clean
            after = rules.after_fault(worker.row, other, policy, now, others=False)
    if isinstance(fault, SourceBusy) and fault.host and not fault.host.startswith("s3:"):
        most = int(lists.host(fault.host)["connections"])
        store.set_window(store.window(fault.host, most).worse(after.not_before or ""))
    facts = {"run": after.run, "file": after.name, "rule": after.error_rule, "reason": str(fault), "state": after.state}
    log.warning("copy met a fault", extra=facts)
    _note(store, worker.row, after)
    return "done"


def _better(store: SequenceStore, row: SequenceFile, lists: Allowed) -> None:
    host = _host(row, lists)
    if host and not host.startswith("s3:"):
        most = int(lists.host(host)["connections"])
        window = store.window(host, most)
        if window.connections < most:
            store.set_window(window.better())


def _note(store: SequenceStore, before: SequenceFile, after: SequenceFile) -> None:
    try:
        store.change(before, after)
    except LeaseLost:  # the row is another's; what that one says counts
        log.info("row was changed meanwhile", extra={"run": before.run, "file": before.name})


def _left(store: SequenceStore, held: SequenceFile, means: Means) -> None:
    """The file is not ours any more. If it was withdrawn or became another file, nobody else clears our parts away.

    What was proved meanwhile by another worker stays: a tombstone keeps its bytes.
    """
    now = store.file(held.run, held.name)
    served_once = now is not None and now.was in (State.VERIFIED, State.ARCHIVED)
    if now is None or (now.state in (State.GONE, State.REFERENCED) and not served_once):
        try:
            copying.discard(held, means)
        except CopyFault as fault:
            log.warning("parts were left behind", extra={"run": held.run, "file": held.name, "reason": str(fault)})
