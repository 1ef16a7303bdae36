"""AWS Signature Version 4 from the server's side: read a claim, rebuild what was signed, compare.

Written from the specification ("Authenticating Requests: AWS Signature Version 4" of the S3 API reference
and "Create a signed AWS API request" of the IAM guide); botocore's signer is the oracle of the tests.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import posixpath
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from local.gate.refusals import Refused, access_denied

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
SKEW = timedelta(minutes=15)
LONGEST_PRESIGN_S = 7 * 24 * 3600
# S3 signs the path as sent; every other service signs it normalised and encoded once more.
S3_FAMILY = frozenset({"s3", "s3-object-lambda", "s3-outposts", "s3express"})

NEEDED = tuple(f"X-Amz-{word}" for word in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"))

Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Claim:
    """What a request says of its own signature."""

    key_id: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    signed_at: datetime
    expires_s: int | None = None  # presigned URLs only

    @property
    def presigned(self) -> bool:
        return self.expires_s is not None

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"

    @property
    def stamp(self) -> str:
        return self.signed_at.strftime("%Y%m%dT%H%M%SZ")


def query_pairs(raw_query: str) -> Pairs:
    """The query decoded once, in the order sent. A plus sign stays a plus sign, as S3 signs it."""
    pairs = []
    for piece in raw_query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def raw_target(environ: dict[str, Any]) -> tuple[str, str]:
    """Path and query exactly as they came over the wire; PATH_INFO has lost the difference of %2F and /."""
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if target is None:
        target = quote(environ["PATH_INFO"].encode("latin-1")) + "?" + environ.get("QUERY_STRING", "")
    if "://" in target.split("?")[0]:  # absolute form, as through a proxy
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _, query = target.partition("?")
    return path or "/", query


def header(environ: dict[str, Any], name: str) -> str | None:
    key = name.upper().replace("-", "_")
    return environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}")


def _malformed(why: str) -> Refused:
    return Refused(400, "AuthorizationHeaderMalformed", f"The authorization header is malformed; {why}")


def _moment(text: str, refusal: Refused) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise refusal from None


def claim_of_header(environ: dict[str, Any]) -> Claim:
    """The claim in an Authorization header. Raises Refused with S3's words when it cannot be one."""
    text = environ["HTTP_AUTHORIZATION"]
    if not text.startswith(ALGORITHM):
        raise Refused(
            400,
            "InvalidRequest",
            f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.",
        )
    pairs = [part.strip().partition("=")[::2] for part in text[len(ALGORITHM) :].split(",")]
    fields = dict(pairs)
    if len(pairs) != len(fields):
        raise _malformed("a component is given twice.")
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            raise _malformed(
                "the authorization header requires three components: Credential, SignedHeaders, and Signature. "
                f"{name} is missing."
            )
    stamp = environ.get("HTTP_X_AMZ_DATE")
    moment = _moment(stamp or "", access_denied("AWS authentication requires a valid Date or x-amz-date header"))
    return _claim(fields["Credential"], fields["SignedHeaders"], fields["Signature"], moment, None)


def claim_of_query(pairs: Pairs) -> Claim:
    """The claim in a presigned URL."""
    values = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    names = [name.decode("latin-1") for name, _ in pairs]
    if any(not values.get(name) or names.count(name) > 1 for name in NEEDED):
        raise Refused(
            400,
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        )
    wrong = functools.partial(Refused, 400, "AuthorizationQueryParametersError")
    if values["X-Amz-Algorithm"] != ALGORITHM:
        raise wrong(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    if not values["X-Amz-Expires"].isascii() or not values["X-Amz-Expires"].isdigit():
        raise wrong("X-Amz-Expires should be a number")
    expires_s = int(values["X-Amz-Expires"])
    if expires_s > LONGEST_PRESIGN_S:
        raise wrong(
            "X-Amz-Expires must be less than a week (in seconds); "
            f"that is, the given X-Amz-Expires must be less than {LONGEST_PRESIGN_S} seconds"
        )
    moment = _moment(
        values["X-Amz-Date"], wrong("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    )
    return _claim(
        values["X-Amz-Credential"], values["X-Amz-SignedHeaders"], values["X-Amz-Signature"], moment, expires_s
    )


def _claim(credential: str, signed_headers: str, signature: str, moment: datetime, expires_s: int | None) -> Claim:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise _malformed('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')
    if parts[1] != moment.strftime("%Y%m%d"):
        raise _malformed(f"Invalid credential date {parts[1]!r}. This date is not the same as X-Amz-Date.")
    names = tuple(signed_headers.split(";"))
    if "host" not in names or any(name != name.lower() for name in names):
        raise _malformed("the SignedHeaders must name host, in lower case.")
    return Claim(parts[0], parts[1], parts[2], parts[3], names, signature, moment, expires_s)


def canonical_request(environ: dict[str, Any], claim: Claim, payload_hash: str) -> str:
    """The text whose digest was signed."""
    raw_path, raw_query = raw_target(environ)
    if claim.service in S3_FAMILY:
        path = quote(unquote_to_bytes(raw_path), safe="/-_.~")
    else:
        path = quote(_normalised(raw_path), safe="/-_.~")
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in query_pairs(raw_query)
        if not (claim.presigned and name == b"X-Amz-Signature")
    )
    query = "&".join(f"{name}={value}" for name, value in pairs)
    headers = "".join(f"{name}:{' '.join((header(environ, name) or '').split())}\n" for name in claim.signed_headers)
    return "\n".join((environ["REQUEST_METHOD"], path, query, headers, ";".join(claim.signed_headers), payload_hash))


def _normalised(path: str) -> str:
    result = posixpath.normpath(path)
    result = "/" + result.lstrip("/")
    return result + "/" if path.endswith("/") and result != "/" else result


@functools.lru_cache(maxsize=256)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def sign(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def expected_signature(environ: dict[str, Any], claim: Claim, secret: str, payload_hash: str) -> tuple[str, str, str]:
    """Signature, string to sign and canonical request, as S3 shows them in its refusal."""
    # latin-1 is how WSGI carries the raw header bytes
    canonical = canonical_request(environ, claim, payload_hash)
    digest = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    text = "\n".join((ALGORITHM, claim.stamp, claim.scope, digest))
    return sign(signing_key(secret, claim.day, claim.region, claim.service), text), text, canonical


def check_time(claim: Claim, now: datetime, machine: datetime) -> None:
    """Refuse a link past its end, a link of the future, or a request whose clock is off.

    SDKs sign headers by the machine's clock, which the archive's clock may have left by days; so a
    header signature may be near either.
    """
    if claim.expires_s is None:
        if min(abs(now - claim.signed_at), abs(machine - claim.signed_at)) > SKEW:
            raise Refused(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                RequestTime=claim.stamp,
                ServerTime=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                MaxAllowedSkewMilliseconds=str(int(SKEW.total_seconds() * 1000)),
            )
        return
    ends = claim.signed_at + timedelta(seconds=claim.expires_s)
    if now >= ends:
        raise access_denied(
            "Request has expired",
            **{
                "X-Amz-Expires": str(claim.expires_s),
                "Expires": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "ServerTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )
    if claim.signed_at - now > SKEW:
        raise access_denied("Request is not yet valid")
