"""Where the mirror keeps what is no row of the lake: its state and batches, fetched feeds, parsed files, records.

Mirror table: MIRROR / STATE (the published batch), BATCH / <number> (one row a batch), FETCHED#<hash of address> /
<tag> (what was fetched under it), REC#<accession> / REC (a record as it is served). Mirror bucket: feeds/<sha256> (the
bytes as they came, kept), parsed/<batch>/..., manifests/<batch>/..., digests/<batch>.parquet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from biotheca import clock, events
from biotheca.aws import buckets, files
from biotheca.aws.buckets import ObjectMissing
from biotheca.aws.outbox import line as outbox_line
from biotheca.aws.tables import Table, transact
from biotheca.aws.workflows import start as start_execution
from biotheca.settings import Settings

__all__ = ["MirrorStore", "ObjectMissing", "start_execution"]
_STATE = {"pk": "MIRROR", "sk": "STATE"}
_LARGEST_DOCUMENT = 300_000  # an item holds 400 KB


class MirrorStore:
    """The mirror's own records and objects."""

    def __init__(self, table: Table | None = None, bucket: str | None = None, outbox: Table | None = None) -> None:
        self.table = table or Table(Settings().mirror_table)
        self.bucket = bucket or Settings().mirror_bucket
        self._outbox = outbox

    # --- batches ---

    def published(self) -> dict[str, Any]:
        """batch, day and published_at of what readers see, and the batch with the newest digest; batch 0: nothing."""
        item = self.table.get(_STATE) or {}
        defaults = (("batch", 0), ("day", ""), ("published_at", ""), ("digest", 0))
        return {key: item.get(key, default) for key, default in defaults}

    def publish(self, batch: int, day: str, digest: int, told: dict[str, Any]) -> None:
        """Move the pointer forward, and say so on the bus, in one transaction. An older batch moves nothing."""
        if self.published()["batch"] >= batch:
            return
        state = _STATE | {"batch": batch, "day": day, "published_at": clock.stamp(), "digest": digest}
        outbox = self._outbox or Table(Settings().outbox_table)
        event = outbox_line(outbox, events.MIRROR_PUBLISHED, f"mirror-{batch}", batch=batch, day=day)
        transact([self.table.put_line(state), event])
        self.note(batch, state="published", published_at=state["published_at"], **told)

    def batch(self, number: int) -> dict[str, Any] | None:
        """One batch's row, or None."""
        return self.table.get({"pk": "BATCH", "sk": str(number)})

    def batches(self, limit: int = 30) -> list[dict[str, Any]]:
        """The newest batches, newest first."""
        found, _ = self.table.query("pk = :pk", {"pk": "BATCH"}, limit=limit, newest_first=True)
        return found

    def note(self, number: int, **facts: Any) -> None:
        """Put facts into a batch's row; those that are there stay."""
        item = self.batch(number) or {"pk": "BATCH", "sk": str(number), "batch": number, "began_at": clock.stamp()}
        self.table.put(item | {key: value for key, value in facts.items() if value is not None})

    # --- feeds ---

    def fetched(self, url: str, tag: str) -> dict[str, Any] | None:
        """What was fetched from an address under a tag: sha256, size_bytes; None if nothing was."""
        return self.table.get(_fetched_key(url, tag)) if tag else None

    def keep_feed(self, url: str, tag: str, path: Path, sha256: str) -> dict[str, Any]:
        """Keep a fetched file under its content's name; again costs a look."""
        key = feed_key(sha256)
        try:
            buckets.facts(self.bucket, key)
        except ObjectMissing:
            files.upload(path, self.bucket, key)
        told = {"sha256": sha256, "size_bytes": path.stat().st_size, "key": key}
        if tag:
            self.table.put(_fetched_key(url, tag) | told | {"url": url, "fetched_at": clock.stamp()})
        return told

    def download(self, key: str, path: Path) -> Path:
        """An object of the mirror's bucket as a file."""
        return files.download(self.bucket, key, path)

    # --- files between steps ---

    def put_manifest(self, batch: int, name: str, document: Any) -> str:
        """Store a document of a batch; returns its key."""
        key = manifest_key(batch, name)
        buckets.put_document(self.bucket, key, document)
        return key

    def manifest(self, batch: int, name: str) -> Any:
        """A document of a batch; ObjectMissing if there is none."""
        return buckets.get_document(self.bucket, manifest_key(batch, name))

    def put_folder(self, prefix: str, folder: Path) -> list[str]:
        """Store every file of a folder below a prefix; returns their names."""
        names = sorted(p.name for p in folder.iterdir() if p.is_file())
        for name in names:
            files.upload(folder / name, self.bucket, f"{prefix}/{name}")
        return names

    def put_file(self, path: Path, key: str) -> None:
        """Store a file."""
        files.upload(path, self.bucket, key)

    # --- records ---

    def put_records(self, records: Iterable[dict[str, Any]]) -> None:
        """Make these the records that are served: accession, entity, status and the rest."""
        self.table.put_many([_record_item(record) for record in records])

    def record(self, accession: str) -> dict[str, Any] | None:
        """A mirrored record as it is served, or None."""
        item = self.table.get({"pk": f"REC#{accession}", "sk": "REC"})
        if item is None:
            return None
        return {k: v for k, v in item.items() if k not in ("pk", "sk", "document")} | json.loads(item["document"])


def feed_key(sha256: str) -> str:
    """Where the bytes of a feed are kept."""
    return f"feeds/{sha256[:2]}/{sha256}"


def manifest_key(batch: int, name: str) -> str:
    """Where a document of a batch is."""
    return f"manifests/{batch}/{name}.json"


def parsed_prefix(batch: int, number: int | str) -> str:
    """Where the tables of one file of a batch are."""
    return f"parsed/{batch}/{number}"


def digest_key(batch: int) -> str:
    """Where the digest of a batch's accessions is."""
    return f"digests/{batch}.parquet"


def _fetched_key(url: str, tag: str) -> dict[str, str]:
    return {"pk": f"FETCHED#{hashlib.sha256(url.encode()).hexdigest()[:40]}", "sk": tag[:200]}


def _record_item(record: dict[str, Any]) -> dict[str, Any]:
    named = {key: record[key] for key in ("accession", "entity", "status", "batch")}
    rest = {key: value for key, value in record.items() if key not in named}
    document = json.dumps(rest, ensure_ascii=False, default=str)
    if len(document.encode()) > _LARGEST_DOCUMENT:  # the lake has it all
        rest = {key: value for key, value in rest.items() if not isinstance(value, list | dict)} | {"shortened": True}
        document = json.dumps(rest, ensure_ascii=False, default=str)
    return {"pk": f"REC#{record['accession']}", "sk": "REC", **named, "document": document}
