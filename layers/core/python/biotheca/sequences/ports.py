"""What the copy engine asks of the world: a bucket that copies and takes parts, and a source that gives ranges.

Behind them stand S3 (store.MirrorBucket) and HTTP (web.WebSource), and in tests a stricter S3 than the laptop's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from biotheca.sequences.model import Place


@dataclass(frozen=True)
class Seen:
    """What a source says of an object before it is fetched. `etag` is strong, or empty where there is none.

    `unchanged_since`: its Last-Modified, which stands for a missing ETag.
    """

    size_bytes: int | None
    etag: str
    crc64nvme: str | None = None
    unchanged_since: str = ""

    @property
    def pin(self) -> str:
        """What must stay equal from the first byte to the last."""
        return self.etag or self.unchanged_since


@dataclass(frozen=True)
class Held:
    """An object of ours. `crc64nvme`: of the whole object, base64; None where S3 has none."""

    size_bytes: int
    etag: str
    crc64nvme: str | None = None
    version_id: str = ""


class Taken(Exception):
    """An object stands under the key already; nothing was written."""


class PinBroken(Exception):
    """The source's ETag is another than the one that was asked for; nothing was written."""


class UploadGone(Exception):
    """The multipart upload was completed, aborted or never existed."""


class NotThere(Exception):
    """No object is stored under that key, or it may not be seen."""


class Busy(Exception):
    """S3 asks for patience (503 SlowDown), or two writers met (409)."""


class Broken(Exception):
    """S3 or the way to it failed; it may be well in a moment."""


class Bucket(Protocol):
    """Our bucket, and open buckets as sources. Every write of a whole object is conditional: Taken, or none was there.

    All methods may raise Busy and Broken.
    """

    def look(self, bucket: str, key: str) -> Seen:
        """An object of an open bucket. Raises NotThere."""

    def held(self, key: str) -> Held | None:
        """An object of ours, or None."""

    def copy(self, place: Place, etag: str, key: str) -> str:
        """Copy at most 5 GB in one request; returns the version id. Raises PinBroken, Taken, NotThere."""

    def start(self, key: str, *, copied: bool) -> str:
        """Open a multipart upload: for copied parts with a CRC64NVME over the whole, for sent ones with SHA-256."""

    def copy_part(self, place: Place, etag: str, key: str, upload_id: str, number: int, first: int, last: int) -> None:
        """Fill a part from a range of an object. Raises PinBroken, NotThere, UploadGone."""

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> None:
        """Fill a part with bytes, bound to their SHA-256. Raises UploadGone."""

    def parts(self, key: str, upload_id: str) -> dict[int, int]:
        """Number -> bytes of the parts that are there. Raises UploadGone."""

    def complete(self, key: str, upload_id: str) -> str:
        """Join all parts; returns the version id. Raises Taken, UploadGone."""

    def abort(self, key: str, upload_id: str) -> None:
        """Throw the parts away; doing so twice is no fault."""

    def put(self, key: str, data: bytes) -> str:
        """Store a small object whole, bound to its SHA-256; returns the version id. Raises Taken."""

    def read(self, key: str) -> Iterator[bytes]:
        """The bytes of an object of ours, in order. Raises NotThere."""

    def delete(self, key: str) -> None:
        """Hide an object (its version stays for the days of the bucket's rule)."""


class Web(Protocol):
    """An HTTPS source. Raises SourceBusy, SourceVanished, SourceChanged, SourceRefused, SourceFailed."""

    def look(self, place: Place) -> Seen:
        """Size and ETag, without the bytes."""

    def part(self, place: Place, seen: Seen, first: int, last: int) -> bytes | None:
        """Just these bytes of the object that was seen; None if the server ignores ranges."""

    def whole(self, place: Place, seen: Seen) -> Iterator[bytes]:
        """All bytes of the object that was seen, in order, in pieces of any size."""
