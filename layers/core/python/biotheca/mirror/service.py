"""What one can do with the mirror: plan a day, fetch its feeds, publish it, ask how it stands. Light steps only.

What reads feeds or writes the lake is in `steps`, which Batch runs. Every step of a day may be killed and run again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from biotheca import catalog, clock
from biotheca.errors import Finding, Invalid
from biotheca.mirror.fetching import Fetcher
from biotheca.mirror.model import DayIsOver, FeedIsUnreadable, Kind, SourceIsBusy
from biotheca.mirror.sources import Source, Wanted, batch_of, plan, repairs, sources
from biotheca.mirror.store import MirrorStore, ObjectMissing, start_execution
from biotheca.settings import Settings

FEEDS = "ncbi"
PLAN, READING, FETCHED, RECONCILED = "plan", "reading", "fetched", "reconciliation"
SMALL_BYTES = 64 * 1024 * 1024


def addresses() -> str | None:
    """Other addresses of sources than the catalog's, where a deployment has its own."""
    return Settings().optional("mirror_sources")


def today() -> str:
    """The newest day that can be whole: yesterday's feeds are there today."""
    return (clock.now().date() - timedelta(1)).isoformat()


def start(store: MirrorStore, workflow: str, day: str | None = None, repair: str = "") -> dict[str, Any]:
    """Start the workflow of a day, or of a repair. One that runs is not started again; a failed one is."""
    day = _checked(day) if day else today()
    done = store.published()
    _refuse_over(day, done, repair)
    batch = done["batch"] + 1 if repair else batch_of(day)
    if not repair and day == done["day"]:
        return {"batch": batch, "day": day, "started": False}
    given = {"day": day, "repair": repair, "compact": False, "batch": batch}
    attempts = (store.batch(batch) or {}).get("attempts", 0)
    name = f"mirror-{batch}-{attempts}"
    return {"batch": batch, "day": day, "started": start_execution(workflow, name, given)}


def _refuse_over(day: str, done: dict[str, Any], repair: str) -> None:
    if repair and not done["batch"]:
        raise DayIsOver("nothing is mirrored yet: run a day first, then repair single records.")
    if not repair and day < done["day"]:
        raise DayIsOver(
            f"day {day} cannot be put under {done['day']}, which is published. "
            "Repair single records with `biotheca mirror repair ACCESSION`."
        )


def _checked(day: str) -> str:
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        finding = Finding("mirror.day", "/day", f"{day!r} is no day.", value=day, expected="YYYY-MM-DD")
        raise Invalid(f"{day!r} is no day; write it as 2026-01-27.", [finding]) from None


def discover(
    store: MirrorStore, day: str | None, repair: str = "", make: Callable[[Source], Fetcher] = Fetcher
) -> dict[str, Any]:
    """Plan a batch and write its manifest. Answers batch, day, files, and `work`: whether anything is to be done.

    All days since the published one are taken along. Raises DayIsOver for a day before that; the published day itself
    may be run again and changes nothing. A `repair` is a batch of one record, after the published one.
    """
    done = store.published()
    day = _checked(day) if day else today()
    _refuse_over(day, done, repair)
    if repair:
        return _discover_repair(store, repair, done, make)
    batch = batch_of(day)
    if day == done["day"]:
        return {"batch": batch, "day": day, "work": False, "files": 0}
    source = sources(addresses())[FEEDS]
    fetcher = make(source)
    begin = catalog.mirror()["begin"]
    found = plan(day, done["day"] or None, str(begin), fetcher.text, source)
    rows = [_row(fetcher, number, wanted, batch, source) for number, wanted in enumerate(found.files)]
    return _planned(store, batch, day, rows, missing_days=list(found.missing_days))


def _discover_repair(
    store: MirrorStore, accession: str, done: dict[str, Any], make: Callable[[Source], Fetcher]
) -> dict[str, Any]:
    batch = done["batch"] + 1
    faults = []
    for source, wanted in repairs(accession, addresses()):
        try:
            row = _row(make(source), 0, wanted, batch, source)
        except (FeedIsUnreadable, SourceIsBusy) as fault:
            faults.append(str(fault))
            continue
        return _planned(store, batch, done["day"], [row | {"day": done["day"]}], repair=accession)
    raise FeedIsUnreadable(f"no source gives {accession}: {'; '.join(faults)}")


def _row(fetcher: Fetcher, number: int, wanted: Wanted, batch: int, source: Source) -> dict[str, Any]:
    told = fetcher.look(wanted.url)
    size = told.size_bytes or 0
    facts = {"number": number, "tag": told.tag, "size_bytes": size, "batch": batch}
    return wanted.as_dict() | facts | {"large": size > catalog.mirror()["large_bytes"], "archive": source.row["archive"]}


def _planned(store: MirrorStore, batch: int, day: str, rows: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    key = store.put_manifest(batch, PLAN, rows)
    store.put_manifest(batch, READING, _groups(rows))
    store.note(batch, day=day, state="planned", files=len(rows), **facts)
    return {"batch": batch, "day": day, "work": True, "files": len(rows), "bucket": store.bucket, "key": key}


def _groups(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which files one job reads: small ones together, for a job's start costs more than they do."""
    groups: list[list[dict[str, Any]]] = []
    together = 0
    for row in rows:
        small = row["size_bytes"] <= SMALL_BYTES
        if groups and small and together and together + row["size_bytes"] <= SMALL_BYTES:
            groups[-1].append(row)
        else:
            groups.append([row])
            together = 0
        together = together + row["size_bytes"] + 1 if small else 0
    return [{"batch": g[0]["batch"], "numbers": ",".join(str(row["number"]) for row in g)} for g in groups]


def fetch(store: MirrorStore, batch: int, number: int, make: Callable[[Source], Fetcher] = Fetcher) -> dict[str, Any]:
    """Bring one file of a plan into the bucket, unless these very bytes are there."""
    row = planned(store, batch, number)
    wanted = Wanted(*(row[name] for name in ("source", "feed", "kind", "url", "day", "whole")))
    kept = store.fetched(wanted.url, row["tag"])
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="mirror-") as folder:
            got = make(sources(addresses())[wanted.source]).fetch(wanted.url, Path(folder) / "feed")
            kept = store.keep_feed(wanted.url, got.tag, got.path, got.sha256)
    told = {name: kept[name] for name in ("sha256", "size_bytes", "key")}
    store.put_manifest(batch, f"{FETCHED}-{number}", told)
    return {"batch": batch, "number": number, "size_bytes": told["size_bytes"]}


def planned(store: MirrorStore, batch: int, number: int) -> dict[str, Any]:
    """One row of a batch's plan."""
    row: dict[str, Any] = store.manifest(batch, PLAN)[number]
    return row


def publish(store: MirrorStore, batch: int) -> dict[str, Any]:
    """Say on the bus that a batch is what readers see. Its report must be without differences."""
    report = store.manifest(batch, RECONCILED)
    if report["differences"]:
        raise FeedIsUnreadable(f"batch {batch} does not agree with its feeds: {report['differences'][:3]}")
    row = store.batch(batch) or {}
    with_digest = any(one["kind"] == Kind.ACCESSIONS for one in store.manifest(batch, PLAN))
    digest = batch if with_digest else store.published()["digest"]
    store.publish(batch, row["day"], digest, {"totals": report["counts"]})
    return {"batch": batch, "day": row["day"], "lag_hours": lag_hours(row["day"])}


def lag_hours(day: str) -> float:
    """Hours since the end of a day."""
    end = clock.parse(f"{day}T00:00:00+00:00") + timedelta(1)
    return round(max(0.0, (clock.now() - end).total_seconds() / 3600), 2)


def health(store: MirrorStore) -> dict[str, Any]:
    """How the mirror stands, for everybody: what is published, how old it is, what is missing, what went wrong."""
    done = store.published()
    batches = store.batches()
    lag = lag_hours(done["day"]) if done["day"] else None
    limit = float(catalog.mirror()["lag_alarm_hours"])
    last = batches[0] if batches else {}
    state = "empty" if not done["batch"] else "late" if lag is not None and lag > limit else "current"
    if last.get("state") == "failed" and last.get("batch", 0) > done["batch"]:
        state = "failing"
    shown = ("batch", "day", "state", "began_at", "published_at", "files", "missing_days", "counts", "repair", "reason")
    return {
        "state": state,
        "batch": done["batch"],
        "day": done["day"],
        "published_at": done["published_at"],
        "lag_hours": lag,
        "lag_limit_hours": limit,
        "missing_days": sorted({d for b in batches for d in b.get("missing_days", [])}),
        "totals": _totals(store, done["batch"]),
        "batches": [{name: row.get(name) for name in shown if row.get(name) is not None} for row in batches[:10]],
    }


def _totals(store: MirrorStore, batch: int) -> dict[str, Any]:
    if not batch:
        return {}
    try:
        found: dict[str, Any] = store.manifest(batch, RECONCILED)["totals"]
    except ObjectMissing:
        return {}
    return found


def report(store: MirrorStore, day: str) -> dict[str, Any] | None:
    """The reconciliation report of a day, or None."""
    try:
        found: dict[str, Any] = store.manifest(batch_of(day), RECONCILED)
    except (ObjectMissing, ValueError):
        return None
    return found


def fail(store: MirrorStore, batch: int | None, error: dict[str, Any]) -> dict[str, Any]:
    """Where each workflow step's Catch leads: the batch says what went wrong; readers see the day before."""
    row = store.batch(batch) if batch else None
    if batch and batch > store.published()["batch"] and (row or {}).get("state") != "failed":
        reason = str(error.get("Cause") or error.get("Error") or "unknown")[:2000]
        store.note(batch, state="failed", reason=reason, attempts=(row or {}).get("attempts", 0) + 1)
    return {"batch": batch, "state": "failed"}
