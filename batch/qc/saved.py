"""The state of a check beside its report, so that the next try of a job goes on where a machine was taken away."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from batch.qc.progress import Progress
from batch.qc.task import Task
from biotheca import catalog
from biotheca.aws import buckets
from biotheca.aws.buckets import ObjectMissing
from biotheca.aws.ranged import RangedReader
from biotheca.qc.saving import Kept

log = logging.getLogger("batch.qc")


class Saved:
    """Of one task. Files that are checked before the first save is due leave nothing."""

    def __init__(self, task: Task, object_bytes: RangedReader, progress: Progress) -> None:
        self._object = object_bytes
        self._progress = progress
        self._place = task.saved_place
        self._every_bytes = task.save_every_bytes or int(catalog.sizing()["save_every_gigabytes"] * 1e9)
        self._of = f"s3://{task.bucket}/{task.key}?versionId={task.version_id}"
        # Whoever did not say the size has not planned for a large file.
        self._wanted = (task.size_bytes or 0) > self._every_bytes
        self._written = False

    def kept(self) -> Kept | None:
        """What the check is to do with its state, bound to the object as it is now."""
        if not self._wanted:
            return None
        return Kept(self._every_bytes, f"{self._of} {self._object.etag()}", self._read, self._write, self._opened_at)

    def _read(self) -> bytes | None:
        try:
            saved = buckets.get_bytes(*self._place)
        except ObjectMissing:
            return None
        self._written = True
        return saved

    def _write(self, state: bytes) -> None:
        buckets.put_bytes(*self._place, state)
        self._written = True
        log.info("state saved", extra={"facts": {"bytes": self._progress.bytes, "state_bytes": len(state)}})

    def _opened_at(self, offset: int) -> Iterable[bytes]:
        log.info("going on from a saved state", extra={"facts": {"offset": offset}})
        return self._progress.over(self._object.starting_at(offset), from_byte=offset)

    def forget(self) -> None:
        """The report is written: nobody goes on from here."""
        if self._written:
            buckets.delete(*self._place)
