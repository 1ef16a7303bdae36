"""What stock moto still lacks at the edges. A test that fails here names a mend of ours that may go.

The server runs in a process of its own, without any hook of ours.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from moto.ses.models import Message
from moto.stepfunctions.parser.asl.utils import boto_client

from local.gate import STATE_MACHINE_KEYS

WRONG = base64.b64encode(b"\0" * 32).decode()
PART = b"p" * (5 * 1024 * 1024)


class Stock:
    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str, secret: str = "secret") -> Any:
        config = Config(s3={"addressing_style": "path"}, signature_version="s3v4" if service == "s3" else None)
        keys = {"aws_access_key_id": "AKIDSTOCK", "aws_secret_access_key": secret, "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=self.url, config=config, **keys)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def stock() -> Iterator[Stock]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = f"import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, "-c", code], **quiet)
    url = f"http://localhost:{port}"
    for _ in range(300):
        try:
            requests.get(f"{url}/moto-api/", timeout=5)
            break
        except requests.ConnectionError:
            time.sleep(0.05)
    yield Stock(url)
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def s3(stock: Stock) -> Any:
    client = stock.client("s3")
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="k", Body=b"private")
    return client


def link(s3: Any, operation: str = "get_object", seconds: int = 60, **params: Any) -> str:
    return s3.generate_presigned_url(operation, Params={"Bucket": "bucket", "Key": "k"} | params, ExpiresIn=seconds)


def test_an_expired_link_is_served(s3: Any) -> None:
    url = link(s3, seconds=1)
    time.sleep(1.5)
    assert requests.get(url).status_code == 200


def test_a_tampered_signature_and_another_key_are_served(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="other", Body=b"other")
    url = link(s3)
    assert requests.get(url[:-4] + "0000").content == b"private"
    assert requests.get(url.replace("/k?", "/other?")).content == b"other"


def test_a_wrong_secret_is_accepted_by_every_service(stock: Stock) -> None:
    assert stock.client("dynamodb", secret="wrong").list_tables()["TableNames"] == []


def test_the_conditions_of_a_form_are_ignored(s3: Any) -> None:
    post = s3.generate_presigned_post("bucket", "in/a", Conditions=[["content-length-range", 1, 2]])
    sent = requests.post(post["url"], data=post["fields"] | {"key": "out/b"}, files={"file": b"too long"})
    assert sent.status_code in (200, 204)


def test_wrong_digests_are_stored(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="sum", Body=b"x", ChecksumSHA256=WRONG, ChecksumAlgorithm="SHA256")
    assert s3.head_object(Bucket="bucket", Key="sum", ChecksumMode="ENABLED")["ChecksumSHA256"] == WRONG
    s3.put_object(Bucket="bucket", Key="md5", Body=b"x", ContentMD5=base64.b64encode(b"\0" * 16).decode())


def test_a_checksum_without_the_sdks_own_header_is_dropped(s3: Any) -> None:
    right = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    url = link(s3, "put_object", Key="dropped", ChecksumSHA256=right)
    assert requests.put(url, data=b"x", headers={"x-amz-checksum-sha256": right}).status_code == 200
    assert "ChecksumSHA256" not in s3.head_object(Bucket="bucket", Key="dropped", ChecksumMode="ENABLED")


def test_parts_forget_their_checksums_and_completion_compares_none(s3: Any) -> None:
    begun = s3.create_multipart_upload(Bucket="bucket", Key="multi", ChecksumAlgorithm="SHA256")
    common = {"Bucket": "bucket", "Key": "multi", "UploadId": begun["UploadId"]}
    right = base64.b64encode(hashlib.sha256(PART).digest()).decode()
    sent = s3.upload_part(**common, PartNumber=1, Body=PART, ChecksumSHA256=right)
    listed = s3.list_parts(**common)
    assert "ChecksumSHA256" not in listed["Parts"][0] and "ChecksumAlgorithm" not in listed
    parts = [{"PartNumber": 1, "ETag": sent["ETag"], "ChecksumSHA256": WRONG}]
    done = s3.complete_multipart_upload(**common, MultipartUpload={"Parts": parts}, ChecksumSHA256=WRONG)
    assert "ChecksumSHA256" not in done


def test_crc32c_is_crc32_under_another_name() -> None:
    # In a process of its own: install_checksums() of another test may have mended this one.
    code = "from moto.s3.utils import compute_checksum as c; print(c(b'123456789', 'CRC32C').decode())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert said == base64.b64encode(zlib.crc32(b"123456789").to_bytes(4, "big")).decode()


def test_strangers_list_buckets_and_write_new_keys(stock: Stock, s3: Any) -> None:
    assert b"<Key>k</Key>" in requests.get(f"{stock.url}/bucket").content
    assert requests.put(f"{stock.url}/bucket/planted", data=b"x").status_code == 200


def test_the_word_signature_anywhere_opens_a_private_object(stock: Stock, s3: Any) -> None:
    assert requests.get(f"{stock.url}/bucket/k").status_code == 403
    assert requests.get(f"{stock.url}/bucket/k?x=Signature=").content == b"private"


def test_a_preflight_of_a_private_object_is_refused(stock: Stock, s3: Any) -> None:
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["http://portal"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket="bucket", CORSConfiguration={"CORSRules": [rule]})
    asked = {"Origin": "http://portal", "Access-Control-Request-Method": "PUT"}
    assert requests.options(f"{stock.url}/bucket/k", headers=asked).status_code == 403
    assert requests.options(f"{stock.url}/bucket/new", headers=asked).status_code == 200


def test_a_key_with_a_line_break_is_not_found(stock: Stock, s3: Any) -> None:
    with pytest.raises(s3.exceptions.ClientError, match="404"):
        s3.put_object(Bucket="bucket", Key="a\nb", Body=b"x")


def test_athena_runs_nothing(stock: Stock) -> None:
    athena = stock.client("athena")
    where = {"OutputLocation": "s3://bucket/out"}
    started = athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration=where)["QueryExecutionId"]
    for _ in range(3):
        state = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"]
    assert state == "SUCCEEDED"
    assert athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"] == []


def test_glue_writes_no_iceberg_metadata_and_takes_stale_versions(stock: Stock) -> None:
    glue = stock.client("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    columns = [{"Name": "a", "Type": "string"}]
    table = {"Name": "t", "StorageDescriptor": {"Columns": columns, "Location": "s3://bucket/t"}}
    iceberg = {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2"}}
    glue.create_table(DatabaseName="lake", TableInput=table, OpenTableFormatInput=iceberg)
    made = glue.get_table(DatabaseName="lake", Name="t")["Table"]
    assert made["Parameters"] == {"table_type": "ICEBERG"}
    for _ in range(2):
        glue.update_table(DatabaseName="lake", TableInput=table, VersionId=made["VersionId"], SkipArchive=True)
    assert len(glue.get_table_versions(DatabaseName="lake", TableName="t")["TableVersions"]) == 3


def test_a_mail_keeps_one_body_and_no_time() -> None:
    assert list(inspect.signature(Message).parameters) == ["message_id", "source", "subject", "body", "destinations"]


def test_the_models_of_moto_cannot_be_read_over_http_once_a_part_was_uploaded(stock: Stock, s3: Any) -> None:
    begun = s3.create_multipart_upload(Bucket="bucket", Key="read")
    s3.upload_part(Bucket="bucket", Key="read", UploadId=begun["UploadId"], PartNumber=1, Body=b"x")
    assert requests.get(f"{stock.url}/moto-api/data.json").status_code == 500


def test_state_machines_call_back_with_a_fixed_pair_of_keys() -> None:
    source = inspect.getsource(boto_client)
    ((key, secret),) = STATE_MACHINE_KEYS.items()
    assert f'aws_access_key_id="{key}"' in source and f'aws_secret_access_key="{secret}"' in source
