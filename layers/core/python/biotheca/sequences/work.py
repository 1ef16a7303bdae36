"""What a worker does with a claimed file: copy it by slices, prove it, let it go. Each step bears being done twice.

Who works on what: claiming.py.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from biotheca import catalog, clock
from biotheca.sequences import copying, rules, sources
from biotheca.sequences.claiming import host_of, note_if_ours
from biotheca.sequences.copying import Means
from biotheca.sequences.model import CopyFault, LeaseLost, SequenceFile, SourceBusy, SourceRefused, State
from biotheca.sequences.pace import TokenBucket
from biotheca.sequences.ports import Bucket, Web
from biotheca.sequences.rules import Policy
from biotheca.sequences.sources import Allowed
from biotheca.sequences.store import SequenceStore
from biotheca.settings import Settings

log = logging.getLogger("biotheca.sequences")
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
        note_if_ours(store, worker.row, after)
        _better(store, after, lists)
    except LeaseLost:
        _left(store, worker.row, means)
    except CopyFault as fault:
        return _met(store, policy, lists, region, means, worker, fault)
    return "done"


def let_go(store: SequenceStore, policy: Policy, task: dict[str, Any], reason: str) -> str:
    """A worker crashed: the file waits again, a little longer each time, and is quarantined in the end."""
    row = store.file(task["run"], task["file"])
    if row is None or row.lease_owner != task["owner"]:
        return "done"
    fault = RuntimeError(f"a worker ended unexpectedly: {reason}")
    note_if_ours(store, row, rules.after_fault(row, fault, policy, clock.now(), others=False))
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
    note_if_ours(store, worker.row, after)
    return "done"


def _better(store: SequenceStore, row: SequenceFile, lists: Allowed) -> None:
    host = host_of(row, lists)
    if host and not host.startswith("s3:"):
        most = int(lists.host(host)["connections"])
        window = store.window(host, most)
        if window.connections < most:
            store.set_window(window.better())


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
