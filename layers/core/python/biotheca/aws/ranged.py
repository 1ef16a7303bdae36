"""An S3 object as a stream of parts that survives broken connections. What the bytes mean: see formats."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from biotheca.aws.session import addressing, session
from biotheca.errors import SystemFault

PART_SIZE_BYTES = 8 * 1024 * 1024
_READ_BYTES = 1024 * 1024
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
# Answers that may be different in a moment; everything else is final.
_PASSING = frozenset({"SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable", "500", "502", "503", "504"})


class ObjectIsMissing(SystemFault):
    """The object or version does not exist, though the archive's records say so."""


class ObjectChanged(SystemFault):
    """Another object stands under the key than when the reading began; the digests would be of a mixture."""


class ReadBroke(SystemFault):
    """The connection broke again and again; the job should be tried later."""


@cache
def s3() -> Any:
    """The S3 client of this process."""
    # botocore's own retries cover a request, not a body that breaks off: that is done here, byte-exact.
    config = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 2},
        response_checksum_validation="when_required",
        s3=addressing(),
    )
    return session().create_client("s3", config=config)


class RangedReader:
    """Iterating yields the object's bytes in order, in parts of `part_size_bytes`; one part is read ahead.

    At most two parts are in memory beside the one in the caller's hands. The first answer's ETag binds
    all later ones, those of a second iteration too.
    Raises ObjectIsMissing, ObjectChanged, ReadBroke.
    """

    def __init__(
        self,
        bucket: str,
        key: str,
        version_id: str | None = None,
        part_size_bytes: int = PART_SIZE_BYTES,
        *,
        client: Any = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._where: dict[str, str] = {"Bucket": bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
        self._part_size_bytes = part_size_bytes
        self._client = client
        self._pause = pause
        self._etag: str | None = None
        self._stop = threading.Event()
        self.size_bytes: int | None = None  # known after the first answer

    def etag(self) -> str:
        """The ETag of the object, to which this reader is bound from now on."""
        if self._etag is None:
            try:
                answer = (self._client or s3()).head_object(**self._where)
            except ClientError as fault:
                self._judge(fault)
                raise ReadBroke(f"{self._name()} cannot be asked for its ETag: {fault}") from fault
            self._etag, self.size_bytes = answer["ETag"], int(answer["ContentLength"])
        assert self._etag is not None
        return self._etag

    def __iter__(self) -> Iterator[bytes]:
        return self.starting_at(0)

    def starting_at(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` on."""
        if self.size_bytes is not None and offset >= self.size_bytes:
            return  # no range can be had there
        self._stop.clear()
        part = self._part(offset)
        size_bytes = self.size_bytes or 0
        ahead = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead")
        try:
            for start in range(offset + self._part_size_bytes, size_bytes, self._part_size_bytes):
                following = ahead.submit(self._part, start)
                yield part
                part = following.result()
            if part:
                yield part
        finally:
            self._stop.set()  # a caller who stops early must not wait for retries
            ahead.shutdown(wait=True, cancel_futures=True)

    def _part(self, start: int) -> bytes:
        """The bytes from `start`, one part or up to the object's end. What arrived before a break is kept."""
        got = bytearray()
        failures, pause_s = 0, _FIRST_PAUSE_S
        while True:
            before = len(got)
            try:
                self._fill(got, start)
                return bytes(got)
            except ClientError as fault:
                self._judge(fault)
                last: Exception = fault
            except (HTTPClientError, BotoCoreError, OSError) as fault:
                last = fault
            if len(got) > before:  # a slow, breaking line is still a line
                failures, pause_s = 0, _FIRST_PAUSE_S
            failures += 1
            if failures == _ATTEMPTS or self._stop.is_set():
                place = f"{self._name()} at byte {start + len(got)}"
                raise ReadBroke(f"reading {place} failed {failures} times: {last}") from last
            self._pause(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _fill(self, got: bytearray, start: int) -> None:
        """One GET for what `got` still lacks of the part at `start`; appends as it arrives."""
        end = start + self._part_size_bytes
        if self.size_bytes is not None:
            end = min(end, self.size_bytes)
        wanted = {"Range": f"bytes={start + len(got)}-{end - 1}"} | ({"IfMatch": self._etag} if self._etag else {})
        try:
            answer = (self._client or s3()).get_object(**self._where, **wanted)
        except ClientError as fault:
            if start == 0 and not got and fault.response["Error"]["Code"] in ("InvalidRange", "416"):
                self.size_bytes = 0  # no range can be had of an empty object
                return
            raise
        if self._etag is None:
            self._etag = answer["ETag"]
            self.size_bytes = _whole_size(answer)
            end = min(end, self.size_bytes)
        with answer["Body"] as body:
            while data := body.read(_READ_BYTES):
                got += data
        if start + len(got) < end:
            raise ConnectionError(f"the answer ended {end - start - len(got)} bytes early")

    def _judge(self, fault: ClientError) -> None:
        """Raise what will not pass by itself."""
        code = fault.response["Error"]["Code"]
        if code in ("NoSuchKey", "NoSuchVersion", "NoSuchBucket", "404"):
            raise ObjectIsMissing(f"{self._name()} does not exist ({code})") from fault
        if code in ("PreconditionFailed", "412"):
            raise ObjectChanged(f"{self._name()} was replaced while it was read") from fault
        if code not in _PASSING:
            raise fault

    def _name(self) -> str:
        version = f"?versionId={self._where['VersionId']}" if "VersionId" in self._where else ""
        return f"s3://{self._where['Bucket']}/{self._where['Key']}{version}"


def _whole_size(answer: dict[str, Any]) -> int:
    """Size of the whole object, bytes, from the answer to a ranged GET."""
    found = re.search(r"/(\d+)$", answer.get("ContentRange", ""))
    return int(found[1]) if found else int(answer["ContentLength"])
