"""The S3 gate: what moto waves through is refused in S3's words, and whatever botocore signs passes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.sts.models import sts_backends

from local.gate import Keys, crc, gate, install_checksums, sigv4
from local.gate.refusals import Refused
from tests.local.served import KEY, SECRET, Served, serving

PART = b"p" * (5 * 1024 * 1024)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Served]:
    install_checksums()
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def bucket(cloud: Served) -> str:
    return cloud.bucket()


@pytest.fixture
def s3(cloud: Served) -> Any:
    return cloud.client("s3")


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def code(answer: requests.Response) -> tuple[int, str]:
    found = re.search("<Code>(.*?)</Code>", answer.text)
    return answer.status_code, found[1] if found else answer.text


# --- presigned URLs -------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["plain", "a é/ü+%&=?#x y", "日本語/文件.gz", "a//b", "~tilde_-.", "%2F", "a+b c%20d"])
def test_a_presigned_upload_and_download_of_any_key_passes(s3: Any, bucket: str, key: str) -> None:
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
    assert requests.put(put, data=b"reads").status_code == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    assert requests.get(get).content == b"reads"


def test_an_expired_link_is_refused_and_a_link_of_the_future_too(cloud: Served, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert requests.get(url).status_code == 200
    try:
        cloud.ahead = timedelta(seconds=61)
        late = requests.get(url)
        cloud.ahead = timedelta(minutes=-16)
        early = requests.get(url)
    finally:
        cloud.ahead = timedelta(0)
    assert code(late) == (403, "AccessDenied")
    assert "<Message>Request has expired</Message>" in late.text
    assert "not yet valid" in early.text


def test_a_link_for_more_than_a_week_or_with_a_missing_parameter_is_refused(s3: Any, bucket: str) -> None:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=604801)
    assert code(requests.get(url)) == (400, "AuthorizationQueryParametersError")
    assert code(requests.get(re.sub("&X-Amz-Date=[^&]*", "", url))) == (400, "AuthorizationQueryParametersError")


def test_a_link_serves_no_other_method_key_bucket_part_or_length(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    refused = (403, "SignatureDoesNotMatch")
    assert code(requests.delete(url)) == refused
    assert code(requests.put(url, data=b"y")) == refused
    assert code(requests.get(url.replace(f"/{bucket}/k?", f"/{bucket}/j?"))) == refused
    assert code(requests.get(url.replace(f"/{bucket}/k?", "/other/k?"))) == refused
    params = {"Bucket": bucket, "Key": "big", "UploadId": "u", "PartNumber": 1, "ContentLength": 4}
    part = s3.generate_presigned_url("upload_part", Params=params)
    assert code(requests.put(part.replace("partNumber=1", "partNumber=2"), data=b"four")) == refused
    assert code(requests.put(part, data=b"more than four")) == refused
    assert requests.head(url.replace("/k?", "/j?")).status_code == 403


def test_a_signed_header_must_come_and_an_unsigned_amz_header_must_not(s3: Any, bucket: str) -> None:
    params = {"Bucket": bucket, "Key": "typed", "ContentType": "text/plain"}
    url = s3.generate_presigned_url("put_object", Params=params)
    assert requests.put(url, data=b"x", headers={"Content-Type": "text/plain"}).status_code == 200
    assert code(requests.put(url, data=b"x"))[1] == "SignatureDoesNotMatch"
    assert code(requests.put(url, data=b"x", headers={"Content-Type": "text/html"}))[1] == "SignatureDoesNotMatch"
    headers = {"Content-Type": "text/plain", "x-amz-acl": "public-read"}
    added = requests.put(url, data=b"x", headers=headers)
    assert code(added) == (403, "AccessDenied") and "<HeadersNotSigned>x-amz-acl" in added.text


def test_old_signatures_unknown_keys_and_foreign_services_are_refused(cloud: Served, bucket: str) -> None:
    old = cloud.client("s3", signature_version="s3")
    url = old.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    assert code(requests.get(url)) == (400, "InvalidRequest")
    stranger = cloud.client("s3", key="AKIDNOBODY")
    url = stranger.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    assert code(requests.get(url)) == (403, "InvalidAccessKeyId")
    url = cloud.client("sts").generate_presigned_url("get_caller_identity")
    assert code(requests.get(url)) == (400, "AuthorizationQueryParametersError")


# --- signatures in headers ------------------------------------------------------------------


@pytest.mark.parametrize("service", ["s3", "dynamodb", "sts", "lambda", "sqs", "stepfunctions", "ssm", "events"])
def test_every_kind_of_service_passes_with_the_right_secret_only(cloud: Served, service: str) -> None:
    calls = {
        "s3": "list_buckets",
        "dynamodb": "list_tables",
        "sts": "get_caller_identity",
        "lambda": "list_functions",
        "sqs": "list_queues",
        "stepfunctions": "list_state_machines",
        "ssm": "describe_parameters",
        "events": "list_event_buses",
    }
    getattr(cloud.client(service), calls[service])()
    for wrong in ({"secret": "wrong"}, {"key": "AKIDNOBODY"}):
        with pytest.raises(ClientError) as caught:
            getattr(cloud.client(service, **wrong), calls[service])()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert caught.value.response["Error"]["Code"] in {
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "InvalidSignatureException",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
        }


def test_a_request_without_any_signature_is_refused_except_where_aws_takes_it(cloud: Served, bucket: str) -> None:
    target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
    answer = requests.post(cloud.url, data="{}", headers=target)
    assert (answer.status_code, answer.json()["__type"]) == (403, "MissingAuthenticationTokenException")
    form = requests.post(cloud.url, data={"Action": "GetCallerIdentity", "Version": "2011-06-15"})
    assert code(form) == (403, "MissingAuthenticationToken")
    sneaking = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request"}
    assert "TableNames" not in requests.options(cloud.url, data="{}", headers=target | sneaking).text
    admin = {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools"}
    assert requests.post(cloud.url, data='{"MaxResults": 1}', headers=admin).status_code == 403
    idp = cloud.client("cognito-idp")
    pool = idp.create_user_pool(PoolName="p")["UserPool"]["Id"]
    client = idp.create_user_pool_client(UserPoolId=pool, ClientName="c")["UserPoolClient"]["ClientId"]
    open_call = {"X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"}
    body = {"ClientId": client, "Username": "ada", "Password": "Correct-horse-9"}
    assert requests.post(cloud.url, data=json.dumps(body), headers=open_call).status_code == 200
    assert (
        requests.post(f"{cloud.url}/?Action=ListUserPools", data='{"MaxResults": 1}', headers=open_call).status_code
        == 403
    )
    assert requests.get(f"{cloud.url}/{pool}/.well-known/jwks.json").status_code == 200


def test_strangers_see_nothing_of_private_buckets(cloud: Served, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="secret", Body=b"x")
    base = f"{cloud.url}/{bucket}"
    for url in (base, cloud.url, f"{base}/secret", f"{base}/nothing", f"{base}/secret?x=Signature=", f"{base}?acl"):
        assert code(requests.get(url)) in {(403, "AccessDenied"), (400, "AuthorizationQueryParametersError")}, url
    assert requests.put(f"{base}/new", data=b"x").status_code == 403
    assert requests.delete(f"{base}/secret").status_code == 403
    assert requests.post(f"{base}/secret?uploads").status_code == 403
    s3.put_object(Bucket=bucket, Key="shown", Body=b"for all", ACL="public-read")
    assert requests.get(f"{base}/shown").content == b"for all"


def test_a_browser_preflight_passes_and_a_refusal_can_be_read_by_its_page(cloud: Served, s3: Any, bucket: str) -> None:
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["http://portal"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    asked = {"Origin": "http://portal", "Access-Control-Request-Method": "PUT"}
    assert requests.options(f"{cloud.url}/{bucket}/k", headers=asked).status_code == 200
    refused = requests.put(f"{cloud.url}/{bucket}/k", data=b"", headers={"Origin": "http://portal"})
    assert refused.status_code == 403 and refused.headers["Access-Control-Allow-Origin"] == "http://portal"


def test_a_clock_off_by_an_hour_is_told_so(cloud: Served, bucket: str) -> None:
    request = AWSRequest("GET", f"{cloud.url}/{bucket}?list-type=2")
    S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    claim = sigv4.Claim(KEY, "20260101", "us-east-1", "s3", ("host",), "", hour_ago)
    with pytest.raises(Refused, match="RequestTimeTooSkewed"):
        sigv4.check_time(claim, datetime.now(UTC), datetime.now(UTC))


def test_keys_that_iam_and_sts_gave_out_pass_until_they_end(cloud: Served) -> None:
    keys = Keys({KEY: SECRET})
    iam, sts = cloud.client("iam"), cloud.client("sts")
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    assert keys[made["AccessKeyId"]] == made["SecretAccessKey"]
    iam.update_access_key(UserName="ada", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert keys.get(made["AccessKeyId"]) is None
    role = {"RoleArn": "arn:aws:iam::123456789012:role/deploy", "RoleSessionName": "cdk"}
    given = sts.assume_role(**role, DurationSeconds=900)["Credentials"]
    assert keys[given["AccessKeyId"]] == given["SecretAccessKey"]
    assert keys[KEY] == SECRET and keys["ak"] == "sk" and {KEY, "ak", given["AccessKeyId"]} <= set(keys)
    sts_backends["123456789012"]["aws"].assumed_roles[-1].expiration = datetime(2020, 1, 1)
    assert keys.get(given["AccessKeyId"]) is None


# --- bodies and digests ---------------------------------------------------------------------

DATA = b"ACGT" * 1000
DIGESTS = {
    "Content-MD5": base64.b64encode(hashlib.md5(DATA).digest()).decode(),
    "x-amz-checksum-sha256": sha256(DATA),
    "x-amz-checksum-sha1": base64.b64encode(hashlib.sha1(DATA).digest()).decode(),
    "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode(),
    "x-amz-checksum-crc32c": base64.b64encode(crc.CRC32C.update(DATA).to_bytes(4, "big")).decode(),
    "x-amz-checksum-crc64nvme": base64.b64encode(crc.CRC64NVME.update(DATA).to_bytes(8, "big")).decode(),
}


def signed_put(url: str, data: bytes, headers: dict[str, str], payload: bytes | None = None) -> requests.Response:
    """A PUT signed by botocore for `payload`, sent with `data`."""
    request = AWSRequest("PUT", url, headers=dict(headers), data=data if payload is None else payload)
    S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
    return requests.put(url, data=data, headers=dict(request.headers.items()))


@pytest.mark.parametrize("name", DIGESTS)
def test_a_wrong_digest_is_refused_and_a_right_one_kept(cloud: Served, s3: Any, bucket: str, name: str) -> None:
    url = f"{cloud.url}/{bucket}/digest"
    assert signed_put(url, DATA, {name: DIGESTS[name]}).status_code == 200
    kept = s3.head_object(Bucket=bucket, Key="digest", ChecksumMode="ENABLED")
    if name != "Content-MD5":
        assert kept["Checksum" + name.rpartition("-")[2].upper()] == DIGESTS[name]
    s3.delete_object(Bucket=bucket, Key="digest")
    assert code(signed_put(url, DATA[:-1] + b"N", {name: DIGESTS[name]})) == (400, "BadDigest")
    invalid = (400, "InvalidDigest" if name == "Content-MD5" else "InvalidRequest")
    assert code(signed_put(url, DATA, {name: "bm90IGEgZGlnZXN0IG9mIGFueSBraW5k"})) == invalid
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="digest")


def test_a_body_that_is_not_the_signed_one_is_refused(cloud: Served, bucket: str) -> None:
    url = f"{cloud.url}/{bucket}/payload"
    assert code(signed_put(url, b"other", {}, payload=b"signed")) == (400, "XAmzContentSHA256Mismatch")
    two = {"x-amz-checksum-sha1": DIGESTS["x-amz-checksum-sha1"], "x-amz-checksum-sha256": sha256(DATA)}
    assert code(signed_put(url, DATA, two)) == (400, "InvalidRequest")


def test_a_presigned_put_is_bound_to_its_checksum(s3: Any, bucket: str) -> None:
    params = {"Bucket": bucket, "Key": "bound", "ChecksumSHA256": sha256(DATA)}
    url = s3.generate_presigned_url("put_object", Params=params)
    headers = {"x-amz-checksum-sha256": sha256(DATA)}
    assert requests.put(url, data=DATA, headers=headers).status_code == 200
    assert code(requests.put(url, data=b"other", headers=headers)) == (400, "BadDigest")
    assert code(requests.put(url, data=b"other", headers={"x-amz-checksum-sha256": sha256(b"other")}))[0] == 403
    assert s3.head_object(Bucket=bucket, Key="bound", ChecksumMode="ENABLED")["ChecksumSHA256"] == sha256(DATA)


def chunked(data: bytes, trailer: str = "", sizes: int = 65536) -> bytes:
    pieces = [data[i : i + sizes] for i in range(0, len(data), sizes)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return body + b"0\r\n" + (trailer.encode() + b"\r\n" if trailer else b"") + b"\r\n"


def test_a_streamed_upload_is_stored_plain_and_its_trailer_is_compared(cloud: Served, s3: Any, bucket: str) -> None:
    url, data = f"{cloud.url}/{bucket}/streamed", b"reads" * 100_000
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(len(data)),
        "x-amz-trailer": "x-amz-checksum-crc32c",
        "Content-Encoding": "aws-chunked,gzip",
    }
    right = base64.b64encode(crc.CRC32C.update(data).to_bytes(4, "big")).decode()

    def send(trailer: str, **changed: str) -> requests.Response:
        request = AWSRequest("PUT", url, headers=headers | changed, data=b"")
        auth = S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1")
        auth.payload = lambda _: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"  # botocore would hash the empty body
        auth.add_auth(request)
        sent = dict(request.headers.items()) | {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
        return requests.put(url, data=chunked(data, trailer), headers=sent)

    assert send(f"x-amz-checksum-crc32c:{right}").status_code == 200
    kept = s3.get_object(Bucket=bucket, Key="streamed", ChecksumMode="ENABLED")
    assert kept["Body"].read() == data and kept["ContentEncoding"] == "gzip"
    assert kept["ChecksumCRC32C"] == right
    assert code(send("x-amz-checksum-crc32c:AAAAAA==")) == (400, "BadDigest")
    assert code(send("")) == (400, "MalformedTrailerError")
    assert code(send(f"x-amz-checksum-crc32c:{right}", **{"x-amz-decoded-content-length": "7"})) == (
        400,
        "IncompleteBody",
    )


def test_boto3_streams_a_file_object_through(cloud: Served, s3: Any, bucket: str, tmp_path: Any) -> None:
    (tmp_path / "f").write_bytes(b"x" * 3_000_000)
    with (tmp_path / "f").open("rb") as file:
        s3.put_object(Bucket=bucket, Key="file", Body=file, ChecksumAlgorithm="SHA256")
    assert s3.head_object(Bucket=bucket, Key="file")["ContentLength"] == 3_000_000
    s3.upload_file(str(tmp_path / "f"), bucket, "managed")
    assert s3.get_object(Bucket=bucket, Key="managed")["Body"].read() == b"x" * 3_000_000


@pytest.mark.parametrize("with_trailer", [False, True])
def test_signed_chunks_are_verified_one_by_one(cloud: Served, s3: Any, bucket: str, with_trailer: bool) -> None:
    """botocore does not sign chunks, so the client side is written out here from the specification."""
    mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if with_trailer else "")
    data, url = b"A" * 65536 + b"C" * 1000, f"{cloud.url}/{bucket}/signed-chunks"
    checksum = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()

    def send(spoil: str = "") -> requests.Response:
        headers = {"x-amz-content-sha256": mode, "x-amz-decoded-content-length": str(len(data))}
        if with_trailer:
            headers["x-amz-trailer"] = "x-amz-checksum-crc32"
        request = AWSRequest("PUT", url, headers=headers, data=b"")
        auth = S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1")
        auth.payload = lambda _: mode
        auth.add_auth(request)
        authorization = request.headers["Authorization"]
        previous, stamp = authorization.rpartition("Signature=")[2], request.headers["X-Amz-Date"]
        scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
        key = sigv4.signing_key(SECRET, stamp[:8], "us-east-1", "s3")
        body = b""
        for piece in (data[:65536], data[65536:], b""):
            empty, hashed = hashlib.sha256().hexdigest(), hashlib.sha256(piece).hexdigest()
            previous = sigv4.sign(key, "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous, empty, hashed)))
            sent = piece.replace(b"C", b"T") if spoil == "data" else piece
            body += b"%x;chunk-signature=%s\r\n%s" % (len(piece), previous.encode(), sent)
            body += b"\r\n" if piece else b""
        if with_trailer:
            line = f"x-amz-checksum-crc32:{checksum}\n"
            hashed = hashlib.sha256(line.encode()).hexdigest()
            signature = sigv4.sign(key, "\n".join(("AWS4-HMAC-SHA256-TRAILER", stamp, scope, previous, hashed)))
            signature = "0" * 64 if spoil == "trailer" else signature
            body += f"x-amz-checksum-crc32:{checksum}\r\nx-amz-trailer-signature:{signature}\r\n".encode()
        headers = dict(request.headers.items()) | {"x-amz-content-sha256": mode}
        return requests.put(url, data=body + b"\r\n", headers=headers)

    assert send().status_code == 200
    assert s3.get_object(Bucket=bucket, Key="signed-chunks")["Body"].read() == data
    assert code(send("data")) == (403, "SignatureDoesNotMatch")
    if with_trailer:
        assert code(send("trailer")) == (403, "SignatureDoesNotMatch")


class Endless:
    """A body of so many bytes that is never in memory as a whole."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, count: int) -> bytes:
        block = b"A" * min(count, self.left)
        self.left -= len(block)
        return block


def test_a_large_body_passes_in_little_memory() -> None:
    def peak_of(size: int) -> int:
        url, signed = presigned("PUT", "bucket/big", {}, {"Content-Length": str(size)})
        environ = environ_of("PUT", url, signed) | {"wsgi.input": Endless(size)}
        passed: list[int] = []

        def app(environ: dict[str, Any], start: Any) -> list[bytes]:
            while block := environ["wsgi.input"].read(65536):
                passed.append(len(block))
            start("200 OK", [])
            return [b""]

        tracemalloc.start()
        for _ in gate(app, {KEY: SECRET})(environ, lambda status, _: None):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sum(passed) == size
        return peak

    # the least of three: the threads of other tests allocate too
    assert min(peak_of(64 * 1024 * 1024) for _ in range(3)) < 8 * 1024 * 1024


# --- multipart uploads ----------------------------------------------------------------------


def test_parts_keep_their_checksums_and_completion_compares_them(s3: Any, bucket: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="multi", ChecksumAlgorithm="SHA256")
    common = {"Bucket": bucket, "Key": "multi", "UploadId": begun["UploadId"]}
    etags = []
    for number, data in ((1, PART), (2, b"tail")):
        params = common | {"PartNumber": number, "ChecksumSHA256": sha256(data)}
        url = s3.generate_presigned_url("upload_part", Params=params)
        sent = requests.put(url, data=data, headers={"x-amz-checksum-sha256": sha256(data)})
        assert sent.status_code == 200 and sent.headers["x-amz-checksum-sha256"] == sha256(data)
        etags.append(sent.headers["ETag"])
    listed = s3.list_parts(**common)
    assert [part["ChecksumSHA256"] for part in listed["Parts"]] == [sha256(PART), sha256(b"tail")]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ("SHA256", "COMPOSITE")

    def complete(second: str | None, **more: str) -> dict[str, Any]:
        parts = [{"PartNumber": 1, "ETag": etags[0], "ChecksumSHA256": sha256(PART)}]
        parts.append({"PartNumber": 2, "ETag": etags[1]} | ({"ChecksumSHA256": second} if second else {}))
        return s3.complete_multipart_upload(**common, MultipartUpload={"Parts": parts}, **more)

    with pytest.raises(ClientError, match=r"missing for part 2"):
        complete(None)
    with pytest.raises(ClientError, match="InvalidPart"):
        complete(sha256(b"other"))
    with pytest.raises(ClientError, match="BadDigest"):
        complete(sha256(b"tail"), ChecksumSHA256=sha256(b"whole") + "-2")
    whole = sha256(hashlib.sha256(PART).digest() + hashlib.sha256(b"tail").digest()) + "-2"
    assert complete(sha256(b"tail"), ChecksumSHA256=whole)["ChecksumSHA256"] == whole
    assert s3.get_object(Bucket=bucket, Key="multi")["Body"].read() == PART + b"tail"


def test_a_part_needs_the_kind_of_checksum_that_its_upload_began_with(s3: Any, bucket: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="kinds", ChecksumAlgorithm="SHA256")
    params = {"Bucket": bucket, "Key": "kinds", "UploadId": begun["UploadId"], "PartNumber": 1}
    url = s3.generate_presigned_url("upload_part", Params=params)
    answer = requests.put(url, data=b"x")
    assert code(answer) == (400, "InvalidRequest") and "expected checksum Type: sha256" in answer.text
    with pytest.raises(ClientError, match="BadDigest"):
        s3.upload_part(**params, Body=b"x", ChecksumSHA256=sha256(b"y"))


def test_a_whole_object_crc_is_compared_on_completion(s3: Any, bucket: str) -> None:
    names = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    begun = s3.create_multipart_upload(Bucket=bucket, Key="full", **names)
    common = {"Bucket": bucket, "Key": "full", "UploadId": begun["UploadId"]}
    parts = []
    for number, data in ((1, PART), (2, b"tail")):
        sent = s3.upload_part(**common, PartNumber=number, Body=data, ChecksumAlgorithm="CRC32")
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]})
    right = base64.b64encode(zlib.crc32(PART + b"tail").to_bytes(4, "big")).decode()
    upload = {"MultipartUpload": {"Parts": parts}, "ChecksumType": "FULL_OBJECT"}
    with pytest.raises(ClientError, match="BadDigest"):
        s3.complete_multipart_upload(**common, **upload, ChecksumCRC32="AAAAAA==")
    with pytest.raises(ClientError, match="x-amz-mp-object-size"):
        s3.complete_multipart_upload(**common, **upload, MpuObjectSize=7)
    assert s3.complete_multipart_upload(**common, **upload, ChecksumCRC32=right)["ChecksumCRC32"] == right


@pytest.mark.parametrize("algorithm", ["CRC32C", "CRC64NVME"])
def test_moto_then_shows_the_right_checksum_of_a_multipart_object(s3: Any, bucket: str, algorithm: str) -> None:
    kind = {"CRC32C": crc.CRC32C, "CRC64NVME": crc.CRC64NVME}[algorithm]
    name, names = f"Checksum{algorithm}", {"ChecksumAlgorithm": algorithm, "ChecksumType": "FULL_OBJECT"}
    key = f"mended-{algorithm}"
    begun = s3.create_multipart_upload(Bucket=bucket, Key=key, **names)
    common = {"Bucket": bucket, "Key": key, "UploadId": begun["UploadId"]}
    parts = []
    for number, data in ((1, PART), (2, b"tail")):
        value = base64.b64encode(kind.update(data).to_bytes(kind.width_bytes, "big")).decode()
        sent = s3.upload_part(**common, PartNumber=number, Body=data, **{name: value})
        parts.append({"PartNumber": number, "ETag": sent["ETag"], name: value})
    whole = base64.b64encode(kind.update(PART + b"tail").to_bytes(kind.width_bytes, "big")).decode()
    done = s3.complete_multipart_upload(**common, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT")
    assert done[name] == whole
    assert s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")[name] == whole


# --- forms ----------------------------------------------------------------------------------


def test_a_form_must_keep_every_condition_of_its_policy(cloud: Served, s3: Any, bucket: str) -> None:
    conditions = [["starts-with", "$key", "in/"], ["content-length-range", 2, 5], {"acl": "private"}]
    post = s3.generate_presigned_post(bucket, "in/${filename}", {"acl": "private"}, conditions[:0] + conditions, 60)

    def send(data: bytes = b"1234", **changed: str) -> requests.Response:
        return requests.post(post["url"], data=post["fields"] | changed, files={"file": ("f.txt", data)})

    assert send().status_code == 204
    assert code(send(key="out/f.txt")) == (403, "AccessDenied")
    assert code(send(acl="public-read")) == (403, "AccessDenied")
    assert code(send(b"123456")) == (400, "EntityTooLarge")
    assert code(send(b"1")) == (400, "EntityTooSmall")
    assert "Extra input fields: x-amz-meta-more" in send(**{"x-amz-meta-more": "1"}).text
    assert code(send(policy=base64.b64encode(b"{}").decode())) == (403, "SignatureDoesNotMatch")
    assert code(requests.post(post["url"], files={"file": ("f.txt", b"1234")})) == (403, "AccessDenied")
    try:
        cloud.ahead = timedelta(seconds=61)
        assert "Policy expired" in send().text
    finally:
        cloud.ahead = timedelta(0)


# --- properties -----------------------------------------------------------------------------

WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=24
)
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def environ_of(method: str, url: str, headers: dict[str, str]) -> dict[str, Any]:
    """What werkzeug hands over for such a request."""
    parts = urlsplit(url)
    environ = {"REQUEST_METHOD": method, "RAW_URI": parts.path + ("?" + parts.query if parts.query else "")}
    environ |= {"PATH_INFO": parts.path, "REMOTE_ADDR": "127.0.0.1", "wsgi.input": io.BytesIO()}
    for name, value in headers.items():
        name = name.upper().replace("-", "_")
        environ[name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"] = value
    return environ


def verdict(method: str, url: str, headers: dict[str, str]) -> str:
    """200, or the code of the refusal, for an app that serves everything."""
    answered = []
    everything = gate(lambda _, start: start("200 OK", []) or [b""], {KEY: SECRET})
    body = b"".join(
        everything(environ_of(method, url, headers) | {"CONTENT_LENGTH": "0"}, lambda s, h: answered.append(s))
    )
    found = re.search(rb"<Code>(.*?)</Code>", body)
    return found[1].decode() if found else answered[0]


def presigned(method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    url = f"http://localhost:5000/{quote(path)}"
    request = AWSRequest(method, url, headers=dict(headers), params=dict(query))
    S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", "us-east-1", expires=900).add_auth(request)
    return request.url, headers | {"Host": "localhost:5000"}


@QUIET
@given(
    method=st.sampled_from(["GET", "HEAD", "DELETE"]),
    path=WORDS,
    query=st.dictionaries(WORDS.map(lambda name: "q" + name), WORDS, max_size=3),
)
def test_any_url_that_botocore_presigns_passes(method: str, path: str, query: dict[str, str]) -> None:
    url, headers = presigned(method, "bucket/" + path, query, {})
    assert verdict(method, url, headers) == "200 OK"


@QUIET
@given(path=WORDS, words=WORDS, value=st.text("abcdefgh ,;=/", max_size=20))
def test_any_request_that_botocore_signs_passes_for_s3_and_others(path: str, words: str, value: str) -> None:
    url = f"http://localhost:5000/{quote(path)}?{quote(words, safe='')}=1"
    for signer, service in ((S3SigV4Auth, "s3"), (SigV4Auth, "batch")):
        request = AWSRequest("GET", url, headers={"x-amz-meta-v": value})
        signer(Credentials(KEY, SECRET), service, "us-east-1").add_auth(request)
        sent = {"Host": "localhost:5000", **dict(request.headers.items())}
        assert verdict("GET", url, sent) == "200 OK", service


@QUIET
@given(data=st.data())
def test_any_changed_character_of_what_was_signed_is_refused(data: st.DataObject) -> None:
    url, headers = presigned("GET", "bucket/some/key", {"versionId": "abc"}, {"x-amz-meta-v": "some value"})
    headers["x-amz-meta-v"] = "some value"
    assert verdict("GET", url, headers) == "200 OK"
    where = data.draw(st.sampled_from(["path", "query", "signature", "header", "method"]))
    method = "GET"
    if where == "method":
        method = data.draw(st.sampled_from(["PUT", "POST", "HEAD", "DELETE"]))
    elif where == "header":
        headers["x-amz-meta-v"] = changed(data, headers["x-amz-meta-v"], "xyz")
    else:
        path, _, query = url.partition("?")
        base, signature = query.rsplit("=", 1)
        if where == "path":
            path = path[:22] + changed(data, path[22:], "xyz/")
        elif where == "query":
            base = changed(data, base, "xyz0")
        else:
            signature = changed(data, signature, "0123456789abcdef")
        url = f"{path}?{base}={signature}"
    assert verdict(method, url, headers) != "200 OK"


def changed(data: st.DataObject, text: str, letters: str) -> str:
    at = data.draw(st.integers(0, len(text) - 1))
    return text[:at] + data.draw(st.sampled_from([c for c in letters if c != text[at]])) + text[at + 1 :]


@QUIET
@given(first=st.binary(max_size=20_000), second=st.binary(max_size=20_000))
def test_joined_crcs_equal_the_crc_of_the_whole(first: bytes, second: bytes) -> None:
    assert crc.CRC32.update(first) == zlib.crc32(first)
    for kind in (crc.CRC32, crc.CRC32C, crc.CRC64NVME):
        whole = kind.update(first + second)
        assert kind.combine(kind.update(first), kind.update(second), len(second)) == whole
        running = crc.Running(kind)
        running.update(first)
        running.update(second)
        assert running.digest() == whole.to_bytes(kind.width_bytes, "big")


def test_crcs_have_their_published_check_values() -> None:
    assert crc.CRC32C.update(b"123456789") == 0xE3069283
    assert crc.CRC64NVME.update(b"123456789") == 0xAE8B14860A799888
