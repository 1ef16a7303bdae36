"""A stream of unknown length as one S3 object, in parts whose SHA-256 S3 compares; whole or not at all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from itertools import chain

from biotheca.aws.session import client
from biotheca.formats.source import aligned

MOST_PARTS = 10_000
LEAST_PART_BYTES = 16 * 1024 * 1024


def part_bytes(size_bytes: int) -> int:
    """Bytes a part, so that an object of that size has not more parts than S3 takes.

    >>> part_bytes(1), part_bytes(10**12) * 10_000 >= 10**12
    (16777216, True)
    """
    return max(LEAST_PART_BYTES, -(-size_bytes // (MOST_PARTS - 1)))


def put(bucket: str, key: str, pieces: Iterable[bytes], size_bytes: int, metadata: dict[str, str]) -> str:
    """Store the pieces, about `size_bytes`; the version id. One part is in memory. What `pieces` raises passes, and
    nothing is left of it."""
    s3 = client("s3")
    place = {"Bucket": bucket, "Key": key}
    started = s3.create_multipart_upload(
        **place, Metadata=metadata, StorageClass="INTELLIGENT_TIERING", ChecksumAlgorithm="SHA256"
    )
    upload, done = started["UploadId"], []
    try:
        parts = aligned(pieces, part_bytes(size_bytes))
        for number, part in enumerate(chain([next(parts, b"")], parts), 1):  # an empty object has one empty part
            digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
            told = s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=part, ChecksumSHA256=digest)
            done.append({"PartNumber": number, "ETag": told["ETag"], "ChecksumSHA256": digest})
        answer = s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": done})
    except BaseException:
        s3.abort_multipart_upload(**place, UploadId=upload)
        raise
    return str(answer.get("VersionId", ""))
