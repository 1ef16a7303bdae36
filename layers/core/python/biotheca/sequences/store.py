"""Where the state rows are (mirror table) and the copies (mirror bucket, prefix files/).

Keys: FILE#<run> / <file name> a state row, FILE#<run> / #run the run's status; FILETOTALS#<shard> / <state> counts;
FILEBUDGET#<day> / spent; FILEHOST#<host> / window. The index `by_queue` holds only rows that wait or are in work.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from biotheca import clock, events
from biotheca.aws import buckets, copying, outbox, workflows
from biotheca.aws.copying import Fault
from biotheca.aws.tables import ConditionFailed, Table, transact
from biotheca.sequences.model import IN_WORK, LeaseLost, Place, Run, SequenceFile, State
from biotheca.sequences.pace import Window, opened
from biotheca.sequences.ports import Broken, Busy, Held, NotThere, PinBroken, Seen, Taken, UploadGone
from biotheca.settings import Settings

SHARDS = 8
AT_ONCE = 30  # rows of a transaction, with their counts and an event
WAITING, LATER, IN_HAND = "WAITING", "LATER", "IN_HAND"
_HEAD = "#run"
Change = tuple[SequenceFile | None, SequenceFile | None]  # a row before and after; None: there is none


class SequenceStore:
    """State rows of the mirror's files. Each write is bound to the version that was read."""

    def __init__(self, table: Table | None = None, outbox_table: Table | None = None) -> None:
        self.table = table or Table(Settings().mirror_table)
        self._outbox = outbox_table

    def outbox(self) -> Table:
        """The table of events; asked for only by whoever announces one."""
        return self._outbox or Table(Settings().outbox_table)

    def run(self, run: str) -> tuple[Run | None, list[SequenceFile]]:
        """The run's status and its files, or (None, [])."""
        head, rows = None, []
        for item in self.table.every("pk = :p", {"p": f"FILE#{run}"}):
            if item["sk"] == _HEAD:
                head = Run(item["run"], item["status"], item["batch"], item["files"])
            else:
                rows.append(SequenceFile.of(item))
        return head, rows

    def file(self, run: str, name: str) -> SequenceFile | None:
        """One row, as it is now."""
        item = self.table.get({"pk": f"FILE#{run}", "sk": name})
        return SequenceFile.of(item) if item else None

    def note(self, head: Run, changes: list[Change]) -> None:
        """Write rows before the run's head, 30 a transaction. LeaseLost if somebody was faster: note again.

        The head comes last, so that a note that broke off is made again whole.
        """
        head_line = self.table.put_line(
            {"pk": f"FILE#{head.run}", "sk": _HEAD, **asdict(head)},
            "attribute_not_exists(pk) OR #batch <= :batch",
            n_batch="batch",
            batch=head.batch,
        )
        for start in range(0, len(changes), AT_ONCE):
            some = changes[start : start + AT_ONCE]
            self._write([line for before, after in some for line in self._lines(before, after)])
        self._write([head_line])

    def deny(self, run: str, status: str) -> None:
        """Write just the status of a run, before anything else of it: reads ask it first."""
        try:
            key = {"pk": f"FILE#{run}", "sk": _HEAD}
            self.table.update(key, "SET #s = :status", "attribute_exists(pk)", n_s="status", status=status)
        except ConditionFailed:
            return

    def change(
        self, before: SequenceFile, after: SequenceFile, announce: tuple[str, dict[str, Any]] | None = None
    ) -> SequenceFile:
        """Write a row over the one that was read; returns it as written. LeaseLost if that is not the last any more."""
        lines, written = list(self._lines(before, after)), _next(before, after)
        if announce:
            lines.append(outbox.line(self.outbox(), announce[0], after.run, **announce[1]))
        self._write(lines)
        return written

    def change_all(self, pairs: list[tuple[SequenceFile, SequenceFile]], announce: tuple[str, dict[str, Any]]) -> None:
        """Some rows of one run (AT_ONCE at most) and the event of it, in one transaction."""
        lines = [line for before, after in pairs for line in self._lines(before, after)]
        lines.append(outbox.line(self.outbox(), announce[0], pairs[0][1].run, **announce[1]))
        self._write(lines)

    def _write(self, lines: list[dict[str, Any]]) -> None:
        try:
            transact(_merged(lines))
        except ConditionFailed as error:
            raise LeaseLost("a row was changed by somebody else meanwhile") from error

    def _lines(self, before: SequenceFile | None, after: SequenceFile | None) -> Iterator[dict[str, Any]]:
        """The row, and the counts if its state or size is another."""
        if after is None:
            assert before
            key = {"pk": f"FILE#{before.run}", "sk": before.name}
            yield self.table.delete_line(key, "#version = :version", n_version="version", version=before.version)
            yield self._count(before.run, before.state, -1, -(before.size_bytes or 0))
            return
        written = _next(before, after)
        item = {"pk": f"FILE#{after.run}", "sk": after.name, **written.as_dict(), **_queue(written)}
        if before is None:
            yield self.table.put_line(item, "attribute_not_exists(pk)")
        else:
            yield self.table.put_line(item, "#version = :version", n_version="version", version=before.version)
        counted = (before.state, before.size_bytes or 0) if before else None
        if counted != (after.state, after.size_bytes or 0):
            if before:
                yield self._count(after.run, before.state, -1, -(before.size_bytes or 0))
            yield self._count(after.run, after.state, 1, after.size_bytes or 0)

    def _count(self, run: str, state: State, files: int, size_bytes: int) -> dict[str, Any]:
        key = {"pk": f"FILETOTALS#{zlib.crc32(run.encode()) % SHARDS}", "sk": state.value}
        names = {"n_files": "files", "n_bytes": "size_bytes"}
        return self.table.update_line(key, "ADD #files :f, #bytes :b", f=files, b=size_bytes, **names)

    def totals(self) -> dict[str, dict[str, int]]:
        """State -> files and size_bytes."""
        found = {state.value: {"files": 0, "size_bytes": 0} for state in State}
        for shard in range(SHARDS):
            for item in self.table.every("pk = :p", {"p": f"FILETOTALS#{shard}"}):
                for name in ("files", "size_bytes"):
                    found[item["sk"]][name] += item[name]
        return found

    def queue(self, part: str, limit: int, until: str | None = None) -> list[SequenceFile]:
        """The first rows of a part of the queue: WAITING by urgency, LATER by their time, IN_HAND by end of lease."""
        if until is None:
            items, _ = self.table.query("queue_key = :q", {"q": part}, index="by_queue", limit=limit)
        else:
            values = {"q": part, "u": until}
            items, _ = self.table.query("queue_key = :q AND queue_position < :u", values, index="by_queue", limit=limit)
        return [SequenceFile.of(item) for item in items]

    def reserve(self, day: str, size_bytes: int, micro_usd: int, most_bytes: int, most_micro_usd: int) -> bool:
        """The first rows of a part of the queue: WAITING by urgency, LATER by time, IN_HAND by the end of the lease."""
        room = "attribute_not_exists(pk) OR (size_bytes <= :bytes_before AND micro_usd <= :usd_before)"
        try:
            self.table.update(
                {"pk": f"FILEBUDGET#{day}", "sk": "spent"},
                "ADD size_bytes :b, micro_usd :u",
                room,
                b=size_bytes,
                u=micro_usd,
                bytes_before=most_bytes - size_bytes,
                usd_before=most_micro_usd - micro_usd,
            )
        except ConditionFailed:
            return False
        return True

    def window(self, host: str, most: int) -> Window:
        """How many workers may use a host now."""
        item = self.table.get({"pk": f"FILEHOST#{host}", "sk": "window"})
        return (
            replace(opened(host, most), milli=item["milli"], closed_until=item["closed_until"])
            if item
            else opened(host, most)
        )

    def set_window(self, window: Window) -> None:
        """Note it. Two that write at once agree within one step: the next answer of the host corrects them."""
        self.table.put(
            {
                "pk": f"FILEHOST#{window.host}",
                "sk": "window",
                "milli": window.milli,
                "closed_until": window.closed_until,
            }
        )


def _next(before: SequenceFile | None, after: SequenceFile) -> SequenceFile:
    return replace(after, version=(before.version if before else 0) + 1, updated_at=clock.stamp())


def _queue(row: SequenceFile) -> dict[str, str]:
    """Place of a row in the index; none for rows that neither wait nor are in work."""
    if row.state is State.REQUESTED and row.not_before:
        return {"queue_key": LATER, "queue_position": row.not_before}
    if row.state is State.REQUESTED:
        return {"queue_key": WAITING, "queue_position": f"{row.priority}#{row.requested_at or ''}#{row.run}"}
    if row.state in IN_WORK:
        return {"queue_key": IN_HAND, "queue_position": row.lease_until or ""}
    return {}


def _merged(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with all counts of one item in one line: a transaction touches an item once."""
    kept: list[dict[str, Any]] = []
    counts: dict[str, dict[str, Any]] = {}
    for line in lines:
        update = line.get("Update")
        if update is None:
            kept.append(line)
            continue
        known = counts.setdefault(f"{update['Key']}", update)
        if known is not update:
            for name, value in update["ExpressionAttributeValues"].items():
                held = known["ExpressionAttributeValues"][name]
                held["N"] = str(int(held["N"]) + int(value["N"]))
    return kept + [{"Update": update} for update in counts.values()]


class MirrorBucket:
    """The mirror bucket and the open buckets of the world, behind the copy engine's port."""

    def __init__(self, bucket: str | None = None) -> None:
        self.bucket = bucket or Settings().mirror_bucket

    def look(self, bucket: str, key: str) -> Seen:
        """An object of an open bucket."""
        with _as_port():
            found = copying.head(bucket, key)
        return Seen(found["size_bytes"], found["etag"], found["crc64nvme"])

    def held(self, key: str) -> Held | None:
        """An object of ours, or None."""
        try:
            with _as_port():
                return Held(**copying.head(self.bucket, key))
        except NotThere:
            return None

    def copy(self, place: Place, etag: str, key: str) -> str:
        """One request for at most 5 GB. S3 answers 412 for both conditions: a look tells which one it was."""
        try:
            with _as_port():
                return copying.copy((place.bucket, place.key), etag, self.bucket, key)
        except PinBroken:
            if self.held(key):
                raise Taken(key) from None
            raise

    def start(self, key: str, *, copied: bool) -> str:
        """Open a multipart upload."""
        with _as_port():
            return copying.start(self.bucket, key, "CRC64NVME" if copied else "SHA256")

    def copy_part(self, place: Place, etag: str, key: str, upload_id: str, number: int, first: int, last: int) -> None:
        """A part from a range of an open object."""
        with _as_port():
            copying.copy_part((place.bucket, place.key), etag, self.bucket, key, upload_id, number, first, last)

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> None:
        """A part from bytes."""
        with _as_port():
            copying.put_part(self.bucket, key, upload_id, number, data)

    def parts(self, key: str, upload_id: str) -> dict[int, int]:
        """Number -> bytes."""
        with _as_port():
            return {p["PartNumber"]: p["Size"] for p in copying.list_parts(self.bucket, key, upload_id)}

    def complete(self, key: str, upload_id: str) -> str:
        """Join all parts, unless something stands under the key."""
        with _as_port(Taken):
            return copying.complete(self.bucket, key, upload_id)

    def abort(self, key: str, upload_id: str) -> None:
        """Throw parts away."""
        with _as_port():
            copying.abort(self.bucket, key, upload_id)

    def put(self, key: str, data: bytes) -> str:
        """A small object, unless something stands under the key."""
        with _as_port(Taken):
            return copying.put(self.bucket, key, data)

    def read(self, key: str) -> Iterator[bytes]:
        """The bytes of an object of ours."""
        with _as_port():
            yield from copying.read(self.bucket, key)

    def delete(self, key: str) -> None:
        """Hide an object."""
        with _as_port():
            copying.delete(self.bucket, key)

    def link(self, row: SequenceFile, valid_s: int) -> str:
        """A GET link to a proved copy."""
        return buckets.presign_download(self.bucket, row.key or "", row.version_id, row.name, valid_s)


class _as_port:
    """Faults of S3 in the port's words. `pinned` is what a failed condition of this verb means."""

    def __init__(self, pinned: type[Exception] = PinBroken) -> None:
        self._words: dict[str, type[Exception]] = {
            "missing": NotThere,
            "pinned": pinned,
            "upload": UploadGone,
            "busy": Busy,
            "broken": Broken,
        }

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, fault: BaseException | None, trace: Any) -> None:
        if isinstance(fault, Fault):
            raise self._words[fault.kind](str(fault)) from fault


class CopyWorkflow:
    """The state machine that copies what waits."""

    def start(self, name: str) -> bool:
        """Start an execution under a name; False if there was one."""
        return workflows.start(Settings().mirror_files_workflow, name, {"reason": name})


def announcement(run: str, files: int, by: str | None) -> tuple[str, dict[str, Any]]:
    """The event of a request."""
    return events.SEQUENCES_REQUESTED, {"run": run, "files": files, "actor": by or "archive"}
