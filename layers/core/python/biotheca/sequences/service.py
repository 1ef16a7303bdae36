"""What one can do with the mirror's files: note runs, see where files are, ask for copies, count them.

How workers bring them: work.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from biotheca import catalog, clock
from biotheca.accounts.model import Person, Role
from biotheca.sequences import capacity, rules, sources
from biotheca.sequences.model import (
    DENIED,
    SERVED,
    FilesWithdrawn,
    LeaseLost,
    NoSuchFiles,
    NotCopied,
    Priority,
    Run,
    SequenceFile,
    State,
)
from biotheca.sequences.rules import Policy
from biotheca.sequences.store import AT_ONCE, Change, MirrorBucket, SequenceStore, announcement

NOTES_AT_ONCE = 16


def policy() -> Policy:
    """The archive's policy of copying."""
    return Policy.of(catalog.sequences()["policy"])


def note_runs(
    store: SequenceStore, runs: Iterable[Mapping[str, Any]], policy: Policy, workers: int = NOTES_AT_ONCE
) -> int:
    """Bring the state rows of runs up to date with their metadata; how many runs were noted.

    Each run: accession, status, batch, md5_from (e.g. "SRA package XML" or "ENA"), files (lake.model.FILES), and what a
    policy by rule looks at: organism, taxon_id, study, project. The same again, or an older batch, changes nothing.
    """
    left, noted = iter(runs), 0
    with ThreadPoolExecutor(workers, thread_name_prefix="note-run") as pool:
        while some := list(islice(left, 64 * workers)):  # a feed of all runs is never held whole
            noted += sum(pool.map(lambda run: note_run(store, run, policy), some))
    return noted


def note_run(store: SequenceStore, told: Mapping[str, Any], policy: Policy) -> bool:
    """One run of `note_runs`; whether anything was written. Raises LeaseLost if others write all the time."""
    run, status, batch = told["accession"], told.get("status", "live"), int(told.get("batch", 0))
    for _ in range(5):
        head, held = store.run(run)
        if head and head.batch > batch:
            return False
        if head and status in DENIED and head.status not in DENIED:
            store.deny(run, status)  # readers are turned away before the rows are gone through
        changes = _changes(run, status, head, held, told, policy)
        after = Run(run, status, batch, len(held) + sum((new is not None) - (old is not None) for old, new in changes))
        if head == after and not changes:
            return False
        try:
            store.note(after, changes)
        except LeaseLost:
            continue  # a worker wrote one of the rows meanwhile
        return True
    raise LeaseLost(f"the rows of {run} could not be written: they change all the time")


def note_mirrored(
    store: SequenceStore, records: Iterable[Mapping[str, Any]], policy: Policy, md5_from: str = "SRA package XML"
) -> int:
    """`note_runs` of mirrored records as they are served (those that are no runs are passed over); how many."""
    usual = catalog.sequences()["usual"]
    told = (sources.told_of(record, usual, md5_from) for record in records)
    return note_runs(store, (run for run in told if run), policy)


def _changes(
    run: str, status: str, head: Run | None, held: list[SequenceFile], told: Mapping[str, Any], policy: Policy
) -> list[Change]:
    """(row before, row after) for every row that becomes another. None: there is no such row before, or after."""
    known = {row.name: row for row in held}
    urgent = rules.wanted(policy, told, is_new=head is None)
    now = clock.now()
    changes: list[Change] = []
    files = told.get("files") or (() if held else told.get("usual") or ())
    for new in sources.described(files, told.get("md5_from") or "metadata of the run"):
        old = known.pop(new.name, None)
        fresh = SequenceFile.of(new.as_dict() | {"run": run, "state": State.REFERENCED})
        row = rules.redescribed(old, fresh) if old else fresh
        row = rules.under_policy(rules.under_status(row, status), status, urgent, now)
        if row != old:
            changes.append((old, row))
    for old in known.values():
        # Metadata that name no files say nothing of them: suppressed and withdrawn rows have lost theirs.
        forgotten = bool(told.get("files")) and status not in DENIED and rules.may_be_forgotten(old)
        left = None if forgotten else rules.under_policy(rules.under_status(old, status), status, urgent, now)
        if left != old:
            changes.append((old, left))
    return changes


def resolve(store: SequenceStore, bucket: MirrorBucket, accession: str) -> dict[str, Any]:
    """Where each file of a run can be had now: our proved copy, else the addresses of its metadata.

    Suppressed runs are answered as well: they are out of search, not out of reach. Raises NoSuchFiles, FilesWithdrawn.
    """
    head, rows = _known(store, accession)
    if head.status in DENIED:
        raise FilesWithdrawn(f"{accession} is {head.status}: its files are not given out.", status=head.status)
    return {"accession": accession, "status": head.status, "files": [_shown(row, bucket) for row in rows]}


def _known(store: SequenceStore, accession: str) -> tuple[Run, list[SequenceFile]]:
    if not re.fullmatch(catalog.sequences()["runs"], accession):
        raise NoSuchFiles(f"{accession[:40]!r} is no accession of a run of the INSDC (e.g. SRR000001).")
    head, rows = store.run(accession)
    if head is None:
        raise NoSuchFiles(f"The mirror knows no run {accession}.")
    return head, rows


def _shown(row: SequenceFile, bucket: MirrorBucket) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": row.name,
        "state": row.state.value,
        "size_bytes": row.size_bytes,
        "md5": row.md5,
        "md5_from": row.md5_from,
        "semantic_name": row.semantic_name,
        "references": sources.references(row),
        "url": None,
        "valid_s": None,
        "level": row.level,
        "verified_at": row.verified_at,
        "reason": {"rule": row.error_rule, "message": row.error} if row.error_rule else None,
    }
    if row.state in SERVED and row.key:
        shown |= {"url": bucket.link(row, rules.LINK_VALID_S), "valid_s": rules.LINK_VALID_S}
    return shown


def request_copy(store: SequenceStore, policy: Policy, person: Person, accession: str) -> dict[str, Any]:
    """Ask for copies of a run's files, in front of all that policy wants. Asking again changes nothing.

    Raises NotAllowed, NoSuchFiles, FilesWithdrawn, NotCopied.
    """
    person.must_be(Role.DATA_MANAGER, Role.ADMINISTRATOR)
    if policy.mode == "reference":
        raise NotCopied("The policy of this archive is to copy nothing.")
    for _ in range(5):
        head, rows = _known(store, accession)
        if head.status in DENIED:
            raise FilesWithdrawn(f"{accession} is {head.status}: its files are not copied.", status=head.status)
        if closed := [row.name for row in rows if not rules.may_be_copied(row, head.status)]:
            raise NotCopied(f"{len(closed)} of {len(rows)} files of {accession} are not public, e.g. {closed[0]!r}.")
        now = clock.now()
        pairs = [(row, rules.requested(row, Priority.ASKED, now, person.subject)) for row in rows]
        changed = [pair for pair in pairs if pair[0] != pair[1]]
        try:
            for start in range(0, len(changed), AT_ONCE):
                some = changed[start : start + AT_ONCE]
                store.change_all(some, announcement(accession, len(some), person.subject))
        except LeaseLost:
            continue
        files = [{"name": after.name, "state": after.state.value} for _, after in pairs]
        return {"accession": accession, "requested": len(changed), "files": files}
    raise LeaseLost(f"the rows of {accession} change all the time")


def totals(store: SequenceStore) -> dict[str, Any]:
    """Files and bytes by state, and what mirroring everything that is known would cost."""
    found = store.totals()
    files = sum(row["files"] for row in found.values())
    size = sum(row["size_bytes"] for row in found.values())
    prices = catalog.sequences()["prices"]
    told = capacity.estimate(files, size, prices)
    return {
        "states": [{"state": state, **row} for state, row in found.items()],
        "files": files,
        "size_bytes": size,
        "policy": policy().mode,
        "all_would_cost": {
            "as_of": str(prices["as_of"]),
            "requests": told.requests,
            "copy_usd": told.copy_usd,
            "verify_usd": told.verify_usd,
            "monthly_usd": told.monthly_usd,
        },
    }
