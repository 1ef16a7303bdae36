"""S3 as the mirror copies with it: conditional copies and completions, pins to a source's ETag, whole checksums.

Faults come as those of `Fault`'s kinds; whoever calls gives them their own names (sequences.store).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from biotheca.aws.ranged import ObjectChanged, ObjectIsMissing, RangedReader, ReadBroke
from biotheca.aws.session import client

_MISSING = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchVersion"})
_PINNED = frozenset({"PreconditionFailed", "412"})
_BUSY = frozenset({"SlowDown", "503", "ServiceUnavailable", "ConditionalRequestConflict", "OperationAborted", "409"})
_PASSING = frozenset({"InternalError", "500", "502", "504", "RequestTimeout", "BadDigest", "InvalidPart"})


class Fault(Exception):
    """`kind`: missing (no such object, or it may not be seen), pinned (a condition failed), upload, busy, broken."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


# What S3 says of a key that is not there to whoever may not list the bucket, as open buckets let nobody.
_UNSEEN = frozenset({"403", "AccessDenied", "Forbidden"})


def _call(verb: str, **wanted: Any) -> Any:
    try:
        return getattr(client("s3"), verb)(**wanted)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        unseen = verb == "head_object" and code in _UNSEEN
        raise Fault("missing" if unseen else _kind(code), f"{verb}: {error}") from error
    except BotoCoreError as error:
        raise Fault("broken", f"{verb}: {error}") from error


def _kind(code: str) -> str:
    if code == "NoSuchUpload":
        return "upload"
    for kind, codes in (("missing", _MISSING), ("pinned", _PINNED), ("busy", _BUSY), ("broken", _PASSING)):
        if code in codes:
            return kind
    return "broken"


def head(bucket: str, key: str) -> dict[str, Any]:
    """size_bytes, etag, crc64nvme (base64, of the whole object, or None), version_id."""
    found = _call("head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    whole = found.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    return {
        "size_bytes": int(found["ContentLength"]),
        "etag": found["ETag"],
        "crc64nvme": found.get("ChecksumCRC64NVME") if whole else None,
        "version_id": found.get("VersionId", ""),
    }


def copy(source: tuple[str, str], etag: str, bucket: str, key: str) -> str:
    """Copy up to 5 GB if the source still has the ETag and nothing stands under the key; the version id."""
    answer = _call(
        "copy_object",
        Bucket=bucket,
        Key=key,
        CopySource={"Bucket": source[0], "Key": source[1]},
        CopySourceIfMatch=etag,
        IfNoneMatch="*",
        ChecksumAlgorithm="CRC64NVME",
        MetadataDirective="REPLACE",
        TaggingDirective="REPLACE",  # else S3 wants the right to read the source's tags
        StorageClass="INTELLIGENT_TIERING",
    )
    return str(answer.get("VersionId", ""))


def start(bucket: str, key: str, checksum: str) -> str:
    """Open a multipart upload. `checksum`: CRC64NVME over the whole, or SHA256 part by part."""
    kind = {"ChecksumAlgorithm": checksum, "ChecksumType": "FULL_OBJECT" if checksum == "CRC64NVME" else "COMPOSITE"}
    answer = _call("create_multipart_upload", Bucket=bucket, Key=key, StorageClass="INTELLIGENT_TIERING", **kind)
    return str(answer["UploadId"])


def copy_part(
    source: tuple[str, str], etag: str, bucket: str, key: str, upload_id: str, number: int, first: int, last: int
) -> None:
    """Fill a part from bytes first to last of the source, if it still has the ETag."""
    _call(
        "upload_part_copy",
        Bucket=bucket,
        Key=key,
        UploadId=upload_id,
        PartNumber=number,
        CopySource={"Bucket": source[0], "Key": source[1]},
        CopySourceIfMatch=etag,
        CopySourceRange=f"bytes={first}-{last}",
    )


def put_part(bucket: str, key: str, upload_id: str, number: int, data: bytes) -> None:
    """Fill a part; S3 compares the SHA-256."""
    wanted = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number, "Body": data}
    _call("upload_part", **wanted, ChecksumSHA256=_sha256(data))


def list_parts(bucket: str, key: str, upload_id: str) -> list[dict[str, Any]]:
    """All parts that S3 holds, in order: PartNumber, Size, ETag, and ChecksumSHA256 or ChecksumCRC64NVME."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = _call("list_parts", Bucket=bucket, Key=key, UploadId=upload_id, PartNumberMarker=after)
        found += page.get("Parts", [])
        if not page.get("IsTruncated") or not page.get("Parts"):
            return found
        after = int(page["NextPartNumberMarker"])


def complete(bucket: str, key: str, upload_id: str) -> str:
    """Join all parts unless something stands under the key already; the version id."""
    named = ("PartNumber", "ETag", "ChecksumSHA256", "ChecksumCRC64NVME")
    parts = [{k: part[k] for k in named if k in part} for part in list_parts(bucket, key, upload_id)]
    answer = _call(
        "complete_multipart_upload",
        Bucket=bucket,
        Key=key,
        UploadId=upload_id,
        MultipartUpload={"Parts": parts},
        IfNoneMatch="*",
    )
    return str(answer.get("VersionId", ""))


def abort(bucket: str, key: str, upload_id: str) -> None:
    """Throw the parts away; doing so twice is no fault."""
    try:
        _call("abort_multipart_upload", Bucket=bucket, Key=key, UploadId=upload_id)
    except Fault as fault:
        if fault.kind != "upload":
            raise


def put(bucket: str, key: str, data: bytes) -> str:
    """Store a small object whole, unless something stands under the key; S3 compares the SHA-256."""
    answer = _call(
        "put_object",
        Bucket=bucket,
        Key=key,
        Body=data,
        ChecksumSHA256=_sha256(data),
        IfNoneMatch="*",
        StorageClass="INTELLIGENT_TIERING",
    )
    return str(answer.get("VersionId", ""))


def read(bucket: str, key: str) -> Iterator[bytes]:
    """The bytes of an object in order."""
    try:
        yield from RangedReader(bucket, key)
    except ObjectIsMissing as fault:
        raise Fault("missing", str(fault)) from fault
    except (ObjectChanged, ReadBroke) as fault:
        raise Fault("broken", str(fault)) from fault


def delete(bucket: str, key: str) -> None:
    """Hide an object behind a delete marker; it may be gone already."""
    _call("delete_object", Bucket=bucket, Key=key)


def _sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
