"""Every condition that keeps copies right is really sent: moto would not notice if one were missing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from biotheca.aws.session import client
from biotheca.sequences.model import Place
from biotheca.sequences.store import MirrorBucket
from tests.unit.sequences.mirror import MEBIBYTE, Mirror

PLACE = Place("s3", "s3://open/k", "AWS", "s3:open", "open", "k", "us-east-1")


@pytest.fixture
def asked(small: Mirror) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """(operation, parameters) of each call to S3."""
    assert small
    for name in ("mirror-bucket", "open"):
        boto3.client("s3").create_bucket(Bucket=name)
    boto3.client("s3").put_object(Bucket="open", Key="k", Body=b"x" * 6 * MEBIBYTE)
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, dict(params)))

    client("s3").meta.events.register("provide-client-params.s3", note)
    yield calls


def test_a_copy_is_pinned_to_the_etag_and_to_an_empty_key(asked: list[tuple[str, dict[str, Any]]]) -> None:
    bucket = MirrorBucket("mirror-bucket")
    bucket.copy(PLACE, '"e"', "files/a")
    ((verb, sent),) = [call for call in asked if call[0] == "CopyObject"]
    assert (sent["CopySourceIfMatch"], sent["IfNoneMatch"], sent["ChecksumAlgorithm"]) == ('"e"', "*", "CRC64NVME")
    assert sent["CopySource"] == {"Bucket": "open", "Key": "k"} and sent["TaggingDirective"] == "REPLACE"
    assert verb and sent["StorageClass"] == "INTELLIGENT_TIERING"


def test_parts_are_pinned_and_the_whole_is_checksummed(asked: list[tuple[str, dict[str, Any]]]) -> None:
    bucket = MirrorBucket("mirror-bucket")
    upload = bucket.start("files/a", copied=True)
    bucket.copy_part(PLACE, '"e"', "files/a", upload, 1, 0, 5 * MEBIBYTE - 1)
    bucket.complete("files/a", upload)
    sent = dict(asked)
    start, part, done = (sent[v] for v in ("CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload"))
    assert (start["ChecksumAlgorithm"], start["ChecksumType"]) == ("CRC64NVME", "FULL_OBJECT")
    assert (part["CopySourceIfMatch"], part["CopySourceRange"]) == ('"e"', "bytes=0-5242879")
    assert done["IfNoneMatch"] == "*"


def test_sent_bytes_are_bound_to_their_sha256(asked: list[tuple[str, dict[str, Any]]]) -> None:
    bucket, digest = MirrorBucket("mirror-bucket"), base64.b64encode(hashlib.sha256(b"reads").digest()).decode()
    bucket.put("files/small", b"reads")
    upload = bucket.start("files/large", copied=False)
    bucket.put_part("files/large", upload, 1, b"reads")
    bucket.complete("files/large", upload)
    sent = dict(asked)
    assert (sent["PutObject"]["ChecksumSHA256"], sent["PutObject"]["IfNoneMatch"]) == (digest, "*")
    assert sent["UploadPart"]["ChecksumSHA256"] == digest
    start, done = sent["CreateMultipartUpload"], sent["CompleteMultipartUpload"]
    assert (start["ChecksumAlgorithm"], start["ChecksumType"]) == ("SHA256", "COMPOSITE")
    (part,) = done["MultipartUpload"]["Parts"]
    assert part["PartNumber"] == 1 and part["ETag"] and done["IfNoneMatch"] == "*"


def test_a_source_is_asked_for_its_checksum(asked: list[tuple[str, dict[str, Any]]]) -> None:
    MirrorBucket("mirror-bucket").look("open", "k")
    assert asked == [("HeadObject", {"Bucket": "open", "Key": "k", "ChecksumMode": "ENABLED"})]
