"""S3 as verbs: multipart uploads through presigned URLs, verified copies, small documents, links.

Bytes of submitters never pass through here; only signatures, lists and copies do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from biotheca.aws.session import client

COPY_LIMIT_BYTES = 5 * 1024**3  # CopyObject ends here; larger objects are copied by parts
COPY_PART_BYTES = 512 * 1024**2
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")  # quotes, control characters and line ends would end the header's word


class ObjectMissing(Exception):
    """No object is stored under that key."""


class UploadGone(Exception):
    """The multipart upload was completed, aborted or never existed."""


def start_upload(bucket: str, key: str) -> str:
    """Open a multipart upload whose parts carry SHA-256; returns the upload id."""
    answer = client("s3").create_multipart_upload(
        Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256", ContentType="application/octet-stream"
    )
    return answer["UploadId"]


def presign_part(
    bucket: str, key: str, upload_id: str, number: int, size_bytes: int, sha256: str, valid_s: int
) -> tuple[str, dict[str, str]]:
    """A PUT link bound to part number, length and SHA-256 (base64); with the headers that must be sent."""
    url = client("s3").generate_presigned_url(
        "upload_part",
        Params={
            "Bucket": bucket,
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
            "ContentLength": size_bytes,
            "ChecksumSHA256": sha256,
        },
        ExpiresIn=valid_s,
        HttpMethod="PUT",
    )
    return url, {"x-amz-checksum-sha256": sha256, "content-length": str(size_bytes)}


def parts(bucket: str, key: str, upload_id: str, after: int = 0, limit: int = 1000) -> tuple[list[dict], int | None]:
    """Parts that S3 holds after a number: number, size_bytes, sha256, etag; and the number to go on from."""
    try:
        answer = client("s3").list_parts(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumberMarker=after, MaxParts=limit
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchUpload":
            raise UploadGone(upload_id) from error
        raise
    found = [
        {"number": p["PartNumber"], "size_bytes": p["Size"], "sha256": p.get("ChecksumSHA256", ""), "etag": p["ETag"]}
        for p in answer.get("Parts", [])
    ]
    return found, int(answer["NextPartNumberMarker"]) if answer.get("IsTruncated") and found else None


def every_part(bucket: str, key: str, upload_id: str) -> Iterator[dict]:
    """All parts that S3 holds, in order."""
    after: int | None = 0
    while after is not None:
        found, after = parts(bucket, key, upload_id, after)
        yield from found


def complete_upload(bucket: str, key: str, upload_id: str, held: list[dict]) -> str:
    """Join the parts; returns the version id ('' where the bucket keeps none)."""
    listed = [{"PartNumber": p["number"], "ETag": p["etag"], "ChecksumSHA256": p["sha256"]} for p in held]
    answer = client("s3").complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed}
    )
    return answer.get("VersionId", "")


def presign_object(bucket: str, key: str, size_bytes: int, sha256: str, valid_s: int) -> tuple[str, dict[str, str]]:
    """A PUT link for a whole small object, bound to length and SHA-256 (base64); with the headers to send."""
    bound = {"Bucket": bucket, "Key": key, "ContentLength": size_bytes, "ChecksumSHA256": sha256}
    url = client("s3").generate_presigned_url("put_object", Params=bound, ExpiresIn=valid_s, HttpMethod="PUT")
    return url, {"x-amz-checksum-sha256": sha256, "content-length": str(size_bytes)}


def parts_of_object(bucket: str, key: str, version_id: str) -> list[dict[str, Any]]:
    """The parts of which an object was joined: number, size_bytes, sha256. None if it came in one piece or is gone."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        try:
            answer = client("s3").get_object_attributes(
                Bucket=bucket,
                Key=key,
                VersionId=version_id,
                ObjectAttributes=["ObjectParts"],
                PartNumberMarker=after,
                MaxParts=1000,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion", "404"):
                return []
            raise
        listed = answer.get("ObjectParts", {})
        found += [
            {"number": p["PartNumber"], "size_bytes": p["Size"], "sha256": p.get("ChecksumSHA256", "")}
            for p in listed.get("Parts", [])
        ]
        if not listed.get("IsTruncated") or not listed.get("Parts"):
            return found
        after = int(listed["NextPartNumberMarker"])


def copy_part(
    bucket: str, key: str, upload_id: str, number: int, source: tuple[str, str], first: int, last: int
) -> None:
    """Fill a part with the bytes `first` to `last` of (key, version) of the same bucket, without moving them."""
    client("s3").upload_part_copy(
        Bucket=bucket,
        Key=key,
        UploadId=upload_id,
        PartNumber=number,
        CopySource={"Bucket": bucket, "Key": source[0], "VersionId": source[1]},
        CopySourceRange=f"bytes={first}-{last}",
    )


def abort_upload(bucket: str, key: str, upload_id: str) -> None:
    """Throw the parts away; aborting twice is no fault."""
    try:
        client("s3").abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise


def facts(bucket: str, key: str, version_id: str | None = None) -> dict[str, Any]:
    """Size, version and metadata of an object without its bytes; ObjectMissing if there is none."""
    wanted = {"Bucket": bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
    try:
        answer = client("s3").head_object(**wanted)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            raise ObjectMissing(key) from error
        raise
    return {
        "size_bytes": answer["ContentLength"],
        "version_id": answer.get("VersionId", ""),
        "metadata": answer.get("Metadata", {}),
        "etag": answer["ETag"],
    }


def copy(source: tuple[str, str, str], target: tuple[str, str], size_bytes: int, metadata: dict[str, str]) -> str:
    """Server-side copy of (bucket, key, version) to (bucket, key), tiered; returns the new version id."""
    from_bucket, from_key, version = source
    to_bucket, to_key = target
    wanted = {"Bucket": from_bucket, "Key": from_key} | ({"VersionId": version} if version else {})
    common: dict[str, Any] = {"Bucket": to_bucket, "Key": to_key}
    described: dict[str, Any] = {
        "Metadata": metadata,
        "StorageClass": "INTELLIGENT_TIERING",
        "ChecksumAlgorithm": "SHA256",
    }
    s3 = client("s3")
    if size_bytes <= COPY_LIMIT_BYTES:
        answer = s3.copy_object(CopySource=wanted, MetadataDirective="REPLACE", **common, **described)
        return answer.get("VersionId", "")
    upload = s3.create_multipart_upload(**common, **described)["UploadId"]
    done = []
    for number, start in enumerate(range(0, size_bytes, COPY_PART_BYTES), 1):
        end = min(start + COPY_PART_BYTES, size_bytes) - 1
        part = s3.upload_part_copy(
            CopySource=wanted, UploadId=upload, PartNumber=number, CopySourceRange=f"bytes={start}-{end}", **common
        )["CopyPartResult"]
        done.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part.get("ChecksumSHA256", "")})
    answer = s3.complete_multipart_upload(UploadId=upload, MultipartUpload={"Parts": done}, **common)
    return answer.get("VersionId", "")


def put_document(bucket: str, key: str, document: Any) -> None:
    """Store a JSON document."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    client("s3").put_object(
        Bucket=bucket, Key=key, Body=body, ContentType="application/json", ChecksumAlgorithm="SHA256"
    )


def get_document(bucket: str, key: str) -> Any:
    """Read a JSON document; ObjectMissing if there is none."""
    try:
        return json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            raise ObjectMissing(key) from error
        raise


def disposition(name: str, kind: str = "attachment") -> str:
    """The Content-Disposition that saves under `name` (RFC 6266): plain ASCII first, the exact name by RFC 8187.

    `kind`: attachment, or inline for what a browser may show.

    >>> disposition("CRR000001_f1.fq.gz")
    'attachment; filename="CRR000001_f1.fq.gz"'
    """
    plain = _NOT_PLAIN.sub("_", name)
    if plain == name:
        return f'{kind}; filename="{name}"'
    exact = quote(name.encode("utf-8", "replace"), safe="")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}"


def presign_download(bucket: str, key: str, version_id: str | None, name: str, valid_s: int) -> str:
    """A GET link to one version of one object that downloads under `name`."""
    wanted = {"Bucket": bucket, "Key": key, "ResponseContentDisposition": disposition(name)}
    if version_id:
        wanted["VersionId"] = version_id
    return client("s3").generate_presigned_url("get_object", Params=wanted, ExpiresIn=valid_s)


def presign_page(bucket: str, key: str, valid_s: int) -> str:
    """A GET link to an HTML page that a browser shows, not saves."""
    shown = {"ResponseContentType": "text/html; charset=utf-8", "ResponseContentDisposition": "inline"}
    wanted = {"Bucket": bucket, "Key": key, **shown}
    return client("s3").generate_presigned_url("get_object", Params=wanted, ExpiresIn=valid_s)


def put_text(bucket: str, key: str, text: str, content_type: str) -> None:
    """Store a text in UTF-8."""
    client("s3").put_object(
        Bucket=bucket, Key=key, Body=text.encode(), ContentType=content_type, ChecksumAlgorithm="SHA256"
    )


def get_text(bucket: str, key: str) -> str:
    """Read a text; ObjectMissing if there is none."""
    try:
        return client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            raise ObjectMissing(key) from error
        raise


def put_bytes(bucket: str, key: str, data: bytes) -> None:
    """Store bytes that are no document."""
    client("s3").put_object(Bucket=bucket, Key=key, Body=data, ChecksumAlgorithm="SHA256")


def get_bytes(bucket: str, key: str) -> bytes:
    """Read them; ObjectMissing if there are none."""
    try:
        data: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            raise ObjectMissing(key) from error
        raise
    return data


def get_range(bucket: str, key: str, version_id: str | None, at: int, size_bytes: int) -> bytes:
    """Bytes of one version of an object from `at` on; ObjectMissing if there is none."""
    if size_bytes < 1:
        return b""
    wanted = {"Bucket": bucket, "Key": key, "Range": f"bytes={at}-{at + size_bytes - 1}"}
    wanted |= {"VersionId": version_id} if version_id else {}
    try:
        data: bytes = client("s3").get_object(**wanted)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchVersion"):
            raise ObjectMissing(key) from error
        raise
    return data


def put_answer(
    bucket: str, key: str, data: bytes, content_type: str, encoding: str = "", kms_key: str | None = None
) -> None:
    """Store bytes that a link gives out with their media type; under a key of its own, else under the bucket's."""
    more: dict[str, Any] = {"ContentEncoding": encoding} if encoding else {}
    more |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    client("s3").put_object(
        Bucket=bucket, Key=key, Body=data, ContentType=content_type, ChecksumAlgorithm="SHA256", **more
    )


def presign(bucket: str, key: str, valid_s: int) -> str:
    """A GET link to an object as it was stored."""
    wanted = {"Bucket": bucket, "Key": key}
    return client("s3").generate_presigned_url("get_object", Params=wanted, ExpiresIn=valid_s)


def delete(bucket: str, key: str) -> None:
    """Delete an object; it may be gone already."""
    client("s3").delete_object(Bucket=bucket, Key=key)


def versions(bucket: str, key: str) -> list[str]:
    """The version ids under a key, delete markers too; empty if nothing was ever there or all is gone."""
    found = []
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        found += [row["VersionId"] for row in rows if row["Key"] == key]
    return found


def delete_every_version(bucket: str, key: str) -> int:
    """Delete an object for good, markers too; returns how many versions there were. Again it is 0."""
    found = versions(bucket, key)
    for version in found:
        client("s3").delete_object(Bucket=bucket, Key=key, VersionId=version)
    return len(found)


def delete_below(bucket: str, prefix: str) -> int:
    """Delete all objects below a prefix for good, in every version; returns how many objects there were.

    ValueError for a prefix that does not end with a slash: it would take its neighbours along.
    """
    if not prefix.strip("/") or not prefix.endswith("/"):
        raise ValueError(f"{prefix!r} is no folder")
    gone = set()
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for row in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            client("s3").delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
            gone.add(row["Key"])
    return len(gone)


def delete_other_versions(bucket: str, key: str, kept: str | None) -> int:
    """Delete every version of an object but one, markers too; returns how many. Again it is 0."""
    others = [version for version in versions(bucket, key) if version != kept]
    for version in others:
        client("s3").delete_object(Bucket=bucket, Key=key, VersionId=version)
    return len(others)


def keys(bucket: str, prefix: str, from_key: str = "") -> Iterator[str]:
    """Keys below a prefix in order, from `from_key` on (that one too)."""
    wanted = {"Bucket": bucket, "Prefix": prefix}
    if from_key:  # S3 begins after a key: the text just before ours is ours without its last sign
        wanted["StartAfter"] = from_key[:-1]
    for page in client("s3").get_paginator("list_objects_v2").paginate(**wanted):
        yield from (item["Key"] for item in page.get("Contents", []) if item["Key"] >= from_key)
