"""Files between disk and S3, of any size, in constant memory. Small documents: buckets."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError

from biotheca.aws.buckets import ObjectMissing
from biotheca.aws.session import client

PART_BYTES = 64 * 1024 * 1024
_BLOCK_BYTES = 1024 * 1024


def upload(path: Path, bucket: str, key: str) -> None:
    """Store a file; again changes nothing. In parts above 64 MiB; a broken upload leaves no object."""
    s3 = client("s3")
    size = path.stat().st_size
    if size <= PART_BYTES:
        s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), ChecksumAlgorithm="SHA256")
        return
    opened = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256")["UploadId"]
    part_bytes = max(PART_BYTES, -(-size // 9_900))
    try:
        parts = []
        with path.open("rb") as file:
            for number, block in enumerate(iter(lambda: file.read(part_bytes), b""), 1):
                sent = s3.upload_part(
                    Bucket=bucket, Key=key, UploadId=opened, PartNumber=number, Body=block, ChecksumAlgorithm="SHA256"
                )
                parts.append(
                    {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": sent.get("ChecksumSHA256", "")}
                )
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=opened, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=opened)
        raise


def download(bucket: str, key: str, path: Path) -> Path:
    """An object's bytes at `path`, which appears only when they are whole. ObjectMissing if there is none."""
    partial = path.with_name(f"{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            raise ObjectMissing(key) from error
        raise
    with partial.open("wb") as file:
        for block in iter(lambda: answer["Body"].read(_BLOCK_BYTES), b""):
            file.write(block)
    if partial.stat().st_size != answer["ContentLength"]:
        raise OSError(f"{key} broke off after {partial.stat().st_size:,} of {answer['ContentLength']:,} bytes")
    return partial.rename(path)
