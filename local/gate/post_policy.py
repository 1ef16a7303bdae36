"""Browser uploads by HTML form: the policy's signature, end, conditions and size range.

As "Creating a POST Policy" in the S3 API reference has it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Any

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import parse_form_data

from local.gate import sigv4
from local.gate.refusals import Refused, access_denied

# Fields that a policy need not name.
FREE_FIELDS = frozenset({"x-amz-signature", "file", "policy", "awsaccesskeyid", "signature"})
SMALL_FILE_BYTES = 1024 * 1024


def _spool(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(SMALL_FILE_BYTES)


def _failed(why: str) -> Refused:
    return access_denied(f"Invalid according to Policy: {why}")


def read_form(environ: dict[str, Any]) -> tuple[dict[str, str], int, str]:
    """Fields (names in lower case), the file's size in bytes and its name."""
    try:
        _, form, files = parse_form_data(dict(environ), stream_factory=_spool, silent=False)
    except (ValueError, HTTPException) as error:
        raise Refused(
            400, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data."
        ) from error
    fields = {name.lower(): value for name, value in form.items()}
    upload = files.get("file")
    if upload is None:
        if "file" not in fields:
            raise Refused(400, "InvalidArgument", "POST requires exactly one file upload per request.")
        return fields, len(fields["file"].encode()), ""
    size_bytes = upload.stream.seek(0, io.SEEK_END)
    upload.close()
    return fields, size_bytes, upload.filename or ""


def check_form(environ: dict[str, Any], bucket: str, credentials: Mapping[str, str], now: datetime) -> None:
    """Raises Refused unless a known key signed a policy that this very form satisfies."""
    fields, size_bytes, filename = read_form(environ)
    encoded = fields.get("policy")
    if encoded is None:
        raise access_denied()
    if fields.get("x-amz-algorithm") != sigv4.ALGORITHM:
        raise Refused(
            400,
            "InvalidArgument",
            f"Bucket POST must contain a field named 'x-amz-algorithm' of value {sigv4.ALGORITHM}.",
        )
    parts = fields.get("x-amz-credential", "").rsplit("/", 4)
    if len(parts) != 5 or parts[3:] != ["s3", "aws4_request"]:
        raise Refused(400, "InvalidArgument", "Bucket POST must contain a well-formed field named 'x-amz-credential'.")
    secret = credentials.get(parts[0])
    if secret is None:
        raise unknown_key(parts[0])
    expected = sigv4.sign(sigv4.signing_key(secret, parts[1], parts[2], parts[3]), encoded)
    if not hmac.compare_digest(expected, fields.get("x-amz-signature", "")):
        raise mismatch(parts[0], encoded)
    policy = _policy(encoded)
    if now >= _ends(policy):
        raise _failed("Policy expired.")
    fields["bucket"] = bucket
    if "key" in fields:
        fields["key"] = fields["key"].replace("${filename}", filename)
    _check_conditions(policy.get("conditions"), fields, size_bytes)


def unknown_key(key_id: str) -> Refused:
    return Refused(
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        AWSAccessKeyId=key_id,
    )


def mismatch(key_id: str, signed: str, canonical: str | None = None) -> Refused:
    more = {"CanonicalRequest": canonical} if canonical else {}
    return Refused(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        AWSAccessKeyId=key_id,
        StringToSign=signed,
        **more,
    )


def _policy(encoded: str) -> dict[str, Any]:
    try:
        policy = json.loads(base64.b64decode(encoded))
    except (binascii.Error, ValueError) as error:
        raise Refused(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.") from error
    if not isinstance(policy, dict):
        raise Refused(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.")
    return policy


def _ends(policy: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(policy["expiration"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(400, "InvalidPolicyDocument", "Invalid Policy: Invalid 'expiration' value") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_conditions(conditions: Any, fields: dict[str, str], size_bytes: int) -> None:
    if not isinstance(conditions, list):
        raise Refused(400, "InvalidPolicyDocument", "Invalid Policy: Policy missing conditions.")
    named: set[str] = set()
    for condition in conditions:
        if isinstance(condition, dict) and len(condition) == 1:
            ((name, value),) = condition.items()
            condition = ["eq", f"${name}", value]
        if not isinstance(condition, list) or len(condition) != 3:
            raise Refused(400, "InvalidPolicyDocument", "Invalid Policy: Invalid Simple-Condition.")
        operator, subject, value = condition[0].lower(), condition[1], condition[2]
        if operator == "content-length-range":
            _check_size(size_bytes, int(subject), int(value))
            continue
        name = str(subject).removeprefix("$").lower()
        named.add(name)
        actual = fields.get(name, "")
        holds = {"eq": actual == value, "starts-with": actual.startswith(str(value))}.get(operator)
        if holds is None:
            raise Refused(400, "InvalidPolicyDocument", f"Invalid Policy: Invalid condition type: {operator}")
        if not holds:
            raise _failed(f"Policy Condition failed: {json.dumps(condition)}")
    extra = {name for name in fields if not name.startswith("x-ignore-")} - named - FREE_FIELDS - {"bucket"}
    if extra:
        raise _failed(f"Extra input fields: {sorted(extra)[0]}")


def _check_size(size_bytes: int, least: int, most: int) -> None:
    if size_bytes > most:
        message = "Your proposed upload exceeds the maximum allowed size"
        raise Refused(400, "EntityTooLarge", message, ProposedSize=str(size_bytes), MaxSizeAllowed=str(most))
    if size_bytes < least:
        message = "Your proposed upload is smaller than the minimum allowed size"
        raise Refused(400, "EntityTooSmall", message, ProposedSize=str(size_bytes), MinSizeAllowed=str(least))
