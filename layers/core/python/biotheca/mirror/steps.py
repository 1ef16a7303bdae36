"""The heavy steps of a day, which Batch runs: read a file, compare the status, merge, reconcile, repair, compact.

Each writes under names that only depend on the batch, so that it may be killed anywhere and run again.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from biotheca import catalog, clock
from biotheca.lake.model import ENTITIES
from biotheca.mirror.accessions import TABLE as STATUS
from biotheca.mirror.accessions import rows_of
from biotheca.mirror.day import Day, Feed, Outcome
from biotheca.mirror.difference import difference
from biotheca.mirror.digest import Digest
from biotheca.mirror.lake import MirrorLake
from biotheca.mirror.model import FeedIsTruncated, Kind, Limits, Parsed
from biotheca.mirror.parsing import parse_file
from biotheca.mirror.reconciling import reconcile as compare
from biotheca.mirror.service import FETCHED, PLAN, RECONCILED
from biotheca.mirror.serving import served
from biotheca.mirror.store import MirrorStore, ObjectMissing, digest_key, parsed_prefix

DIFFERENCE = "status"
INDEX_PART_RECORDS = 500
SAMPLE_RECORDS = 200


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mirror-") as folder:
        yield Path(folder)


def read(store: MirrorStore, batch: int, number: int) -> dict[str, Any]:
    """Parse one fetched file of a batch to Parquet. Raises FeedIsTruncated if it ends before its end."""
    row = store.manifest(batch, PLAN)[number]
    if row["kind"] == Kind.ACCESSIONS:
        return compare_status(store, batch, number)
    with _folder() as folder:
        parsed = parse_file(_feed(store, batch, number, folder), Kind(row["kind"]), folder / "out")
        _refuse_cut(parsed, row["url"])
        names = store.put_folder(parsed_prefix(batch, number), folder / "out")
    told = parsed.as_dict() | {"tables": names, "feed": row["feed"], "url": row["url"]}
    store.put_manifest(batch, f"read-{number}", told)
    return told


def _refuse_cut(parsed: Parsed, url: str) -> None:
    if not parsed.complete:
        raise FeedIsTruncated(f"{url} ends before its end; nothing of it is used. Run the day again.")


def _feed(store: MirrorStore, batch: int, number: int, folder: Path) -> Path:
    return store.download(store.manifest(batch, f"{FETCHED}-{number}")["key"], folder / "feed")


def compare_status(store: MirrorStore, batch: int, number: int) -> dict[str, Any]:
    """The difference of SRA_Accessions.tab against the digest of the published batch."""
    row = store.manifest(batch, PLAN)[number]
    with _folder() as folder:
        before = _digest(store, store.published()["digest"], folder)
        limits = Limits(**catalog.mirror()["limits"])
        found = difference(_feed(store, batch, number, folder), before, row["day"], limits)
        out = folder / "out"
        out.mkdir()
        pq.write_table(found.table(), out / f"{STATUS}.parquet", compression="zstd")
        (out / "gone.json").write_text(json.dumps(found.gone))
        rows = [json.dumps(one.as_row(), ensure_ascii=False) for one in found.aside]
        (out / "quarantine.jsonl").write_text("".join(f"{line}\n" for line in rows))
        found.digest.save(folder / "digest.parquet")
        store.put_file(folder / "digest.parquet", digest_key(batch))
        store.put_folder(parsed_prefix(batch, DIFFERENCE), out)
    told = {"seen": found.seen, "changed": found.changed, "gone": len(found.gone), "waiting": found.waiting}
    told |= {"twice": found.twice, "quarantined": len(found.aside), "accessions": len(found.digest)}
    store.put_manifest(batch, f"read-{number}", told | {"kind": "accessions", "feed": row["feed"], "url": row["url"]})
    return told


def _digest(store: MirrorStore, batch: int, folder: Path) -> Digest:
    if not batch:
        return Digest.empty()
    try:
        return Digest.load(store.download(digest_key(batch), folder / "before.parquet"))
    except ObjectMissing:
        return Digest.empty()


def merge(store: MirrorStore, lake: MirrorLake, batch: int) -> dict[str, Any]:
    """Bring a batch into the lake, and write what the index needs, in parts. Readers see none of it before `publish`."""
    rows = store.manifest(batch, PLAN)
    day = (store.batch(batch) or {})["day"]
    with _folder() as folder, lake.writing(batch) as tables:
        feeds = [_parsed(store, batch, row, folder) for row in rows if row["kind"] != Kind.ACCESSIONS]
        told, gone = _difference(store, batch, folder)
        outcome = Day(tables, batch, day, Limits(**catalog.mirror()["limits"])).run(feeds, told, gone)
        first = not store.published()["batch"]
        lake.log(batch, outcome.log(), first)
        parts = _index_parts(store, batch, tables, outcome)
    counts = {entity: dict(kinds) for entity, kinds in outcome.counts.items() if kinds}
    store.put_manifest(batch, "merged", {"counts": counts, "seen": dict(outcome.seen)})
    store.note(batch, state="merged", counts=counts)
    key = store.put_manifest(batch, "index", parts)
    return {"batch": batch, "parts": len(parts), "bucket": store.bucket, "key": key}


def _parsed(store: MirrorStore, batch: int, row: Mapping[str, Any], folder: Path) -> Feed:
    number = row["number"]
    names = set(store.manifest(batch, f"read-{number}")["tables"])

    def table(entity: str) -> pa.Table | None:
        name = f"{entity}.parquet"
        if name not in names:
            return None
        path = folder / f"{number}-{name}"
        if not path.exists():
            store.download(f"{parsed_prefix(batch, number)}/{name}", path)
        return pq.read_table(path)

    return Feed(row["feed"], row["archive"], bool(row["whole"]), table)


def _difference(store: MirrorStore, batch: int, folder: Path) -> tuple[pa.Table, list[str]]:
    if all(row["kind"] != Kind.ACCESSIONS for row in store.manifest(batch, PLAN)):
        return rows_of(b"")[0], []  # a repair tells no status
    prefix = parsed_prefix(batch, DIFFERENCE)
    path = store.download(f"{prefix}/{STATUS}.parquet", folder / "status.parquet")
    gone = store.download(f"{prefix}/gone.json", folder / "gone.json")
    return pq.read_table(path), json.loads(gone.read_text())


def _index_parts(store: MirrorStore, batch: int, tables: Mapping[str, Any], outcome: Outcome) -> list[dict[str, Any]]:
    """What changed, as records to serve and to find, in parts of 500."""
    parts: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []

    def write() -> None:
        name = f"index-{len(parts)}"
        store.put_manifest(batch, name, waiting)
        parts.append({"batch": batch, "name": name})
        waiting.clear()

    for entity in ENTITIES:
        changed = _changed(outcome, entity)
        for start in range(0, len(changed), 5_000):
            keys = changed[start : start + 5_000]
            now = {row["acc"]: row for row in tables[entity].current(None, keys, batch).read_all().to_pylist()}
            for key in keys:
                waiting.append(served(entity, key, now.get(key), batch))
                if len(waiting) == INDEX_PART_RECORDS:
                    write()
    if waiting:
        write()
    return parts


def _changed(outcome: Outcome, entity: str) -> list[str]:
    keys: list[str] = []
    for table in outcome.changes:
        if table.num_rows and table.column("entity")[0].as_py() == entity:
            keys += table.column("acc").to_pylist()
    return keys


def reconcile(store: MirrorStore, lake: MirrorLake, batch: int) -> dict[str, Any]:
    """Compare the lake with what the feeds said, and write the report; then set the readers' pointer in the lake.

    R113: counts of accessions by status, of records of whole feeds, and a random sample field by field.
    """
    rows = store.manifest(batch, PLAN)
    with _folder() as folder:
        feeds = [(row, _parsed(store, batch, row, folder)) for row in rows if row["kind"] != Kind.ACCESSIONS]
        read_ = {row["number"]: store.manifest(batch, f"read-{row['number']}") for row in rows}
        found = compare(lake.tables(), batch, feeds, read_, random.Random(batch), SAMPLE_RECORDS)
    store.put_manifest(batch, RECONCILED, found)
    if not found["differences"]:
        lake.point(batch, (store.batch(batch) or {})["day"])
    return {"batch": batch, "differences": len(found["differences"])}


def compact(store: MirrorStore, lake: MirrorLake, keep_days: int = 30) -> dict[str, Any]:
    """Take all published batches into the base tables, and forget snapshots older than a month. Weekly."""
    batch = store.published()["batch"]
    done = {}
    with lake.writing(batch) as tables:
        for name, table in tables.items():
            done[name] = vars(table.compact(batch))
            table.expire(clock.now() - timedelta(keep_days))
    return done
