"""The copy engine: brings one file from its source into our bucket, goes on where the last worker stopped, proves it.

It knows ports only (ports.py). Whatever happens, an object under a key is either proved later or hidden again; the
state row is saved before each thing that the next worker must know of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from biotheca.sequences import rules
from biotheca.sequences.fetching import Means, pieces_of, range_of, tried
from biotheca.sequences.model import (
    Level,
    Place,
    SequenceFile,
    SourceBusy,
    SourceChanged,
    SourceFailed,
    SourceVanished,
    State,
    WrongBytes,
)
from biotheca.sequences.ports import Broken, Busy, NotThere, PinBroken, Seen, Taken, UploadGone

Save = Callable[[SequenceFile], SequenceFile]


def copy(row: SequenceFile, place: Place, means: Means, save: Save, siblings: Mapping[str, str]) -> SequenceFile:
    """The row as COPIED, or still COPYING if the worker's time was up. Raises CopyFault and what `save` raises.

    `save` writes the row and returns it as written; it fails if the file is no longer this worker's (LeaseLost).
    """
    with _named(place):
        seen = means.bucket.look(place.bucket, place.key) if place.kind == "s3" else means.web.look(place)
        row = save(_pinned(row, place, seen, means))
        assert row.key
        if held := means.bucket.held(row.key):  # somebody completed it and was killed before the note
            return _copied(replace(row, streamed_md5=None), held.version_id, save)
        size = row.source_size_bytes or 0
        if place.kind == "s3":
            if size <= means.copy_limit_bytes:
                return _copy_at_once(row, place, seen, means, save)
            return _copy_by_parts(row, place, seen, means, save)
        if size <= (row.part_size_bytes or 0):
            return _fetch_at_once(row, place, seen, means, save, siblings)
        return _fetch_by_parts(row, place, seen, means, save, siblings)


def prove(
    row: SequenceFile, means: Means, least: Level, siblings: Mapping[str, str], beat: Callable[[], None]
) -> dict[str, Any]:
    """What the proof found: level, crc64nvme. Raises WrongBytes; SourceFailed if our object is not there.

    The bytes are read again unless their MD5 was taken while they passed, from first to last, through one worker.
    """
    with _named(None):
        held = means.bucket.held(row.key or "")
        if held is None:
            raise SourceFailed(f"the copy of {row.name!r} is not at {row.key!r}")
        found = None
        if row.md5:
            found = row.streamed_md5 or _digest(means.bucket.read(row.key or ""), beat)
    level = rules.proved(row, {"size_bytes": held.size_bytes, "crc64nvme": held.crc64nvme}, found, siblings)
    if level < least:
        words = f"The copy of {row.name!r} could be compared at {level.name} only; {least.name} is wanted."
        raise WrongBytes("sequences.unverifiable", words)
    return {"level": level.name, "crc64nvme": held.crc64nvme, "version_id": held.version_id}


def discard(row: SequenceFile, means: Means) -> None:
    """Throw away what there is of a copy: open parts, and an object that could not be proved."""
    with _named(None):
        if row.key and row.upload_id:
            means.bucket.abort(row.key, row.upload_id)
        if row.key and row.state in (State.COPYING, State.COPIED):
            means.bucket.delete(row.key)


class _named:
    """What ports raise, as facts that the rules know how to go on from."""

    def __init__(self, place: Place | None) -> None:
        self.place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, fault: BaseException | None, trace: Any) -> None:
        where = self.place.url if self.place else "our bucket"
        if isinstance(fault, PinBroken):
            raise SourceChanged(f"{where} was replaced while it was copied") from fault
        if isinstance(fault, NotThere):
            if self.place is None:
                raise SourceFailed(f"the copy is gone: {fault}") from fault
            raise SourceVanished(f"{where} does not exist") from fault
        if isinstance(fault, Busy):
            raise SourceBusy(f"S3 asks for patience with {where}: {fault}", "") from fault
        if isinstance(fault, Broken):
            raise SourceFailed(f"{where} failed: {fault}") from fault
        if isinstance(fault, UploadGone):
            raise SourceFailed(f"the upload of {where} is gone; the next try opens another") from fault


def _pinned(row: SequenceFile, place: Place, seen: Seen, means: Means) -> SequenceFile:
    """The row bound to what stands at the source now. SourceChanged if the copy began with something else."""
    size = seen.size_bytes if seen.size_bytes is not None else row.size_bytes
    if size is None:
        raise SourceFailed(f"{place.url} does not say how many bytes it has, and neither does the metadata")
    if row.size_bytes is not None and size != row.size_bytes:
        raise WrongBytes("sequences.wrong_size", f"{place.url} has {size} bytes, expected {row.size_bytes}.")
    if row.source_etag is not None and (row.source_etag, row.source_size_bytes) != (seen.pin, size):
        raise SourceChanged(f"{place.url} is another object than when the copy began")
    smallest = means.copy_part_bytes if place.kind == "s3" else means.smallest_part_bytes
    return replace(
        row,
        source_etag=seen.pin,
        source_size_bytes=size,
        source_crc64nvme=seen.crc64nvme,
        part_size_bytes=row.part_size_bytes or rules.part_size_bytes(size, smallest),
        key=row.key or rules.key_of(row, seen.pin),
    )


def _copied(row: SequenceFile, version_id: str, save: Save) -> SequenceFile:
    done = {"copied_bytes": row.source_size_bytes or 0, "version_id": version_id or None, "upload_id": None}
    return save(row.to(State.COPIED, **done))


def _copy_at_once(row: SequenceFile, place: Place, seen: Seen, means: Means, save: Save) -> SequenceFile:
    assert row.key
    means.pause(means.pace(place.host).take())
    try:
        version = means.bucket.copy(place, seen.etag, row.key)
    except Taken:
        version = ""
    return _copied(row, version, save)


def _copy_by_parts(row: SequenceFile, place: Place, seen: Seen, means: Means, save: Save) -> SequenceFile:
    row, there = _opened(row, means, save, copied=True)
    assert row.key and row.upload_id
    key, upload = row.key, row.upload_id
    waiting = [p for p in _ranges(row) if there.get(p[0]) != p[2] - p[1] + 1]

    def fill(part: tuple[int, int, int]) -> None:
        means.pause(means.pace(place.host).take())
        means.bucket.copy_part(place, seen.etag, key, upload, *part)

    batch = max(1, means.workers)
    with ThreadPoolExecutor(batch, thread_name_prefix="copy-part") as pool:
        for start in range(0, len(waiting), batch):
            if means.over():
                return row
            some = waiting[start : start + batch]
            for _ in pool.map(fill, some) if batch > 1 else map(fill, some):
                pass
            row = save(replace(row, copied_bytes=row.copied_bytes + sum(last - first + 1 for _, first, last in some)))
    return _joined(row, means, save)


def _fetch_at_once(
    row: SequenceFile, place: Place, seen: Seen, means: Means, save: Save, siblings: Mapping[str, str]
) -> SequenceFile:
    assert row.key and row.source_size_bytes is not None
    data = range_of(place, seen, 0, row.source_size_bytes - 1, means)
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if row.md5 and found != row.md5:
        raise rules.wrong_md5(row, found, siblings)
    row = save(row)  # whoever lost the file, or was told that it is withdrawn, writes nothing
    assert row.key
    try:
        return _copied(replace(row, streamed_md5=found), means.bucket.put(row.key, data), save)
    except Taken:
        return _copied(row, "", save)


def _fetch_by_parts(
    row: SequenceFile, place: Place, seen: Seen, means: Means, save: Save, siblings: Mapping[str, str]
) -> SequenceFile:
    row, there = _opened(row, means, save, copied=False)
    digest: Any = None if there else hashlib.md5(usedforsecurity=False)
    pieces = pieces_of(row.source_size_bytes or 0, place, seen, means)
    for number, first, last in _ranges(row):
        length = last - first + 1
        if there.get(number) == length:
            continue
        if means.over():
            return row
        data = pieces(first, last)
        if digest is not None:
            digest.update(data)
        assert row.key and row.upload_id
        tried(partial(means.bucket.put_part, row.key, row.upload_id, number, data), means)
        row = save(replace(row, copied_bytes=row.copied_bytes + length))
    found = digest.hexdigest() if digest is not None else None
    if row.md5 and found and found != row.md5:
        raise rules.wrong_md5(row, found, siblings)
    return _joined(replace(row, streamed_md5=found), means, save)


def _ranges(row: SequenceFile) -> list[tuple[int, int, int]]:
    assert row.source_size_bytes is not None and row.part_size_bytes
    return rules.ranges(row.source_size_bytes, row.part_size_bytes)


def _opened(row: SequenceFile, means: Means, save: Save, *, copied: bool) -> tuple[SequenceFile, dict[int, int]]:
    """An open upload and the parts that it has: ListParts is the memory of what was done."""
    assert row.key
    if row.upload_id:
        try:
            there = means.bucket.parts(row.key, row.upload_id)
            return replace(row, copied_bytes=sum(there.values())), there
        except UploadGone:
            pass
    fresh = replace(row, upload_id=means.bucket.start(row.key, copied=copied), copied_bytes=0, streamed_md5=None)
    return save(fresh), {}


def _joined(row: SequenceFile, means: Means, save: Save) -> SequenceFile:
    """Join the parts, if all are there in their sizes and the file is still ours."""
    assert row.key and row.upload_id
    there = means.bucket.parts(row.key, row.upload_id)
    if there != {number: last - first + 1 for number, first, last in _ranges(row)}:
        raise SourceFailed(f"S3 holds {len(there)} of {len(_ranges(row))} parts of {row.name!r} as they should be")
    row = save(row)  # the last look at the lease before an object comes to be
    assert row.key and row.upload_id
    try:
        version = means.bucket.complete(row.key, row.upload_id)
    except Taken:
        means.bucket.abort(row.key, row.upload_id)
        row, version = replace(row, streamed_md5=None), ""
    except UploadGone:  # another worker completed it; what stands there is read again
        held = means.bucket.held(row.key or "")
        if held is None:
            raise
        row, version = replace(row, streamed_md5=None), held.version_id
    return _copied(row, version, save)


def _digest(stream: Iterator[bytes], beat: Callable[[], None]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in stream:
        digest.update(piece)
        beat()
    return digest.hexdigest()
