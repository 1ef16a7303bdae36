"""What moto's S3 does not keep: why faults are tested on a stricter one. A gap that closes fails here by name."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

MEBIBYTE = 1024**2


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="reads")
        client.put_object(Bucket="reads", Key="source", Body=b"x" * 6 * MEBIBYTE)
        yield client


def test_moto_copies_whatever_etag_was_seen_and_over_whatever_stands_there(s3: Any) -> None:
    source = {"Bucket": "reads", "Key": "source"}
    s3.put_object(Bucket="reads", Key="taken", Body=b"first")
    s3.copy_object(Bucket="reads", Key="taken", CopySource=source, CopySourceIfMatch='"other"', IfNoneMatch="*")
    assert s3.head_object(Bucket="reads", Key="taken")["ContentLength"] == 6 * MEBIBYTE  # AWS: 412, twice over


def test_moto_copies_parts_of_another_etag(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="reads", Key="k")["UploadId"]
    wanted = {"Bucket": "reads", "Key": "k", "UploadId": upload, "CopySource": {"Bucket": "reads", "Key": "source"}}
    s3.upload_part_copy(PartNumber=1, CopySourceRange="bytes=0-5242879", CopySourceIfMatch='"other"', **wanted)
    assert s3.list_parts(Bucket="reads", Key="k", UploadId=upload)["Parts"][0]["Size"] == 5 * MEBIBYTE  # AWS: 412


def test_moto_copies_a_range_past_the_end(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="reads", Key="k")["UploadId"]
    wanted = {"Bucket": "reads", "Key": "k", "UploadId": upload, "CopySource": {"Bucket": "reads", "Key": "source"}}
    s3.upload_part_copy(PartNumber=1, CopySourceRange="bytes=5242880-99999999", **wanted)
    assert (
        s3.list_parts(Bucket="reads", Key="k", UploadId=upload)["Parts"][0]["Size"] == MEBIBYTE
    )  # AWS: InvalidArgument


def test_moto_names_a_crc32_after_nvme(s3: Any) -> None:
    s3.put_object(Bucket="reads", Key="k", Body=b"123456789", ChecksumAlgorithm="CRC32")
    s3.copy_object(
        Bucket="reads", Key="copy", CopySource={"Bucket": "reads", "Key": "k"}, ChecksumAlgorithm="CRC64NVME"
    )
    told = s3.head_object(Bucket="reads", Key="copy", ChecksumMode="ENABLED").get("ChecksumCRC64NVME")
    right = base64.b64encode((0xAE8B14860A799888).to_bytes(8, "big")).decode()
    assert told != right
