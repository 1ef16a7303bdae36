"""An S3 in memory that is stricter than the laptop's: it keeps every condition that the copy engine relies on.

What it enforces and moto 5.2.5 does not: CopySourceIfMatch, If-None-Match on copies and completions, no range past the
source's end, no second Complete, a real CRC64NVME over the whole. Objects may be of any size without holding bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from biotheca.sequences.model import Place
from biotheca.sequences.ports import Held, NotThere, PinBroken, Seen, Taken, UploadGone
from local.gate.crc import CRC64NVME

MEBIBYTE = 1024**2
COPY_LIMIT_BYTES = 5 * 1024**3
SMALLEST_PART_BYTES = MEBIBYTE  # S3's is 5 MiB; tests are content with less


class Killed(BaseException):
    """The process ends here, as by SIGKILL: no handler of the engine may see it."""


def crc64nvme(data: bytes) -> str:
    return base64.b64encode(CRC64NVME.update(data).to_bytes(8, "big")).decode()


@dataclass(frozen=True)
class Thing:
    """An object; `data` is None for one that is only a size."""

    size_bytes: int
    etag: str
    crc: str | None
    data: bytes | None

    @classmethod
    def holding(cls, data: bytes) -> Thing:
        return cls(len(data), f'"{hashlib.md5(data).hexdigest()}"', crc64nvme(data), data)

    @classmethod
    def of_size(cls, size_bytes: int, name: str) -> Thing:
        return cls(size_bytes, f'"{name}"', f"crc-of-{name}", None)


@dataclass
class Upload:
    key: str
    copied: bool
    parts: dict[int, Thing] = field(default_factory=dict)
    taken_from: dict[int, tuple[Thing, int, int]] = field(default_factory=dict)


class StrictS3:
    """The port `Bucket`. `on(verb, count, act, after)` calls `act` at the n-th call of a verb, before or after it."""

    def __init__(self) -> None:
        self.ours: dict[str, Thing] = {}
        self.open: dict[tuple[str, str], Thing] = {}
        self.uploads: dict[str, Upload] = {}
        self.calls: Counter[str] = Counter()
        self.acts: dict[tuple[str, int, bool], Callable[[], None]] = {}
        self.copied: list[tuple[int, int]] = []

    def on(self, verb: str, count: int, act: Callable[[], None], after: bool = False) -> None:
        self.acts[verb, count, after] = act

    def _called(self, verb: str) -> Callable[[], None]:
        self.calls[verb] += 1
        count = self.calls[verb]
        if act := self.acts.pop((verb, count, False), None):
            act()
        return lambda: (self.acts.pop((verb, count, True), None) or (lambda: None))()

    def _source(self, place: Place, etag: str) -> Thing:
        found = self.open.get((place.bucket, place.key))
        if found is None:
            raise NotThere(place.key)
        if found.etag != etag:
            raise PinBroken(place.key)
        return found

    def look(self, bucket: str, key: str) -> Seen:
        done = self._called("look")
        if (bucket, key) not in self.open:
            raise NotThere(key)
        found = self.open[bucket, key]
        done()
        return Seen(found.size_bytes, found.etag, found.crc)

    def held(self, key: str) -> Held | None:
        found = self.ours.get(key)
        return Held(found.size_bytes, found.etag, found.crc, "v1") if found else None

    def copy(self, place: Place, etag: str, key: str) -> str:
        done = self._called("copy")
        source = self._source(place, etag)
        assert source.size_bytes <= COPY_LIMIT_BYTES, "EntityTooLarge: CopyObject ends at 5 GB"
        if key in self.ours:
            raise Taken(key)
        self.ours[key] = source
        done()
        return "v1"

    def start(self, key: str, *, copied: bool) -> str:
        done = self._called("start")
        name = f"upload-{len(self.uploads) + 1}"
        self.uploads[name] = Upload(key, copied)
        done()
        return name

    def _upload(self, key: str, upload_id: str) -> Upload:
        found = self.uploads.get(upload_id)
        if found is None or found.key != key:
            raise UploadGone(upload_id)
        return found

    def copy_part(self, place: Place, etag: str, key: str, upload_id: str, number: int, first: int, last: int) -> None:
        done = self._called("copy_part")
        upload, source = self._upload(key, upload_id), self._source(place, etag)
        assert 0 <= first <= last < source.size_bytes, "InvalidArgument: the range goes past the end of the source"
        assert 1 <= number <= 10_000
        data = source.data[first : last + 1] if source.data is not None else None
        upload.parts[number] = Thing(last - first + 1, f'"part-{number}"', None, data)
        upload.taken_from[number] = (source, first, last)
        self.copied.append((first, last))
        done()

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> None:
        done = self._called("put_part")
        self._upload(key, upload_id).parts[number] = Thing.holding(data)
        done()

    def parts(self, key: str, upload_id: str) -> dict[int, int]:
        done = self._called("parts")
        found = {number: part.size_bytes for number, part in sorted(self._upload(key, upload_id).parts.items())}
        done()
        return found

    def complete(self, key: str, upload_id: str) -> str:
        done = self._called("complete")
        upload = self._upload(key, upload_id)  # a second Complete finds no upload
        if key in self.ours:
            raise Taken(key)
        parts = [upload.parts[number] for number in sorted(upload.parts)]
        assert parts and all(part.size_bytes >= SMALLEST_PART_BYTES for part in parts[:-1]), "EntityTooSmall"
        self.ours[key] = self._joined(upload, parts)
        del self.uploads[upload_id]
        done()
        return "v1"

    def _joined(self, upload: Upload, parts: list[Thing]) -> Thing:
        etag = f'"joined-{len(parts)}"'
        if all(part.data is not None for part in parts):
            data = b"".join(part.data or b"" for part in parts)
            return Thing(len(data), etag, crc64nvme(data) if upload.copied else None, data)
        sources = {taken[0] for taken in upload.taken_from.values()}
        ranges = sorted((first, last) for _, first, last in upload.taken_from.values())
        (source,) = sources
        gapless = [first for first, _ in ranges[1:]] == [last + 1 for _, last in ranges[:-1]]
        whole = gapless and ranges[0][0] == 0 and ranges[-1][1] == source.size_bytes - 1
        return Thing(sum(last - first + 1 for first, last in ranges), etag, source.crc if whole else "of-a-piece", None)

    def abort(self, key: str, upload_id: str) -> None:
        self._called("abort")
        self.uploads.pop(upload_id, None)

    def put(self, key: str, data: bytes) -> str:
        done = self._called("put")
        if key in self.ours:
            raise Taken(key)
        self.ours[key] = Thing.holding(data)
        done()
        return "v1"

    def read(self, key: str) -> Iterator[bytes]:
        self._called("read")
        if key not in self.ours:
            raise NotThere(key)
        data = self.ours[key].data
        assert data is not None, "an object that is only a size cannot be read"
        yield from (data[start : start + MEBIBYTE] for start in range(0, len(data), MEBIBYTE))

    def delete(self, key: str) -> None:
        self._called("delete")
        self.ours.pop(key, None)
